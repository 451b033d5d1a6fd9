"""The trash folder of a tree: units that were taken out of it, each below the moment at which that was done.

A unit lies there at its path below the root, so that each moment's folder is a tree that can be checked and read.
"""

import os
import re
import shutil
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from runcheck.convention.layout import layout
from runcheck.convention.timestamps import parse_timestamp
from runcheck.convention.units import classify, is_above_units
from runcheck.errors import CannotWriteError
from runcheck.tree.state import state_folder
from runcheck.tree.walk import entry_at, folders_in, walk
from runcheck.writer.atomic import sync_folder
from runcheck.writer.places import make_folders

_NAME = "trash"
_EMPTIED = ".emptied"
_SESSION = re.compile(r"(?P<date>\d{4}-\d\d-\d\d)T(?P<hour>\d\d)-(?P<minute>\d\d)-(?P<second>\d\d)Z(?:-\d+)?")


class Trashed(NamedTuple):
    """A unit in the trash: its path in the tree, the session in which it was moved, and its bytes."""

    path: str
    session: str
    size: int

    @property
    def place(self) -> str:
        """Its path below the root."""
        return f"{folder_of(self.session)}/{self.path}"


def folder_of(session: str) -> str:
    """Return the path below the root of what was moved in a session; it is a tree."""
    return f"{_trash()}/{session}"


def new_session(root: str, moment: datetime) -> str:
    """Return the name of a session that the trash does not have."""
    stamp = moment.strftime("%Y-%m-%dT%H-%M-%SZ")
    number, name = 1, stamp
    while os.path.lexists(f"{root}/{_trash()}/{name}") or os.path.lexists(f"{root}/{_trash()}/{name}{_EMPTIED}"):
        number += 1
        name = f"{stamp}-{number}"
    return name


def in_trash(root: str) -> list[Trashed]:
    """Return every unit in the trash of the tree at ``root``, what was moved last before the others."""
    return [
        Trashed(unit.path, session, _size(root, f"{_trash()}/{session}/{unit.path}"))
        for session in reversed(sessions(root))
        for unit in classify(walk(f"{root}/{_trash()}/{session}", enter=is_above_units)).units
    ]


def sessions(root: str) -> list[str]:
    """Return the sessions in the trash, the first one first."""
    if not _is_there(root):
        return []
    return [name for name in folders_in(f"{root}/{_trash()}") if _SESSION.fullmatch(name)]


def moment_of(session: str) -> datetime | None:
    """Return when a session was."""
    match = _SESSION.fullmatch(session)
    return parse_timestamp("{date}T{hour}:{minute}:{second}Z".format(**match.groupdict())) if match else None


def put(root: str, path: str, session: str) -> None:
    """Move the unit at ``path`` into the trash, whole or not at all, and a folder that it leaves empty away.

    Raises:
        CannotWriteError: it cannot be moved.
    """
    _move(root, path, f"{_trash()}/{session}/{path}")
    _remove_empty(root, os.path.dirname(path))


def take_back(root: str, trashed: Trashed) -> None:
    """Move a unit out of the trash to where it was, whole or not at all.

    Raises:
        CannotWriteError: it cannot be moved, or something else is there now.
    """
    if os.path.lexists(f"{root}/{trashed.path}"):
        raise CannotWriteError(f"{root}/{trashed.path}: is there; the one in the trash stays at {root}/{trashed.place}")
    _move(root, trashed.place, trashed.path)
    clear_folders(root, trashed)


def clear_folders(root: str, trashed: Trashed) -> None:
    """Remove the folders of the trash that a unit which was taken back left empty."""
    folder = os.path.dirname(trashed.place)
    while folder != _trash() and _remove_empty(root, folder):
        folder = os.path.dirname(folder)


def withdraw(root: str, session: str) -> None:
    """Let a session be none any more: nothing of it can be taken back, and :func:`remove_withdrawn` removes it.

    Raises:
        CannotWriteError: it cannot be renamed.
    """
    place = f"{root}/{_trash()}/{session}"
    try:
        os.rename(place, f"{place}{_EMPTIED}")
    except OSError as error:
        raise CannotWriteError(f"{place}: cannot be removed: {error.strerror}") from error


def remove_withdrawn(root: str) -> None:
    """Remove what was withdrawn, now or before a death. No link is followed.

    Raises:
        CannotWriteError: something cannot be removed.
    """
    for name in folders_in(f"{root}/{_trash()}") if _is_there(root) else ():
        if name.endswith(_EMPTIED):
            try:
                shutil.rmtree(f"{root}/{_trash()}/{name}")
            except OSError as error:
                raise CannotWriteError(f"{error.filename}: cannot be removed: {error.strerror}") from error


def _trash() -> str:
    return f"{layout().state}/{_NAME}"


def _is_there(root: str) -> bool:
    """Say whether there is a trash; a link on the way to it is none."""
    return all((entry := entry_at(root, path)) is not None and entry.is_folder for path in (layout().state, _trash()))


def _size(root: str, path: str) -> int:
    return sum(entry.size for entry in walk(root, path) if entry.is_file)


def _move(root: str, source: str, target: str) -> None:
    try:
        state_folder(root)
        make_folders(root, os.path.dirname(target))
        os.rename(f"{root}/{source}", f"{root}/{target}")
        for folder in (*_above(target), os.path.dirname(source)):
            sync_folder(f"{root}/{folder}")
    except OSError as error:
        why = error.strerror or str(error)
        raise CannotWriteError(f"{root}/{source}: cannot be moved to {root}/{target}: {why}") from error


def _above(path: str) -> Iterator[str]:
    """Yield the folders below the root that a path lies in, the innermost first."""
    while path := os.path.dirname(path):
        yield path


def _remove_empty(root: str, folder: str) -> bool:
    """Remove a folder that nothing is in and no link leads to; say whether that was done."""
    place = f"{os.path.realpath(root)}/{folder}"
    try:
        if os.path.realpath(place) == os.path.normpath(place):
            os.rmdir(place)
            return True
    except OSError:  # something is in it
        pass
    return False
