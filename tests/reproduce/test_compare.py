"""Which rows of two runs are told to differ."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcheck.reading.metrics import Row
from runcheck.reproduce.compare import compare, is_close


def rows(*values: float, metric: str = "loss") -> list[Row]:
    """Return rows of one series, steps from 0."""
    return [Row(step, "train", metric, value) for step, value in enumerate(values)]


def interleaved(*series: Sequence[Row]) -> list[Row]:
    """Return rows of series in turn."""
    return [row for turn in zip(*series, strict=True) for row in turn]


def test_the_same_rows_are_the_same() -> None:
    result = compare(rows(1.0, 0.5, math.nan, math.inf), rows(1.0, 0.5, math.nan, math.inf))
    assert result.is_same
    assert (result.original_rows, result.again_rows, result.first, result.largest) == (4, 4, None, None)


def test_the_last_bit_is_a_difference_and_within_a_tolerance_it_is_none() -> None:
    near = math.nextafter(0.5, 1)
    assert not compare(rows(0.5), rows(near)).is_same
    assert compare(rows(0.5), rows(near), rtol=1e-15).is_same


def test_the_first_and_the_largest_difference_are_named_and_all_are_counted() -> None:
    result = compare(rows(1.0, 2.0, 3.0, 4.0), rows(1.0, 2.5, 3.0, 9.0))
    assert result.differing == 2
    assert result.first is not None
    assert result.largest is not None
    assert (result.first.original, result.first.again) == (Row(1, "train", "loss", 2.0), Row(1, "train", "loss", 2.5))
    assert (result.largest.place, result.largest.distance) == (3, 5.0)


def test_series_may_stand_in_another_order_to_each_other() -> None:
    loss, accuracy = rows(1.0, 0.5), rows(0.1, 0.2, metric="accuracy")
    assert compare([*loss, *accuracy], interleaved(accuracy, loss)).is_same


def test_the_order_within_a_series_counts() -> None:
    assert compare(rows(1.0, 0.5), list(reversed(rows(1.0, 0.5)))).differing == 2


def test_rows_that_only_one_run_has_are_differences() -> None:
    fewer, more = compare(rows(1.0, 0.5), rows(1.0)), compare(rows(1.0), rows(1.0, 0.5))
    assert fewer.first is not None
    assert more.first is not None
    assert (fewer.differing, fewer.first.original, fewer.first.again) == (1, Row(1, "train", "loss", 0.5), None)
    assert (more.differing, more.first.original, more.first.again) == (1, None, Row(1, "train", "loss", 0.5))
    assert fewer.first.distance == math.inf


def test_a_series_of_another_name_is_missing_and_new() -> None:
    assert compare(rows(1.0), rows(1.0, metric="loss2")).differing == 2


def test_another_step_is_a_difference_though_the_value_is_the_same() -> None:
    assert not compare([Row(1, "train", "loss", 1.0)], [Row(2, "train", "loss", 1.0)]).is_same


def test_two_runs_without_a_row_have_shown_nothing() -> None:
    assert not compare([], []).is_same


@pytest.mark.parametrize(
    ("first", "second", "rtol", "expected"),
    [
        (0.0, -0.0, 0.0, False),
        (0.0, -0.0, 1e-9, True),
        (math.nan, math.nan, 0.0, True),
        (math.nan, 1.0, 1.0, False),
        (1.0, math.nan, 1.0, False),
        (math.inf, 1.0, 1.0, False),
        (math.inf, math.inf, 0.0, True),
        (math.inf, -math.inf, 1.0, False),
        (100.0, 101.0, 0.01, True),
        (100.0, 102.0, 0.01, False),
    ],
)
def test_values_are_close_as_the_tolerance_says(*, first: float, second: float, rtol: float, expected: bool) -> None:
    assert is_close(first, second, rtol) is expected


ROWS = st.lists(st.builds(Row, st.integers(0, 3), st.just("train"), st.sampled_from("abc"), st.floats()), max_size=8)


def of_series(all_rows: Sequence[Row]) -> dict[str, list[tuple[int, str]]]:
    """Return what each series holds; a NaN is like another."""
    found: dict[str, list[tuple[int, str]]] = {}
    for row in all_rows:
        found.setdefault(row.metric, []).append((row.step, str(row.value)))
    return found


@given(ROWS, ROWS)
def test_runs_are_the_same_where_each_series_is(original: list[Row], again: list[Row]) -> None:
    expected = of_series(original) == of_series(again) and bool(original)
    assert compare(original, again).is_same is expected
