"""Values that are still on a device: a thread waits for them, in the order of the calls, and the loop does not."""

import threading
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import NamedTuple

from runcheck.errors import InvalidArgumentError
from runcheck.writer.arguments import checked_step
from runcheck.writer.complaints import Complaints
from runcheck.writer.ending import finish_before_others
from runcheck.writer.log.rows import RowNames
from runcheck.writer.log.scalars import DeviceScalar, Scalar

MAX_PENDING = 1024
_POLL_SECONDS = 0.001
_PATIENCE_SECONDS = 10.0
_SILENCE_SECONDS = 600.0


class LateRows(NamedTuple):
    """What one call of ``log`` gave, of which something is on a device; ``at`` is the time of the call."""

    names: RowNames
    step: int | DeviceScalar
    values: Sequence[Scalar]
    at: float


class FetchedRows(NamedTuple):
    """The same on the host. A value that failed is None; all of them are where the step failed."""

    step: int
    values: tuple[float | None, ...]


class DeviceQueue:
    """At most 1,024 calls of which a value is on a device. Who logs one more waits."""

    def __init__(self, write: Callable[[LateRows, FetchedRows], None], complaints: Complaints) -> None:
        """Give what is fetched to ``write``, in a thread."""
        self._write = write
        self._complaints = complaints
        self._queue: SimpleQueue[LateRows | None] = SimpleQueue()  # a signal's handler may put while a put is at work
        self._thread: threading.Thread | None = None
        self._fetched = 0

    def put(self, rows: LateRows) -> None:
        """Take the values of one call."""
        self._queue.put(rows)
        if self._thread is None:
            self._start()

    def wait_for_room(self) -> None:
        """Wait until another call may be taken."""
        if self._queue.qsize() >= MAX_PENDING:
            self._complaints.add(f"{MAX_PENDING} steps wait for values on a device, so log waits for them too")
            while self._queue.qsize() >= MAX_PENDING:
                time.sleep(_POLL_SECONDS)

    def drain(self, limit: float = threading.TIMEOUT_MAX) -> None:
        """Wait for all that was taken, at most ``limit`` seconds, and not where none came for ten minutes."""
        if self._thread is None:
            return
        self._queue.put(None)
        began = heard = time.monotonic()
        fetched = self._fetched
        self._thread.join(min(limit, _PATIENCE_SECONDS))
        if self._thread.is_alive() and limit > _PATIENCE_SECONDS:
            self._complaints.add(f"{self._queue.qsize()} steps wait for values on a device, and the end for them")
            self._complaints.tell()
        while self._thread.is_alive():
            at = time.monotonic()
            if self._fetched != fetched:
                heard, fetched = at, self._fetched
            if at - began >= limit or at - heard >= _SILENCE_SECONDS:
                left = self._queue.qsize()  # without the one that is waited for, but with the mark of the end
                self._complaints.add(f"{left} steps of values on a device are lost: after {at - began:.0f} s not ready")
                break
            self._thread.join(_POLL_SECONDS * 100)
        self._thread = None

    def _start(self) -> None:
        finish_before_others()
        self._thread = threading.Thread(target=self._work, name="runcheck-device-values", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # no more threads, or the interpreter ends
            self._thread = None
            self._queue.put(None)
            self._work()

    def _work(self) -> None:
        while (rows := self._queue.get()) is not None:
            try:
                self._write(rows, self._fetch(rows))
            except Exception as error:  # noqa: BLE001 - whatever it is, later rows are not to be lost with it
                self._complaints.add(f"rows of {rows.names.split} are lost: {error}")
            self._fetched += 1

    def _fetch(self, rows: LateRows) -> FetchedRows:
        names = rows.names
        try:
            step = rows.step if isinstance(rows.step, int) else checked_step(rows.step.item())
        except (InvalidArgumentError, RuntimeError, ValueError) as error:
            self._complaints.add(f"rows of {names.split} are lost, since their step could not be fetched: {error}")
            return FetchedRows(0, (None,) * len(rows.values))
        values: list[float | None] = []
        for metric, value in zip(names.metrics, rows.values, strict=True):
            try:
                values.append(value if isinstance(value, float) else float(value.item()))
            except Exception as error:  # noqa: BLE001 - a device fails in the ways of its driver
                values.append(None)
                self._complaints.add(
                    f"{names.split}/{metric} of step {step} has no row, since it has no value: {error}"
                )
        return FetchedRows(step, tuple(values))
