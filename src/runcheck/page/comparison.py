"""How the runs of a page differ, side by side, as ``runcheck compare`` finds it."""

from collections.abc import Iterator, Mapping, Sequence

from runcheck.asking.compare import MetricRow, Row, side_by_side
from runcheck.asking.values import duration_told, told_apart
from runcheck.page.gather import Page, names_of
from runcheck.page.html import Html, element
from runcheck.page.parts import notice, number, section, table
from runcheck.reading.resolve import Place
from runcheck.report.words import count_in_words

_COMPARED = 12  # units side by side
_MOST_ROWS = 200  # of a table
_LEAST = 2


def comparison(page: Page, anchors: Mapping[str, str]) -> Html | None:
    """Return how runs differ, side by side, or None where there are not two."""
    units = [each for each in page.told if each.record.kind == "model"][:_COMPARED]
    if len(units) < _LEAST:
        return None
    heads = [
        element("th", element("a", name, href=f"#{anchors[unit.record.path]}"), scope="col")
        for name, unit in zip(names_of(units), units, strict=True)
    ]
    parts: list[object] = []
    all_runs = sum(row["kind"] == "model" for row in page.rows)
    if all_runs > len(units):
        parts.append(notice(f"The newest {len(units)} of {all_runs:,} runs."))
    compared = side_by_side([Place(page.root, unit.record.path) for unit in units], [unit.record for unit in units])
    packages = [row._replace(name=f"package {row.name}") for row in compared.packages]
    surroundings = (*compared.unit, *compared.data, *compared.code, *compared.environment, *packages)
    parts += _differences("configuration", compared.config, heads)
    parts += _metrics(compared.metrics, heads)
    parts += _differences("surroundings", surroundings, heads)
    parts += [notice(f"{path}: {why}") for path, why in compared.faults]
    return section("comparison", "Comparison", *parts)


def _differences(what: str, rows: Sequence[Row], heads: Sequence[Html]) -> Iterator[Html]:
    differing = [row for row in rows if row.differs]
    yield element("h3", f"Different {what}" if differing else f"No difference in {what}")
    yield from _table("", heads, [_row(row) for row in differing[:_MOST_ROWS]], len(differing))
    yield notice(f"{count_in_words(len(rows) - len(differing), 'key')} the same in all")


def _metrics(rows: Sequence[MetricRow], heads: Sequence[Html]) -> Iterator[Html]:
    yield element("h3", "Best values")
    yield from _table("metric", heads, [_best_values(row) for row in rows[:_MOST_ROWS]], len(rows))


def _table(corner: str, heads: Sequence[Html], rows: Sequence[Html], all_rows: int) -> Iterator[Html]:
    if rows:
        yield table((corner, *heads), rows)
    if all_rows > len(rows):
        yield notice(f"{all_rows - len(rows):,} more rows are not shown")


def _row(row: Row) -> Html:
    cells = told_apart(row.values)
    if row.name == "duration_seconds":
        cells = [duration_told(value) if isinstance(value, float | int) else "" for value in row.values]
    shown = (
        element("td", "-", class_="faint") if at in row.absent else element("td", cell) for at, cell in enumerate(cells)
    )
    return element("tr", element("th", row.name.removesuffix("_seconds"), scope="row"), *shown)


def _best_values(row: MetricRow) -> Html:
    cells = (_best_value(row, at) for at in range(len(row.best)))
    return element("tr", element("th", row.name, scope="row"), *cells)


def _best_value(row: MetricRow, at: int) -> Html:
    best = row.best[at]
    if best is None:
        return element("td", "-" if at in row.absent else "never finite", class_="number faint")
    is_best = at in row.best_of and len(row.best_of) < len(row.best)
    step = element("span", f" @{row.best_step[at]}", class_="faint")
    return element("td", element("b", number(best)) if is_best else number(best), step, class_="number")
