"""Points: the digest is the same for the same points and for no others, however they come."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runcheck.probes.points import OrderedPoints, Points, as_float32, same_points
from tests.drawing import examples

POINTS = st.lists(st.tuples(st.integers(0, 2**53 - 1), st.floats(width=32)), max_size=30)


def taken(points: list[tuple[int, float]], *cuts: int) -> OrderedPoints:
    """Return points taken in blocks."""
    series = OrderedPoints()
    for number, (step, value) in enumerate(points):
        if number in cuts:
            series.settle()
        series.steps.append(step)
        series.values.append(value)
    series.settle()
    return series


def state(points: Points) -> tuple[int, tuple[int, int]]:
    return points.count, points.digest


@given(POINTS, st.lists(st.integers(0, 30), max_size=4))
def test_blocks_make_no_difference(points: list[tuple[int, float]], cuts: list[int]) -> None:
    assert state(taken(points, *cuts)) == state(taken(points))


@given(POINTS, st.lists(st.integers(0, 30), max_size=4).map(sorted))
def test_parts_are_the_same_as_the_whole(points: list[tuple[int, float]], cuts: list[int]) -> None:
    ends = [0, *(min(cut, len(points)) for cut in cuts), len(points)]
    parts = [taken(points[start:end]) for start, end in pairwise(ends)]
    assert same_points(taken(points), parts)


@settings(max_examples=examples(300))
@given(POINTS, POINTS)
def test_other_points_have_another_digest(left: list[tuple[int, float]], right: list[tuple[int, float]]) -> None:
    same = [(step, repr(value + 0.0)) for step, value in left] == [(step, repr(value + 0.0)) for step, value in right]
    assert (state(taken(left)) == state(taken(right))) == same


@given(POINTS.filter(bool), st.data())
def test_one_damage_gives_another_digest(points: list[tuple[int, float]], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(points) - 1))
    step, value = points[at]
    changed = 2.0 if value == 1.0 else 1.0
    for damaged in (
        [*points[:at], *points[at + 1 :]],
        [*points[:at], (step, changed), *points[at + 1 :]],
        [*points[:at], (step ^ 1, value), *points[at + 1 :]],
        [*points[:at], points[at], *points[at:]],
    ):
        assert state(taken(damaged)) != state(taken(points))


@pytest.mark.parametrize("distance", [1, 2, 127, 128, 1000])
def test_two_values_that_change_places_give_another_digest(distance: int) -> None:
    points = [(step, 1 / (step + 1)) for step in range(2000)]
    swapped = list(points)
    swapped[500], swapped[500 + distance] = (500, points[500 + distance][1]), (500 + distance, points[500][1])
    assert state(taken(swapped)) != state(taken(points))


@given(st.lists(st.floats()))
def test_values_are_rounded_as_numpy_rounds_them(values: list[float]) -> None:
    with np.errstate(over="ignore", under="ignore"):
        expected = [float(np.float32(value)) for value in values]
    assert [repr(each + 0.0) for each in as_float32(values)] == [repr(each + 0.0) for each in expected]


def test_there_is_one_nan_and_one_zero() -> None:
    quiet, other = np.array([0x7FC00000, 0xFFC00123], dtype=np.uint32).view(np.float32).astype(float)
    assert as_float32([quiet, 0.0]).tobytes() == as_float32([other, -0.0]).tobytes()
    assert math.isnan(as_float32([other])[0])


@settings(max_examples=examples(300))
@given(st.lists(st.integers(0, 12), max_size=12), st.lists(st.integers(0, 12), max_size=3))
def test_every_step_that_came_late_lies_within_the_contested_ones(steps: list[int], cuts: list[int]) -> None:
    series = taken([(step, 0.0) for step in steps], *cuts)
    late = [step for at, step in enumerate(steps) if step <= max(steps[:at], default=-1)]
    if not steps:
        assert (series.low, series.high, series.contested) == (None, None, None)
        return
    assert (series.low, series.high) == (min(steps), max(steps))
    highest = [max(steps[:at]) for at, step in enumerate(steps) if at and step <= max(steps[:at])]
    assert series.contested == ((min(late), max(highest)) if late else None)
