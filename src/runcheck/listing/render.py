"""A list as a table for people, or as JSON for programs: one object a line."""

import json
from collections.abc import Iterator, Sequence

from runcheck.convention.secrets import is_secret
from runcheck.findings import without_secrets
from runcheck.listing.columns import Listed, Value, as_text
from runcheck.report.escape import printable

_GAP = "  "


def table(units: Sequence[Listed], columns: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a table; numbers stand at the right of their column."""
    values = [[_safe(unit.value(column), column) for column in columns] for unit in units]
    cells = [[printable(as_text(column, value)) for column, value in zip(columns, row, strict=True)] for row in values]
    yield from aligned([printable(column) for column in columns], cells, _at_right(values))


def aligned(names: Sequence[str], cells: Sequence[Sequence[str]], at_right: Sequence[bool]) -> Iterator[str]:
    """Yield the lines of a table of cells that are safe to print, below their names."""
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    for row in (names, *cells):
        padded = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, at_right or [False] * len(row), strict=True)
        )
        yield _GAP.join(padded).rstrip()


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


def _safe(value: Value, name: str = "") -> Value:
    """Return a value without the secrets in it: a list is read by more people than a configuration.

    The ``name`` of a value may say that it is one.
    """
    if isinstance(value, str):
        return "[secret]" if is_secret(name.rpartition(".")[2], value) else without_secrets(value)
    if isinstance(value, dict):
        return {key: _safe(each, key) for key, each in value.items()}
    return [_safe(each, name) for each in value] if isinstance(value, list) else value
