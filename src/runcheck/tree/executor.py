"""Who does the work: surveys of units need nothing of each other, so any number of workers may share them."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Protocol, TypeVar

from runcheck.errors import RuncheckError

T = TypeVar("T")
R = TypeVar("R")
_CHUNKS_A_WORKER = 16  # few enough to be cheap to hand over, enough that no worker is left with the last large one
_CHUNK = 32


class WorkerLostError(RuncheckError):
    """A worker ended before its work was done."""


class Executor(Protocol):
    """Calls a function for each of many items, here or elsewhere."""

    def map(self, work: Callable[[T], R], items: Sequence[T]) -> Iterable[R]:
        """Return what ``work``, which can be pickled, returns for each item, in their order.

        Raises:
            WorkerLostError: a worker ended, or lost touch.
        """


class Here:
    """Does the work in the process that asks, one item after the other."""

    def map(self, work: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        """Return what ``work`` returns for each item."""
        return map(work, items)


class Processes:
    """Does the work in child processes, where there is enough of it: threads would wait for one interpreter.

    A child is forked on Linux, which costs milliseconds; the caller must then run no threads. Elsewhere it starts anew.
    """

    def __init__(self, count: int, least_items: int = 64) -> None:
        """Work in ``count`` children, from ``least_items`` on."""
        self.count, self.least_items = count, least_items

    def map(self, work: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        """Return what ``work`` returns for each item; the children are at work when this returns."""
        if self.count < 2 or len(items) < self.least_items:  # noqa: PLR2004 - one process is this one
            return map(work, items)
        context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
        size = min(_CHUNK, -(-len(items) // (self.count * _CHUNKS_A_WORKER)))
        pool = ProcessPoolExecutor(self.count, context, _begin)
        return _collected(pool, pool.map(work, items, chunksize=size))


def _collected(pool: ProcessPoolExecutor, results: Iterator[R]) -> Iterator[R]:
    with pool:
        try:
            yield from results
        except BrokenProcessPool:
            raise WorkerLostError("a worker process was ended; was there enough memory?") from None


def _begin() -> None:
    """Let an interrupt from the terminal end a worker at once: it has nothing to say about it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
