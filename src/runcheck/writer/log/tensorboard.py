"""TensorBoard event files.

Written by hand although tensorboardX does it: a scalar costs 40 us there and brings NumPy and protobuf, while the two
messages are a few bytes each. Formats: TFRecord framing, messages Event and Summary (tensorflow/core/util/event.proto
and tensorflow/core/framework/summary.proto), protobuf's wire format.
"""

import math
import os
import re
import struct
from collections.abc import Iterable, Sequence
from itertools import groupby

from runcheck.convention.tfrecord import record
from runcheck.writer.log.append_file import AppendFile
from runcheck.writer.log.rows import RowNames, Rows

_DOUBLE = struct.Struct("<d")
_MOST_FORMS = 1024
_MOST_UNWRITTEN = 1 << 20
_AT_ONCE = 1024  # records of rows that are there already
_SESSION_STARTS = b"\x08\x01"  # SessionLog (tensorflow/core/util/event.proto): status START
_SECOND = re.compile(r"events\.out\.tfevents\.([0-9]{1,10})\.")


def scalar_event(step: int, tags: Sequence[tuple[bytes, float]], at: float) -> bytes:
    """Return the Event message of one step: ``tags`` with their values, as float32, at ``at`` seconds since 1970."""
    summary = _SummaryForm([tag for tag, _ in tags]).filled([value for _, value in tags])
    return b"\x09" + struct.pack("<d", at) + b"\x10" + _varint(step) + _field(5, summary)


class EventFile:
    """A sink that writes one event file, a record a call, with the tags ``<split>/<metric>``."""

    def __init__(self, folder: str, created: float, resumed: int | None = None) -> None:
        """Create the event file in ``folder``, named by the second of ``created``. No host stands in the name.

        Where the log goes on at the step ``resumed``, the name sorts behind those that are there, and the file begins
        with the start of a session, which takes back what they have from that step on.
        """
        os.makedirs(folder, exist_ok=True)
        second = int(created) if resumed is None else max(int(created), _last_second(folder) + 1)
        self._file = AppendFile(os.path.join(folder, f"events.out.tfevents.{second}.runcheck"))
        self._forms: dict[RowNames, _SummaryForm] = {}
        time = b"\x09" + struct.pack("<d", created)
        self._unwritten = record(time + _field(3, b"brain.Event:2"))
        if resumed is not None:
            self._unwritten += record(time + b"\x10" + _varint(resumed) + _field(7, _SESSION_STARTS))
        self._append()

    def write(self, step: int, split: str, values: Sequence[tuple[str, float]], at: float) -> None:
        """Append the record of one step."""
        names = RowNames(split, tuple(metric for metric, _ in values), [])
        self.take([(names, step, tuple(value for _, value in values), at)])

    def take(self, batch: Sequence[Rows]) -> None:
        """Append a record for each call. What a full disk does not take is written later, as far as it is a megabyte.

        Raises:
            OSError: it is more.
        """
        self._unwritten += b"".join(self._record(*rows) for rows in batch)
        try:
            self._append()
        except OSError:
            if len(self._unwritten) > _MOST_UNWRITTEN:
                raise

    def close(self) -> None:
        """Write what could not be written before, and close the file."""
        self._append()
        self._file.close()

    def _append(self) -> None:
        if self._unwritten:
            self._file.append(self._unwritten)
            self._unwritten = b""

    def _record(self, names: RowNames, step: int, values: Sequence[float], at: float) -> bytes:
        form = self._forms.get(names)
        if form is None:
            if len(self._forms) >= _MOST_FORMS:
                self._forms.clear()
            form = self._forms[names] = _SummaryForm([f"{names.split}/{metric}".encode() for metric in names.metrics])
        summary = form.filled(values)
        return record(b"\x09" + _DOUBLE.pack(at) + b"\x10" + _varint(step) + form.head + summary)


def write_events(folder: str, created: float, rows: Iterable[tuple[int, str, str, float]]) -> None:
    """Write one event file of rows that are there: step, split, metric, value; neighbours of one step share a record.

    The rows have no times; each event bears that at which the run was created, in seconds since 1970.

    Raises:
        OSError: the disk refuses.
    """
    events = EventFile(folder, created)
    known: dict[tuple[str, ...], RowNames] = {}
    batch: list[Rows] = []
    for (step, split), neighbours in groupby(rows, lambda row: row[:2]):
        metrics, values = zip(*(row[2:] for row in neighbours), strict=True)
        names = known.setdefault((split, *metrics), RowNames(split, metrics, []))
        batch.append((names, step, values, created))
        if len(batch) == _AT_ONCE:
            events.take(batch)
            batch = []
        if len(known) > _MOST_FORMS:
            known.clear()
    events.take(batch)
    events.close()


class _SummaryForm:
    """The Summary message of some tags, and what stands before it in its Event; only the values are to be filled in."""

    def __init__(self, tags: Sequence[bytes]) -> None:
        self._parts: list[bytes | float] = []
        for tag in tags:
            name = _field(1, tag) + b"\x15"
            self._parts += [b"\x0a" + _varint(len(name) + 4) + name, 0.0]
        self._form = struct.Struct(
            "<" + "".join(f"{len(part)}sf" for part in self._parts[::2] if isinstance(part, bytes))
        )
        self.head = b"\x2a" + _varint(self._form.size)

    def filled(self, values: Sequence[float]) -> bytes:
        """Return the message with ``values``, as float32."""
        parts = self._parts.copy()
        parts[1::2] = values
        try:
            return self._form.pack(*parts)
        except OverflowError:
            parts[1::2] = map(_within_float32, values)
            return self._form.pack(*parts)


def _last_second(folder: str) -> int:
    """Return the greatest second in a name of the event files in a folder, -1 where there is none."""
    return max((int(match[1]) for name in os.listdir(folder) if (match := _SECOND.match(name))), default=-1)


def _field(number: int, content: bytes) -> bytes:
    """Return a length-delimited field (wire type 2)."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:  # noqa: PLR2004
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _within_float32(value: float) -> float:
    """Return infinity for a value whose nearest float32 is that, and other values as they are."""
    try:
        struct.pack("<f", value)
    except OverflowError:
        return math.copysign(math.inf, value)
    return value
