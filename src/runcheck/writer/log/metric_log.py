"""``metrics.jsonl`` as it grows: one write a step, without waiting for a device.

Three threads work at it. The caller's formats what is on the host and hands it to the operating system before ``log``
returns. One waits for values on a device. One follows the file with all that can wait a second.
"""

import atexit
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from runcheck.convention.aggregates import SeriesAggregate
from runcheck.convention.steps import MAX_STEP
from runcheck.errors import InvalidArgumentError
from runcheck.writer.arguments import METRICS, checked_mapping, checked_step, kind_of, told
from runcheck.writer.complaints import Complaints
from runcheck.writer.log.append_file import AppendFile
from runcheck.writer.log.device_queue import MAX_PENDING, DeviceQueue, FetchedRows, LateRows
from runcheck.writer.log.follower import Follower, Sink
from runcheck.writer.log.rows import KnownNames, Rows, Series
from runcheck.writer.log.scalars import DeviceScalar, flattened, is_on_device, refuse_tracer

_OPEN: "weakref.WeakSet[MetricLog]" = weakref.WeakSet()


class MetricLog:
    """Appends rows to a file and to sinks, and keeps what each series comes to.

    A value of the host is in the file when ``log`` returns; one on a device at most a tenth of a second after it is
    computed. The rows of each series keep the order of the calls, whichever they are. Any thread may call it, and the
    handler of a signal.
    """

    def __init__(self, path: str, sinks: Sequence[Sink], beat: Callable[[], None] | None = None) -> None:
        """Append to the file at ``path``. ``beat`` is called once a second while something lives that may log."""
        self._file = AppendFile(path)
        self._complaints = Complaints()
        self._follower = Follower(self._file, sinks, self._complaints, beat)
        self._devices = DeviceQueue(self._write_fetched, self._complaints)
        self._late = self._devices.pending
        self._names = KnownNames(self._complaints.add)
        self._known = self._names.known
        self.is_forked = False  # into a process that is not the one of the run
        self._order = threading.RLock()  # of the rows in the file
        self._unwritten: deque[Rows] = deque()
        self._lost = 0  # calls that a full disk did not take before there were too many of them
        self._is_writing = False
        self._is_closed = False
        atexit.register(self._drain)
        _OPEN.add(self)

    def adopt(self, rows: int, series: dict[Series, SeriesAggregate]) -> None:
        """Count the rows that are in the file already, and go on with their series."""
        self._follower.adopt(rows, series)

    @property
    def series(self) -> dict[Series, SeriesAggregate]:
        """What each series comes to, complete after :meth:`close`."""
        return self._follower.series

    @property
    def rows(self) -> int:
        """How many rows there are, complete after :meth:`close`."""
        return self._follower.rows

    def log(self, step: int, metrics: Mapping[str, object], split: str) -> None:
        """Take the values of one step.

        Raises:
            InvalidArgumentError: a step, a name or a value is none. Nothing of the call is written then.
        """
        at = time.time()
        try:
            values = tuple(metrics.values())
            names = self._known.get((split, *metrics))
        except (AttributeError, TypeError):
            checked = checked_mapping(metrics, "metrics", METRICS)
            if not isinstance(split, str):
                raise InvalidArgumentError(f"split is {told(split)}, not a string") from None
            if isinstance(metrics, dict):
                raise
            self.log(step, checked, split)  # what has the methods of a mapping, as a row of pandas
            return
        if names is None or type(step) is not int or not 0 <= step <= MAX_STEP or self.is_forked:
            self._log_any(step, metrics, split, at)
        elif names.floats == (types := [*map(type, values)]) and not self._late:
            self._write((names, step, values, at))  # type: ignore[arg-type]
        elif names.arrays == types and names.are_known_arrays(values):
            self._devices.put((names, step, names.kept.kept(values), at))
            self._wait_for_room()
        else:
            self._log_any(step, metrics, split, at)
        if self._complaints.waiting:
            self._complaints.tell()

    def catch_up(self) -> None:
        """Wait until all that was logged is written, what is on a device too."""
        self._devices.catch_up()

    def close(self, limit: float = threading.TIMEOUT_MAX) -> None:
        """Wait for the values that are still on a device, at most ``limit`` seconds, and close file and sinks."""
        atexit.unregister(self._drain)
        if self.is_forked or self._is_closed:
            return
        self._drain(limit)
        with self._order:
            self._is_closed = True  # for a value that comes after all
        self._follower.close()
        self._file.close()
        if lost := self._lost + len(self._unwritten):
            self._complaints.add(f"{lost} steps of metrics could not be written")
        self._complaints.tell()

    def _log_any(self, step: object, metrics: Mapping[str, object], split: str, at: float) -> None:
        known_step = any_step(step)
        values = list(flattened(metrics))
        names = self._names.of(split, tuple(metric for metric, _ in values))
        if self.is_forked:
            self._complaints.add("this process is a fork of the one that started the run; what it logs is not written")
            return
        with self._order:
            waiting = {series for names, *_ in list(self._late) for series in names.series}
            late, ready = [], []
            for series, (metric, value) in zip(names.series, values, strict=True):
                if not isinstance(known_step, int) or not isinstance(value, float) or series in waiting:
                    late.append((metric, value))
                else:
                    ready.append((metric, value))
            if isinstance(known_step, int):
                self._write_values(known_step, split, ready, at)
            if late:
                names = self._names.of(split, tuple(metric for metric, _ in late))
                given = [value for _, value in late]
                names.know_arrays(given)
                *kept, kept_step = names.kept.kept([*given, known_step])
                self._devices.put((names, cast("int | DeviceScalar", kept_step), kept, at))
        if late:
            self._wait_for_room()

    def _wait_for_room(self) -> None:
        if len(self._late) >= MAX_PENDING and not self._is_writing:  # no handler of a signal waits for what it stopped
            self._devices.wait_for_room()

    def _write_fetched(self, late: LateRows, fetched: FetchedRows) -> None:
        names, _, _, at = late
        values = fetched.values
        with self._order:
            if self._is_closed:
                return
            if None in values:
                pairs = zip(names.metrics, values, strict=True)
                there = [(metric, value) for metric, value in pairs if value is not None]
                self._write_values(fetched.step, names.split, there, at)
            else:
                self._write((names, fetched.step, cast("tuple[float, ...]", values), at))

    def _write_values(self, step: int, split: str, values: Sequence[tuple[str, float]], at: float) -> None:
        if values:
            names = self._names.of(split, tuple(metric for metric, _ in values))
            self._write((names, step, tuple(value for _, value in values), at))

    def _write(self, rows: Rows) -> None:
        names, step, values, _ = rows
        content = names.lines(step, values)
        with self._order:
            if self._is_writing:  # this is the handler of a signal that came into a call: that one writes it
                self._unwritten.append(rows)
                return
            if self._unwritten:
                self._unwritten.append(rows)
                self._write_unwritten()
                return
            self._is_writing = True
            try:
                self._file.append(content)
                self._follower.take(rows)
            except OSError as error:
                self._unwritten.append(rows)
                self._complaints.add(f"metrics could not be written: {error.strerror}; later calls try it again")
                return
            except BaseException:  # the handler of a signal raised, before the write or behind it: the file knows
                if self._file.ends_with(content) and not self._follower.has_taken(rows):
                    self._follower.take(rows)
                raise
            finally:
                self._is_writing = False
            if self._unwritten:
                self._write_unwritten()

    def _write_unwritten(self) -> None:
        """Write what the handler of a signal logged while a call was at work, and what a full disk did not take."""
        earlier, self._unwritten = self._unwritten, deque()
        try:
            while earlier and not self._unwritten:
                self._write(earlier.popleft())
        finally:
            self._unwritten.extend(earlier)
        while len(self._unwritten) > MAX_PENDING:
            self._unwritten.popleft()
            self._lost += 1
            self._complaints.add(f"metrics are lost: more than {MAX_PENDING} steps could not be written")

    def _drain(self, limit: float = threading.TIMEOUT_MAX) -> None:
        """Write what can be written; also where the interpreter ends and the run was not finished."""
        if self.is_forked:
            return
        self._devices.drain(limit)
        with self._order:
            self._write_unwritten()
        self._follower.drain()


def any_step(step: object) -> int | DeviceScalar:
    """Return ``step`` as an integer, or as it is where it is on a device.

    Raises:
        InvalidArgumentError: it is no step, as far as can be seen without waiting.
    """
    refuse_tracer(step, "step")
    if is_on_device(step) and getattr(step, "shape", None) == ():
        if getattr(getattr(step, "dtype", None), "kind", "i") not in "iu":
            raise InvalidArgumentError(f"step is {kind_of(step)} of {step.dtype}; a step is an integer")  # type: ignore[attr-defined]
        return step
    return checked_step(step)


def _forsake() -> None:
    """Leave the logs to the parent: their threads did not come along, and what waits is written there."""
    for log in _OPEN:
        log.is_forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forsake)
