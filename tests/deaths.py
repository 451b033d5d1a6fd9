"""Kills a fork of this process before a change of a tree: a hook of Python's sees each one before it is made."""

import os
import sys
from collections.abc import Callable

_CHANGES = frozenset(
    f"os.{each}" for each in ("rename", "remove", "mkdir", "rmdir", "truncate", "symlink", "chmod", "utime")
)
KILLED = 9
EVERY = int(os.environ.get("RUNCHECK_DEATHS_EVERY", "4"))  # change there is a death; `./dev faults` dies at each


def forked(function: Callable[[], object], root: str, kill_at: int | None = None) -> int:
    """Return the exit status of a fork that calls ``function``, killed before its ``kill_at``-th change below ``root``.

    Call it in an interpreter that has no threads.
    """
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if kill_at is not None:
                sys.addaudithook(_hook(root, kill_at))
            function()
            status = 0
        except BaseException as error:  # noqa: BLE001 - what ends a fork is told by its status, and here
            print(type(error).__name__, error, file=sys.stderr)
        os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _hook(root: str, kill_at: int) -> Callable[[str, tuple[object, ...]], None]:
    count = 0

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        if event == "open":
            path, _, flags = arguments
            writes = isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))
        else:
            path, writes = next(iter(arguments), None), event in _CHANGES
        if writes and isinstance(path, str) and (path.startswith(root) or event == "os.symlink"):
            count += 1
            if count == kill_at:
                os._exit(KILLED)

    return hook
