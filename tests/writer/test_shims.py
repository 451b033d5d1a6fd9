"""TensorBoard's and CLU's calls: the rows are those of the run, and what is not kept is said."""

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import runcheck
from runcheck.errors import InvalidArgumentError
from runcheck.writer.run import Run
from tests.checking import check

StartRun = Callable[..., Run]


def rows(run: Run) -> list[tuple[Any, ...]]:
    """Finish a run, see that it conforms, and return its rows."""
    run.finish()
    report = check(Path(run.path).parents[2])
    assert [(each.code, each.message) for each in report.findings if each.code != "RC208"] == []
    lines = [json.loads(line) for line in Path(run.path, "metrics.jsonl").read_text().splitlines()]
    return [(line["step"], line["split"], line["metric"], line["value"]) for line in lines]


def test_a_tag_of_tensorboard_is_a_metric_of_its_split(start: StartRun) -> None:
    run = start()
    with runcheck.SummaryWriter(run) as writer:
        writer.add_scalar("lr", np.float32(0.5), 0)
        writer.add_scalar("loss/train", jnp.float32(2), global_step=1, walltime=3.0)
        writer.add_scalar("test/accuracy", 1, 1)
        writer.add_scalars("error", {"train": 3.0, "val": 4.0, "other": 5.0}, 2)
        writer.flush()
    writer.close()
    assert sorted(rows(run)) == [
        (0, "train", "lr", 0.5),
        (1, "test", "accuracy", 1.0),
        (1, "train", "loss", 2.0),
        (2, "train", "error", 3.0),
        (2, "train", "error/other", 5.0),
        (2, "val", "error", 4.0),
    ]


def test_the_split_of_a_tag_without_one_and_what_counts_as_one_are_chosen(start: StartRun) -> None:
    run = start()
    writer = runcheck.SummaryWriter(run, "eval", splits=("fold-1",))
    writer.add_scalar("loss", 1.0, 0)
    writer.add_scalar("train/loss", 2.0, 0)
    writer.add_scalar("fold-1/loss", 3.0, 0)
    assert sorted(rows(run)) == [
        (0, "eval", "loss", 1.0),
        (0, "eval", "train/loss", 2.0),
        (0, "fold-1", "loss", 3.0),
    ]


@pytest.mark.parametrize(
    ("tag", "metric"),
    [
        ("Loss (log scale)", "Loss__log_scale_"),
        ("/loss/", "loss"),
        ("a//b", "a/b"),
        ("1st", "_1st"),
        ("caf\u00e9", "caf_"),
        ("train", "train"),
        ("loss,train", "loss_train"),
    ],
)
def test_what_a_name_cannot_hold_is_replaced_with_one_warning(start: StartRun, tag: str, metric: str) -> None:
    run = start()
    writer = runcheck.SummaryWriter(run)
    if tag == metric:
        writer.add_scalar(tag, 1.0, 0)
    else:
        with pytest.warns(RuntimeWarning, match=f"is logged as {metric} of train$") as told:
            writer.add_scalar(tag, 1.0, 0)
        assert told[0].filename == __file__
    writer.add_scalar(tag, 2.0, 1)
    assert rows(run) == [(0, "train", metric, 1.0), (1, "train", metric, 2.0)]


def test_two_tags_that_come_to_one_series_are_refused(start: StartRun) -> None:
    run = start()
    writer = runcheck.SummaryWriter(run)
    writer.add_scalar("loss/train", 1.0, 0)
    for tag in ("train/loss", "loss"):
        with pytest.raises(InvalidArgumentError, match="are both loss of train"):
            writer.add_scalar(tag, 2.0, 0)
    assert rows(run) == [(0, "train", "loss", 1.0)]


@pytest.mark.parametrize(
    ("tag", "value", "step", "words"),
    [
        ("loss", 1.0, None, "loss has no step; give global_step"),
        ("loss", "1", 0, "a metric is one number"),
        ("loss", 1.0, -1, "step is -1"),
        ("", 1.0, 0, "no name of a metric"),
        ("//", 1.0, 0, "no name of a metric"),
        ("x" * 257, 1.0, 0, "no name of a metric"),
    ],
)
def test_what_is_no_scalar_is_refused(start: StartRun, tag: str, value: Any, step: Any, words: str) -> None:  # noqa: ANN401
    run = start()
    writer = runcheck.SummaryWriter(run)
    with pytest.raises(InvalidArgumentError, match=words):
        writer.add_scalar(tag, value, step)
    with pytest.raises(InvalidArgumentError, match="split is"):
        runcheck.SummaryWriter(run, "a b")
    writer.add_scalar("good", 1.0, 0)
    assert rows(run) == [(0, "train", "good", 1.0)]


def test_arguments_are_called_as_those_of_tensorboard() -> None:
    tensorboard = pytest.importorskip("torch.utils.tensorboard", exc_type=ImportError).SummaryWriter
    for name in ("add_scalar", "add_scalars", "flush", "close"):
        ours = list(inspect.signature(getattr(runcheck.SummaryWriter, name)).parameters)
        assert list(inspect.signature(getattr(tensorboard, name)).parameters)[: len(ours)] == ours


def test_scalars_of_clu_are_logged_together_by_split(start: StartRun) -> None:
    run = start()
    writer = runcheck.MetricWriter(run, split="eval")
    writer.write_scalars(3, {"loss": jnp.float32(1), "train/loss": 2.0, "steps_per_sec": np.float64(9)})
    writer.flush()
    writer.close()
    assert sorted(rows(run)) == [
        (3, "eval", "loss", 1.0),
        (3, "eval", "steps_per_sec", 9.0),
        (3, "train", "loss", 2.0),
    ]


def test_what_clu_writes_beside_scalars_is_said_once_to_be_left_out(start: StartRun) -> None:
    run = start()
    writer = runcheck.MetricWriter(run)
    calls: list[Callable[[], None]] = [
        lambda: writer.write_hparams({"lr": 0.1}),
        lambda: writer.write_summaries(0, {}, None),
        lambda: writer.write_images(0, {}),
        lambda: writer.write_videos(0, {}),
        lambda: writer.write_audios(0, {}, sample_rate=1),
        lambda: writer.write_texts(0, {}),
        lambda: writer.write_histograms(0, {}, None),
    ]
    for call in calls:
        with pytest.warns(RuntimeWarning, match="are not kept here") as told:
            call()
        assert told[0].filename == __file__
        call()
    writer.write_scalars(0, {"loss": 1.0})
    assert rows(run) == [(0, "train", "loss", 1.0)]
