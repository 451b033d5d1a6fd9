"""RC901: tables of numbers that are weights or gradients.

Values alone never prove it: logits, residuals and coordinates look alike. So what looks like weights is only suspected
until a witness says so as well: a name, the shape of an array in the checkpoint, the number of parameters, or matrices
that fit each other.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from runcheck.convention.aggregates import SeriesAggregate
from runcheck.convention.units import Unit
from runcheck.convention.weights import names_other, names_weights, stem_of
from runcheck.probes.numbers import NumbersContent
from runcheck.probes.tables import Table
from runcheck.rules.rule import Problem, unit_rule

_UNJUDGED = ("checkpoint", "export", "data")
_UNCERTAIN = ("diff",)  # it is about the code, which may hold tables of its own
_LEAST = 64  # numbers, where something else than their values says what they are
_LEAST_NAMELESS = 256
_FILES = 3  # that a table is spread over
_SETS = (1, 2, 3)  # the weights alone, or with one or two moments of each
_SIDE = 8  # of matrices that fit each other
_SERIES = 64


@dataclass(frozen=True, slots=True)
class _Suspect:
    """A table that looks like weights, and what says so besides."""

    table: Table
    witness: str
    is_certain: bool


@unit_rule
def raw_weights(
    unit: Unit,
    numbers: Mapping[str, NumbersContent],
    array_shapes: frozenset[tuple[int, ...]],
    parameters: int,
    series: Mapping[tuple[str, str], SeriesAggregate],
) -> Iterator[Problem]:
    """Texts with tables of weights, tables spread over the files of a folder, and metrics that are weights."""
    judge = _Judge(array_shapes, parameters)
    judged = {path: content for path, content in numbers.items() if _role(unit, path) not in _UNJUDGED}
    suspects = {path: suspect for path, content in judged.items() if (suspect := judge.suspect(path, content))}
    suspects |= judge.spread({path: content for path, content in judged.items() if path not in suspects})
    is_run = unit.kind.name == "model"
    for path, suspect in sorted(suspects.items()):
        is_certain = is_run and suspect.is_certain and _role(unit, path) not in _UNCERTAIN
        if is_run or suspect.is_certain:  # data may look like anything
            line = suspect.table.line if suspect.table.line > 1 else None
            yield Problem(path, _message(suspect), line=line, is_certain=is_certain)
    for path in unit.of_role("metrics"):
        yield from _metrics(path, series, parameters)


def _role(unit: Unit, path: str) -> str | None:
    member = unit.members.get(path)
    return member.role.name if member and member.role else None


def _message(suspect: _Suspect) -> str:
    table = suspect.table
    shape = f" in {table.rows:,} rows of {table.columns:,}" if table.columns > 1 and table.rows > 1 else ""
    blob = f" as {table.encoding}" if table.encoding else ""
    what = f"{table.count:,} numbers{shape}{blob}" if table.count else f"a blob{blob}"
    return f"holds {what}, raw weights or gradients by {suspect.witness}"


class _Judge:
    """Knows the arrays of a run, and tells from them and from names which tables are weights."""

    def __init__(self, shapes: Iterable[tuple[int, ...]], parameters: int) -> None:
        self._shapes: dict[int, set[tuple[int, ...]]] = {}
        for shape in shapes:
            self._shapes.setdefault(math.prod(shape), set()).add(shape)
        self._totals = {parameters * sets for sets in _SETS if parameters >= _LEAST}

    def suspect(self, path: str, content: NumbersContent) -> _Suspect | None:
        """Return the table of a file that is most likely weights, if one is."""
        tables = [*content.tables, *([content.crumbs] if content.crumbs else [])]
        alike = [table for table in tables if _looks_learnt(table)]
        total = sum(table.count for table in alike)
        if total in self._totals:
            whole = replace(alike[0], count=total, rows=1, columns=0)
            return _Suspect(whole, "their values and their count, that of the parameters", is_certain=True)
        suspects = [found for table in tables if (found := self._table(path, table))]
        if _fit(alike):
            return _Suspect(alike[0], "their values, and matrices of which each fits the next", is_certain=True)
        return max(suspects, key=lambda each: (each.is_certain, each.table.count), default=None)

    def spread(self, contents: Mapping[str, NumbersContent]) -> dict[str, _Suspect]:
        """Return, by a file of each, the tables that are spread over files of one name but for a number."""
        groups: dict[str, list[str]] = {}
        for path, content in contents.items():
            if content.tables or content.crumbs:
                groups.setdefault(stem_of(path), []).append(path)
        found = {}
        for paths in groups.values():
            tables = [table for path in paths for table in (*contents[path].tables, contents[path].crumbs) if table]
            whole = _together(tables)
            suspect = self.suspect(paths[0], NumbersContent((whole,))) if whole and len(paths) >= _FILES else None
            if suspect:
                witness = f"{suspect.witness}, with {len(paths) - 1} files named alike"
                found[sorted(paths)[0]] = replace(suspect, witness=witness)
        return found

    def _table(self, path: str, table: Table) -> _Suspect | None:
        named = _name_of_weights(path, table)
        if table.encoding and not table.values:  # a file of arrays as a blob, whose numbers were not looked at
            is_safe = table.encoding.endswith("safetensors")
            return _Suspect(table, "their format", is_certain=is_safe or bool(named)) if is_safe or named else None
        if not _looks_learnt(table):
            return _Suspect(table, f"the name {named!r}", is_certain=False) if named and _looks_kept(table) else None
        if named and table.count >= _LEAST:
            return _Suspect(table, f"their values and the name {named!r}", is_certain=True)
        if (shape := self._shape(table)) and not _is_explained(path, table):
            text = " x ".join(map(str, shape))
            return _Suspect(table, f"their values and their shape, that of an array in the checkpoint ({text})", True)
        if table.count >= _LEAST_NAMELESS and _is_unexplained(path, table):
            return _Suspect(table, "their values alone", is_certain=False)
        return None

    def _shape(self, table: Table) -> tuple[int, ...] | None:
        """Return the shape of the checkpoint's array that the table has, flat or transposed maybe."""
        for shape in self._shapes.get(table.count, ()):
            if table.count >= _LEAST and (table.columns in (0, 1, table.count) or table.columns in shape):
                return shape
        return None


def _looks_learnt(table: Table) -> bool:
    """Say whether numbers are spread as weights and gradients are: about zero, close to it, each for itself."""
    if not (0.2 <= table.negative <= 0.8) or table.smooth > 0.8 or table.symmetric or table.unit_rows:  # noqa: PLR2004
        return False
    if table.fractional >= 0.9:  # noqa: PLR2004
        return table.rms <= 3 and table.distinct >= 0.3  # noqa: PLR2004
    is_quantised = table.fractional == 0 and table.greatest <= 128 and table.values >= 12  # noqa: PLR2004
    return is_quantised and not table.worded


def _looks_kept(table: Table) -> bool:
    """Say whether numbers may be the squares that an optimiser keeps: never negative, exact, in no order."""
    return (
        table.count >= _LEAST_NAMELESS
        and table.fractional >= 0.9  # noqa: PLR2004
        and table.digits >= 5  # noqa: PLR2004
        and table.smooth <= 0.8  # noqa: PLR2004
        and not (table.symmetric or table.unit_rows or table.worded or _describes(table.header))
    )


def _name_of_weights(path: str, table: Table) -> str | None:
    """Return the name, of the file or of a part of it, that says weights."""
    if table.header and _describes(table.header):
        return None
    columns = next((cell for cell in table.header if names_weights(cell)), None)
    if columns:
        return columns
    if names_weights(table.label) and not names_other(table.label.rpartition("/")[2]):
        return table.label[-60:]
    above = path.rpartition("/")[0].rpartition("/")[2]
    return next((name for name in (path.rpartition("/")[2], above) if names_weights(name)), None)


def _describes(header: Sequence[str]) -> bool:
    """Say whether a header has a name of its own for each column: ``epoch,loss``, not ``w_0,w_1`` or ``0,1``."""
    stems = {stem_of(cell.strip()) for cell in header} - {"", "#"}
    return len(header) > 1 and len(stems) > max(1, len(header) // 4)


def _is_explained(path: str, table: Table) -> bool:
    return names_other(path.rpartition("/")[2]) or names_other(table.label) or _describes(table.header)


def _is_unexplained(path: str, table: Table) -> bool:
    """Say whether nothing tells what numbers are, other than weights."""
    is_wide = table.columns not in (2, 3)  # coordinates are not
    is_exact = table.digits >= 5 or bool(table.encoding) or table.fractional == 0  # noqa: PLR2004
    return is_wide and is_exact and not table.worded and not _is_explained(path, table)


def _fit(tables: Sequence[Table]) -> bool:
    """Say whether one of the matrices has as many columns as another one rows, as the layers of a network do."""
    matrices = {(table.rows, table.columns) for table in tables if min(table.rows, table.columns) >= _SIDE}
    return any(a != b and a[1] == b[0] and a[0] != b[1] for a in matrices for b in matrices)


def _together(tables: Sequence[Table]) -> Table | None:
    """Return many tables as one, its figures their means."""
    count = sum(table.count for table in tables)
    known = [table for table in tables if table.values]
    if not known:
        return None
    weight = sum(table.count for table in known)

    def mean(figure: str) -> float:
        return float(sum(getattr(table, figure) * table.count for table in known) / weight)

    return replace(
        known[0],
        line=0,
        rows=1,
        columns=0,
        count=count,
        values=max(table.values for table in known),
        greatest=max(table.greatest for table in known),
        **{name: mean(name) for name in ("negative", "fractional", "zero", "distinct", "rms", "smooth", "worded")},
    )


def _metrics(path: str, series: Mapping[tuple[str, str], SeriesAggregate], parameters: int) -> Iterator[Problem]:
    """Many metrics of one name but for numbers, with values of both signs: a metric for each weight."""
    groups: dict[tuple[str, str], list[SeriesAggregate]] = {}
    for (split, metric), each in series.items():
        if (stem := stem_of(metric)) != metric:
            groups.setdefault((split, stem), []).append(each)
    for (_, stem), group in groups.items():
        values = [each.last for each in group if each.last and math.isfinite(each.last)]
        negative = sum(value < 0 for value in values) / max(len(values), 1)
        if len(group) < _SERIES or not 0.2 <= negative <= 0.8:  # noqa: PLR2004
            continue
        is_certain = names_weights(stem) or len(group) == parameters
        if is_certain or (len(group) >= _LEAST_NAMELESS and not names_other(stem)):
            witness = "values and names" if names_weights(stem) else "values and number"
            message = f"has {len(group):,} series named {stem!r}: raw weights or gradients by their {witness}"
            yield Problem(path, message, is_certain=is_certain)
