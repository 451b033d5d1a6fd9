"""One process at a time, by a lock file in the state folder of a tree."""

import contextlib
import os
from collections.abc import Iterator

from runcheck.tree.state import open_own, state_folder

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def locked(root: str, name: str) -> Iterator[None]:
    """Hold the lock ``name`` of a tree. The lock is the operating system's: it ends with the process that holds it."""
    with open_own(os.path.join(state_folder(root), f"{name}.lock"), os.O_APPEND) as stream:
        if fcntl is not None:
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def locked_at_once(root: str, name: str) -> Iterator[int]:
    """Hold the lock ``name`` of a tree as :func:`locked` does, without waiting for it.

    Yields the descriptor that holds it, for a child that is to hold it too if this process is killed.

    Raises:
        BlockingIOError: another process holds it.
    """
    with open_own(os.path.join(state_folder(root), f"{name}.lock"), os.O_APPEND) as stream:
        if fcntl is not None:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            yield stream.fileno()
        finally:
            if fcntl is not None:
                fcntl.flock(stream, fcntl.LOCK_UN)  # closing it would not, while a child has it
