"""A list as a table for people, or as JSON for programs: one object a line."""

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import chain, islice
from typing import Any

from runcheck.convention.timestamps import format_timestamp
from runcheck.convention.words import without_secrets
from runcheck.listing.columns import Listed, Value, as_text
from runcheck.report.escape import printable
from runcheck.report.table import aligned

MOST_ROWS = 10_000  # of a table, whose widths are known at its end


def table(units: Sequence[Listed], columns: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a table; numbers stand at the right of their column."""
    values = [[_safe(unit.value(column), column) for column in columns] for unit in units]
    cells = [[printable(as_text(column, value)) for column, value in zip(columns, row, strict=True)] for row in values]
    yield from aligned([[printable(column) for column in columns], *cells], at_right=_at_right(values))


def _at_right(values: Sequence[Sequence[Value]]) -> list[bool]:
    """Say of each column whether it holds numbers and nothing else."""
    return [
        all(each is None or (isinstance(each, int | float) and not isinstance(each, bool)) for each in column)
        for column in zip(*values, strict=True)
    ]


def json_lines(units: Sequence[Listed], columns: Sequence[str] | None) -> Iterator[str]:
    """Yield a JSON object for each unit, with these columns or with all those of the registry."""
    for unit in units:
        names = ["unit", *(name for name in unit.row if name != "path")] if columns is None else columns
        yield json.dumps({name: _safe(unit.value(name), name) for name in names})


def answer_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield the lines of a table of an answer, as many rows as a table can have, and a line for the rest."""
    rest = iter(rows)
    values = [_plain_row(columns, row) for row in islice(rest, MOST_ROWS)]
    cells = [[printable(as_text("", value)) for value in row] for row in values]
    yield from aligned([[printable(column) for column in columns], *cells], at_right=_at_right(values))
    if more := sum(1 for _ in rest):
        yield f"... and {more:,} rows more: LIMIT them, or take --csv"


def answer_json(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield a JSON object for each row of an answer. A number that is not finite is null."""
    for row in rows:
        yield json.dumps(_finite(dict(zip(columns, _plain_row(columns, row), strict=True))))


def answer_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield the lines of an answer as CSV (RFC 4180, but with line feeds), its first line the names of the columns."""
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\n")
    for row in chain([columns], (_plain_row(columns, row) for row in rows)):
        writer.writerow([_exact(each) for each in row])
        yield held.getvalue().removesuffix("\n")
        held.seek(0)
        held.truncate()


def _plain_row(columns: Sequence[str], row: Sequence[object]) -> list[Value]:
    return [_safe(_plain(value), column) for column, value in zip(columns, row, strict=True)]


def _plain(value: Any) -> Value:  # noqa: ANN401 - whatever DuckDB gives
    """Return a value of SQL as JSON has it."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime):
        return format_timestamp(value) if value.tzinfo else value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.hex() if isinstance(value, bytes) else str(value)  # a date, a time, an interval, an identifier


def _exact(value: Value) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return repr(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def _finite(value: Value) -> Value:
    """Return a value with null for each number that is not finite, which JSON does not have."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, list) else value


def _safe(value: Value, name: str = "") -> Value:
    """Return a value without the secrets in it: a list is read by more people than a configuration.

    The ``name`` of a value may say that it is one.
    """
    if isinstance(value, dict):
        return {key: _safe(each, key) for key, each in value.items()}
    return without_secrets(value, name.rpartition(".")[2])
