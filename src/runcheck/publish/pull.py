"""``pull``: bring a unit that was published back to this machine, and see that it came whole."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from runcheck.convention.layout import layout
from runcheck.convention.names import is_name
from runcheck.convention.signers import AnySigner
from runcheck.convention.unit_paths import UNIT_DEPTH
from runcheck.errors import CannotReadError, CannotWriteError
from runcheck.publish.folder import FolderDestination
from runcheck.publish.references import with_references
from runcheck.publish.sealed import sealed_unit
from runcheck.publish.transfer import Transferred, transfer
from runcheck.reading.labels import units_with_label
from runcheck.tree.locate import Target, here, is_url, locate
from runcheck.tree.store import Remote, Store


class Pulled(NamedTuple):
    """What came of it: the unit that was brought, what was done, and what lay beside what its list names."""

    source: str
    transferred: Transferred
    beside: tuple[str, ...]


def pull(source: str, label: str | None, into: str, signers: tuple[AnySigner, ...] | None = None) -> Pulled:
    """Bring a sealed unit into the tree at ``into``.

    Args:
        source: The path or the URL of a unit, of a slug, of which the newest completed version is meant, or of a root.
        label: Which unit of the root is meant.
        into: The root of a tree of this machine, made where it is not there.
        signers: Of whom one must have signed the unit; nobody is asked for where that is None.

    Raises:
        CannotCheckError: there is no tree at ``source``, or nothing here can reach it.
        CannotReadError: no one unit is meant, it is not sealed or not signed, or it is not what its list says.
        CannotWriteError: another version has its name here, or it cannot be written.
    """
    with _found(source, label, into) as (store, path):
        return _brought(store, path, into, signers)


def pull_with_references(
    source: str, label: str | None, into: str, signers: tuple[AnySigner, ...] | None = None
) -> list[Pulled]:
    """Bring the units that one names, directly or through others, and then itself, as :func:`pull` does."""
    with _found(source, label, into) as (store, path):
        return [_brought(store, each, into, signers) for each in with_references(store, path)]


@contextmanager
def _found(source: str, label: str | None, into: str) -> Iterator[tuple[Store, str]]:
    """Give, for a ``with``, the store of the tree and the path of the unit that are meant."""
    if is_url(into):
        raise CannotWriteError(f"{into}: is not on this machine; `runcheck publish` brings a unit to a URL")
    target = locate(source, Remote(is_trusting=False))
    try:
        yield target.store, _unit_in(target, source, label)
    except OSError as error:
        raise CannotReadError(f"{target.name}: cannot be read: {error.strerror or error}") from error
    finally:
        target.store.close()


def _brought(store: Store, path: str, into: str, signers: tuple[AnySigner, ...] | None) -> Pulled:
    unit = sealed_unit(store, path)
    if signers is not None:
        from runcheck.publish.proof import assert_signed  # noqa: PLC0415 - few ask who signed

        assert_signed(unit, signers)
    transferred = transfer(unit, FolderDestination(here(into), path))
    beside = (each for each in unit.beside if os.path.basename(each) not in layout().placeholders)
    return Pulled(unit.name, transferred, tuple(beside))


def _unit_in(target: Target, source: str, label: str | None) -> str:
    """Return the path of the one unit that is meant."""
    if label is not None:
        if target.focus:
            raise CannotReadError(f"{source}: is a part of a tree; a label is looked for in a root")
        return _labelled(target.store, label)
    focus = target.focus
    if focus.count("/") + 1 == UNIT_DEPTH - 1:
        focus = locate(f"{source.rstrip('/')}/{layout().latest}").focus
    if focus.count("/") + 1 != UNIT_DEPTH:
        raise CannotReadError(f"{source}: is no unit; give one, or a root and a label")
    return focus


def _labelled(store: Store, label: str) -> str:
    """Return the path of the one unit that has a label."""
    if not is_name("label", label):
        raise CannotReadError(f"{label!r} is no label: <YYYYMMDD>-<slug>@<git-sha>, as `runcheck publish` prints it")
    found = units_with_label(store, label)
    if not found:
        raise CannotReadError(f"{store.name}: has no unit with the label {label}")
    if len(found) > 1:
        raise CannotReadError(f"{store.name}: has {len(found)} units with the label {label}: take {' or '.join(found)}")
    return found[0]
