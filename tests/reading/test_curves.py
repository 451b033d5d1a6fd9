"""Curves of series of any length: few points, no extreme lost, what is not finite seen, and bounded memory."""

import json
import math
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcheck.reading.curves import Average, Buckets, Curve, Curves, Point, read_curves
from runcheck.reading.files import UnitFiles


def written(folder: Path, rows: list[tuple[int, str, str, float]], name: str = "metrics.jsonl") -> UnitFiles:
    """Write rows as the writer does."""
    with open(folder / name, "w") as stream:
        for step, split, metric, value in rows:
            row: dict[str, object] = {"step": step, "split": split, "metric": metric, "value": value}
            if not math.isfinite(value):
                row |= {"value": None, "nonfinite": {"inf": "inf", "-inf": "-inf"}.get(str(value), "nan")}
            stream.write(json.dumps(row) + "\n")
    return UnitFiles(str(folder))


def curve(found: Curves) -> Curve:
    (only,) = found.curves
    return only


def test_a_short_series_is_told_row_by_row(tmp_path: Path) -> None:
    rows = [(step, "train", "loss", 1 / (step + 1)) for step in range(20)]
    found = read_curves(written(tmp_path, rows), "metrics.jsonl")
    assert curve(found).points == tuple(Point(step, value) for step, _, _, value in rows)
    assert curve(found).is_whole
    assert (found.rows, found.left_out, found.fault) == (20, 0, None)


def test_a_long_series_becomes_few_points_that_hold_its_ends_and_its_peaks(tmp_path: Path) -> None:
    rows = [(step, "train", "loss", math.sin(step / 7)) for step in range(50_000)]
    rows[31_415] = (31_415, "train", "loss", 99.0)
    rows[27_182] = (27_182, "train", "loss", -99.0)
    found = curve(read_curves(written(tmp_path, rows), "metrics.jsonl", buckets=100))
    assert {Point(31_415, 99.0), Point(27_182, -99.0), Point(0, 0.0), Point(49_999, rows[-1][3])} <= set(found.points)
    assert 4 * 50 - 10 < len(found.points) <= 4 * 100
    assert found.rows == 50_000
    assert not found.is_whole


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_single_value_that_is_not_finite_is_a_point_of_a_long_series(tmp_path: Path, value: float) -> None:
    rows = [(step, "train", "loss", 1.0) for step in range(5000)]
    rows[1234] = (1234, "train", "loss", value)
    points = curve(read_curves(written(tmp_path, rows), "metrics.jsonl", buckets=10)).points
    assert [(point.step, str(point.value)) for point in points if not math.isfinite(point.value)] == [
        (1234, str(value))
    ]


def test_series_are_told_apart_and_only_those_that_are_wanted_are_read(tmp_path: Path) -> None:
    rows = [(step, split, metric, 1.0) for step in range(9) for split in ("train", "test") for metric in ("a/b", "a")]
    files = written(tmp_path, rows)
    names = [(each.metric, each.split) for each in read_curves(files, "metrics.jsonl").curves]
    assert names == [("a", "test"), ("a", "train"), ("a/b", "test"), ("a/b", "train")]
    wanted = read_curves(files, "metrics.jsonl", wanted=lambda metric, split: (metric, split) == ("a/b", "test"))
    assert [(each.metric, each.split) for each in wanted.curves] == [("a/b", "test")]
    assert wanted.rows == 36


def test_csv_is_read_alike(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text("step,split,metric,value\n0,train,loss,2.5\n1,train,loss,1.5\n")
    assert curve(read_curves(UnitFiles(str(tmp_path)), "metrics.csv")).points == (Point(0, 2.5), Point(1, 1.5))


def test_a_line_that_is_no_row_is_told_and_the_others_are_drawn(tmp_path: Path) -> None:
    files = written(tmp_path, [(0, "train", "loss", 1.0), (1, "train", "loss", 2.0)])
    with open(tmp_path / "metrics.jsonl", "a") as stream:
        stream.write('broken\n{"step": 2, "split": "train", "metric": "loss", "value": 3.0}\n{"step": 3')
    found = read_curves(files, "metrics.jsonl")
    assert [point.step for point in curve(found).points] == [0, 1, 2]
    assert found.fault is not None
    assert found.fault.startswith("line 3 ")


def test_steps_that_were_logged_again_after_a_restart_are_in_order(tmp_path: Path) -> None:
    rows = [(step, "train", "loss", float(at)) for at, step in enumerate([*range(600), *range(300, 900)])]
    points = curve(read_curves(written(tmp_path, rows), "metrics.jsonl", buckets=64)).points
    assert list(points) == sorted(points, key=lambda point: point.step)
    assert (points[0].step, points[-1].step) == (0, 899)


def test_more_series_than_a_picture_shows_are_counted(tmp_path: Path) -> None:
    rows = [(step, "train", f"m{number}", 1.0) for number in range(1010) for step in range(2)]
    found = read_curves(written(tmp_path, rows), "metrics.jsonl")
    assert (len(found.curves), found.left_out) == (1000, 10)


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    """What is held at once is bounded by the buckets, whatever the steps are."""
    kept = Buckets(lambda: 500)
    tracemalloc.start()
    for block in range(60):
        steps = list(range(block * 3_000_000, (block + 1) * 3_000_000, 3000))
        kept.take(steps, [float(step % 997) for step in steps])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_500_000
    assert 4 * 250 - 10 < len(kept.points()) <= 4 * 500


STEPS = st.lists(st.tuples(st.integers(0, 2**53), st.floats()), min_size=1, max_size=200)


@given(STEPS, st.integers(1, 20), st.integers(1, 50))
def test_any_points_keep_their_extremes_and_their_ends(points: list[tuple[int, float]], limit: int, block: int) -> None:
    kept = Buckets(lambda: limit)
    for at in range(0, len(points), block):
        part = points[at : at + block]
        kept.take([step for step, _ in part], [value for _, value in part])
    found = kept.points()
    assert len(found) <= 5 * limit
    assert {(step, str(value)) for step, value in found} <= {(step, str(value)) for step, value in points}
    finite = [(step, value) for step, value in points if math.isfinite(value)]
    drawn = [point for point in found if math.isfinite(point.value)]
    assert any(not math.isfinite(value) for _, value in points) == (len(drawn) < len(found))
    if finite:
        values = [value for _, value in finite]
        assert {min(values), max(values)} <= {point.value for point in drawn}
        assert (drawn[0].step, drawn[-1].step) == (min(finite)[0], max(finite)[0])


def test_an_average_starts_at_the_first_value_and_a_gap_does_not_count() -> None:
    average = Average(0.5)
    assert [average.next(value) for value in (4.0, 4.0)] == [4.0, 4.0]
    assert math.isnan(average.next(math.nan))
    assert average.next(0.0) == pytest.approx(4 * 3 / 7)  # (4/8 + 4/4 + 0/2) / (1 - 1/8), the sum of its weights


def test_an_average_is_of_all_rows_and_not_of_the_points_that_are_drawn(tmp_path: Path) -> None:
    rows = [(step, "train", "loss", float(step % 2)) for step in range(20_000)]
    found = curve(read_curves(written(tmp_path, rows), "metrics.jsonl", buckets=50, smoothing=0.99))
    assert {value for _, value in found.points} == {0.0, 1.0}
    late = [value for step, value in found.smooth if step > 2000]
    assert late
    assert all(value == pytest.approx(0.5, abs=0.01) for value in late)
