"""Which unit a word means: a path, ``latest``, a slug, a version, a name or a label."""

import os
import re
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import groupby
from typing import NamedTuple

from runcheck.convention.documents import Metadata
from runcheck.convention.layout import layout
from runcheck.convention.names import is_name
from runcheck.convention.unit_paths import UNIT_DEPTH
from runcheck.convention.units import Address, Tree, classify, is_above_units
from runcheck.convention.versions import newest, parts_of_experiment_id
from runcheck.errors import CannotCheckError, CannotReadError, listed
from runcheck.reading.labels import units_with_label
from runcheck.reading.opened import open_tree
from runcheck.reading.place import unit_folder
from runcheck.reading.records import UnitFault, UnitRecord, metadata_at, record_of
from runcheck.tree.locate import is_url
from runcheck.tree.store import LocalStore
from runcheck.tree.walk import entry_at, folders_in

_NAME = re.compile(r"(?P<date>[0-9]{8})_(?P<slug>.+)")
_SECOND = len("2026-05-27T12:34:56")
_TOLD = 8  # candidates in a message


class Place(NamedTuple):
    """Where a unit lies: the folder of its tree on this machine, and its path below that."""

    root: str
    path: str

    @property
    def folder(self) -> str:
        """The folder of the unit."""
        return f"{self.root}/{self.path}"


def resolve(word: str | os.PathLike[str], root: str | os.PathLike[str] = "artefacts") -> Place:
    """Return the unit that ``word`` means.

    Args:
        word: The path of a unit or of a slug, below the root or from here; ``latest``, which is the newest completed
            run of the tree; a slug, of which the newest version is meant; a version, with its slug or without; the
            name of a unit, or its label.
        root: The tree that is looked in.

    Raises:
        CannotReadError: it means no unit, or several.
    """
    name = os.fspath(word)
    if is_url(name):
        unit_folder(name)  # raises, and says what to do
    fault = None
    for path in (os.path.join(root, name), name):
        try:
            if (place := _at(path)) is not None:
                return place
        except CannotReadError as error:
            fault = fault or error
    found = _called(name, root, fault)
    if len(found) == 1:
        return found[0]
    if found:
        raise CannotReadError(
            f"{name}: may be any of {listed([place.path for place in found], _TOLD)}; give one of these"
        )
    raise fault or CannotReadError(f"{name}: is no unit of {os.fspath(root)}{_near(name, root)}")


def record_at(place: Place) -> UnitRecord:
    """Return what the unit at a place says of itself.

    Raises:
        CannotReadError: its metadata cannot be told.
    """
    record = record_of(LocalStore(place.root), place.path)
    if isinstance(record, UnitFault):
        raise CannotReadError(f"{place.folder}: {record.reason}; `runcheck {place.folder}` says all that is wrong")
    return record


def is_there(root: str, path: str) -> bool:
    """Say whether a folder lies at the path of a unit below the root, not behind a link."""
    parts = path.split("/")
    above = ["/".join(parts[: at + 1]) for at in range(len(parts))]
    return all((entry := entry_at(root, each)) is not None and entry.is_folder for each in above)


def _at(path: str) -> Place | None:
    """Return the unit at a path, or the newest of the slug there; None where nothing is.

    Raises:
        CannotReadError: what is there is neither.
    """
    if not os.path.lexists(path):
        # the file ``latest`` of a slug may be missing, which unit_folder() tells; that of a root is no file
        is_of_slug = os.path.basename(path) == layout().latest and _is_slug(os.path.dirname(os.path.abspath(path)))
        return _place(unit_folder(path)) if is_of_slug else None
    if _is_slug(path):
        return _newest_of(os.path.realpath(path))
    return _place(unit_folder(path))


def _is_slug(path: str) -> bool:
    """Say whether versions may lie in a folder."""
    folder, name = os.path.split(os.path.realpath(path))
    return (
        layout().kind_of_folder(os.path.basename(folder)) is not None
        and name != layout().latest
        and os.path.isdir(path)
        and entry_at(path, layout().path("metadata")) is None
    )


def _newest_of(slug: str) -> Place:
    """Return the version that ``latest`` of a slug names, or else the newest one."""
    if entry_at(slug, layout().latest) is not None:
        return _place(unit_folder(slug))
    versions = [name for name in folders_in(slug) if entry_at(f"{slug}/{name}", layout().path("metadata"))]
    last = newest(versions)
    if last is None:
        unit_folder(slug)  # raises, and says what there is
        raise CannotReadError(f"{slug}: is no unit")
    return _place(f"{slug}/{last}")


def _place(folder: str) -> Place:
    """Return where a unit lies by its folder; one that lies in no tree is below the folder that it is in."""
    parts = folder.rsplit(os.sep, UNIT_DEPTH)
    is_in_tree = len(parts) > UNIT_DEPTH and layout().kind_of_folder(parts[1]) is not None
    above, path = (parts[0], "/".join(parts[1:])) if is_in_tree else os.path.split(folder)
    return Place(above or os.sep, path)


def _called(name: str, root: str | os.PathLike[str], fault: CannotReadError | None) -> list[Place]:
    """Return the units of a tree that are called so, in the order of their paths."""
    try:
        folder = open_tree(root).root
    except (CannotCheckError, CannotReadError) as error:
        words = f"{name}: there is no such unit here, and no tree to look for it in: {error}"
        raise fault or CannotReadError(words) from None
    store = LocalStore(folder)
    tree = classify(store.walk("", is_above_units))
    if name == layout().latest:
        return [Place(folder, address.path) for address in _latest(store, tree)]
    slugs = [slug.path for slug in tree.slugs if slug.path.partition("/")[2] == name]
    if slugs:
        return [_newest_of(f"{folder}/{slug}") for slug in slugs]
    ends = [unit.path for unit in tree.units if unit.path.endswith(f"/{name}")]
    return [Place(folder, path) for path in ends or _dated(store, tree, name)]


def _latest(store: LocalStore, tree: Tree) -> Iterator[Address]:
    """Yield the newest completed run of a tree, or where none is completed the newest; nothing where there is none."""
    known: dict[str, Metadata | UnitFault] = {}

    def metadata(address: Address) -> Metadata | None:
        if address.path not in known:
            known[address.path] = metadata_at(store, address.path)
        found = known[address.path]
        return None if isinstance(found, UnitFault) else found

    def second(address: Address) -> str:
        """Return when a run began, of most as their names have it: of thousands few are read."""
        if is_name("experiment-id", address.version):
            return parts_of_experiment_id(address.version)[0]
        found = metadata(address)
        return found["created_at"][:_SECOND] if found else ""

    runs = [unit for unit in tree.units if unit.kind.name == "model"]
    newest_of_all: Address | None = None
    for _, group in groupby(sorted(runs, key=second, reverse=True), key=second):
        at_once = [(of_run, address) for address in group if (of_run := metadata(address))]
        for of_run, address in sorted(at_once, key=_moment_and_path, reverse=True):
            if of_run["status"] == "completed":
                yield address
                return
            newest_of_all = newest_of_all or address
    if newest_of_all is not None:
        yield newest_of_all


def _moment_and_path(run: tuple[Metadata, Address]) -> tuple[str, str]:
    return run[0]["created_at"], run[1].path


def _dated(store: LocalStore, tree: Tree, name: str) -> Iterator[str]:
    """Yield the units that have a label, or a name."""
    yield from units_with_label(store, name)
    match = _NAME.fullmatch(name)
    for unit in tree.units if match else ():
        if match and unit.slug == match["slug"] and _may_be_of(unit.version, match["date"]):
            metadata = metadata_at(store, unit.path)
            if not isinstance(metadata, UnitFault) and metadata["name"] == name:
                yield unit.path


def _may_be_of(version: str, date: str) -> bool:
    """Say whether a unit of this version may be of a day: an experiment id says which, and is all that is read."""
    return not is_name("experiment-id", version) or parts_of_experiment_id(version)[0][:10].replace("-", "") == date


def _near(name: str, root: str | os.PathLike[str]) -> str:
    """Return a question where a word is almost the slug of a unit."""
    tree = classify(LocalStore(open_tree(root).root).walk("", is_above_units))
    near = get_close_matches(name, [slug.path.partition("/")[2] for slug in tree.slugs], n=3)
    return f"; did you mean {', '.join(near)}?" if near else "; `runcheck ls` lists them"
