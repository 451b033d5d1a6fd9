"""The series of a run's metrics, each with what it comes to and a drawing's worth of its points.

The rows are read once, by the linter's own probe, and in constant memory however many they are.
"""

from collections.abc import Mapping
from typing import NamedTuple

from runcheck.convention.aggregates import Direction, likely_direction
from runcheck.convention.documents import Metadata, SeriesSummary, Summary
from runcheck.convention.layout import layout
from runcheck.errors import CannotReadError
from runcheck.reading.curves import read_curves
from runcheck.reading.files import UnitFiles

_BUCKETS = 48  # of a drawing


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
    try:
        read = read_curves(files, path, buckets=_BUCKETS)
    except CannotReadError as error:
        return RunSeries((), 0, str(error).removeprefix(f"{files.absolute(path)}: "))
    drawn = {(each.split, each.metric): tuple(point.value for point in each.points) for each in read.curves}
    found = [
        Series(*name, aggregate.summary(_direction(*name, metadata, summary)), drawn.get(name, ()))
        for name, aggregate in sorted(read.aggregates.items())
    ]
    return RunSeries(tuple(found), read.rows, read.fault)


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


def _direction(split: str, metric: str, metadata: Metadata, summary: Summary | None) -> Direction:
    said = summary["metrics"].get(split, {}).get(metric) if summary else None
    if said is not None:
        return said["direction"]
    return metadata.get("directions", {}).get(metric) or likely_direction(metric)
