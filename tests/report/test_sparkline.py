"""A series in one line: its shape, its extremes and what is not finite."""

import io
import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcheck.report.sparkline import ASCII, BLOCKS, Marks, marks_for, sparkline


def test_a_rising_series_rises_from_the_lowest_mark_to_the_highest() -> None:
    assert sparkline(range(8)) == "▁▂▃▄▅▆▇█"
    assert sparkline(range(7), marks=ASCII) == "_.-=+*#"


def test_a_long_series_takes_no_more_than_the_width_and_a_short_one_a_mark_a_value() -> None:
    assert sparkline(range(8000), 8) == "▁▂▃▄▅▆▇█"
    assert len(sparkline([1.0, 2.0, 3.0], 24)) == 3
    assert sparkline([], 24) == sparkline([1.0], 0) == ""


def test_a_constant_series_is_a_line_in_the_middle() -> None:
    assert sparkline([3.5] * 4) == "▄▄▄▄"


def test_a_single_peak_of_a_long_series_is_seen_at_its_full_height() -> None:
    values = [1.0] * 1000
    values[510] = 9.0
    assert sparkline(values, 10) == "▁▁▁▁▁█▁▁▁▁"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_one_value_that_is_not_finite_is_seen_among_a_thousand(value: float) -> None:
    values = [*map(float, range(1000)), value]
    assert sparkline(values, 8) == f"▁▂▃▄▅▆▇{BLOCKS.nonfinite}"
    assert sparkline([value] * 3, marks=ASCII) == "!!!"


@given(st.lists(st.floats()), st.integers(0, 40), st.sampled_from([BLOCKS, ASCII]))
def test_any_doubles_make_a_line_of_the_width(values: list[float], width: int, marks: Marks) -> None:
    line = sparkline(values, width, marks)
    assert len(line) == min(width, len(values))
    assert set(line) <= {*marks.heights, marks.nonfinite}
    assert (marks.nonfinite in line) == (width > 0 and not all(map(math.isfinite, values)))


def test_the_greatest_doubles_are_drawn() -> None:
    most = sys.float_info.max
    assert sparkline([-most, 0.0, most]) == "▁▅█"


@pytest.mark.parametrize(("encoding", "marks"), [("utf-8", BLOCKS), ("ascii", ASCII), ("latin-1", ASCII)])
def test_a_terminal_gets_blocks_where_it_can_show_them(encoding: str, marks: Marks) -> None:
    assert marks_for(io.TextIOWrapper(io.BytesIO(), encoding)) is marks
