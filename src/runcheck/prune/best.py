"""The best runs of a slug by a metric."""

import math
from collections.abc import Iterable, Sequence

from runcheck.convention.aggregates import Direction
from runcheck.convention.ranking import Best
from runcheck.errors import InvalidArgumentError
from runcheck.prune.units import KnownUnit
from runcheck.writer.summary import direction_of

_TOLD = 10  # metrics in a message


def require_metrics(bests: Iterable[Best], units: Iterable[KnownUnit]) -> None:
    """Refuse a metric that no completed run has: who mistypes it would lose the best.

    Raises:
        InvalidArgumentError: there is such a one.
    """
    there = sorted({name for unit in units if unit.status == "completed" for name in unit.metrics})
    for best in bests:
        if best.metric not in there:
            told = ", ".join(there[:_TOLD]) + (", ..." if len(there) > _TOLD else "")
            raise InvalidArgumentError(f"no completed run has {best.metric}; there is {told or 'no metric'}")


def why_best(unit: KnownUnit, of_slug: Sequence[KnownUnit], best: Best) -> str | None:
    """Return why a completed run stays for its value of a metric, or for want of one among the runs of its slug."""
    completed = [each for each in of_slug if each.status == "completed"]
    values = {each.path: value for each in completed if (value := _value(each, best.metric)) is not None}
    if not values:
        return f"no run of its slug has {best.metric}, so none is the best"
    split, _, metric = best.metric.partition("/")
    said: dict[str, Direction] = {name: end for each in completed for name, end in each.directions.items()}
    direction = best.direction or direction_of(said, split, metric)
    top = min(values.values()) if direction == "min" else max(values.values())
    return f"is the best of its slug: {best.metric} {top:g}" if values.get(unit.path) == top else None


def _value(unit: KnownUnit, metric: str) -> float | None:
    value = unit.metrics.get(metric)
    return value if value is not None and math.isfinite(value) else None
