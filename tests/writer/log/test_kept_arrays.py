"""Arrays that are deleted or donated after they were logged: all are in the file, and few are copied for it."""

import json
import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import pytest

from runcheck.writer.log.kept_arrays import KeptArrays, _copied_at_once, _copying, copies_of
from runcheck.writer.log.metric_log import MetricLog
from tests.writer.log.test_metric_log import SlowScalar, points_in

MANY = 20  # calls; those after which arrays are taken to stay are fewer


@pytest.fixture
def log(tmp_path: Path) -> MetricLog:
    return MetricLog(str(tmp_path / "metrics.jsonl"), [])


@partial(jax.jit, donate_argnums=0)
def train_step(state: dict[str, jax.Array]) -> dict[str, jax.Array]:
    return {"step": state["step"] + 1, "scale": state["scale"] * 2, "weights": state["weights"] * 0.5}


def states(steps: int) -> Iterator[dict[str, jax.Array]]:
    """Yield the states of a loop, each of which is donated to the next step."""
    state = {"step": jnp.int32(-1), "scale": jnp.float32(0.5), "weights": jnp.ones(8)}
    for _ in range(steps):
        state = train_step(state)
        yield state


def test_every_value_of_a_donated_state_has_its_row(tmp_path: Path, log: MetricLog) -> None:
    for step, state in enumerate(states(100)):
        log.log(step, {"scale": state["scale"]}, "train")
    log.close()
    assert points_in(tmp_path / "metrics.jsonl") == [("scale", step, 2.0**step) for step in range(100)]


def test_the_step_of_a_donated_state_is_a_step(tmp_path: Path, log: MetricLog) -> None:
    for state in states(100):
        log.log(state["step"], {"scale": state["scale"], "host": 0.5}, "train")  # type: ignore[arg-type]
    log.close()
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [(row["metric"], row["step"]) for row in rows] == [
        (m, step) for step in range(100) for m in ("scale", "host")
    ]


def test_an_array_that_the_caller_deletes_has_its_row(tmp_path: Path, log: MetricLog) -> None:
    for step in range(MANY):
        value = jnp.float32(step) + 1
        log.log(step, {"loss": value}, "train")
        value.delete()
    log.close()
    assert points_in(tmp_path / "metrics.jsonl") == [("loss", step, step + 1) for step in range(MANY)]


def test_of_arrays_that_stayed_so_far_one_that_is_deleted_is_told_once_and_later_ones_are_copied(
    tmp_path: Path, log: MetricLog
) -> None:
    for step in range(MANY):
        log.log(step, {"loss": jnp.float32(step)}, "train")
    log.catch_up()
    slow = SlowScalar(0.5)
    log.log(0, {"before": slow}, "train")
    for step in (100, 101):
        value = jnp.float32(step) + 0
        log.log(step, {"loss": value}, "train")
        value.delete()
    slow.done.set()
    log.catch_up()
    with pytest.warns(RuntimeWarning, match="rows of train/loss are lost: arrays were deleted, or donated") as warned:
        log.log(102, {"other": 0.5}, "train")
    assert len(warned) == 1
    for step in (103, 104):
        value = jnp.float32(step) + 0
        log.log(step, {"loss": value}, "train")
        value.delete()
    log.close()
    assert [step for metric, step, _ in points_in(tmp_path / "metrics.jsonl") if metric == "loss"] == [
        *range(MANY),
        103,
        104,
    ]


def test_arrays_that_stay_are_soon_not_copied_any_more() -> None:
    kept, value = KeptArrays(), jnp.float32(1)
    copied = [kept.kept([value])[0] is not value for _ in range(MANY)]
    assert copied[0]
    assert not copied[-1]
    assert kept.are_safe


def test_arrays_that_are_deleted_some_calls_later_are_copied_for_ever() -> None:
    kept, given = KeptArrays(), []
    for _ in range(10 * MANY):
        given.append(jnp.float32(1) + 0)
        assert kept.kept([given[-1]])[0] is not given[-1]
        if len(given) > 3:
            given[-3].delete()


@pytest.mark.parametrize(
    ("copying", "where", "is_copied"),
    [
        pytest.param(_copied_at_once, "anywhere", True, id="at once, anywhere"),
        pytest.param(_copying(), "anywhere", True, id="compiled, anywhere"),
        pytest.param(_copied_at_once, "in a trace", False, id="at once, in a trace"),
        pytest.param(_copying(), "in a trace", False, id="compiled, in a trace"),
        pytest.param(_copied_at_once, "NaN is an error", True, id="at once, NaN is an error"),
        pytest.param(_copying(), "NaN is an error", False, id="compiled, NaN is an error"),
    ],
)
def test_what_jax_does_not_copy_is_taken_as_it_is_and_what_is_no_array_too(
    copying: Any,  # noqa: ANN401
    where: str,
    is_copied: bool,
) -> None:
    value, taken = jnp.float32(math.nan if where.startswith("NaN") else 0.5), list[Any]()

    def take(x: jax.Array) -> jax.Array:
        taken.extend(copies_of([value, 0.25, None], copying))
        return x

    with jax.debug_nans(where.startswith("NaN")):
        (jax.jit(take) if where == "in a trace" else take)(jnp.ones(2))
    assert (taken[0] is not value) == is_copied
    assert str(taken[0].item()) == str(value.item())
    assert taken[1:] == [0.25, None]


def test_an_array_that_is_gone_before_it_is_logged_is_taken_as_it_is() -> None:
    gone = jnp.float32(1) + 0
    gone.delete()
    taken = copies_of([gone, 0.5])
    assert taken[0] is gone
    assert taken[1] == 0.5
