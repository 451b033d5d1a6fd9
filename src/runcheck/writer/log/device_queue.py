"""Values that are still on a device: a thread fetches them, in the order of the calls, and the loop does not wait."""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import NamedTuple, TypeAlias

from runcheck.errors import InvalidArgumentError
from runcheck.writer.arguments import checked_step
from runcheck.writer.complaints import Complaints
from runcheck.writer.ending import finish_before_others
from runcheck.writer.log.kept_arrays import is_deleted
from runcheck.writer.log.rows import RowNames
from runcheck.writer.log.scalars import DeviceScalar, Scalar

MAX_PENDING = 1024
_MANY_PENDING = MAX_PENDING // 2
_TOGETHER_SECONDS = 0.1
_WAITED_SECONDS = 0.0005  # what was computed before is fetched in less
_POLL_SECONDS = 0.001
_PATIENCE_SECONDS = 10.0
_SILENCE_SECONDS = 600.0
_DELETED = "arrays were deleted, or donated to a function, before they were fetched; later ones are copied"

LateRows: TypeAlias = tuple[RowNames, int | DeviceScalar, Sequence[Scalar], float]
"""What one call of ``log`` gave, of which something is on a device: names, step, values, and the time of the call."""


class FetchedRows(NamedTuple):
    """The same on the host. A value that failed is None; all of them are where the step failed."""

    step: int
    values: tuple[float | None, ...]


class DeviceQueue:
    """At most 1,024 calls of which a value is on a device. Who logs one more waits.

    Each time that a thread wakes it takes a core from the computation, all of whose threads then wait for that one. So
    it rests for a tenth of a second where it had to wait for a value, and then fetches all that is computed by then.
    What is computed as it is logged is fetched at once: the next step may be given its memory. Whether a value is ready
    is not asked: of an array that lies in other processes alone, JAX 0.10 ends the process by a segmentation fault.

    Attributes:
        pending: The calls, the oldest first. One stays here until its rows are written.
    """

    def __init__(self, write: Callable[[LateRows, FetchedRows], None], complaints: Complaints) -> None:
        """Give what is fetched to ``write``, in a thread."""
        self._write = write
        self._complaints = complaints
        self.pending: deque[LateRows] = deque()
        self._wake: SimpleQueue[None] = SimpleQueue()  # no lock: a signal's handler may come while one is held
        self._is_parked = False
        self._is_ending = False
        self._awaited: LateRows | None = None  # by somebody who waits until it is written
        self._one_at_a_time = threading.Lock()  # such a handler, and what it interrupted, may each start a thread
        self._thread: threading.Thread | None = None
        self._fetched = 0

    def put(self, rows: LateRows) -> None:
        """Take the values of one call."""
        self.pending.append(rows)
        if self._is_parked or len(self.pending) == _MANY_PENDING:
            self._wake.put(None)
        elif self._thread is None:
            self._start()

    def wait_for_room(self) -> None:
        """Wait until another call may be taken, and say so."""
        self._complaints.add(f"{MAX_PENDING} steps wait for values on a device, so log waits for them too")
        while len(self.pending) >= MAX_PENDING:
            time.sleep(_POLL_SECONDS)

    def catch_up(self) -> None:
        """Wait until all that was taken by now is written, at most ten minutes.

        A thread of its own fetches it, so that the handler of a signal may wait here, too, whatever it interrupted.
        """
        try:
            last = self._awaited = self.pending[-1]
        except IndexError:
            return
        self._wake.put(None)
        until = time.monotonic() + _SILENCE_SECONDS
        try:
            while any(rows is last for rows in list(self.pending)):
                if time.monotonic() >= until:
                    self._complaints.add(f"values on a device are not ready after {_SILENCE_SECONDS:.0f} s of waiting")
                    break
                time.sleep(_POLL_SECONDS)
        finally:
            self._awaited = None

    def drain(self, limit: float = threading.TIMEOUT_MAX) -> None:
        """Wait for all that was taken, at most ``limit`` seconds, and not where none came for ten minutes."""
        if self._thread is None:
            return
        self._is_ending = True
        self._wake.put(None)
        began = heard = time.monotonic()
        fetched = self._fetched
        self._thread.join(min(limit, _PATIENCE_SECONDS))
        if self._thread.is_alive() and limit > _PATIENCE_SECONDS:
            self._complaints.add(f"{len(self.pending)} steps wait for values on a device, and the end for them")
            self._complaints.tell()
        while self._thread.is_alive():
            at = time.monotonic()
            if self._fetched != fetched:
                heard, fetched = at, self._fetched
            if at - began >= limit or at - heard >= _SILENCE_SECONDS:
                left = len(self.pending)
                self._complaints.add(f"{left} steps of values on a device are lost: after {at - began:.0f} s not ready")
                break
            self._thread.join(_POLL_SECONDS * 100)
        self._thread = None
        self._is_ending = False

    def _start(self) -> None:
        finish_before_others()
        self._thread = threading.Thread(target=self._work, name="runcheck-device-values", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # no more threads, or the interpreter ends
            self._thread = None
            while self.pending:
                self._fetch_first()

    def _work(self) -> None:
        while self.pending or not self._is_ending:
            self._park()
            began = time.perf_counter()
            self._fetch_first()
            if time.perf_counter() - began > _WAITED_SECONDS:
                self._rest()
        self._wake.put(None)  # another thread may be parked, too

    def _park(self) -> None:
        """Wait until there is something."""
        self._is_parked = True
        if not self.pending and not self._is_ending:
            self._wake.get()
        self._is_parked = False

    def _rest(self) -> None:
        """Let more come, to be fetched together."""
        if not self._is_ending and self._awaited is None:
            with contextlib.suppress(Empty):
                self._wake.get(timeout=_TOGETHER_SECONDS)

    def _fetch_first(self) -> None:
        """Fetch the values of the oldest call, and wait for them where they are still computed."""
        with self._one_at_a_time:
            if not self.pending:
                return
            rows = self.pending[0]
            try:
                self._write(rows, self._fetched_of(rows))
            except Exception as error:  # noqa: BLE001 - whatever it is, later rows are not to be lost with it
                self._complaints.add(f"rows of {rows[0].split} are lost: {error}")
            self.pending.popleft()
            self._fetched += 1

    def _fetched_of(self, rows: LateRows) -> FetchedRows:
        from numpy import asarray  # noqa: PLC0415 - what is on a device has loaded it; it takes half as long as item()

        names, step_given, given, _ = rows
        try:
            step = step_given if isinstance(step_given, int) else checked_step(asarray(step_given).item())
        except (InvalidArgumentError, RuntimeError, ValueError) as error:
            if is_deleted(step_given):
                names.kept.found_deleted()
            self._complaints.add(f"rows of {names.split} are lost, since their step could not be fetched: {error}")
            return FetchedRows(0, (None,) * len(given))
        values: list[float | None] = []
        for metric, value in zip(names.metrics, given, strict=True):
            try:
                values.append(value if isinstance(value, float) else float(asarray(value)))
            except Exception as error:  # noqa: BLE001 - a device fails in the ways of its driver
                values.append(None)
                if is_deleted(value):
                    names.kept.found_deleted()
                    said = f"rows of {names.split}/{metric} are lost: {_DELETED}"
                else:
                    said = f"{names.split}/{metric} of step {step} has no row, since it has no value: {error}"
                self._complaints.add(said)
        return FetchedRows(step, tuple(values))
