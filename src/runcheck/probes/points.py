"""The points of a series in a number that tells whether two files hold the same ones.

Points are collected and taken in by the block: in C that costs a tenth of what parsing a row does.
"""

import math
import operator
from array import array
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import islice
from typing import TypeAlias

BLOCK = 1 << 15  # points that a probe collects in all series together before they are taken in

_MANY = 256  # points of a series at a time

# Steps and values are the digits of two huge numbers, of which the remainder by this prime is kept: one changed, moved
# or lost changes it. Python's own hash() of tuples would not do: sums of it are blind to two values that change places.
_PRIME = 2**120 - 119
_FOLDED = 1 << 14  # bits that are divided as they are
_UNIT = 1 << 10  # bits: numbers are folded at multiples of it, which come again
_NEGATIVE_ZERO = array("f", [-0.0]).tobytes()
_STEP_BITS, _VALUE_BITS = 64, 32  # of a digit

_State: TypeAlias = tuple[int, tuple[int, int]]
_EMPTY: _State = 0, (0, 0)


class Points:
    """Collects the points of one series.

    A probe appends to ``steps`` and ``values`` and calls :meth:`settle` now and then. ``count`` and ``digest`` are the
    same for two series if and only if their points are, as float32 and in their order.
    """

    __slots__ = ("count", "digest", "steps", "values")

    def __init__(self) -> None:
        """Start without a point."""
        self.count = 0
        self.digest = 0, 0
        self.steps: list[int] = []
        self.values: list[float] = []

    def extend(self, steps: list[int], values: list[float]) -> None:
        """Collect points, or take them in at once where they are many: they lie in the cache now."""
        if len(steps) < _MANY:
            self.steps += steps
            self.values += values
        else:
            self.settle()
            self.take(steps, values)

    def settle(self) -> None:
        """Take in what was collected."""
        if self.steps:
            self.take(self.steps, self.values)
            self.steps.clear()
            self.values.clear()

    def take(self, steps: list[int], values: list[float]) -> None:
        """Take in points."""
        block = (
            _remainder_of_steps(array("q", steps).tobytes()),
            _remainder(as_float32(values).tobytes()),
        )
        self.count, self.digest = _joined((self.count, self.digest), (len(steps), block))


class OrderedPoints(Points):
    """Collects points that may come in any order, and more than once for a step.

    ``low`` and ``high`` are the least and the greatest step. Where points did not come by rising steps,
    ``contested`` bounds the steps that may have come twice.
    """

    __slots__ = ("contested", "high", "low")

    def __init__(self) -> None:
        """Start without a point."""
        super().__init__()
        self.low: int | None = None
        self.high: int | None = None
        self.contested: tuple[int, int] | None = None

    def take(self, steps: list[int], values: list[float]) -> None:
        """Take in points."""
        super().take(steps, values)
        if self.high is None or self.low is None:
            self.low = self.high = steps[0]
        elif steps[0] <= self.high:
            self.contest(steps[0])
        if not all(map(operator.lt, steps, islice(steps, 1, None))):
            top = steps[0]
            for step in islice(steps, 1, None):
                self.high = max(self.high, top)
                if step <= self.high:
                    self.contest(step)
                top = step
        self.low, self.high = min(self.low, *steps), max(self.high, *steps)

    def contest(self, step: int) -> None:
        """Note that all points from ``step`` on may have been replaced by later ones, or taken back."""
        if self.high is not None and step <= self.high:
            low, high = self.contested or (step, self.high)
            self.contested = min(low, step), max(high, self.high)


PointsFactory = Callable[[str], Points]


def same_points(series: Points, parts: Sequence[Points]) -> bool:
    """Say whether the points of a series are those of the parts, one part after the other."""
    total = _EMPTY
    for part in parts:
        total = _joined(total, (part.count, part.digest))
    return total == (series.count, series.digest)


def _joined(before: _State, after: _State) -> _State:
    """Return count and digest of points and further points behind them."""
    count = after[0]
    steps = before[1][0] * _power(_STEP_BITS * count) + after[1][0]
    values = before[1][1] * _power(_VALUE_BITS * count) + after[1][1]
    return before[0] + count, (steps % _PRIME, values % _PRIME)


def _remainder(raw: bytes) -> int:
    """Return the remainder of a huge number by the prime; folding it halves the time of Python's division."""
    number = int.from_bytes(raw, "big")
    while (bits := number.bit_length()) > _FOLDED:
        half = bits // 2 // _UNIT * _UNIT
        number = (number >> half) * _power(half) + (number & ((1 << half) - 1))
    return number % _PRIME


_remainder_of_steps = lru_cache(maxsize=1)(_remainder)  # most series have the steps of the one before


@lru_cache(maxsize=64)
def _power(bits: int) -> int:
    return pow(2, bits, _PRIME)


def as_float32(values: Sequence[float]) -> "array[float]":
    """Return the nearest float32 of each value, with one NaN and one zero."""
    rounded = array("f", values)
    if math.isnan(sum(values)) or _NEGATIVE_ZERO in rounded.tobytes():  # somewhere in the bytes: no harm if by chance
        rounded = array("f", [value + 0.0 if value == value else math.nan for value in rounded])  # noqa: PLR0124 - NaN
    return rounded
