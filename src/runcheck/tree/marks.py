"""What a tree is known by on another machine: a folder of the same name there may be another one, or none."""

import os
from datetime import datetime
from functools import lru_cache
from typing import TypeAlias

from runcheck.convention.layout import layout
from runcheck.errors import CannotCheckError

# The folders above all units, by their names ("" is the root), with their inodes. A shared file system has the same
# inodes everywhere. Times are left out: a client of a network file system may show those of a minute ago.
Marks: TypeAlias = tuple[tuple[str, int], ...]


def marks_of(root: str) -> Marks:
    """Return the marks of the tree at ``root``; none where there is no folder that can be listed."""
    try:
        with os.scandir(root) as listing:
            folders = sorted((item.name, item.inode()) for item in listing if layout().kind_of_folder(item.name))
        return ("", os.stat(root).st_ino), *folders
    except OSError:
        return ()


@lru_cache(maxsize=8)
def assert_here(root: str, marks: Marks, _check: datetime) -> None:
    """Look, once in a process for each check, whether the tree at ``root`` is the one with these marks.

    Raises:
        CannotCheckError: it is not.
    """
    here = marks_of(root)
    if here != marks:
        what = "is another folder than where the check began" if here else "there is no such folder that can be read"
        raise CannotCheckError(
            f"{root}: {what}; all who share a check must see the tree at one path of one file system"
        )
