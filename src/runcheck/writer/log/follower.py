"""What is done with rows that are in the file already, once a second beside the loop: numbers, sinks, and the disk.

A thread does not make this free, for it takes the interpreter's lock; but a loop mostly waits for a device without
it. The lock is let go after every few steps, so that the loop never waits for long.
"""

import math
import operator
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Protocol

from runcheck.convention.aggregates import SeriesAggregate
from runcheck.writer.complaints import Complaints
from runcheck.writer.log.append_file import AppendFile
from runcheck.writer.log.rows import Rows, Series

_SECONDS = 1.0
_STEPS_AT_ONCE = 64
_PAUSE = 0.0005
_MAX_BEHIND = 1 << 17  # rows; some 10 MB


class Sink(Protocol):
    """Takes the same rows as the metric log. One that fails is reported and dropped, never the run."""

    def take(self, batch: Sequence[Rows]) -> None:
        """Take the rows of some calls, in their order."""

    def close(self) -> None:
        """Write what is left."""


class Follower:
    """Follows the metric log: keeps what each series comes to, feeds the sinks, and syncs the file.

    All of it is done by one thread, so that no signal and no other thread comes between.
    """

    def __init__(
        self, file: AppendFile, sinks: Sequence[Sink], complaints: Complaints, beat: Callable[[], None] | None = None
    ) -> None:
        """Follow ``file``. Where there is a ``beat``, it is called at each turn, rows or none."""
        self._beat = beat
        self._owner = threading.current_thread()
        self._file = file
        self._sinks = list(sinks)
        self._complaints = complaints
        self._backlog: deque[Rows] = deque()
        self._wake = threading.Event()
        self._is_ended = False
        self._thread: threading.Thread | None = None
        self._may_wait = 0  # rows; none before there is a thread
        self._taken = self._synced = 0
        self.rows = 0
        self.series: dict[Series, SeriesAggregate] = {}
        if beat is not None:
            self._start()

    def adopt(self, rows: int, series: dict[Series, SeriesAggregate]) -> None:
        """Begin behind rows that earlier sessions wrote, and that the sinks have."""
        self.rows = self._taken = self._synced = rows
        self.series = series

    def take(self, rows: Rows) -> None:
        """Take rows that are in the file. Who writes faster than they are worked off waits for that."""
        self._backlog.append(rows)
        self._taken += len(rows[2])
        if self._taken - self.rows > self._may_wait:
            self._wait()

    def has_taken(self, rows: Rows) -> bool:
        """Say whether ``rows`` are the last that were taken."""
        return bool(self._backlog) and self._backlog[-1] is rows

    def drain(self) -> None:
        """Work off all that was taken, and sync the file."""
        self._is_ended = True
        self._wake.set()
        if self._thread is not None and self._thread.ident is not None:
            self._thread.join()
        self._thread, self._may_wait = None, 0
        self._flush()
        self._is_ended = False

    def close(self) -> None:
        """Work off what is left, sync the file and close the sinks."""
        self.drain()
        for sink in list(self._sinks):
            try:
                sink.close()
            except Exception as error:  # noqa: BLE001 - a sink may be anybody's, and never ends the run
                self._drop(sink, error)

    def _start(self) -> None:
        self._may_wait = _MAX_BEHIND
        self._thread = threading.Thread(target=self._follow, name="runcheck-follower", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # no more threads, or the interpreter ends
            self._complaints.add("no thread could be started; event files and summary are written in the loop")

    def _wait(self) -> None:
        if self._thread is None:
            self._start()
            return
        self._wake.set()
        while self._taken - self.rows > _MAX_BEHIND:
            if self._thread.is_alive():
                time.sleep(_PAUSE)
            else:
                self._work_off()

    def _follow(self) -> None:
        while not self._is_ended:
            self._wake.wait(_SECONDS)
            self._wake.clear()
            came = self._synced != self._taken
            self._flush()
            if self._beat is not None and (came or self._lives()):
                self._beat()

    def _lives(self) -> bool:
        """Say whether the run may go on: no thread that outlives its program says so for it."""
        return threading.main_thread().is_alive() or self._owner.is_alive()

    def _flush(self) -> None:
        while self._backlog:
            self._work_off()
            if not self._is_ended:
                time.sleep(_PAUSE)  # without the interpreter's lock, for the loop to go on
        taken = self._taken
        if self._synced != taken:
            try:
                self._file.sync()
            except OSError as error:
                self._complaints.add(f"metrics could not be synced: {error.strerror}")
            self._synced = taken

    def _work_off(self) -> None:
        batch = [self._backlog.popleft() for _ in range(min(_STEPS_AT_ONCE, len(self._backlog)))]
        self._aggregate(batch)
        for sink in list(self._sinks):
            try:
                sink.take(batch)
            except Exception as error:  # noqa: BLE001 - as in close()
                self._drop(sink, error)
        self.rows += sum(len(values) for _, _, values, _ in batch)

    def _aggregate(self, batch: Sequence[Rows]) -> None:
        for names, together in groupby(batch, operator.itemgetter(0)):
            calls = list(together)
            steps = [step for _, step, _, _ in calls]
            rising = all(map(operator.lt, steps, steps[1:]))
            for series, values in zip(names.series, zip(*(call[2] for call in calls), strict=True), strict=True):
                aggregate = self.series.setdefault(series, SeriesAggregate())
                if rising and steps[0] > aggregate.last_step and math.isfinite(sum(values)):
                    aggregate.add_finite(steps, values)
                else:
                    self._add_each(aggregate, series, steps, values)

    def _add_each(
        self, aggregate: SeriesAggregate, series: Series, steps: Sequence[int], values: Sequence[float]
    ) -> None:
        for step, value in zip(steps, values, strict=True):
            if step <= aggregate.last_step:
                self._complaints.add(
                    f"step {step} of {series[0]}/{series[1]} follows step {aggregate.last_step}; "
                    "it is kept, and is a finding"
                )
            aggregate.add(step, value)

    def _drop(self, sink: Sink, error: Exception) -> None:
        self._sinks.remove(sink)
        self._complaints.add(f"{type(sink).__name__} failed and gets no more rows: {error}")
