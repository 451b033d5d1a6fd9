"""The event files of a run against its metrics: by digest, and point by point where the digests differ.

Points are met in about the same order on both sides, so few of them wait for their counterpart at a time.
"""

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from runcheck.probes.contents import ComparisonContent, Difference, EventsContent, MetricsContent
from runcheck.probes.events import EventsProbe
from runcheck.probes.metrics import CsvMetricsProbe, JsonlMetricsProbe
from runcheck.probes.points import OrderedPoints, Points, as_float32, same_points

MAX_WAITING = 400_000  # points without a counterpart so far: some 60 MB


class Source(NamedTuple):
    """A file to be read again: its path in the folder of the event files, its size, its bytes, and what it came to."""

    path: str
    size: int
    chunks: Callable[[], Iterator[bytes]]


_Contested = tuple[int, int]


class _Part(NamedTuple):
    """Points of a series: the number of the event file, the tag there, what they come to."""

    file: int
    tag: str
    points: OrderedPoints


def compare(
    metrics: tuple[Source, MetricsContent],
    events: Iterable[tuple[Source, EventsContent]],
) -> ComparisonContent:
    """Return how the event files together differ from the metrics.

    Of points with one tag and step the last one counts, files in the order of their names. A session that starts at a
    step takes back what its folder had from there on. Each folder is a run of its own to TensorBoard, so what lies
    deeper is looked at only for a series that nothing above has.
    """
    ordered = sorted(events, key=lambda each: (posixpath.basename(each[0].path), each[0].path))
    by_series = _by_series(metrics[1], ordered)
    missing = tuple(series for series in metrics[1].points if series not in by_series)
    differences: dict[str, Difference] = {}
    unverified = None
    suspects: dict[str, _Tally] = {}
    for series, parts in by_series.items():
        contested, restarted = _contested(parts, ordered)
        if same_points(metrics[1].points[series], [each.points for each in parts]) and not (contested and restarted):
            continue
        suspects[series] = _Tally(contested)
    if suspects:
        places = {
            (ordered[each.file][0].path, each.tag): tally
            for name, tally in suspects.items()
            for each in by_series[name]
        }
        whole = _Pass(suspects, places, metrics[0], [source for source, _ in ordered]).run()
        for series, tally in suspects.items():
            difference = tally.result(whole=whole)
            if difference is not None:
                differences[series] = difference
            elif not whole:
                unverified = f"event files with more points twice than the {MAX_WAITING:,} that are compared"
    return ComparisonContent(missing, differences, unverified)


def _by_series(metrics: MetricsContent, events: list[tuple[Source, EventsContent]]) -> dict[str, list[_Part]]:
    """Return where in the event files each series of the metrics is.

    It has its name as tag, or the tag has the end of it and the folder the beginning.
    """
    found: dict[str, list[_Part]] = {}
    for file, (source, content) in enumerate(events):
        folder = posixpath.dirname(source.path)
        nested = {posixpath.join(folder, tag): tag for tag in content.points} if folder else {}
        for series in metrics.points.keys() & (content.points.keys() | nested.keys()):
            tag = series if series in content.points else nested[series]
            found.setdefault(series, []).append(_Part(file, tag, content.points[tag]))
    for series, parts in found.items():
        depths = [events[each.file][0].path.count("/") for each in parts]
        found[series] = [each for each, depth in zip(parts, depths, strict=True) if depth == min(depths)]
    return {series: found[series] for series in metrics.points if series in found}


def _contested(parts: list[_Part], events: list[tuple[Source, EventsContent]]) -> tuple[_Contested | None, bool]:
    """Return the steps at which points may stand twice or be taken back, and whether any session took back some."""
    spans: list[_Contested] = []
    before: int | None = None
    restarts = [
        (number, posixpath.dirname(source.path), content.restarts_from)
        for number, (source, content) in enumerate(events)
        if content.restarts_from is not None
    ]
    for number, _, points in parts:
        if points.low is None or points.high is None:
            continue
        if points.contested:
            spans.append(points.contested)
        if before is not None and points.low <= before:
            spans.append((points.low, before))
        folder = posixpath.dirname(events[number][0].path)
        spans += [
            (step, points.high)
            for later, where, step in restarts
            if later > number and where == folder and step <= points.high
        ]
        before = points.high if before is None else max(before, points.high)
    hull = (min(low for low, _ in spans), max(high for _, high in spans)) if spans else None
    return hull, bool(restarts)


class _Tally:
    """A series on both sides: the points that still wait for their counterpart, and the contested ones."""

    def __init__(self, contested: _Contested | None) -> None:
        self._low, self._high = contested or (0, -1)
        self._decided_late = contested is not None
        self._metrics: dict[int, float] = {}
        self._events: dict[int, float] = {}
        self._late_metrics: dict[int, float] = {}
        self._late_events: dict[int, tuple[float, str]] = {}
        self._difference = Difference()

    @property
    def waiting(self) -> int:
        return len(self._metrics) + len(self._events) + len(self._late_metrics) + len(self._late_events)

    def metric(self, steps: list[int], values: list[float]) -> None:
        for step, value in zip(steps, as_float32(values), strict=True):
            if self._low <= step <= self._high:
                self._late_metrics[step] = value
            elif step in self._events:
                self._meet(step, self._events.pop(step), value)
            else:
                self._metrics[step] = value

    def event(self, steps: list[int], values: list[float], folder: str) -> None:
        for step, value in zip(steps, as_float32(values), strict=True):
            if self._low <= step <= self._high:
                self._late_events[step] = value, folder
            elif step in self._metrics:
                self._meet(step, value, self._metrics.pop(step))
            else:
                self._events[step] = value

    def take_back(self, start: int, folder: str) -> None:
        for step, (_, where) in list(self._late_events.items()):
            if step >= start and where == folder:
                del self._late_events[step]

    def result(self, *, whole: bool) -> Difference | None:
        """Return the difference, None where there is none or where it can't be told since not all was read."""
        difference = self._difference
        if not whole:
            difference.whole = False
            return difference if difference.first or not self._decided_late else None
        for step, value in self._metrics.items():
            difference.note(step, None, value)
        for step, value in self._events.items():
            difference.note(step, value, None)
        for step in self._late_metrics.keys() | self._late_events.keys():
            event = self._late_events.get(step)
            metric = self._late_metrics.get(step)
            if event is None or metric is None:
                difference.note(step, event and event[0], metric)
            else:
                self._meet(step, event[0], metric)
        return difference if difference.first else None

    def _meet(self, step: int, event: float, metric: float) -> None:
        if event != metric and not (event != event and metric != metric):  # noqa: PLR0124 - NaN is NaN
            self._difference.note(step, event, metric)


class _Sink(OrderedPoints):
    """Gives the points of a probe to a tally as they come."""

    __slots__ = ("_to",)

    def __init__(self, to: Callable[[list[int], list[float]], None]) -> None:
        super().__init__()
        self._to = to

    def take(self, steps: list[int], values: list[float]) -> None:
        self._to(steps, values)


class _Pass:
    """One more pass over metrics and event files, side by side."""

    def __init__(
        self,
        tallies: Mapping[str, _Tally],
        places: Mapping[tuple[str, str], _Tally],
        metrics: Source,
        events: Sequence[Source],
    ) -> None:
        """Take the tallies by series, and by path and tag in the event files."""
        self._tallies, self._places, self._metrics, self._events = tallies, places, metrics, events

    def run(self) -> bool:
        """Read both sides; say whether all of it could be compared."""
        sides = [self._feed_metrics(), self._feed_events()]
        done = [0.0, 0.0]
        while min(done) < 1:
            side = done.index(min(done))
            done[side] = next(sides[side], 1.0)
            if sum(tally.waiting for tally in self._tallies.values()) > MAX_WAITING:
                return False
        return True

    def _feed_metrics(self) -> Iterator[float]:
        """Feed chunk by chunk, and yield which part of it was read."""
        source = self._metrics
        make = CsvMetricsProbe if source.path.endswith(".csv") else JsonlMetricsProbe
        probe, read = make(self._metric_sink), 0
        for chunk in source.chunks():
            probe.feed(chunk)
            probe.settle()
            read += len(chunk)
            yield min(read / source.size, 0.999) if source.size else 0.999
        probe.content()

    def _feed_events(self) -> Iterator[float]:
        size = sum(source.size for source in self._events) or 1
        read = 0
        for source in self._events:
            probe = EventsProbe(self._event_sinks(source.path), self._taker_back(posixpath.dirname(source.path)))
            for chunk in source.chunks():
                probe.feed(chunk)
                probe.settle()
                read += len(chunk)
                yield min(read / size, 0.999)
            probe.content()

    def _metric_sink(self, series: str) -> Points:
        tally = self._tallies.get(series)
        return _Sink(tally.metric if tally else _ignore)

    def _event_sinks(self, path: str) -> Callable[[str], OrderedPoints]:
        folder = posixpath.dirname(path)

        def sink(tag: str) -> OrderedPoints:
            tally = self._places.get((path, tag))
            return _Sink((lambda steps, values: tally.event(steps, values, folder)) if tally else _ignore)

        return sink

    def _taker_back(self, folder: str) -> Callable[[int], None]:
        def take_back(step: int) -> None:
            for tally in self._tallies.values():
                tally.take_back(step, folder)

        return take_back


def _ignore(steps: list[int], values: list[float]) -> None:
    """Take points that nobody asks for."""
