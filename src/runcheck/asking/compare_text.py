"""Units side by side, in text, as Markdown and as JSON."""

from collections.abc import Iterator, Sequence
from string import ascii_uppercase
from typing import NamedTuple

from runcheck.asking.compare import Compared, MetricRow, Row
from runcheck.asking.values import as_json, duration_told, short, told, told_apart
from runcheck.report.markdown import code, text
from runcheck.report.table import aligned
from runcheck.report.words import count_in_words

_WIDTH = 28  # of a cell, where that tells units apart
_ABSENT, _BEST = "-", "*"
_LETTERS = len(ascii_uppercase)


class _Section(NamedTuple):
    """A table with what it is about: its head, its rows, and a line below it."""

    title: str
    head: list[str]
    rows: list[list[str]]
    below: list[str]


def render(compared: Compared, *, everything: bool = False) -> str:
    """Return units side by side in text: what differs, or everything."""
    lines = list(aligned([[letter, short(path, 500)] for letter, path in _named(compared)]))
    for section in _sections(compared, everything=everything):
        lines += ["", section.title]
        if section.rows:
            lines += aligned([section.head, *section.rows], "  ")
        lines += [f"  {line}" for line in section.below]
    return "\n".join((*lines, ""))


def render_markdown(compared: Compared, *, everything: bool = False) -> str:
    """Return units side by side as Markdown."""
    lines = [f"- {letter}: {code(path)}" for letter, path in _named(compared)]
    for section in _sections(compared, everything=everything):
        lines += ["", f"**{text(section.title)}**", ""]
        if section.rows:
            lines += [_line(section.head), _line(["---"] * len(section.head), raw=True), *map(_line, section.rows), ""]
        lines += [text(line) for line in section.below]
    return "\n".join((*lines, ""))


def render_json(compared: Compared) -> str:
    """Return units side by side as JSON: everything, each row with whether it differs."""
    return as_json(compared)


def _line(cells: Sequence[str], *, raw: bool = False) -> str:
    return f"| {' | '.join(cell if raw else text(cell) for cell in cells)} |"


def _named(compared: Compared) -> Iterator[tuple[str, str]]:
    for at, path in enumerate(compared.units):
        yield _letter(at), path


def _letter(at: int) -> str:
    """Return how a table calls a unit: A, B, ..., Z, AA."""
    above = _letter(at // _LETTERS - 1) if at >= _LETTERS else ""
    return above + ascii_uppercase[at % _LETTERS]


def _sections(compared: Compared, *, everything: bool) -> Iterator[_Section]:
    letters = [letter for letter, _ in _named(compared)]
    for title, rows, below in (
        ("Unit", compared.unit, []),
        ("Config", compared.config, []),
        ("Metrics", compared.metrics, []),
        ("Data", compared.data, []),
        ("Code", compared.code, list(_commits(compared))),
        ("Environment", compared.environment, []),
        ("Packages", compared.packages, []),
    ):
        if not rows:
            continue
        shown = [row for row in rows if everything or row.differs]
        same = len(rows) - len(shown)
        counted = f" ({count_in_words(same, 'row')} the same)" if same else ""
        cells: list[list[str]] = []
        for row in shown:
            cells += _metric(row) if isinstance(row, MetricRow) else [_row(row)]
        yield _Section(f"{title}{counted}", ["", *letters], cells, below)
    if compared.faults:
        lines = [f"{short(path, 200)}: {why}" for path, why in compared.faults]
        yield _Section("Cannot be told", [], [], lines)


def _row(row: Row) -> list[str]:
    if row.name == "duration_seconds":
        return ["duration", *(duration_told(value) if isinstance(value, float | int) else "" for value in row.values)]
    cells = told_apart(row.values, _WIDTH)
    return [short(row.name), *(_ABSENT if at in row.absent else cell for at, cell in enumerate(cells))]


def _metric(row: MetricRow) -> list[list[str]]:
    best, last = [], []
    for at, (value, step, end) in enumerate(zip(row.best, row.best_step, row.last, strict=True)):
        mark = f" {_BEST}" if row.differs and at in row.best_of and len(row.best_of) < len(row.best) else ""
        best.append(_ABSENT if value is None or step is None else f"{told(value)} at {step:,}{mark}")
        last.append(_ABSENT if end is None else told(end))
    end_of = f" ({row.direction})" if row.direction else ""
    return [[f"{short(row.name)} best{end_of}", *best], [f"{short(row.name)} last", *last]]


def _commits(compared: Compared) -> Iterator[str]:
    first = _letter(0)
    for (letter, _), commits in zip(_named(compared), compared.commits, strict=True):
        if commits is None or commits == (0, 0):
            continue
        more, lacks = commits
        parts = [f"has {count_in_words(more, 'commit')} that {first} lacks"] if more else []
        parts += [f"lacks {count_in_words(lacks, 'commit')} of {first}"] if lacks else []
        yield f"{letter} {' and '.join(parts)}"
