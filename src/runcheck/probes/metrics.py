"""Metric rows, JSON Lines and CSV, in one pass and constant memory.

Every defect with its line, what each series comes to, and a digest of its points.
"""

import csv
import json
import operator
import re
from collections.abc import Iterator
from itertools import islice

from runcheck.convention.aggregates import SeriesAggregate
from runcheck.convention.layout import layout
from runcheck.convention.names import is_name
from runcheck.convention.steps import MAX_STEP
from runcheck.probes.contents import MetricsContent
from runcheck.probes.lines import LineSplitter
from runcheck.probes.metric_blocks import (
    BlockReader,
    Decoder,
    Frame,
    SeriesRows,
    frame_of_object,
    frame_of_record,
)
from runcheck.probes.metric_rows import RowError, object_of, short, text_of, typed, value_of
from runcheck.probes.points import BLOCK, Points, PointsFactory

_BLOCK_BYTES = 1 << 18  # what is made of them fits into the cache of a processor
_SERIES_BYTES = 1 << 12  # of a block, or more time goes into its series than into their rows
_SMALL = 1 << 14  # bytes: in a block with a line that is not canonical, parts of that size may do without it
_MANY_BYTES = 1 << 22  # make it pay to load a faster reader of numbers
_FIELDS = ("step", "split", "metric", "value", "nonfinite")


class _Series:
    """A series that is being read."""

    __slots__ = ("add_step", "add_value", "aggregate", "name", "points")

    def __init__(self, name: tuple[str, str], aggregate: SeriesAggregate, points: Points) -> None:
        self.name, self.aggregate, self.points = name, aggregate, points
        self.add_step, self.add_value = points.steps.append, points.values.append


class _MetricsProbe:
    def __init__(self, points: PointsFactory = lambda _: Points()) -> None:
        """Start with no rows; ``points`` gives a series, by ``<split>/<metric>``, what takes its points."""
        self._content = MetricsContent()
        self._make_points = points
        self._series: dict[tuple[str, str], _Series] = {}
        self._blocks = BlockReader(self._frame_of, layout().limits.line_bytes)
        self._decode: Decoder = json.loads
        self._bytes_in_blocks = 0
        self._settled = 0
        self._known_names: set[tuple[str, str]] = set()
        self._lines = LineSplitter(layout().limits.line_bytes, self._take)

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        start = 0 if self._lines.is_between else chunk.find(b"\n") + 1 or len(chunk)
        end = max(start, chunk.rfind(b"\n") + 1)
        self._lines.feed(chunk[:start])
        if end > start:
            self._take_lines(chunk[start:end])
        self._lines.feed(chunk[end:])
        if self._content.rows - self._settled > BLOCK + len(self._series):
            self.settle()

    def content(self) -> MetricsContent:
        """Return what the rows came to."""
        self._lines.close()
        self.settle()
        return self._content

    def settle(self) -> None:
        """Take in the points that were collected."""
        self._settled = self._content.rows
        for points in self._content.points.values():
            points.settle()

    def _row_of(self, number: int, line: str) -> dict[str, object] | None:
        raise NotImplementedError

    def _frame_of(self, line: bytes) -> Frame | None:
        raise NotImplementedError

    def _take_lines(self, lines: bytes) -> None:
        """Take whole lines: by the block or, where that does not do, by smaller blocks or each by itself."""
        for block in _parts(lines, max(_BLOCK_BYTES, _SERIES_BYTES * len(self._series))):
            if self._take_block(block):
                continue
            for part in _parts(block, _SMALL):
                if len(part) == len(block) or not self._take_block(part):
                    self._lines.feed(part)

    def _take_block(self, block: bytes) -> bool:
        """Take in the rows of a block if all are without a defect, and say whether they are."""
        if self._bytes_in_blocks < _MANY_BYTES <= self._bytes_in_blocks + len(block):
            self._decode = _fast_decoder()
        self._bytes_in_blocks += len(block)
        found = self._blocks.rows(block, self._decode)
        if found is None or not self._are_sound(found):
            return False
        rows = 0
        for name, steps, values in found:
            rows += len(steps)
            series = self._series.get(name) or self._begin(name)
            if series is not None:  # always: there is room for all of them
                series.aggregate.add_finite(steps, values)
                series.points.extend(steps, values)
        self._content.rows += rows
        self._lines.skip(rows)
        return True

    def _are_sound(self, found: list[SeriesRows]) -> bool:
        """Say whether each series stands there once, has a name and room, and its steps rise."""
        risen: list[int] = []
        begun = 0
        for name, steps, _ in found:
            series = self._series.get(name)
            if series is None:
                begun += 1
                if not is_name("split", name[0]) or not is_name("metric", name[1]):
                    return False
            if steps[0] <= (series.aggregate.last_step if series else -1) or steps[-1] > MAX_STEP:
                return False
            if steps != risen and not all(map(operator.lt, steps, islice(steps, 1, None))):
                return False
            risen = steps
        has_room = len(self._series) + begun <= layout().limits.metric_series
        return has_room and len({each.name for each in found}) == len(found)

    def _take(self, number: int, line: bytes | None, ended: bool) -> None:  # noqa: FBT001
        content = self._content
        if not ended:
            content.note(number, "torn", "is cut short: no line feed ends it")
            return
        try:
            row = self._row_of(number, text_of(line))
            if row is None:
                return
            step, split, metric, value = self._checked(row)
        except RowError as error:
            content.note(number, error.kind, str(error))
            return
        series = self._series.get((split, metric)) or self._begin((split, metric))
        if series is None:
            content.rows += 1
            content.note(
                number, "size", f"begins one more series than the {layout().limits.metric_series:,} of the limit"
            )
        else:
            self._add(number, step, series, value)

    def _begin(self, name: tuple[str, str]) -> _Series | None:
        """Begin a series, or return None where there are too many."""
        content = self._content
        if len(content.series) >= layout().limits.metric_series:
            return None
        tag = "/".join(name)
        content.series[name], content.points[tag] = SeriesAggregate(), self._make_points(tag)
        series = self._series[name] = _Series(name, content.series[name], content.points[tag])
        return series

    def _add(self, number: int, step: int, series: _Series, value: float) -> None:
        self._content.rows += 1
        aggregate = series.aggregate
        if step <= aggregate.last_step:
            tag = "/".join(series.name)
            if step == aggregate.last_step:
                self._content.note(number, "duplicate", f"repeats step {step} of {tag}")
            else:
                self._content.note(number, "order", f"has step {step} of {tag} after step {aggregate.last_step}")
        aggregate.add(step, value)
        series.add_step(step)
        series.add_value(value)

    def _checked(self, row: dict[str, object]) -> tuple[int, str, str, float]:
        for name in _FIELDS[:4]:
            if name not in row:
                raise RowError("schema", f"lacks the field {name}")
        unknown = sorted(set(row).difference(_FIELDS))
        if unknown:
            raise RowError("schema", f"has the unknown field {unknown[0]!r}")
        step, split, metric = row["step"], row["split"], row["metric"]
        if type(step) is not int or not 0 <= step <= MAX_STEP:
            raise RowError("schema", f"has step {short(step)}, not an integer from 0")
        if not isinstance(split, str) or not isinstance(metric, str):
            field_, value = ("split", split) if not isinstance(split, str) else ("metric", metric)
            raise RowError("schema", f"has {field_} {short(value)}, not a name")
        if (split, metric) not in self._known_names:
            self._check_names(split, metric)
        return step, split, metric, value_of(row)

    def _check_names(self, split: str, metric: str) -> None:
        for name, text in (("split", split), ("metric", metric)):
            if not is_name(name, text):
                raise RowError("schema", f"has {name} {short(text)}, which is no name of a {name}")
        self._known_names.add((split, metric))


# The line that the writer and json.dumps write: the fields in order, names without escapes, a number as JSON has it and
# far from the bounds of a double. Possessive quantifiers keep it linear on hostile lines. What it does not match is not
# wrong, only slower to read.
_CANONICAL = re.compile(
    rb'\{"step": ?+(0|[1-9][0-9]{0,14}+), ?+"split": ?+"([A-Za-z0-9_.-]++)", ?+"metric": ?+"([A-Za-z0-9_.@:+/-]++)", ?+'
    rb'"value": ?+(-?+(?:0|[1-9][0-9]{0,39}+)(?:\.[0-9]{1,40}+)?(?:e[+-]?+[0-9]{1,2}+)?)(?<!-0)\}'
)


class JsonlMetricsProbe(_MetricsProbe):
    """Reads ``metrics.jsonl``."""

    def __init__(self, points: PointsFactory = lambda _: Points()) -> None:
        """Start with no rows; ``points`` gives a series, by ``<split>/<metric>``, what takes its points."""
        super().__init__(points)
        self._series_of: dict[tuple[bytes, bytes], _Series] = {}

    def _take(self, number: int, line: bytes | None, ended: bool) -> None:  # noqa: FBT001
        match = _CANONICAL.fullmatch(line) if line is not None and ended else None
        series = self._series_of.get((match[2], match[3])) if match else None
        if match is None or series is None:
            super()._take(number, line, ended)
            if match is not None:
                seen = self._series.get((match[2].decode(), match[3].decode()))
                if seen is not None:
                    self._series_of[match[2], match[3]] = seen
        else:
            self._add(number, int(match[1]), series, float(match[4]))

    def _frame_of(self, line: bytes) -> Frame | None:
        return frame_of_object(line)

    def _row_of(self, number: int, line: str) -> dict[str, object] | None:  # noqa: ARG002 - only CSV has a header
        return object_of(line)


class CsvMetricsProbe(_MetricsProbe):
    """Reads ``metrics.csv``."""

    _columns: tuple[str, ...] = ()

    def _frame_of(self, line: bytes) -> Frame | None:
        return frame_of_record(line, has_flag=len(self._columns) == len(_FIELDS)) if self._columns else None

    def _row_of(self, number: int, line: str) -> dict[str, object] | None:
        line = line.removesuffix("\r")
        if not line.strip():
            raise RowError("syntax", "is blank")
        try:
            cells = next(csv.reader([line], strict=True))
        except csv.Error as error:
            raise RowError("syntax", f"is not one CSV record: {error}") from error
        if number == 1:
            if tuple(cells) not in (_FIELDS, _FIELDS[:4]):
                raise RowError("schema", f"is the header {line[:80]!r}, not {','.join(_FIELDS[:4])}[,nonfinite]")
            self._columns = tuple(cells)
            return None
        if not self._columns:  # without a header the cells mean nothing; the first line has its defect
            return None
        if len(cells) != len(self._columns):
            raise RowError("syntax", f"has {len(cells)} cells under {len(self._columns)} columns")
        return typed(dict(zip(self._columns, cells, strict=True)))


def _fast_decoder() -> Decoder:
    """Return a reader of JSON five times as fast as the standard library's, if it is installed."""
    try:
        import msgspec.json  # noqa: PLC0415 - takes 0.02 s, in which json reads some 4 MiB of rows
    except ImportError:
        return json.loads

    def decode(text: bytes) -> list[int]:
        try:
            numbers: list[int] = msgspec.json.decode(text)
        except msgspec.DecodeError as error:  # no ValueError before msgspec 0.21
            raise ValueError(str(error)) from error
        return numbers

    return decode


def _parts(lines: bytes, size: int) -> Iterator[bytes]:
    """Yield whole lines, of at most ``size`` bytes together where they are no longer themselves."""
    start = 0
    while start < len(lines):
        end = lines.rfind(b"\n", start, start + size) + 1 or lines.find(b"\n", start + size) + 1
        yield lines[start:end]
        start = end
