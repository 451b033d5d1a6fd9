"""Rows in JSON Lines, CSV or TSV: each held to a schema, and its numbers taken as points of series."""

import codecs
import csv
import hashlib
import json
import math
from collections.abc import Callable, Mapping
from typing import TypeAlias

from runcheck.convention.aggregates import SeriesAggregate
from runcheck.convention.layout import layout
from runcheck.convention.steps import MAX_STEP
from runcheck.conventions.definition import RowForm
from runcheck.conventions.pointers import key_of
from runcheck.conventions.schemas import violations_of
from runcheck.probes.contents import MetricsContent
from runcheck.probes.lines import LineSplitter
from runcheck.probes.metric_rows import RowError, finite, object_of, refuse_constant, short, text_of

Take: TypeAlias = Callable[[int, str, str, float], None]  # step, split, name and value of a point
_MOST_IDS = 1_000_000
_LONGEST_ID = 40
_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_NONFINITE = {"nan": math.nan, "inf": math.inf, "infinity": math.inf, "-inf": -math.inf, "-infinity": -math.inf}


def _ignore(step: int, split: str, name: str, value: float) -> None:
    """Take no notice of a point."""


class RowsContent(MetricsContent):
    """The rows in short, and what names them, as far as it is kept."""

    def __init__(self) -> None:
        """Begin with no row."""
        super().__init__()
        self._ids: set[str | int | float | bytes] = set()

    def name(self, value: object) -> None:
        """Take what names a row."""
        if isinstance(value, str | int | float) and len(self._ids) < _MOST_IDS:
            self._ids.add(_kept(value))

    def may_have(self, value: object) -> bool:
        """Say whether a row has this name, or may have it: of too many rows not all names are kept."""
        return len(self._ids) >= _MOST_IDS or (isinstance(value, str | int | float) and _kept(value) in self._ids)


def _kept(value: str | float) -> str | int | float | bytes:
    """Return a name, or of a long one its digest, so that a name takes little room."""
    if isinstance(value, str) and len(value) > _LONGEST_ID:
        return hashlib.blake2b(value.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return value


class RowsProbe:
    """Reads rows in one pass; defects are noted with their lines, as of the main convention's metrics."""

    def __init__(
        self, suffix: str, form: RowForm, schema: str | None, names: Mapping[str, str], take: Take = _ignore
    ) -> None:
        """Read rows of a ``form``; ``names`` are of the file's path, ``take`` is given every point."""
        self._schema, self._take_point = schema, take
        self._step, self._values, self._split, self._id = map(_keys, (form.step, form.values, form.split, form.id))
        self._other = {keys[0] for keys in (self._step, self._split) if keys and len(keys) == 1}
        self._series_name = _filled(form.series, names)
        self._delimiter = _DELIMITERS.get(suffix)
        self._columns: tuple[str, ...] | None = None
        self._open = ""  # a record of a table that goes on in the next line
        self._content = RowsContent()
        self._lines = LineSplitter(layout().limits.line_bytes, self._take)

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._lines.feed(chunk)

    def content(self) -> RowsContent:
        """Return what the rows came to."""
        self._lines.close()
        if self._open:
            self._content.note(self._lines.number, "torn", "opens a quote that nothing closes")
        return self._content

    def _take(self, number: int, line: bytes | None, ended: bool) -> None:  # noqa: FBT001
        if not ended and self._delimiter is None:
            self._content.note(number, "torn", "is cut short: no line feed ends it")
            return
        if line is not None and number == 1 and self._delimiter is not None:
            line = line.removeprefix(codecs.BOM_UTF8)  # as spreadsheets write tables
        try:
            row = self._row_of(text_of(line))
            if row is None:
                return
            self._content.rows += 1
            self._require(row)
            self._name(row)
            self._add(number, row)
        except RowError as error:
            self._content.note(number, error.kind, str(error))

    def _row_of(self, line: str) -> dict[str, object] | None:
        line = line.removesuffix("\r")
        if self._delimiter is not None:
            return self._record_of(line)
        return object_of(line)

    def _record_of(self, line: str) -> dict[str, object] | None:
        """Return a record of a table; None of its head, of a blank line, and of one that goes on in the next."""
        line = f"{self._open}\n{line}" if self._open else line
        is_open = line.count('"') % 2 == 1 and len(line) <= layout().limits.line_bytes
        self._open = line if is_open else ""
        if is_open or not line.strip():
            return None
        try:
            cells = next(csv.reader([line], delimiter=self._delimiter or ",", strict=True))
        except csv.Error as error:
            raise RowError("syntax", f"is not one record: {error}") from error
        if self._columns is None:
            self._columns = tuple(cells)
            if len(set(cells)) < len(cells):
                raise RowError("syntax", "is a header with a column twice")
            return None
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
        if self._id is not None:
            self._content.name(_at(row, self._id))

    def _add(self, number: int, row: Mapping[str, object]) -> None:
        if self._step is None or self._values is None:
            return
        step = _at(row, self._step)
        if isinstance(step, float) and step.is_integer():
            step = int(step)
        if type(step) is not int or not 0 <= step <= MAX_STEP:
            raise RowError("schema", f"has step {short(step)}, not an integer from 0")
        split = _at(row, self._split) if self._split is not None else ""
        for name, value in self._numbers(row):
            self._point(number, step, split if isinstance(split, str) else "", name, value)

    def _numbers(self, row: Mapping[str, object]) -> list[tuple[str, float]]:
        """Return the numbers of a row that are values of series, by the names of these."""
        held = _at(row, self._values or ())
        found: list[tuple[str, float]] = []
        for name, value in held.items() if isinstance(held, dict) else ():
            if held is row and name in self._other:
                continue
            number = _NONFINITE.get(value.strip().lower()) if self._delimiter and isinstance(value, str) else value
            if isinstance(number, int | float) and not isinstance(number, bool):
                try:
                    found.append((self._series_name or name, float(number)))
                except OverflowError as error:
                    raise RowError("schema", f"has a value of {name} beyond every double") from error
        return found

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


def _keys(pointer: str | None) -> tuple[str, ...] | None:
    """Return the keys of a plain pointer; one into a row has no wildcards."""
    return None if pointer is None else tuple(key_of(part) for part in pointer.split("/")[1:])


def _at(row: object, keys: tuple[str, ...]) -> object:
    for key in keys:
        row = row.get(key) if isinstance(row, dict) else None
    return row


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
