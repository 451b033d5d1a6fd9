"""A trial in a process of its own: what kills that is what came of the trial, and the others go on.

Processes are spawned, not forked: a fork of a process that has used JAX hangs.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from multiprocessing import connection, get_context, parent_process
from multiprocessing.process import BaseProcess
from typing import cast

from runcheck.sweeps.attempt import Outcome, Task, attempt, tidied

_LONGEST_END = 30.0  # seconds that a process has after SIGTERM, as where machines are preempted
_SIGINT_STATUS = 130


class Apart:
    """Runs trials in processes of their own, at most ``jobs`` at once; use it in a ``with``.

    Where the ``with`` is left before all have ended, by Ctrl-C for one, their processes get SIGTERM, by which their
    runs end as preempted.
    """

    def __init__(self, jobs: int) -> None:
        """Start nothing yet."""
        self._jobs = jobs
        self._pool = ThreadPoolExecutor(jobs, thread_name_prefix="runcheck-trial")
        self._alive: set[BaseProcess] = set()
        self._lock = threading.Lock()
        self._is_over = False

    def __enter__(self) -> "Apart":
        """Return it."""
        return self

    def __exit__(self, *_: object) -> None:
        """End what still runs."""
        with self._lock:
            self._is_over = True
            for process in self._alive:
                process.terminate()
        self._pool.shutdown(cancel_futures=True)

    def outcomes(self, tasks: Iterator[Task]) -> Iterator[tuple[Task, Outcome]]:
        """Yield each task with its outcome, as they end; the next one is taken when there is a place for it."""
        going: dict[Future[Outcome], Task] = {}
        is_empty = False
        while going or not is_empty:
            while not is_empty and len(going) < self._jobs:
                task = next(tasks, None)
                is_empty = task is None
                if task is not None:
                    going[self._pool.submit(self.outcome, task)] = task
            done, _ = wait(going, return_when=FIRST_COMPLETED)
            for future in done:
                yield going.pop(future), future.result()

    def outcome(self, task: Task) -> Outcome:
        """Return what came of a task that ran in a process of its own."""
        context = get_context("spawn")
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_try, args=(task, theirs), name=f"{task.name}-{task.number}")
        started = time.monotonic()
        with self._lock:
            if self._is_over:
                return Outcome("failed", 0.0, reason="it was not started any more")
            process.start()
            self._alive.add(process)
        theirs.close()
        try:
            folder, unit, outcome = _heard(ours)
            process.join()
        finally:
            ours.close()
            with self._lock:
                self._alive.discard(process)
        if outcome is not None:
            return outcome
        return Outcome("failed", round(time.monotonic() - started, 3), None, _of_exit(process.exitcode), folder, unit)


def _heard(ours: "connection.Connection") -> tuple[str | None, str | None, Outcome | None]:
    """Return what a process told until it ended: the folder and unit of its first run, and the outcome."""
    folder = unit = outcome = None
    with suppress(EOFError, OSError):
        while True:
            told = ours.recv()
            if isinstance(told, Outcome):
                outcome = told
            else:
                folder, unit = cast("tuple[str, str]", told)
    return folder, unit, outcome


def _of_exit(status: int | None) -> str:
    """Return why a process ended that told no outcome."""
    if status is not None and status < 0:
        name = signal.Signals(-status).name if -status in {*signal.Signals} else f"signal {-status}"
        more = ": the system may have been out of memory" if name == "SIGKILL" else ""
        return f"its process was ended by {name}{more}"
    return f"its process ended with status {status}, and told nothing"


def _try(task: Task, theirs: "connection.Connection") -> None:
    """Do a trial, in the process that is its own."""
    threading.Thread(target=_end_with_parent, daemon=True).start()

    def told(folder: str, unit: str) -> None:
        theirs.send((folder, unit))

    try:
        outcome = attempt(task, told)
    except KeyboardInterrupt:  # the process that started this one got it too
        sys.exit(_SIGINT_STATUS)
    theirs.send(outcome._replace(reason=tidied(outcome.reason) if outcome.reason else None))


def _end_with_parent() -> None:
    """End this process as a preempted one where the one that started it is gone: nobody would hear of the outcome."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
