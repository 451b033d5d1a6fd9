"""One process at a time, by a lock file in the state folder of a tree."""

import contextlib
import os
from collections.abc import Iterator

from runcheck.convention.layout import layout

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


def state_folder(root: str) -> str:
    """Return the folder of a tree for locks and temporaries, made where it is not there. Git ignores it by itself."""
    folder = os.path.join(root, layout().state)
    os.makedirs(folder, exist_ok=True)
    ignore = os.path.join(folder, ".gitignore")
    if not os.path.exists(ignore):
        with open(ignore, "w", encoding="utf-8") as stream:
            stream.write("*\n")
    return folder


@contextlib.contextmanager
def locked(root: str, name: str) -> Iterator[None]:
    """Hold the lock ``name`` of a tree. The lock is the operating system's: it ends with the process that holds it."""
    with open(os.path.join(state_folder(root), f"{name}.lock"), "a", encoding="utf-8") as stream:
        if fcntl is not None:
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield
