"""The series of a run as curves of few points, whatever their length: one pass over the file, and bounded memory.

The steps are cut into buckets of equal width, and of each the first, the least, the greatest and the last point is
kept, which draws the line that all points draw: M4, U. Jugel et al., *M4: A Visualization-Oriented Time Series Data
Aggregation*, PVLDB 7(10), 2014. How many steps there are shows at the end only; so the buckets become twice as wide
whenever there are too many of them.
"""

import math
import operator
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from runcheck.convention.aggregates import SeriesAggregate
from runcheck.probes import suffix_of
from runcheck.probes.contents import MetricsContent
from runcheck.probes.metrics import CsvMetricsProbe, JsonlMetricsProbe
from runcheck.probes.points import Points
from runcheck.reading.files import UnitFiles

_HARMLESS = ("order", "duplicate", "torn")  # rows all the same, but for the torn one, which is left out
_ALL_BUCKETS = 50_000  # of one run together: 50 MB
_MOST_SERIES = 1000  # of one run: more no picture shows
_SETTLED = 1e-16  # what is left of the bias of an average then is lost in rounding

Wanted = Callable[[str, str], bool]


class Point(NamedTuple):
    """A step and its value, which may be NaN or infinite."""

    step: int
    value: float


class Curve(NamedTuple):
    """A series to be drawn: points by rising steps, and how many rows they stand for.

    ``smooth`` are those of the moving average, none where it was not asked for. Where values were not finite, at least
    the first of them in a bucket is among the points.
    """

    metric: str
    split: str
    points: tuple[Point, ...]
    smooth: tuple[Point, ...]
    rows: int

    @property
    def is_whole(self) -> bool:
        """Whether every row is a point."""
        return len(self.points) == self.rows


class Curves(NamedTuple):
    """The curves of a run, by metric and split.

    ``left_out`` counts the series beyond the first 1,000, and ``fault`` is what is wrong with the first line that is no
    row. ``aggregates`` are what all series come to, by split and metric.
    """

    curves: tuple[Curve, ...]
    rows: int
    left_out: int
    fault: str | None
    aggregates: Mapping[tuple[str, str], SeriesAggregate]


def everything(metric: str, split: str) -> bool:  # noqa: ARG001 - it is asked by both
    """Want every series."""
    return True


def read_curves(
    files: UnitFiles, path: str, *, wanted: Wanted = everything, buckets: int = 1000, smoothing: float = 0.0
) -> Curves:
    """Return the curves of the metrics at ``path``, of at most four points a bucket.

    Lines that are no rows are left out, as is a last one that is cut off.

    Args:
        files: The unit.
        path: The metrics in it.
        wanted: Which series, by metric and split.
        buckets: How many a series is cut into at most; of very many series each is cut into fewer.
        smoothing: The weight of what was before in an exponential moving average, from 0, which is none, up to 1.

    Raises:
        CannotReadError: the file cannot be read.
    """
    files.file(path)
    takers = _Takers(wanted, buckets, smoothing)
    probe = (CsvMetricsProbe if suffix_of(path) == ".csv" else JsonlMetricsProbe)(takers.make)
    for chunk in files.chunks(path):
        probe.feed(chunk)
    content = probe.content()
    curves = sorted(takers.curves(), key=lambda curve: (curve.metric, curve.split))
    return Curves(tuple(curves), content.rows, takers.left_out, _fault(content), content.series)


def _fault(content: MetricsContent) -> str | None:
    defect = next((each for each in content.defects if each.kind not in _HARMLESS), None)
    return None if defect is None else f"line {defect.line} {defect.message}"


class _Takers:
    """What takes the points of each series of a file."""

    def __init__(self, wanted: Wanted, buckets: int, smoothing: float) -> None:
        self._wanted, self._most, self._smoothing = wanted, buckets, smoothing
        self._taken: dict[tuple[str, str], _Reduced] = {}
        self.left_out = 0

    def make(self, tag: str) -> Points:
        """Return what takes the series of a tag, which is ``<split>/<metric>``."""
        split, _, metric = tag.partition("/")
        if not self._wanted(metric, split):
            return _Dropped()
        if len(self._taken) >= _MOST_SERIES:
            self.left_out += 1
            return _Dropped()
        taker = self._taken[metric, split] = _Reduced(self.buckets, self._smoothing)
        return taker

    def buckets(self) -> int:
        """Return how many buckets a series may have: fewer, the more series there are."""
        return min(self._most, _ALL_BUCKETS // len(self._taken))

    def curves(self) -> "Iterator[Curve]":
        """Yield what was taken."""
        for (metric, split), each in self._taken.items():
            yield Curve(metric, split, tuple(each.raw.points()), tuple(each.smooth.points()), each.taken)


class _Dropped(Points):
    """Takes the points of a series that nobody wants."""

    __slots__ = ()

    def take(self, steps: list[int], values: list[float]) -> None:
        pass


class _Reduced(Points):
    """Takes the points of a series, as they are and as an average."""

    __slots__ = ("_average", "raw", "smooth", "taken")

    def __init__(self, limit: Callable[[], int], smoothing: float) -> None:
        super().__init__()
        self.raw, self.smooth, self.taken = Buckets(limit), Buckets(limit), 0
        self._average = Average(smoothing) if smoothing else None

    def take(self, steps: list[int], values: list[float]) -> None:
        self.taken += len(steps)
        self.raw.take(steps, values)
        if self._average is not None:
            self.smooth.take(steps, [self._average.next(value) for value in values])


class Average:
    """An exponential moving average that starts at the first value and not at 0, as TensorBoard draws it.

    See ``classicSmoothing`` in tensorboard/webapp/widgets/line_chart_v2/lib/data_transformer.ts. A value that is not
    finite is given as it is, and does not count.
    """

    def __init__(self, weight: float) -> None:
        """Give what was before this weight, from 0 up to 1."""
        self._weight, self._sum, self._bias = weight, 0.0, 1.0

    def next(self, value: float) -> float:
        """Take a value in, and return the average."""
        if not math.isfinite(value):
            return value
        self._sum = self._sum * self._weight + value * (1 - self._weight)
        if self._bias < _SETTLED:
            return self._sum
        self._bias *= self._weight
        return self._sum / (1 - self._bias)


class _Bucket:
    """What is kept of the points of some steps: four that are finite, and one that is not."""

    __slots__ = ("first", "greatest", "last", "least", "nonfinite")

    def __init__(self) -> None:
        self.first: Point | None = None
        self.least = self.greatest = self.last = Point(0, 0.0)
        self.nonfinite: Point | None = None

    def add(self, first: Point, least: Point, greatest: Point, last: Point) -> None:
        if self.first is None:
            self.first, self.least, self.greatest, self.last = first, least, greatest, last
            return
        self.first = first if first.step < self.first.step else self.first
        self.last = last if last.step >= self.last.step else self.last
        self.least = least if least.value < self.least.value else self.least
        self.greatest = greatest if greatest.value > self.greatest.value else self.greatest

    def join(self, later: "_Bucket") -> None:
        if later.first is not None:
            self.add(later.first, later.least, later.greatest, later.last)
        self.nonfinite = self.nonfinite or later.nonfinite

    def points(self) -> set[Point]:
        kept = set() if self.first is None else {self.first, self.least, self.greatest, self.last}
        return kept if self.nonfinite is None else kept | {self.nonfinite}


class Buckets:
    """Points in buckets of equal width in steps, at most as many as ``limit`` says at the time."""

    def __init__(self, limit: Callable[[], int]) -> None:
        """Start without a point."""
        self._limit = limit
        self._width = 1
        self._buckets: dict[int, _Bucket] = {}

    def take(self, steps: list[int], values: list[float]) -> None:
        """Take points in, at least one."""
        if not math.isfinite(sum(values)):
            steps, values = self._take_nonfinite(steps, values)
        if not all(map(operator.le, steps, islice(steps, 1, None))):
            order = sorted(range(len(steps)), key=steps.__getitem__)
            steps, values = [steps[at] for at in order], [values[at] for at in order]
        start = 0
        while start < len(steps):
            number = steps[start] // self._width
            end = bisect_left(steps, (number + 1) * self._width, start)
            self._take_part(number, steps[start:end], values[start:end])
            start = end

    def points(self) -> list[Point]:
        """Return the points that are kept, by their steps."""
        kept: set[Point] = set().union(*(bucket.points() for bucket in self._buckets.values()))
        return sorted(kept, key=lambda point: point.step)

    def _take_part(self, number: int, steps: list[int], values: list[float]) -> None:
        least, greatest = min(values), max(values)
        self._bucket(number).add(
            Point(steps[0], values[0]),
            Point(steps[values.index(least)], least),
            Point(steps[values.index(greatest)], greatest),
            Point(steps[-1], values[-1]),
        )

    def _take_nonfinite(self, steps: list[int], values: list[float]) -> tuple[list[int], list[float]]:
        """Take in what is not finite, and return the rest."""
        finite = [math.isfinite(value) for value in values]
        for step, value, is_finite in zip(steps, values, finite, strict=True):
            if not is_finite:
                bucket = self._bucket(step // self._width)
                bucket.nonfinite = bucket.nonfinite or Point(step, value)
        return [step for step, is_finite in zip(steps, finite, strict=True) if is_finite], [
            value for value, is_finite in zip(values, finite, strict=True) if is_finite
        ]

    def _bucket(self, number: int) -> _Bucket:
        """Return the bucket of a number at this width, which may become wider by it."""
        found = self._buckets.get(number)
        if found is None:
            found = self._buckets[number] = _Bucket()
            while len(self._buckets) > max(1, self._limit()):
                self._widen()
                number //= 2
            return self._buckets[number]
        return found

    def _widen(self) -> None:
        """Make each bucket twice as wide."""
        self._width *= 2
        old, self._buckets = self._buckets, {}
        for number in sorted(old):
            known = self._buckets.setdefault(number // 2, old[number])
            if known is not old[number]:
                known.join(old[number])
