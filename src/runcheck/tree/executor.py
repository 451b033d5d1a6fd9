"""Who does the work: surveys of units need nothing of each other, so any number of workers may share them."""

import gc
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Protocol, Self, TypeVar

from runcheck.errors import InvalidArgumentError, RuncheckError
from runcheck.tree.store import CONNECTIONS

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor

T = TypeVar("T")
R = TypeVar("R")
_CHUNKS_A_WORKER = 16  # few enough to be cheap to hand over, enough that no worker is left with the last large one
_CHUNK = 32
_AHEAD = 4  # of what is taken in order one may be slow while the others go on
EXECUTORS = ("processes", "threads", "dask:ADDRESS")


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

    A child is forked on Linux, which costs milliseconds, where no other thread runs. Elsewhere it is spawned.
    """

    def __init__(self, count: int, least_items: int = 64, method: str | None = None) -> None:
        """Work in ``count`` children, from ``least_items`` on, made by a ``method`` of multiprocessing."""
        self.count, self.least_items = count, least_items
        self.method = method

    def map(self, work: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        """Return what ``work`` returns for each item; the children are at work when this returns."""
        if self.count < 2 or len(items) < self.least_items:  # noqa: PLR2004 - one process is this one
            return map(work, items)
        import multiprocessing  # noqa: PLC0415 - 10 ms that a few units do not pay
        from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415

        is_forked = sys.platform == "linux" and threading.active_count() == 1  # that of a store runs to the end
        context = multiprocessing.get_context(self.method or ("fork" if is_forked else "spawn"))
        size = min(_CHUNK, -(-len(items) // (self.count * _CHUNKS_A_WORKER)))
        pool = ProcessPoolExecutor(self.count, context, _begin)
        return _collected(pool, pool.map(work, items, chunksize=size))


class Threads:
    """Does the work in threads of this process: for what waits for a store, and does not compute.

    No more is under way, or waits to be taken, than a few items for each thread.
    """

    def __init__(self, count: int) -> None:
        """Work in ``count`` threads."""
        self.count = count

    def map(self, work: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        """Return what ``work`` returns for each item; the threads are at work when this returns."""
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - as above

        pool = ThreadPoolExecutor(self.count)
        left = iter(items)
        begun = deque(pool.submit(work, item) for item in islice(left, _AHEAD * self.count))
        return _in_turn(pool, begun, work, left)


def _in_turn(
    pool: "ThreadPoolExecutor", begun: "deque[Future[R]]", work: Callable[[T], R], left: Iterator[T]
) -> Iterator[R]:
    try:
        while begun:
            result = begun.popleft().result()
            begun.extend(pool.submit(work, item) for item in islice(left, 1))
            yield result
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # what is under way when a check is given up, its store ends


def _collected(pool: "ProcessPoolExecutor", results: Iterator[R]) -> Iterator[R]:
    from concurrent.futures.process import BrokenProcessPool  # noqa: PLC0415

    with pool:
        try:
            yield from results
        except BrokenProcessPool:
            raise WorkerLostError("a worker process was ended; was there enough memory?") from None


def _begin() -> None:
    """Let an interrupt from the terminal end a worker at once: it has nothing to say about it."""
    import signal  # noqa: PLC0415

    gc.freeze()  # or each collection would write to what it shares with the process that forked it, and so copy it
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Aside(Generic[R]):
    """One piece of work in a thread, while others go on: a pool would take longer to load than most of it takes.

    Use it in a ``with``, which waits for its end.
    """

    def __init__(self, work: Callable[[], R]) -> None:
        """Do ``work``, once this is entered."""
        self._work = work
        self._thread = threading.Thread(target=self._run)
        self._done: list[R] = []
        self._error: BaseException | None = None

    def result(self) -> R:
        """Return what came out of it, or raise what it raised."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._done[0]

    def so_far(self) -> R | None:
        """Return what came out of it, None where nothing did yet."""
        return self._done[0] if self._done else None

    def _run(self) -> None:
        try:
            self._done.append(self._work())
        except BaseException as error:  # noqa: BLE001 - whoever asks for the result gets it
            self._error = error

    def __enter__(self) -> Self:
        """Start."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait."""
        self._thread.join()


def executor_of(text: str, jobs: int | None = None) -> Executor:
    """Return the executor that a text names: ``processes`` or ``threads``, ``jobs`` of them, or ``dask:ADDRESS``.

    Raises:
        InvalidArgumentError: it names none.
    """
    name, _, address = text.partition(":")
    if text == "processes":
        return Processes(jobs or cores())
    if text == "threads":
        return Threads(jobs or CONNECTIONS)
    if name != "dask" or not address:
        raise InvalidArgumentError(f"--executor {text}: there is none of this name; there are {', '.join(EXECUTORS)}")
    if jobs is not None:
        raise InvalidArgumentError("--jobs: says how many processes share the units, and a cluster has its own workers")
    from runcheck.tree.cluster import Dask  # noqa: PLC0415 - most never ask for it

    return Dask(address)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
