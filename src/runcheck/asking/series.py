"""The series of a run's metrics, each with what it comes to and a drawing's worth of its points.

The rows are read once, by the linter's own probe, and in constant memory however many they are.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

from runcheck.convention.aggregates import Direction, likely_direction
from runcheck.convention.documents import Metadata, SeriesSummary, Summary
from runcheck.convention.layout import layout
from runcheck.errors import CannotReadError
from runcheck.probes.contents import MetricsContent
from runcheck.probes.metrics import CsvMetricsProbe, JsonlMetricsProbe
from runcheck.probes.points import Points
from runcheck.reading.files import UnitFiles

_BUCKETS = 64  # of a drawing, at least, once there are so many points
_DRAWN = 500  # series of a run that can be drawn
_HARMLESS = ("order", "duplicate", "torn")  # as for whoever reads rows


class Series(NamedTuple):
    """One metric on one split: what it comes to, and values in its order, of all or of parts of it, to be drawn."""

    split: str
    metric: str
    summary: SeriesSummary
    drawn: tuple[float, ...]

    @property
    def name(self) -> str:
        """How tables call it."""
        return f"{self.split}/{self.metric}"


class RunSeries(NamedTuple):
    """All series of a run, by split and metric, and how many rows they have together.

    ``fault`` is what is wrong with the metrics, as a sentence without its subject: rows that are none are left out.
    """

    series: tuple[Series, ...]
    rows: int
    fault: str | None


def series_of(files: UnitFiles, metadata: Metadata, summary: Summary | None) -> RunSeries:
    """Return the series of a run. Which end of one is better the summary says, else the metadata, else its name."""
    path = metrics_path(files)
    if path is None:
        return RunSeries((), 0, None)
    drawings: dict[str, _Drawing] = {}

    def points(tag: str) -> Points:
        if len(drawings) >= _DRAWN:
            return _Nothing()
        return drawings.setdefault(tag, _Drawing())

    try:
        content = _read(files, path, CsvMetricsProbe(points) if path.endswith(".csv") else JsonlMetricsProbe(points))
    except CannotReadError as error:
        return RunSeries((), 0, str(error).removeprefix(f"{files.absolute(path)}: "))
    defect = next((each for each in content.defects if each.kind not in _HARMLESS), None)
    found = [
        Series(split, metric, aggregate.summary(_direction(split, metric, metadata, summary)), values)
        for (split, metric), aggregate in sorted(content.series.items())
        for values in [drawings[f"{split}/{metric}"].drawn() if f"{split}/{metric}" in drawings else ()]
    ]
    return RunSeries(tuple(found), content.rows, defect and f"line {defect.line} {defect.message}")


def metrics_path(files: UnitFiles) -> str | None:
    """Return the path in a run of its metrics: of two the first, and None where there are none."""
    return next((path for path in layout().roles["metrics"].paths if files.has(path)), None)


def summaries_of(
    files: UnitFiles, metadata: Metadata, summary: Summary | None
) -> Mapping[tuple[str, str], SeriesSummary]:
    """Return what each series of a run comes to: as its summary has it or, where there is none, from its rows."""
    if summary is None:
        return {(each.split, each.metric): each.summary for each in series_of(files, metadata, None).series}
    return {(split, name): each for split, of in summary["metrics"].items() for name, each in of.items()}


def last_of(summary: SeriesSummary) -> float:
    """Return the last value of a series, which need not be finite."""
    return float(summary.get("last_nonfinite", "nan") if summary["last"] is None else summary["last"])


def _read(files: UnitFiles, path: str, probe: CsvMetricsProbe | JsonlMetricsProbe) -> MetricsContent:
    files.file(path)
    for chunk in files.chunks(path):
        probe.feed(chunk)
    return probe.content()


def _direction(split: str, metric: str, metadata: Metadata, summary: Summary | None) -> Direction:
    said = summary["metrics"].get(split, {}).get(metric) if summary else None
    if said is not None:
        return said["direction"]
    return metadata.get("directions", {}).get(metric) or likely_direction(metric)


class _Nothing(Points):
    """Takes points, and keeps none."""

    def take(self, steps: list[int], values: list[float]) -> None:
        """Take in points."""


class _Drawing(Points):
    """Keeps the least and the greatest of every so many points, of the more points the more there are."""

    __slots__ = ("_buckets", "_size")

    def __init__(self) -> None:
        """Start without a point."""
        super().__init__()
        self._size = 1
        self._buckets: list[tuple[int, float, float]] = []  # how many, least and greatest; NaN where one is not finite

    def take(self, steps: list[int], values: list[float]) -> None:  # noqa: ARG002 - at even distances
        """Take in points."""
        at = 0
        while at < len(values):
            if self._buckets and self._buckets[-1][0] < self._size:
                last = self._buckets.pop()
            else:
                last = (0, math.inf, -math.inf)
                if len(self._buckets) == 2 * _BUCKETS:
                    self._buckets = [
                        _joined(first, second)
                        for first, second in zip(self._buckets[::2], self._buckets[1::2], strict=True)
                    ]
                    self._size *= 2
                    continue
            part = values[at : at + self._size - last[0]]
            is_finite = all(map(math.isfinite, part))
            found = (min(part), max(part)) if is_finite else (math.nan, math.nan)
            self._buckets.append(_joined(last, (len(part), *found)))
            at += len(part)

    def drawn(self) -> tuple[float, ...]:
        """Return what is left of the points."""
        self.settle()
        return tuple(
            value
            for count, least, greatest in self._buckets
            for value in ((least, greatest) if count > 1 else (least,))
        )


def _joined(first: tuple[int, float, float], second: tuple[int, float, float]) -> tuple[int, float, float]:
    if math.isnan(first[1]) or math.isnan(second[1]):
        return first[0] + second[0], math.nan, math.nan
    return first[0] + second[0], min(first[1], second[1]), max(first[2], second[2])
