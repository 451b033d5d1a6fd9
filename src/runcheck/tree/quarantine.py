"""Child processes for what hostile bytes can bring to a fault, to no end, or to all of the memory.

Readers of HDF5, Parquet and Zarr are a million lines of C and C++, and a schema can ask for more work than the universe
has time for. A fault there must be a finding about one file and not the end of the check, so they run in a child, one
for each thread that asks, few at once, started when it is first needed and used again. What goes through the pipes
comes from this library on both ends.
"""

import os
import threading
from collections.abc import Callable
from functools import cache
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar, cast

from runcheck.errors import RuncheckError

if TYPE_CHECKING:
    from runcheck.tree.child import Child

T = TypeVar("T")

# An interrupt from the terminal reaches the children too; they have nothing to say about it.
_QUIET = "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL)"
SERVE = f"{_QUIET}; from runcheck.tree.child import serve; serve()"
_LEAST_CHILDREN = 4  # at once, for those that wait for a store; else one a core
_BYTES_A_SECOND = 2_000_000  # slower than any reader on any file that it can read


class ReaderFailedError(RuncheckError):
    """The library that reads a format did not survive a file, or came to no end."""


class Quarantine:
    """Answers questions in child processes. Use it in a ``with``; any number of threads may ask."""

    def __init__(self, program: str = SERVE, *, least_seconds: float = 120.0) -> None:
        """Start nothing yet. A child runs ``program``, and has ``least_seconds`` for each question."""
        self._program = program
        self._least_seconds = least_seconds
        self._idle: list[Child] = []  # whose ends any thread may put to and take from
        self._turns = threading.BoundedSemaphore(max(_LEAST_CHILDREN, os.cpu_count() or 1))

    def ask(self, question: Callable[[], T], size: int = 0) -> T:
        """Return what ``question``, a function that can be pickled, returns. It is about ``size`` bytes.

        Raises:
            ReaderFailedError: it crashed or came to no end.
            OSError: it raised one.
        """
        with self._turns:
            child = self._child()
            answer = child.ask(question, self._least_seconds + size / _BYTES_A_SECOND)
            self._idle.append(child)  # not after a fault: that child is gone
        if isinstance(answer, OSError | ReaderFailedError):
            raise answer
        return cast("T", answer)

    def _child(self) -> "Child":
        try:
            return self._idle.pop()
        except IndexError:
            from runcheck.tree.child import Child  # noqa: PLC0415 - loaded with the first question

            try:
                return Child(self._program)
            except (OSError, TypeError) as error:  # no memory, no file descriptor; an interpreter that names no file
                raise ReaderFailedError(f"its reader could not be started: {error}") from error

    def __reduce__(self) -> tuple[Callable[[str, float], "Quarantine"], tuple[str, float]]:
        """Become, in another process, the one quarantine of that process; its children end when the process does."""
        return _of_this_process, (self._program, self._least_seconds)

    def __enter__(self) -> Self:
        """Return the quarantine."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every child."""
        while self._idle:
            self._idle.pop().end()


@cache
def _of_this_process(program: str, least_seconds: float) -> Quarantine:
    return Quarantine(program, least_seconds=least_seconds)
