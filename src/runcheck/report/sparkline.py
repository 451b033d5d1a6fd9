"""Sparklines: a series in one line of a terminal, after E. Tufte, *Beautiful Evidence* (2006)."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, TextIO


class Marks(NamedTuple):
    """The characters of a sparkline: ``heights`` from low to high, and that for values that are not finite."""

    heights: str
    nonfinite: str


BLOCKS = Marks("▁▂▃▄▅▆▇█", "×")  # noqa: RUF001 - the sign is meant
ASCII = Marks("_.-=+*#", "!")


def marks_for(stream: TextIO) -> Marks:
    """Return the marks that a stream can show: blocks where its encoding has them, else ASCII."""
    try:
        "".join(BLOCKS).encode(stream.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return ASCII
    return BLOCKS


def sparkline(values: Sequence[float], width: int = 24, marks: Marks = BLOCKS) -> str:
    """Return values, at even distances, as a line of at most ``width`` characters.

    A character stands for the mean of its values, but shows the least and the greatest of all where it has them, and
    that one is not finite before anything else: neither a peak nor a divergence is averaged away.
    """
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    width = min(width, len(values))
    edges = [len(values) * column // width for column in range(width + 1)] if width > 0 else []
    return "".join(_mark(values[start:end], low, high, marks) for start, end in pairwise(edges))


def _mark(values: Sequence[float], low: float, high: float, marks: Marks) -> str:
    if not all(map(math.isfinite, values)):
        return marks.nonfinite
    top = len(marks.heights) - 1
    if low == high:
        return marks.heights[top // 2]
    if high in values:
        return marks.heights[top]
    if low in values:
        return marks.heights[0]
    # in parts of the range: neither a sum nor a difference of two doubles passes beyond all doubles then
    share = sum((value / 2 - low / 2) / (high / 2 - low / 2) for value in values) / len(values)
    return marks.heights[round(share * top)]
