"""Paths in a unit that a caller chose: such as every file system takes, and that nothing else has."""

import contextlib
import fnmatch
import os

from runcheck.convention.layout import layout
from runcheck.convention.names import is_unit_relative
from runcheck.convention.portable import folded, why_not_portable
from runcheck.errors import InvalidArgumentError


def checked_path(unit: str, kind: str, role: str, name: str, above: str) -> str:
    """Return the path in a unit of what is to be called ``name`` in the folder ``above``, and to have a role.

    ``unit`` is the folder of the unit, which is of a ``kind``.

    Raises:
        InvalidArgumentError: it fits no file system, leads out of that folder, or is kept for something else.
    """
    path = portable_path(unit, name, above)
    found = layout().role_of(path, kind)
    if found is None or found.name != role:
        raise InvalidArgumentError(f"name is {name!r}; {path} is kept for something else")
    return path


def portable_path(unit: str, name: str, above: str = "") -> str:
    """Return the path in the unit at ``unit`` of what is to be called ``name`` in the folder ``above``.

    Raises:
        InvalidArgumentError: it fits no file system, leads out of that folder, or is another one's where case does not
            count.
    """
    if not isinstance(name, str):
        raise InvalidArgumentError(f"name is a {type(name).__name__}, not a string")
    path = f"{above}/{name}" if above else name
    if not is_unit_relative(path):
        raise InvalidArgumentError(f"name is {name!r}; give a relative path with / that stays in {above}/")
    for part in path.split("/"):
        if reason := why_not_portable(part):
            raise InvalidArgumentError(f"name is {name!r}, which {reason}; some file systems do not take it")
        if layout().is_leftover(part):
            raise InvalidArgumentError(f"name is {name!r}, which is that of an unfinished write; give another one")
        if any(fnmatch.fnmatchcase(part, each) for each in layout().environment_files):
            raise InvalidArgumentError(f"name is {name!r}, which is that of a file with the keys of one machine")
    twin = _twin(unit, path)
    if twin is not None:
        raise InvalidArgumentError(f"name is {name!r}; where case does not count it is the same as {twin}")
    return path


def make_folders(unit: str, folder: str) -> None:
    """Make the folder ``folder`` of a unit, and those above it, none of which is a link.

    Raises:
        OSError: one of them is, or cannot be made.
    """
    made = unit
    for part in folder.split("/"):
        made = os.path.join(made, part)
        if not os.path.lexists(made):
            with contextlib.suppress(FileExistsError):  # another thread made it just now
                os.mkdir(made)
        if os.path.islink(made):
            raise NotADirectoryError(20, "a folder on the way is a link")
        if not os.path.isdir(made):
            raise NotADirectoryError(20, "a folder on the way is none")


def _twin(unit: str, path: str) -> str | None:
    """Return what is there already and is called the same as a part of ``path``, where case does not count."""
    parts = path.split("/")
    for at, part in enumerate(parts):
        above = "/".join(parts[:at])
        try:
            there = os.listdir(os.path.join(unit, above))
        except OSError:
            return None
        if part not in there:
            return next(("/".join((*parts[:at], each)) for each in there if folded(each) == folded(part)), None)
    return None
