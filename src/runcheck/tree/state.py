"""The folder of a tree that is the tools' own: locks, temporaries, and what is remembered of earlier checks.

It came with the tree, which may be anybody's: a link in it leads to whatever its maker wants to be written over.
"""

import errno
import os
from typing import TextIO

from runcheck.convention.layout import layout


def state_folder(root: str) -> str:
    """Return the state folder of the tree at ``root``, made where it is not there. Git ignores it by itself.

    Raises:
        OSError: it cannot be made, or is a link.
    """
    folder = os.path.join(root, layout().state)
    if os.path.islink(folder):
        raise OSError(errno.ELOOP, "is a link, which is not followed", folder)
    os.makedirs(folder, exist_ok=True)
    ignore = os.path.join(folder, ".gitignore")
    if not os.path.lexists(ignore):
        with open_own(ignore, os.O_TRUNC) as stream:
            stream.write("*\n")
    return folder


def plan_of_fix(root: str) -> str:
    """Return the path of the plan that a fix of the tree at ``root`` leaves where it is killed."""
    return os.path.join(root, layout().state, "fix.json")


def open_own(path: str, how: int) -> TextIO:
    """Open a file of the state folder to write it, ``how`` being O_TRUNC or O_APPEND; a link is not followed.

    Raises:
        OSError: it cannot be written, or is a link.
    """
    flags = os.O_WRONLY | os.O_CREAT | how | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    return open(os.open(path, flags, 0o666), "w", encoding="utf-8")
