"""Rows in JSON Lines, CSV or TSV: each held to a schema, and its numbers taken as points of series."""

import csv
import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from runcheck.convention.aggregates import SeriesAggregate
from runcheck.convention.layout import layout
from runcheck.convention.steps import MAX_STEP
from runcheck.conventions.definition import RowForm
from runcheck.conventions.pointers import key_of, resolve
from runcheck.conventions.schemas import violations_of
from runcheck.probes.contents import MetricsContent
from runcheck.probes.lines import LineSplitter
from runcheck.probes.metric_rows import RowError, finite, refuse_constant, short, text_of, unique

Take: TypeAlias = Callable[[int, str, str, float], None]  # step, split, name and value of a point
_MOST_IDS = 1_000_000
_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_NONFINITE = {"nan": math.nan, "inf": math.inf, "infinity": math.inf, "-inf": -math.inf, "-infinity": -math.inf}


def _ignore(step: int, split: str, name: str, value: float) -> None:
    """Take no notice of a point."""


class RowsContent(MetricsContent):
    """The rows in short, and what names them."""

    def __init__(self) -> None:
        """Begin with no row."""
        super().__init__()
        self.ids: set[str | int | float] = set()


class RowsProbe:
    """Reads rows in one pass; defects are noted with their lines, as of the main convention's metrics."""

    def __init__(
        self, suffix: str, form: RowForm, schema: str | None, names: Mapping[str, str], take: Take = _ignore
    ) -> None:
        """Read rows of a ``form``; ``names`` are of the file's path, ``take`` is given every point."""
        self._form, self._schema, self._take_point = form, schema, take
        self._series_name = _filled(form.series, names)
        self._delimiter = _DELIMITERS.get(suffix)
        self._columns: tuple[str, ...] | None = None
        self._content = RowsContent()
        self._lines = LineSplitter(layout().limits.line_bytes, self._take)

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._lines.feed(chunk)

    def content(self) -> RowsContent:
        """Return what the rows came to."""
        self._lines.close()
        return self._content

    def _take(self, number: int, line: bytes | None, ended: bool) -> None:  # noqa: FBT001
        if not ended and self._delimiter is None:
            self._content.note(number, "torn", "is cut short: no line feed ends it")
            return
        try:
            row = self._row_of(number, text_of(line))
            if row is None:
                return
            self._content.rows += 1
            self._require(row)
            self._name(row)
            self._add(number, row)
        except RowError as error:
            self._content.note(number, error.kind, str(error))

    def _row_of(self, number: int, line: str) -> dict[str, object] | None:
        line = line.removesuffix("\r")
        if not line.strip():
            raise RowError("syntax", "is blank")
        if self._delimiter is not None:
            return self._record_of(number, line)
        try:
            row = json.loads(line, object_pairs_hook=unique, parse_constant=refuse_constant, parse_float=finite)
        except json.JSONDecodeError as error:
            raise RowError("syntax", f"is not one JSON object: {error.msg} at column {error.colno}") from error
        except (RecursionError, ValueError) as error:
            raise RowError("syntax", "is JSON beyond all bounds of depth or digits") from error
        if not isinstance(row, dict):
            raise RowError("syntax", "is JSON, but not an object")
        return row

    def _record_of(self, number: int, line: str) -> dict[str, object] | None:
        try:
            cells = next(csv.reader([line], delimiter=self._delimiter or ",", strict=True))
        except csv.Error as error:
            raise RowError("syntax", f"is not one record: {error}") from error
        if self._columns is None:
            if number == 1 and len(set(cells)) == len(cells):
                self._columns = tuple(cells)
                return None
            if number == 1:
                raise RowError("syntax", "is a header with a column twice")
            return None  # under no header cells mean nothing; the first line has its defect
        if len(cells) != len(self._columns):
            raise RowError("syntax", f"has {len(cells)} cells under {len(self._columns)} columns")
        return {name: _typed(cell) for name, cell in zip(self._columns, cells, strict=True)}

    def _require(self, row: Mapping[str, object]) -> None:
        if self._schema is None:
            return
        found = violations_of(self._schema, row)
        if found:
            where = f"at {found[0].pointer} " if found[0].pointer else ""
            more = f"; and {len(found) - 1} more" if len(found) > 1 else ""
            raise RowError("schema", f"{where}{found[0].message}{more}")

    def _name(self, row: Mapping[str, object]) -> None:
        ids = self._content.ids
        for met in resolve(row, self._form.id) if self._form.id else ():
            if isinstance(met.value, str | int | float) and len(ids) < _MOST_IDS:
                ids.add(met.value)

    def _add(self, number: int, row: Mapping[str, object]) -> None:
        form = self._form
        if form.step is None or form.values is None:
            return
        step = next((each.value for each in resolve(row, form.step)), None)
        if isinstance(step, float) and step.is_integer():
            step = int(step)
        if type(step) is not int or not 0 <= step <= MAX_STEP:
            raise RowError("schema", f"has step {short(step)}, not an integer from 0")
        split = next((each.value for each in resolve(row, form.split)), "") if form.split else ""
        numbers = list(self._numbers(row))
        for name, value in numbers:
            self._point(number, step, split if isinstance(split, str) else "", name, value)

    def _numbers(self, row: Mapping[str, object]) -> Iterator[tuple[str, float]]:
        """Yield the numbers of a row that are values of series, by the names of these."""
        other = {self._form.step, self._form.split}
        for met in resolve(row, f"{self._form.values}/*"):
            value = met.value
            if met.pointer in other or isinstance(value, bool):
                continue
            if isinstance(value, str) and self._delimiter is not None:
                value = _NONFINITE.get(value.strip().lower())
            if isinstance(value, int | float):
                name = key_of(met.pointer)
                try:
                    yield self._series_name or name, float(value)
                except OverflowError as error:
                    raise RowError("schema", f"has a value of {name} beyond every double") from error

    def _point(self, number: int, step: int, split: str, name: str, value: float) -> None:
        content = self._content
        series = content.series.get((split, name))
        if series is None:
            if len(content.series) >= layout().limits.metric_series:
                limit = f"{layout().limits.metric_series:,}"
                content.note(number, "size", f"begins one more series than the {limit} of the limit")
                return
            series = content.series[split, name] = SeriesAggregate()
        if step <= series.last_step:
            tag = "/".join(filter(None, (split, name)))
            if step == series.last_step:
                content.note(number, "duplicate", f"repeats step {step} of {tag}")
            else:
                content.note(number, "order", f"has step {step} of {tag} after step {series.last_step}")
        series.add(step, value)
        self._take_point(step, split, name, value)


def _filled(template: str | None, names: Mapping[str, str]) -> str | None:
    from runcheck.conventions.forms import filled  # noqa: PLC0415 - most rows have a name of their own

    return None if template is None else filled(template, names)


def _typed(cell: str) -> object:
    """Return a cell as the number that it is, None where it is empty, and else the text."""
    if not cell:
        return None
    try:
        value: object = json.loads(cell, parse_constant=refuse_constant, parse_float=finite)
    except (ValueError, RecursionError, RowError):
        return cell
    return value if isinstance(value, int | float) and not isinstance(value, bool) else cell
