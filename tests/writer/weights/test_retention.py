"""Which checkpoints stay, over all steps and metrics that there can be."""

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import runcheck
from runcheck.convention.aggregates import Direction
from runcheck.errors import InvalidArgumentError
from runcheck.writer.weights.retention import Keep, Ranking, surplus

VALUES = st.none() | st.floats() | st.sampled_from([0.0, -0.0, 1.0, 2.0, math.nan, math.inf, -math.inf])
COUNTS = st.none() | st.integers(1, 4)
KEEPS = st.builds(
    lambda best, last, every: Keep(best=best, by=None if best is None else "val/loss", last=last, every=every),
    COUNTS,
    COUNTS,
    st.none() | st.integers(1, 7),
)
IN_ANY_ORDER = st.dictionaries(st.integers(0, 30), VALUES, max_size=12).map(lambda drawn: list(drawn.items()))
ASCENDING = IN_ANY_ORDER.map(lambda drawn: sorted(drawn, key=lambda checkpoint: checkpoint[0]))
DIRECTIONS: st.SearchStrategy[Direction] = st.sampled_from(["min", "max"])


def is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def beats(one: tuple[int, float | None], other: tuple[int, float | None], direction: Direction) -> bool:
    """Say whether one checkpoint ranks before another: pair by pair, and without a sort."""
    (step, value), (other_step, other_value) = one, other
    if value is None or other_value is None or not (math.isfinite(value) and math.isfinite(other_value)):
        if is_finite(value) != is_finite(other_value):
            return is_finite(value)
        return step > other_step
    if value == other_value:
        return step > other_step
    return value < other_value if direction == "min" else value > other_value


@given(IN_ANY_ORDER, KEEPS, DIRECTIONS)
def test_a_checkpoint_stays_if_and_only_if_a_rule_keeps_it_or_it_is_the_newest(
    checkpoints: list[tuple[int, float | None]], keep: Keep, direction: Direction
) -> None:
    gone = surplus(checkpoints, keep, direction)
    assert gone == sorted(gone)
    for position, (step, value) in enumerate(checkpoints):
        better = sum(beats(other, (step, value), direction) for other in checkpoints)
        higher = sum(other > step for other, _ in checkpoints)
        stays = (
            (keep.best, keep.last, keep.every) == (None, None, None)
            or higher == 0
            or position == len(checkpoints) - 1
            or (keep.best is not None and better < keep.best)
            or (keep.last is not None and higher < keep.last)
            or (keep.every is not None and step % keep.every == 0)
        )
        assert (step not in gone) == stays


@given(ASCENDING, KEEPS, DIRECTIONS)
def test_to_remove_after_each_checkpoint_leaves_what_one_choice_at_the_end_leaves(
    checkpoints: list[tuple[int, float | None]], keep: Keep, direction: Direction
) -> None:
    there: list[tuple[int, float | None]] = []
    for checkpoint in checkpoints:
        there.append(checkpoint)
        gone = surplus(there, keep, direction)
        there = [each for each in there if each[0] not in gone]
    gone = surplus(checkpoints, keep, direction)
    assert there == [each for each in checkpoints if each[0] not in gone]


def test_the_newest_stays_however_bad_and_nan_is_never_best() -> None:
    rising = [(100, 1.0), (200, 2.0), (300, math.nan), (400, 4.0), (500, 5.0)]
    assert surplus(rising, Keep(best=3, by="val/loss"), "min") == [300]
    assert surplus(rising, Keep(best=1, by="val/loss"), "min") == [200, 300, 400]
    assert surplus([(1, math.nan), (2, 7.0), (3, 8.0)], Keep(best=1, by="val/loss"), "min") == [1]


def test_of_equal_ones_the_newer_stays() -> None:
    assert surplus([(1, 0.5), (2, 0.5), (3, 0.9)], Keep(best=1, by="val/loss"), "min") == [1]
    assert surplus([(1, 0.0), (2, -0.0), (3, 0.9)], Keep(best=1, by="val/loss"), "min") == [1]


def test_by_default_all_stay() -> None:
    assert surplus([(step, None) for step in range(50)], Keep()) == []


def test_keep_is_a_name_of_the_package() -> None:
    assert runcheck.Keep is Keep


@pytest.mark.parametrize(
    "arguments",
    [
        {"best": 1},
        {"by": "val/loss"},
        {"best": 0, "by": "val/loss"},
        {"best": 1, "by": "loss"},
        {"best": 1, "by": "/loss"},
        {"best": 1, "by": "val/"},
        {"best": 1, "by": 3},
        {"best": True, "by": "val/loss"},
        {"last": 0},
        {"last": -1},
        {"last": 2.0},
        {"every": 0},
        {"every": "10"},
    ],
)
def test_what_keeps_nothing_or_names_no_metric_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError, match="Keep"):
        Keep(**arguments)


@pytest.fixture
def ranking() -> Ranking:
    return Ranking("val/acc/top1", "max")


@pytest.mark.parametrize(
    "metrics",
    [
        {"acc/top1": 0.5},
        {"acc": {"top1": 0.5}},
        {"loss": 1.0, "acc": {"top5": 0.9, "top1": np.float32(0.5)}},
        {"acc": {"top1": jnp.float32(0.5)}},
        {"acc/top1": np.array(0.5)},
    ],
)
def test_the_value_of_a_step_is_the_one_that_is_logged_at_it(ranking: Ranking, metrics: dict[str, object]) -> None:
    ranking.saw(3, "val", metrics)
    ranking.saw(3, "train", {"acc/top1": 0.1})
    ranking.saw(3, "val", {"acc": {"top5": 0.9}})
    ranking.expect(3, None)
    assert ranking.value(3) == 0.5


def test_what_is_logged_after_the_save_counts_and_another_step_does_not(ranking: Ranking) -> None:
    ranking.saw(2, "val", {"acc/top1": 0.2})
    ranking.expect(3, None)
    assert ranking.value(3) is None
    ranking.saw(3, "val", {"acc/top1": 0.3})
    ranking.saw(3, "val", {"acc/top1": 0.4})
    ranking.saw(4, "val", {"acc/top1": 0.5})
    assert ranking.value(3) == 0.4


@pytest.mark.parametrize("metrics", [{"val/acc/top1": 0.9}, {"val": {"acc": {"top1": 0.9}}}, {"acc/top1": 0.9}])
def test_what_the_save_was_given_goes_before_what_is_logged(ranking: Ranking, metrics: dict[str, object]) -> None:
    ranking.saw(3, "val", {"acc/top1": 0.2})
    ranking.expect(3, metrics)
    ranking.saw(3, "val", {"acc/top1": 0.3})
    assert ranking.value(3) == 0.9


def test_a_save_that_was_given_other_metrics_ranks_by_what_is_logged(ranking: Ranking) -> None:
    ranking.saw(3, "val", {"acc/top1": 0.2})
    ranking.expect(3, {"loss": 1.0})
    assert ranking.value(3) == 0.2


def test_a_step_that_is_saved_anew_does_not_rank_by_what_its_first_save_was_given(ranking: Ranking) -> None:
    ranking.expect(3, {"acc/top1": 0.9})
    ranking.expect(3, None)
    assert ranking.value(3) is None


def test_a_number_in_an_array_is_read_when_it_is_logged(ranking: Ranking) -> None:
    value = np.array(0.5)
    ranking.saw(3, "val", {"acc/top1": value})
    value[...] = 0.9
    ranking.expect(3, None)
    assert ranking.value(3) == 0.5


@pytest.mark.parametrize("is_given", [True, False])
def test_a_device_value_that_is_deleted_after_the_save_ranks_as_it_was(ranking: Ranking, is_given: bool) -> None:
    value = jnp.float32(0.5) + 0
    if not is_given:
        ranking.saw(3, "val", {"acc/top1": value})
    ranking.expect(3, {"acc/top1": value} if is_given else None)
    value.delete()
    assert ranking.value(3) == 0.5
    again = jnp.float32(0.75) + 0
    ranking.saw(3, "val", {"acc/top1": again})
    again.delete()
    assert ranking.value(3) == (0.5 if is_given else 0.75)


def test_a_device_value_that_was_deleted_before_the_save_is_no_value(ranking: Ranking) -> None:
    value = jnp.float32(0.5) + 0
    ranking.saw(3, "val", {"acc/top1": value})
    value.delete()
    ranking.expect(3, None)
    assert ranking.value(3) is None


@pytest.mark.parametrize("value", ["0.5", np.zeros(2), object()])
def test_a_metric_that_is_no_number_is_refused(ranking: Ranking, value: object) -> None:
    with pytest.raises(InvalidArgumentError, match="val/acc/top1"):
        ranking.expect(3, {"val/acc/top1": value})
