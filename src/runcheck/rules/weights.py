"""RC901: tables of numbers that are weights or gradients.

Values alone never prove it: logits, residuals and coordinates look alike. So what looks like weights is only suspected
until a witness says so as well: a name, the shape of an array in the checkpoint, the number of parameters, or matrices
that fit each other.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from runcheck.convention.aggregates import SeriesAggregate
from runcheck.convention.units import Unit
from runcheck.convention.weights import may_name_weights, names_other, names_weights, stem_of
from runcheck.probes.numbers import NumbersContent
from runcheck.probes.numbers.tables import Table
from runcheck.rules.rule import Problem, unit_rule

_UNJUDGED = ("checkpoint", "export", "data")
_UNCERTAIN = ("diff",)  # it is about the code, which may hold tables of its own
_NOTEBOOK = ".ipynb"  # its outputs need not belong together: data there may fit what was made of it
_BOTH_SIGNS = (0.2, 0.8)  # share of the numbers that are negative
_SMOOTH = 0.8  # correlation of neighbours; of weights of a first layer, which sees neighbouring pixels, up to 0.6
_FRACTIONAL = 0.9
_NEAR_ZERO = 3  # root mean square
_DISTINCT = 0.3  # pruned and rounded weights repeat themselves
_EXACT = 4  # digits: people round further
_INT8, _LEVELS = 128, 12
_COORDINATES = (2, 3)  # columns
_ALIKE = 1  # root mean square, where only the shape is a witness: logits of a batch may have it too, and are larger
_MOST = 0.8
_LEAST = 100  # numbers, where something else than their values says what they are
_LEAST_NAMELESS = 256
_FILES = 3  # that a table is spread over
_SETS = (1, 2, 3)  # the weights alone, or with one or two moments of each
_SIDE = 8  # rows and columns of what is a matrix of weights for sure
_POINTS = 10  # of a series for each weight: nobody logs them at every step


class _Suspect(NamedTuple):
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
        tables = [*content.tables, *_crumbs(content)]
        alike = [table for table in tables if _looks_learnt(table) and not _is_named_otherwise(path, table)]
        total = sum(table.count for table in alike)
        if total in self._totals:
            whole = alike[0]._replace(count=total, rows=1, columns=0)
            return _Suspect(whole, "their values and their count, that of the parameters", is_certain=True)
        suspects = [found for table in tables if (found := self._table(path, table))]
        if _fit(alike):
            witness = "their values, and matrices of which each fits the next"
            return _Suspect(alike[0], witness, is_certain=not path.endswith(_NOTEBOOK))
        return max(suspects, key=lambda each: (each.is_certain, each.table.count), default=None)

    def spread(self, contents: Mapping[str, NumbersContent]) -> dict[str, _Suspect]:
        """Return, by a file of each, the tables that are spread over files of one name but for a number."""
        groups: dict[str, dict[str, list[Table]]] = {}
        for path, content in contents.items():
            tables = [*content.tables, *_crumbs(content)]
            if sum(table.count for table in tables) < _LEAST_NAMELESS:
                groups.setdefault(stem_of(path), {})[path] = tables
        found = {}
        for group in groups.values():
            paths = sorted(group)
            whole = _together([table for path in paths for table in group[path]])
            suspect = self.suspect(paths[0], NumbersContent((whole,))) if whole and len(paths) >= _FILES else None
            if suspect:
                witness = f"{suspect.witness}, with {len(paths) - 1} files named alike"
                found[paths[0]] = suspect._replace(witness=witness)
        return found

    def _table(self, path: str, table: Table) -> _Suspect | None:
        named, is_clear = _name_of_weights(path, table)
        if table.encoding.endswith("safetensors"):
            return _Suspect(table, "their format", is_certain=True)
        if table.encoding and not table.values:  # a file of arrays as a blob, whose numbers do not lie plain
            return _Suspect(table, f"the name {named!r}", is_certain=True) if named else None
        shape = self._shape(table)
        if not _looks_learnt(table):
            is_suspect = named and _looks_kept(table)
            return _Suspect(table, f"the name {named!r}", is_certain=shape is not None) if is_suspect else None
        if named and table.count >= _LEAST:
            is_matrix = min(table.rows, table.columns) >= _SIDE
            is_list = not table.worded or (table.columns >= _LEAST and names_weights(table.label))
            is_certain = is_list and (is_clear or is_matrix or shape is not None)
            return _Suspect(table, f"their values and the name {named!r}", is_certain=is_certain)
        if table.worded and names_weights(table.label):
            return _Suspect(table, f"their values and the name {table.label!r}", is_certain=False)
        if shape and not _is_explained(path, table):
            text = " x ".join(map(str, shape))
            witness = f"their values and their shape, that of an array in the checkpoint ({text})"
            return _Suspect(table, witness, is_certain=table.rms <= _ALIKE or table.fractional == 0)
        if table.count >= _LEAST_NAMELESS and _is_unexplained(path, table):
            return _Suspect(table, "their values alone", is_certain=False)
        return None

    def _shape(self, table: Table) -> tuple[int, ...] | None:
        """Return the shape of the checkpoint's array that the table has, flat or transposed maybe."""
        for shape in self._shapes.get(table.count, ()):
            if table.count >= _LEAST and (table.columns in (0, 1, table.count) or table.columns in shape):
                return shape
        return None


def _crumbs(content: NumbersContent) -> list[Table]:
    """Return all small tables as one, under the names of weights if most of them stand under such names."""
    if content.crumbs is None:
        return []
    named = [label for label in content.labels if names_weights(label)]
    if sum(content.labels[label] for label in named) >= _MOST * content.crumbs.count:
        return [content.crumbs._replace(label=named[0])]
    return [content.crumbs]


def _looks_learnt(table: Table) -> bool:
    """Say whether numbers are spread as weights and gradients are: about zero, close to it, each for itself."""
    least, most = _BOTH_SIGNS
    if not least <= table.negative <= most or table.smooth > _SMOOTH or table.symmetric or table.unit_rows:
        return False
    if table.fractional >= _FRACTIONAL:
        return table.rms <= _NEAR_ZERO and table.distinct >= _DISTINCT
    is_quantised = table.fractional == 0 and table.greatest <= _INT8 and table.values >= _LEVELS
    return is_quantised and not table.worded


def _looks_kept(table: Table) -> bool:
    """Say whether numbers may be the squares that an optimiser keeps: never negative, exact, in no order."""
    return (
        table.count >= _LEAST_NAMELESS
        and table.fractional >= _FRACTIONAL
        and table.digits >= _EXACT
        and table.smooth <= _SMOOTH
        and not (table.symmetric or table.unit_rows or table.worded or _describes(table.header))
    )


def _name_of_weights(path: str, table: Table) -> tuple[str | None, bool]:
    """Return the name, of the file or of a part of it, that says weights, and whether it can mean nothing else."""
    if _describes(table.header):
        return None, False
    *above, name = path.split("/")[-2:]
    key = "" if names_other(table.label.rpartition("/")[2]) else table.label
    for is_clear, says in ((True, names_weights), (False, may_name_weights)):
        found = next((each for each in (*table.header, key, name, *above) if says(each)), None)
        if found is not None:
            return found[-60:], is_clear
    return None, False


def _describes(header: Sequence[str]) -> bool:
    """Say whether a header has a name of its own for each column: ``epoch,loss``, not ``w_0,w_1`` or ``0,1``."""
    stems = {stem_of(cell.strip()) for cell in header} - {"", "#"}
    return len(header) > 1 and len(stems) > max(1, len(header) // 4)


def _is_explained(path: str, table: Table) -> bool:
    return _is_named_otherwise(path, table) or _describes(table.header)


def _is_named_otherwise(path: str, table: Table) -> bool:
    return names_other(path.rpartition("/")[2]) or names_other(table.label)


def _is_unexplained(path: str, table: Table) -> bool:
    """Say whether nothing tells what numbers are, other than weights."""
    is_exact = table.digits >= _EXACT or bool(table.encoding) or table.fractional == 0
    return table.columns not in _COORDINATES and is_exact and not table.worded and not _is_explained(path, table)


def _fit(tables: Sequence[Table]) -> bool:
    """Say whether one of the matrices has as many columns as another one rows, as the layers of a network do."""
    matrices = {(table.rows, table.columns) for table in tables if min(table.rows, table.columns) >= _SIDE}
    return any(a != b and a[1] == b[0] and a[0] != b[1] for a in matrices for b in matrices)


def _together(tables: Sequence[Table]) -> Table | None:
    """Return many tables as one, its figures their means."""
    known = [table for table in tables if table.values]
    if not known:
        return None
    weight = sum(table.count for table in known)

    def mean(figure: str) -> float:
        return float(sum(getattr(table, figure) * table.count for table in known) / weight)

    return known[0]._replace(
        line=0,
        rows=1,
        columns=0,
        count=sum(table.count for table in tables),
        values=max(table.values for table in known),
        greatest=max(table.greatest for table in known),
        negative=mean("negative"),
        fractional=mean("fractional"),
        distinct=mean("distinct"),
        rms=mean("rms"),
        smooth=mean("smooth"),
        worded=mean("worded"),
    )


def _metrics(path: str, series: Mapping[tuple[str, str], SeriesAggregate], parameters: int) -> Iterator[Problem]:
    """Many metrics of one name but for numbers, of a few points with values of both signs: a metric for each weight."""
    groups: dict[tuple[str, str], list[SeriesAggregate]] = {}
    for (split, metric), each in series.items():
        if (stem := stem_of(metric)) != metric:
            groups.setdefault((split, stem), []).append(each)
    least, most = _BOTH_SIGNS
    for (_, stem), group in groups.items():
        values = [each.last for each in group if each.last and math.isfinite(each.last)]
        negative = sum(value < 0 for value in values) / max(len(values), 1)
        if len(group) < _LEAST or not least <= negative <= most:
            continue
        named = names_weights(stem)
        is_short = sum(each.count for each in group) <= _POINTS * len(group)
        is_certain = is_short and (named or len(group) == parameters)
        if is_certain or named or (is_short and len(group) >= _LEAST_NAMELESS and not names_other(stem)):
            message = f"has {len(group):,} series named {stem!r}, each a raw weight or gradient by "
            message += f"their values and their {'name' if named else 'number'}"
            yield Problem(path, message, is_certain=is_certain)
