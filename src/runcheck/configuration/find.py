"""Where the configuration of a tree is: above it, up to the top of the repository or the root of the file system.

Never in the tree itself: what was handed over to be checked does not say what it is to be checked for. The nearest
file wins, ``runcheck.toml`` before ``pyproject.toml``; one of the latter without the table is passed over.
"""

import os
import stat
import tomllib
from typing import NamedTuple

from runcheck.errors import ConfigurationError

OWN, SHARED = "runcheck.toml", "pyproject.toml"
_TABLE = ("tool", "runcheck")
_MOST = 1 << 20
REPOSITORY = ".git"  # a folder, or the file of a worktree or a submodule


class Source(NamedTuple):
    """A configuration as it stands in a file."""

    path: str
    table: object


def find(folder: str) -> Source | None:
    """Return the nearest configuration in ``folder``, which is absolute, or above it; None where there is none.

    Raises:
        ConfigurationError: there is one that cannot be read.
    """
    while True:
        if source := find_in(folder):
            return source
        above = os.path.dirname(folder)
        if above == folder or os.path.lexists(os.path.join(folder, REPOSITORY)):
            return None
        folder = above


def find_in(folder: str) -> Source | None:
    """Return the configuration in ``folder``; None where there is none.

    Raises:
        ConfigurationError: there is one that cannot be read.
    """
    for name in (OWN, SHARED):
        path = os.path.join(folder, name)
        if os.path.lexists(path) and (source := _read(path, is_sought=True)):
            return source
    return None


def read(path: str) -> Source:
    """Return the configuration in a file: its table ``[tool.runcheck]``, if it is named as those that share a file.

    Raises:
        ConfigurationError: it cannot be read, or has none.
    """
    source = _read(path, is_sought=False)
    if source is None:
        raise ConfigurationError(f"{path}: has no table [{'.'.join(_TABLE)}]")
    return source


def _read(path: str, *, is_sought: bool) -> Source | None:
    is_own = os.path.basename(path) != SHARED
    content = _content(path)
    if not is_own and is_sought and _TABLE[1].encode() not in content:
        return None  # a pyproject.toml of others is none of ours, not even where it is no TOML
    try:
        table: object = tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: is not UTF-8: {error.reason} at byte {error.start}") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        what = "nests too deep" if isinstance(error, RecursionError) else str(error)
        raise ConfigurationError(f"{path}: is no TOML: {what}") from None
    for part in () if is_own else _TABLE:
        table = table.get(part) if isinstance(table, dict) else None
    return None if table is None else Source(path, table)


def _content(path: str) -> bytes:
    """Return what is in a regular file of bounded size; a pipe in its place is not waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ConfigurationError(f"{path}: is not a file")
            content = stream.read(_MOST + 1)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror or error}") from None
    if len(content) > _MOST:
        raise ConfigurationError(f"{path}: is larger than {_MOST:,} bytes, as no configuration is")
    return content
