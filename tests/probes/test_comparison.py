"""Event files against metrics: what differs is named at its step, and what only came in another way does not."""

import json
import math
import struct
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runcheck.convention.tfrecord import record
from runcheck.probes.contents import ComparisonContent
from runcheck.probes.events import EventsProbe, comparison
from runcheck.probes.events.comparison import Source, compare
from runcheck.probes.metrics import CsvMetricsProbe, JsonlMetricsProbe
from runcheck.probes.points import as_float32
from runcheck.writer.log.tensorboard import scalar_event
from tests.drawing import examples

Point = tuple[str, int, float]
Restart = int  # in the place of a point: a session starts at this step

LOSS = [("train/loss", step, 1 / (step + 1)) for step in range(1000)]
ACCURACY = [("test/accuracy", step, step / 3) for step in range(0, 1000, 50)]
ALL = sorted(LOSS + ACCURACY, key=lambda point: point[1])


def events(points: list[Point | Restart]) -> bytes:
    """Return the event file of points and starts of sessions."""
    version = record(b"\x09" + struct.pack("<d", 1.0) + b"\x1a\x0dbrain.Event:2")
    return version + b"".join(
        record(scalar_event(each[1], [(each[0].encode(), each[2])], 1.0))
        if isinstance(each, tuple)
        else record(b"\x09" + struct.pack("<d", 1.0) + scalar_event(each, [], 1.0)[9:-2] + b"\x3a\x02\x08\x01")
        for each in points
    )


def jsonl(points: list[Point]) -> bytes:
    rows = []
    for tag, step, value in points:
        split, metric = tag.split("/", 1)
        shown = {"value": value} if math.isfinite(value) else {"value": None, "nonfinite": repr(value)}
        rows.append(json.dumps({"step": step, "split": split, "metric": metric, **shown}) + "\n")
    return "".join(rows).encode()


def csv(points: list[Point]) -> bytes:
    rows = [f"{step},{tag.split('/', 1)[0]},{tag.split('/', 1)[1]},{value!r}\n" for tag, step, value in points]
    return "".join(["step,split,metric,value\n", *rows]).encode()


def source(path: str, content: bytes) -> Source:
    def chunks() -> Iterator[bytes]:
        return (content[start : start + 3000] for start in range(0, len(content), 3000))

    return Source(path, len(content), chunks)


def compared(metrics: list[Point], files: dict[str, list[Point | Restart]], form: str = "jsonl") -> ComparisonContent:
    """Compare metrics with event files, by path."""
    text = (csv if form == "csv" else jsonl)(metrics)
    probe = CsvMetricsProbe() if form == "csv" else JsonlMetricsProbe()
    probe.feed(text)
    read = []
    for path, points in files.items():
        events_probe = EventsProbe()
        events_probe.feed(events(points))
        read.append((source(path, events(points)), events_probe.content()))
        assert read[-1][1].first_break is None
    content = probe.content()
    assert not content.defects
    return compare((source(f"metrics.{form}", text), content), read)


def places(found: ComparisonContent) -> dict[str, tuple[int, int, int, int | None]]:
    return {
        series: (each.other, each.lacking, each.beyond, each.first and each.first[0])
        for series, each in found.differences.items()
    }


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_the_same_points_are_the_same(form: str) -> None:
    assert compared(ALL, {"a": [*ALL]}, form) == ComparisonContent()


@pytest.mark.parametrize("form", ["jsonl", "csv"])
@pytest.mark.parametrize("files", [{"a": ALL}, {"a": LOSS + ACCURACY}, {"1": ALL[:300], "2": ALL[300:]}])
def test_where_the_digests_are_the_same_nothing_is_read_again(
    files: dict[str, list[Point | Restart]], form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "_Pass", None)
    assert compared(ALL, files, form) == ComparisonContent()


@pytest.mark.parametrize("form", ["jsonl", "csv"])
@pytest.mark.parametrize("at", [0, 500, 999])
def test_one_damage_is_named_by_series_and_step(at: int, form: str) -> None:
    lacking = compared(ALL, {"a": [*LOSS[:at], *LOSS[at + 1 :], *ACCURACY]}, form)
    assert places(lacking) == {"train/loss": (0, 1, 0, at)}
    changed = compared(ALL, {"a": [*LOSS[:at], ("train/loss", at, 7.0), *LOSS[at + 1 :], *ACCURACY]}, form)
    assert places(changed) == {"train/loss": (1, 0, 0, at)}
    assert changed.differences["train/loss"].first == (at, 7.0, as_float32([1 / (at + 1)])[0])
    beyond = compared([point for point in ALL if point != LOSS[at]], {"a": [*ALL]}, form)
    assert places(beyond) == {"train/loss": (0, 0, 1, at)}


def test_two_values_that_change_places_are_found() -> None:
    swapped = [*LOSS[:2], ("train/loss", 2, LOSS[3][2]), ("train/loss", 3, LOSS[2][2]), *LOSS[4:]]
    assert places(compared(LOSS, {"a": [*swapped]})) == {"train/loss": (2, 0, 0, 2)}


def test_a_series_that_no_file_has_is_missing() -> None:
    assert compared(ALL, {"a": [*LOSS]}).missing == ("test/accuracy",)


def test_further_tags_are_as_the_run_likes() -> None:
    assert compared(ALL, {"a": [("lr", 3, 0.5), *ALL, ("train/norm", 3, 0.5)]}) == ComparisonContent()


@pytest.mark.parametrize("points", [ALL[::-1], LOSS + ACCURACY, [*LOSS[10:20], *LOSS[:10], *LOSS[20:], *ACCURACY]])
def test_the_order_in_a_file_makes_no_difference(points: list[Point]) -> None:
    assert compared(ALL, {"a": [*points]}) == ComparisonContent()


def test_a_resumed_run_has_the_points_of_its_later_file() -> None:
    stale = [(tag, step, value + 1) for tag, step, value in ALL if 400 <= step < 450]
    before, after = [point for point in ALL if point[1] < 400], [point for point in ALL if point[1] >= 400]
    assert compared(ALL, {"1": [*before, *stale], "2": [*after]}) == ComparisonContent()
    assert compared(ALL, {"1": [*before], "2": [*after]}) == ComparisonContent()
    assert places(compared(ALL, {"2": [*before, *stale], "1": [*after]})) == {
        "train/loss": (50, 0, 0, 400),
        "test/accuracy": (1, 0, 0, 400),
    }


def test_points_that_a_resumed_run_did_not_repeat_are_beyond_unless_a_session_took_them_back() -> None:
    metrics = [point for point in ALL if point[1] < 420]
    before = [point for point in ALL if point[1] < 450]
    after = [point for point in ALL if 400 <= point[1] < 420]
    assert places(compared(metrics, {"1": [*before], "2": [*after]})) == {"train/loss": (0, 0, 30, 420)}
    assert compared(metrics, {"1": [*before], "2": [400, *after]}) == ComparisonContent()
    assert compared(metrics, {"1": [*before, 400, *after]}) == ComparisonContent()
    assert places(compared(metrics, {"1": [*before], "a/2": [400, *after]})) == {"train/loss": (0, 0, 30, 420)}


def test_a_session_that_takes_back_what_nothing_repeats_leaves_a_lack() -> None:
    assert places(compared(LOSS, {"1": [*LOSS], "2": [990]})) == {"train/loss": (0, 10, 0, 990)}


def test_a_folder_may_stand_for_the_split() -> None:
    loss = [("loss", step, value) for _, step, value in LOSS]
    accuracy = [("accuracy", step, value) for _, step, value in ACCURACY]
    assert compared(ALL, {"train/e": [*loss], "test/e": [*accuracy]}) == ComparisonContent()
    assert compared(ALL, {"validation/e": [*loss], "test/e": [*accuracy]}).missing == ("train/loss",)
    assert places(compared(ALL, {"train/e": [*loss[1:]], "test/e": [*accuracy]})) == {"train/loss": (0, 1, 0, 0)}


def test_a_folder_below_is_another_run_where_a_file_above_has_the_series() -> None:
    summary: list[Point | Restart] = [("test/accuracy", 0, 0.99), ("train/loss", 0, 0.99)]
    assert compared(ALL, {"e": [*ALL], "hparams/e": summary}) == ComparisonContent()
    assert compared(ALL, {"version_0/e": [*ALL], "version_0/hparams/e": summary}) == ComparisonContent()
    assert places(compared(ALL, {"e": [*LOSS[1:], *ACCURACY], "train/e": [*LOSS]})) == {"train/loss": (0, 1, 0, 0)}


def test_folders_side_by_side_are_one_log_in_the_order_of_their_files() -> None:
    assert compared(ALL, {"version_0/1": [*ALL[:300]], "version_1/2": [*ALL[200:]]}) == ComparisonContent()


def test_values_are_compared_as_float32() -> None:
    values = [0.1, 1e300, -1e300, math.nan, math.inf, 1e-46, -0.0, 0.0, 16777217.0]
    points = [("train/loss", step, value) for step, value in enumerate(values)]
    assert compared(points, {"a": [*points]}) == ComparisonContent()
    assert compared(points, {"b": [*points[:6]], "c": [*points[3:]]}) == ComparisonContent()
    for at in range(len(values)):
        other = [*points[:at], ("train/loss", at, 5.0), *points[at + 1 :]]
        assert places(compared(points, {"a": [*other]})) == {"train/loss": (1, 0, 0, at)}


STEPS = st.integers(0, 8)
TAGS = st.sampled_from(["train/loss", "test/loss", "loss"])
VALUES = st.sampled_from([0.0, 0.5, 1.0, math.nan])
METRICS = st.dictionaries(st.tuples(TAGS.filter(lambda tag: "/" in tag), STEPS), VALUES, max_size=14)
FILES = st.dictionaries(
    st.sampled_from(["1", "2", "3", "train/1", "test/2", "train/3"]),
    st.lists(st.tuples(TAGS, STEPS, VALUES) | STEPS, max_size=12),
    max_size=4,
)


Places = dict[str, tuple[int, int, int, int | None]]
TAKEN_BACK = math.inf
Log = dict[str, dict[int, dict[tuple[str, int], float]]]  # by series and depth: the value by folder and step


def log_of(series: set[str], files: dict[str, list[Point | Restart]]) -> Log:
    """Return what the event files come to, in the words of the spec and with all points held."""
    log: Log = {}
    for path in sorted(files, key=lambda path: (path.rpartition("/")[2], path)):
        folder = path.rpartition("/")[0]
        tags = {each[0] for each in files[path] if isinstance(each, tuple)}
        for each in files[path]:
            if isinstance(each, int):
                for points in (points for depths in log.values() for points in depths.values()):
                    points.update({(where, at): TAKEN_BACK for where, at in points if where == folder and at >= each})
                continue
            tag, step, value = each
            name = tag if tag in series or f"{folder}/{tag}" in tags else f"{folder}/{tag}"
            points = log.setdefault(name, {}).setdefault(path.count("/"), {})
            for place in [place for place in points if place[1] == step]:
                del points[place]
            points[folder, step] = value
    return log


def by_definition(
    metrics: dict[tuple[str, int], float], files: dict[str, list[Point | Restart]]
) -> tuple[set[str], Places]:
    """Return the series that are missing and those that differ."""
    series = {tag for tag, _ in metrics}
    log = log_of(series, files)
    differences: Places = {}
    for tag in series & set(log):
        shown = {step: value for (_, step), value in log[tag][min(log[tag])].items() if value != TAKEN_BACK}
        rows = {step: value for (name, step), value in metrics.items() if name == tag}
        other = {step for step in rows.keys() & shown.keys() if repr(rows[step]) != repr(shown[step])}
        lacking, beyond = rows.keys() - shown.keys(), shown.keys() - rows.keys()
        if other or lacking or beyond:
            differences[tag] = len(other), len(lacking), len(beyond), min(other | lacking | beyond)
    return series - set(log), differences


@settings(max_examples=examples(400), deadline=None)
@given(METRICS, FILES)
def test_what_differs_is_what_the_definition_says(
    metrics: dict[tuple[str, int], float], files: dict[str, list[Point | Restart]]
) -> None:
    points = sorted(((tag, step, value) for (tag, step), value in metrics.items()), key=lambda point: point[:2])
    found = compared(points, files)
    assert (set(found.missing), places(found)) == by_definition(metrics, files)


@settings(max_examples=examples(300), deadline=None)
@given(METRICS, st.integers(0, 14), st.lists(st.tuples(STEPS, VALUES), max_size=6))
def test_a_log_that_was_resumed_is_no_difference(
    metrics: dict[tuple[str, int], float], cut: int, stale: list[tuple[int, float]]
) -> None:
    points = sorted(((tag, step, value) for (tag, step), value in metrics.items()), key=lambda point: point[1])
    again = [(tag, step, value) for tag, step, _ in points[cut:] for at, value in stale if at == step]
    files: dict[str, list[Point | Restart]] = {"1": [*points[:cut], *again], "2": [*points[cut:]]}
    in_order = sorted(((tag, step, value) for (tag, step), value in metrics.items()), key=lambda point: point[:2])
    assert compared(in_order, files) == ComparisonContent()


def test_where_too_many_points_wait_the_series_still_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "MAX_WAITING", 10)
    far = [(tag, step + 5000, value) for tag, step, value in LOSS]
    found = compared(LOSS, {"a": [*far]})
    assert not found.differences["train/loss"].whole
    assert found.unverified is None


def test_where_too_many_points_stand_twice_nothing_is_said_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "MAX_WAITING", 10)
    found = compared(LOSS, {"1": [*LOSS], "2": [*LOSS]})
    assert found.differences == {}
    assert found.unverified is not None
