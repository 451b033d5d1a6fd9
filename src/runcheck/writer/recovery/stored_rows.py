"""The rows of a run that are on the disk: read again to go on with them, and parted at a step."""

import json
import os
import re
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import BinaryIO

from runcheck.convention.layout import layout
from runcheck.convention.names import is_name
from runcheck.convention.steps import MAX_STEP
from runcheck.probes.contents import MetricsContent
from runcheck.probes.metric_rows import RowError, value_of
from runcheck.probes.metrics import CsvMetricsProbe, JsonlMetricsProbe
from runcheck.probes.points import Points, PointsFactory
from runcheck.reading.files import UnitFiles
from runcheck.writer.log.rows import KnownNames, Rows

_CHUNK = 1 << 20
_STEP = re.compile(rb'\{\s*"step"\s*:\s*(0|[1-9][0-9]{0,15})\s*[,}]')


class NotedPoints(Points):
    """Collects the points of a series; knows the first step, and the values at some steps that are asked for."""

    __slots__ = ("_wanted", "at", "first")

    def __init__(self, wanted: frozenset[int] = frozenset()) -> None:
        """Start without a point."""
        super().__init__()
        self._wanted = wanted
        self.first: int | None = None
        self.at: dict[int, float] = {}

    def take(self, steps: list[int], values: list[float]) -> None:
        """Take in points."""
        super().take(steps, values)
        self.first = min(steps) if self.first is None else min(self.first, *steps)
        if self._wanted and not self._wanted.isdisjoint(steps):
            self.at.update((step, value) for step, value in zip(steps, values, strict=True) if step in self._wanted)


def read_rows(files: UnitFiles, path: str, points: PointsFactory = lambda _: Points()) -> MetricsContent:
    """Return what the rows of the metrics at ``path`` come to, in one pass and constant memory.

    Raises:
        CannotReadError: it cannot be read.
    """
    probe = CsvMetricsProbe(points) if path.endswith(".csv") else JsonlMetricsProbe(points)
    files.file(path)
    for chunk in files.chunks(path):
        probe.feed(chunk)
    return probe.content()


def rows_from(files: UnitFiles, path: str, step: int, at: float) -> Iterator[Rows]:
    """Yield the rows from ``step`` on, together those of one call of ``log`` as far as that can be told.

    Lines that are no rows are passed over. ``at`` is the time that they get, since rows have none.
    """
    names = KnownNames()
    with files.open(path) as raw:
        for (row_step, split), together in groupby(_rows(raw, step), lambda row: (row[0], row[1])):
            values: dict[str, float] = {}
            for _, _, metric, value in together:
                if metric in values:
                    yield names.of(split, tuple(values)), row_step, tuple(values.values()), at
                    values = {}
                values[metric] = value
            yield names.of(split, tuple(values)), row_step, tuple(values.values()), at


def part_rows(files: UnitFiles, path: str, last: int, place: Callable[[], str]) -> int:
    """Move the rows beyond the step ``last`` from the metrics at ``path`` into a file at ``place()``; return how many.

    First they are there, then they are gone here: a crash between leaves them in both. Lines of which nobody knows the
    step stay. Where there is none to move, nothing is written.
    """
    target = files.absolute(path)
    with files.open(path) as raw:
        begin = _first_beyond(raw, last)
        if begin is None:
            return 0
        aside, moved = place(), 0
        with open(f"{target}.tmp", "wb") as kept, open(f"{aside}.tmp", "wb") as beyond:
            raw.seek(0)
            _copy(raw, kept, begin)
            for line in _lines(raw):
                is_beyond = _is_beyond(line, last)
                moved += is_beyond
                (beyond if is_beyond else kept).write(line)
            for stream in (beyond, kept):
                stream.flush()
                os.fsync(stream.fileno())
    os.replace(f"{aside}.tmp", aside)
    os.replace(f"{target}.tmp", target)
    return moved


def end_of_lines(raw: BinaryIO) -> int:
    """Return where the last line feed ends, 0 where there is none."""
    end = raw.seek(0, os.SEEK_END)
    while end:
        begin = max(0, end - _CHUNK)
        raw.seek(begin)
        if (at := raw.read(end - begin).rfind(b"\n")) >= 0:
            return begin + at + 1
        end = begin
    return end


def _first_beyond(raw: BinaryIO, last: int) -> int | None:
    """Return the place of the first line beyond the step ``last``, None where there is none."""
    at = 0
    for line in _lines(raw):
        if _is_beyond(line, last):
            return at
        at += len(line)
    return None


def _is_beyond(line: bytes, last: int) -> bool:
    match = _STEP.match(line)
    if match:
        return int(match[1]) > last
    row = _row(line)
    return row is not None and row[0] > last


def _lines(raw: BinaryIO) -> Iterator[bytes]:
    """Yield the lines from where the stream is, a longer one than any row in pieces: it is bounded, and is no row."""
    rest = b""
    while chunk := raw.read(_CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line + b"\n"
        if len(rest) > layout().limits.line_bytes:
            yield rest
            rest = b""
    if rest:
        yield rest


def _rows(raw: BinaryIO, step: int) -> Iterator[tuple[int, str, str, float]]:
    for line in _lines(raw):
        match = _STEP.match(line)
        if match and int(match[1]) < step:
            continue
        row = _row(line)
        if row is not None and row[0] >= step:
            yield row


def _row(line: bytes) -> tuple[int, str, str, float] | None:
    """Return step, split, metric and value of a line, None where it is no row. The probe says what is wrong with it."""
    try:
        row = json.loads(line)
        step, split, metric = row["step"], row["split"], row["metric"]
        value = value_of(row)
    except (ValueError, RecursionError, KeyError, TypeError, RowError):
        return None
    if type(step) is not int or not 0 <= step <= MAX_STEP:
        return None
    if not (
        isinstance(split, str) and isinstance(metric, str) and is_name("split", split) and is_name("metric", metric)
    ):
        return None
    return step, split, metric, value


def _copy(source: BinaryIO, target: BinaryIO, length: int) -> None:
    while length > 0 and (chunk := source.read(min(_CHUNK, length))):
        target.write(chunk)
        length -= len(chunk)
    if length == 0:
        return
    raise OSError("became shorter while it was read")
