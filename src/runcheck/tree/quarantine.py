"""Child processes for what hostile bytes can bring to a fault, to no end, or to all of the memory.

Readers of HDF5, Parquet and Zarr are a million lines of C and C++, and a schema can ask for more work than the universe
has time for. A fault there must be a finding about one file and not the end of the check, so they run in a child, one
for each thread that asks, few at once, started when it is first needed and used again; most files are so small that
one child answers for all threads before another would have started. What goes through the pipes
comes from this library on both ends.
"""

import os
import threading
import time
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
_SMALL = 1 << 20  # bytes that are read in less time than a child needs to start and to load a library
_PATIENCE = 2.0  # seconds that threads wait, all in all, for a child at work on so few bytes before one more starts


class ReaderFailedError(RuncheckError):
    """The library that reads a format did not survive a file, or came to no end."""


class Quarantine:
    """Answers questions in child processes. Use it in a ``with``; any number of threads may ask."""

    def __init__(self, program: str = SERVE, *, least_seconds: float = 120.0, patience: float = _PATIENCE) -> None:
        """Start nothing yet. A child runs ``program``, and has ``least_seconds`` for each question.

        A question of few bytes waits for a child that is at work on such a one: threads wait for ``patience`` seconds,
        all in all, before one more child is started.
        """
        self._program = program
        self._least_seconds = least_seconds
        self._patience = self._patience_left = patience
        self._idle: list[Child] = []
        self._soon_idle = 0  # children at work on few bytes
        self._left = threading.Condition()  # held for what the three above say, and told when a child is done
        self._turns = threading.BoundedSemaphore(max(_LEAST_CHILDREN, os.cpu_count() or 1))

    def ask(self, question: Callable[[], T], size: int = 0) -> T:
        """Return what ``question``, a function that can be pickled, returns. It is about ``size`` bytes.

        Raises:
            ReaderFailedError: it crashed or came to no end.
            OSError: it raised one.
        """
        is_small = size <= _SMALL
        with self._turns:
            idle = self._take(is_small=is_small)
            child = None  # which stays so after a fault: that child is gone
            try:
                asked = idle or self._started()
                answer = asked.ask(question, self._least_seconds + size / _BYTES_A_SECOND)
                child = asked
            finally:
                self._give_back(child, is_small=is_small)
        if isinstance(answer, OSError | ReaderFailedError):
            raise answer
        return cast("T", answer)

    def _take(self, *, is_small: bool) -> "Child | None":
        """Return a child that is idle, or will soon be; None where one is to be started."""
        with self._left:
            while is_small and not self._idle and self._soon_idle and self._patience_left > 0:
                began = time.monotonic()
                self._left.wait(self._patience_left)
                self._patience_left -= time.monotonic() - began
            self._soon_idle += is_small
            if self._idle:
                return self._idle.pop()
            self._patience_left = self._patience
            return None

    def _give_back(self, child: "Child | None", *, is_small: bool) -> None:
        with self._left:
            self._soon_idle -= is_small
            if child is not None:
                self._idle.append(child)
            self._left.notify_all()

    def _started(self) -> "Child":
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
