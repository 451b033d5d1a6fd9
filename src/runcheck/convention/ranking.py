"""A metric by which runs or checkpoints are ranked, as people name it."""

from typing import NamedTuple

from runcheck.convention.aggregates import Direction
from runcheck.errors import InvalidArgumentError


class Best(NamedTuple):
    """The metric by which one is the best; without a direction the runs themselves say it."""

    metric: str
    direction: Direction | None = None


def best_of(text: str) -> Best:
    """Return what a text such as ``val/loss`` or ``val/loss:min`` names.

    Raises:
        InvalidArgumentError: it names no metric of a split.
    """
    metric, colon, end = text.partition(":")
    if not metric.partition("/")[2] or (colon and end not in ("min", "max")):
        raise InvalidArgumentError(f"{text!r} is no metric; give split and metric, as val/loss or val/loss:min do")
    return Best(metric, "min" if end == "min" else "max" if end == "max" else None)
