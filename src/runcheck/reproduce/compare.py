"""Whether two runs logged the same: each series row by row, in the order in which it was logged."""

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest

from runcheck.reading.metrics import Row


@dataclass(frozen=True, slots=True)
class Difference:
    """Two rows that stand in one place of their series and differ; None where a run has no more of that series."""

    place: int
    original: Row | None
    again: Row | None

    @property
    def distance(self) -> float:
        """How far the values lie apart; infinite where one is not there, or one of them is not finite."""
        if self.original is None or self.again is None:
            return math.inf
        distance = abs(self.original.value - self.again.value)
        return math.inf if math.isnan(distance) else distance


@dataclass(slots=True)
class Comparison:
    """What a comparison came to: rows in both runs, how many differ, the first such place and the largest one."""

    original_rows: int = 0
    again_rows: int = 0
    differing: int = 0
    first: Difference | None = None
    largest: Difference | None = None

    @property
    def is_same(self) -> bool:
        """Whether no row differs and none is missing; two runs that logged nothing have shown nothing."""
        return self.differing == 0 and self.original_rows > 0

    def add(self, difference: Difference) -> None:
        """Take in a difference."""
        self.differing += 1
        if self.first is None or difference.place < self.first.place:
            self.first = difference
        if self.largest is None or difference.distance > self.largest.distance:
            self.largest = difference


@dataclass(slots=True)
class _Waiting:
    """Rows of one series of which the other run has not come to its own yet, each with its place in the file."""

    original: deque[tuple[int, Row]]
    again: deque[tuple[int, Row]]


def compare(original: Iterable[Row], again: Iterable[Row], rtol: float = 0.0) -> Comparison:
    """Compare the rows of two runs, values within ``rtol`` of the larger one; 0 asks for the same bits.

    Series may stand in another order to each other, since values of a device are written when they are there. What is
    held is what one run is ahead of the other.
    """
    result = Comparison()
    waiting: dict[tuple[str, str], _Waiting] = {}
    for place, (ours, theirs) in enumerate(zip_longest(original, again)):
        for row, is_original in ((ours, True), (theirs, False)):
            if row is None:
                continue
            of_series = waiting.setdefault((row.split, row.metric), _Waiting(deque(), deque()))
            (of_series.original if is_original else of_series.again).append((place, row))
            result.original_rows += is_original
            result.again_rows += not is_original
            if of_series.original and of_series.again:
                at, first = of_series.original.popleft()
                _, second = of_series.again.popleft()
                if first.step != second.step or not is_close(first.value, second.value, rtol):
                    result.add(Difference(at, first, second))
    for of_series in waiting.values():
        for at, row in of_series.original:
            result.add(Difference(at, row, None))
        for at, row in of_series.again:
            result.add(Difference(at, None, row))
    return result


def is_close(first: float, second: float, rtol: float) -> bool:
    """Say whether two values are the same bits or, where ``rtol`` is not 0, as near as that; a NaN is like another."""
    if math.isnan(first) or math.isnan(second):
        return math.isnan(first) and math.isnan(second)
    if first == second:
        return rtol > 0 or math.copysign(1, first) == math.copysign(1, second)
    if math.isinf(first) or math.isinf(second):
        return False
    return abs(first - second) <= rtol * max(abs(first), abs(second))
