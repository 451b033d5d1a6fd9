"""The columns of a list: those of the registry, members of its maps, and a few that are told anew each time."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from difflib import get_close_matches
from functools import cached_property
from typing import TypeAlias, cast

from runcheck.convention.documents import RegistryRow
from runcheck.convention.registry import flattened
from runcheck.convention.timestamps import parse_timestamp
from runcheck.errors import RuncheckError
from runcheck.reading.records import UnitRecord

Value: TypeAlias = object  # as JSON has it

DEFAULT = ("unit", "status", "age", "duration", "best")
DURATIONS = frozenset({"age", "duration"})  # in seconds
MOMENTS = frozenset({"created_at", "finished_at"})
_MAPS = ("tags", "config", "metrics", "last", "directions", "links", "trackers")  # of which members are columns
_SIZES = ("files", "bytes")
_SPLITS = ("test", "val", "valid", "validation", "dev", "eval")  # whose metrics stand for a run, the first that it has
_PLAIN = tuple(name for name in RegistryRow.__annotations__ if name not in _MAPS)


class ListError(RuncheckError):
    """A list was asked for by what there is not."""


class Listed:
    """A unit in a list. What a column says is worked out when it is asked for."""

    def __init__(self, record: UnitRecord, now: datetime, size: Callable[[str], tuple[int, int]]) -> None:
        """Take what a unit says of itself; ``size`` counts the files of the unit at a path, and their bytes."""
        row = cast("Mapping[str, Value]", record.row)
        # The row alone is kept: metadata with all their packages are ten times as large.
        self.row = {**row, "config": None if record.config is None else flattened(record.config)}
        self.path, self._now, self._size = record.path, now, size

    @cached_property
    def _sizes(self) -> tuple[int, int]:
        return self._size(self.path)

    def value(self, column: str) -> Value:
        """Return what a column says of the unit, None where it says nothing."""
        match column:
            case "unit":
                return self.path
            case "age":
                created = parse_timestamp(str(self.row["created_at"]))
                return None if created is None else round((self._now - created).total_seconds(), 3)
            case "duration":
                return self.row["duration_seconds"]
            case "best":
                return self._best()
            case "files" | "bytes":
                return self._sizes[_SIZES.index(column)]
        name, _, member = column.partition(".")
        value = self.row.get(name)
        return value.get(member) if member and isinstance(value, Mapping) else value

    def has(self, column: str) -> bool:
        """Say whether the unit has that member of a map."""
        name, _, member = column.partition(".")
        value = self.row.get(name)
        return isinstance(value, Mapping) and member in value

    def members(self, name: str) -> list[str]:
        """Return the columns that the members of a map are."""
        value = self.row.get(name)
        return [f"{name}.{member}" for member in value] if isinstance(value, Mapping) else []

    def _best(self) -> str | None:
        """Return the best value of the series that stands for the run, with its name."""
        every = cast("Mapping[str, float | None]", self.row["metrics"])
        metrics = {name: best for name, best in every.items() if best is not None}
        name = min(metrics, key=_rank, default=None)
        return None if name is None else f"{name} {metrics[name]:.6g}"


def _rank(series: str) -> tuple[int, bool, str]:
    """Order series by how well they stand for a run: first those of a test, and of these no loss."""
    split, _, metric = series.partition("/")
    return _SPLITS.index(split) if split in _SPLITS else len(_SPLITS), "loss" in metric, series


def require(columns: Iterable[str], units: Iterable[Listed]) -> None:
    """See that there is every column: a plain one, or a member that at least one unit has.

    Raises:
        ListError: one there is not.
    """
    held = list(units)
    known = (*DEFAULT, *_PLAIN, *_MAPS, *_SIZES)
    for column in dict.fromkeys(columns):
        if column in known or any(unit.has(column) for unit in held):
            continue
        name = column.partition(".")[0]
        others = sorted({member for unit in held for member in unit.members(name)}) if name in _MAPS else []
        near = get_close_matches(column, [*others, *known], n=3, cutoff=0.5) or others[:5]
        hint = f"; did you mean {', '.join(near)}?" if near else f"; there are {', '.join(known)}"
        raise ListError(f"{column or repr(column)}: is no column{' of any unit here' if name in _MAPS else ''}{hint}")


def as_text(column: str, value: Value) -> str:
    """Return a value as a cell of a table."""
    if value is None:
        return "-"
    if column in DURATIONS and isinstance(value, int | float):
        return _span(value)
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{value:.6g}"
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _span(seconds: float) -> str:
    """Return a time span in its largest unit, as people say it."""
    sign, left = ("-", -seconds) if seconds < 0 else ("", seconds)
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if left >= 2 * length or (unit == "m" and left >= length):
            return f"{sign}{left / length:.0f}{unit}"
    return f"{sign}{left:.3g}s"
