"""``publish``: bring a unit that is right to where it is kept for long, and see that it came whole."""

import os
from collections.abc import Callable
from typing import NamedTuple

from runcheck.convention.documents import Metadata
from runcheck.errors import CannotReadError, CannotWriteError
from runcheck.findings import Report
from runcheck.publish.destination import Destination
from runcheck.publish.folder import FolderDestination
from runcheck.publish.git import make_sure_of_lfs
from runcheck.publish.place import StoreDestination
from runcheck.publish.references import references_of, with_references
from runcheck.publish.sealed import CHECKSUMS, SealedUnit, sealed_unit
from runcheck.publish.transfer import Transferred, transfer
from runcheck.reading.labels import label_of_unit
from runcheck.tree.locate import here, is_url
from runcheck.tree.store import LocalStore, Store
from runcheck.tree.writable import WritableStore
from runcheck.writer.recovery.recover import stored_unit


class Published(NamedTuple):
    """What came of it: the unit, its label, what was done, what else is to be known, or the report against it."""

    path: str
    label: str
    transferred: Transferred | None
    notes: tuple[str, ...] = ()
    refused: Report | None = None


def publish(path: str, destination: str, check: Callable[[str], Report]) -> Published:
    """Bring the unit at ``path`` to the tree at ``destination``, a folder or a URL, if ``check`` finds no error in it.

    Raises:
        CannotReadError: there is no unit, or it is not sealed, or not all of it is here.
        CannotWriteError: another version has its name there, or it cannot be written there.
        CannotCheckError: nothing here can reach the URL.
    """
    stored = stored_unit(path)
    label = label_of_unit(stored.metadata)
    unit = sealed_unit(LocalStore(stored.root), stored.path)
    store, to = _opened(destination, unit, stored.metadata)
    try:
        report = check(unit.name)
        broken = tuple(each for each in report.findings if each.is_error and _is_within(each.path, unit.path))
        if broken:
            return Published(unit.name, label, None, (), report._replace(findings=broken))
        pointer = next((each for each in unit.sums if unit.is_pointer(each)), None)
        if pointer is not None:
            raise CannotReadError(f"{unit.name}/{pointer}: is a Git LFS pointer; `git lfs pull` first, then publish")
        notes = []
        if store.folder is not None:
            os.makedirs(store.folder, exist_ok=True)
            notes += make_sure_of_lfs(store.folder, unit)
        transferred = transfer(unit, to)
        notes += [
            f"names {each}, which is not there: --with-references publishes it too"
            for each in _absent(stored.metadata, store)
        ]
    except OSError as error:
        raise CannotWriteError(f"{error.filename or to.name}: {error.strerror or error}") from error
    finally:
        store.close()
    return Published(unit.name, label, transferred, tuple(notes))


def also_named(path: str) -> list[str]:
    """Return the folders of the units that the one at ``path`` names, directly or through others, and itself last.

    Raises:
        CannotReadError: there is no unit.
        CannotWriteError: it lies outside of a tree.
    """
    stored = stored_unit(path)
    return [f"{stored.root}/{each}" for each in with_references(LocalStore(stored.root), stored.path)]


def _opened(destination: str, unit: SealedUnit, metadata: Metadata) -> tuple[Store, Destination]:
    if is_url(destination):
        store = WritableStore.at(destination)
        _require_root(store.name, unit)
        return store, StoreDestination(store, unit.path, metadata)
    root = os.path.realpath(here(destination))
    _require_root(root, unit)
    if f"{root}/".startswith(f"{os.path.realpath(unit.name)}/"):
        raise CannotWriteError(f"{destination}: lies in the unit that is to be published")
    return LocalStore(root), FolderDestination(here(destination), unit.path)


def _require_root(destination: str, unit: SealedUnit) -> None:
    """Refuse the place of the unit itself, or of its slug or kind: what is asked for is the root of the tree."""
    parts = unit.path.split("/")
    for count in range(len(parts), 1, -1):
        place = "/".join(parts[:count])
        if destination.replace(os.sep, "/").endswith(f"/{place}"):
            root = destination[: -len(place) - 1]
            raise CannotWriteError(f"{destination}: is a place in a tree; give its root, {root}")


def _is_within(path: str, unit: str) -> bool:
    return path == unit or path.startswith(f"{unit}/")


def _absent(metadata: Metadata, store: Store) -> list[str]:
    """Return the units that one refers to and that are not there."""
    return [each for each in references_of(metadata) if store.entry(f"{each}/{CHECKSUMS}") is None]
