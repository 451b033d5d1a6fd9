"""What a series comes to, against a computation that holds all of its rows."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runcheck.convention.aggregates import Direction, SeriesAggregate, likely_direction, nonfinite_name

VALUES = st.one_of(
    st.floats(),
    st.sampled_from([0.0, -0.0, 1.0, -1.0, math.nan, math.inf, -math.inf, 5e-324, 1.7976931348623157e308]),
)
SERIES = st.lists(VALUES, min_size=1, max_size=30).flatmap(
    lambda values: st.tuples(
        st.lists(st.integers(0, 2**53 - 1), min_size=len(values), max_size=len(values), unique=True).map(sorted),
        st.just(values),
    )
)


@settings(max_examples=400, deadline=None)
@given(SERIES, st.sampled_from(["min", "max"]))
def test_a_series_comes_to_what_a_naive_computation_gives(
    rows: tuple[list[int], list[float]], direction: Direction
) -> None:
    steps, values = rows
    aggregate = SeriesAggregate()
    for step, value in zip(steps, values, strict=True):
        aggregate.add(step, value)
    array = np.array(values)
    finite = np.flatnonzero(np.isfinite(array))
    at = None
    if finite.size:
        pick = np.argmin if direction == "min" else np.argmax  # the first of equal ones, says NumPy
        at = int(finite[pick(array[finite])])
    summary = aggregate.summary(direction)
    last = values[-1]
    assert summary["direction"] == direction
    assert summary["best_step"] == (None if at is None else steps[at])
    assert summary["best"] == (None if at is None else values[at])
    assert summary["count"] == len(values)
    assert summary["last_step"] == steps[-1]
    assert summary["last"] == (last if np.isfinite(last) else None)
    expected = {math.inf: "inf", -math.inf: "-inf"}.get(last, "nan")
    assert summary.get("last_nonfinite") == (None if np.isfinite(last) else expected)


def test_of_equal_values_the_first_step_is_best() -> None:
    aggregate = SeriesAggregate()
    for step, value in ((3, 1.0), (5, 2.0), (7, 1.0), (9, 2.0)):
        aggregate.add(step, value)
    assert aggregate.summary("min")["best_step"] == 3
    assert aggregate.summary("max")["best_step"] == 5


def test_a_series_without_a_finite_value_has_no_best() -> None:
    aggregate = SeriesAggregate()
    aggregate.add(0, math.nan)
    aggregate.add(1, -math.inf)
    assert aggregate.summary("min") == {
        "direction": "min",
        "best": None,
        "best_step": None,
        "last": None,
        "last_nonfinite": "-inf",
        "last_step": 1,
        "count": 2,
    }


@pytest.mark.parametrize(("value", "name"), [(math.nan, "nan"), (math.inf, "inf"), (-math.inf, "-inf")])
def test_what_is_not_finite_has_a_name(value: float, name: str) -> None:
    assert nonfinite_name(value) == name


@pytest.mark.parametrize(
    "metric",
    ["loss", "val_loss", "train/Loss", "eval/cross-error", "rmse", "grad_norm", "nll", "cross_entropy", "val/ce/xent"],
)
def test_less_is_better_for_losses_and_errors(metric: str) -> None:
    assert likely_direction(metric) == "min"


@pytest.mark.parametrize(
    "metric",
    [
        "accuracy",
        "f1",
        "loss/accuracy",
        "recall@10",
        "lossless_ratio",
        "normal",
        "reward",
        "log_likelihood",
        "top-1_acc",
    ],
)
def test_more_is_better_for_all_else(metric: str) -> None:
    assert likely_direction(metric) == "max"
