"""The tracker interface over a tree: what is taken when, what is refused, and what is on the disk."""

import json
import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import runcheck
from runcheck.errors import InvalidArgumentError, RuncheckError
from runcheck.tracking import LocalTracker, Tracker
from tests.checking import check


@pytest.fixture
def tracker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., LocalTracker]:
    """Make a tracker with arguments that are good unless changed."""
    monkeypatch.setenv("RUNCHECK_TRACKERS", "")

    def make(**changed: Any) -> LocalTracker:  # noqa: ANN401
        arguments: dict[str, Any] = {
            "dataset": "digits",
            "model": "mlp",
            "variant": "baseline",
            "tags": {"experiment": "digits", "run_type": "train"},
            "data": {"kind": "synthetic", "seed": 7},
            "description": "A baseline.",
        }
        return LocalTracker(tmp_path / "artefacts", **{**arguments, **changed})

    return make


def units_in(tree: Path) -> list[Path]:
    return sorted(path.parent for path in tree.glob("model/*/*/metadata.json") if not path.parent.is_symlink())


def train(tracker: Tracker) -> None:
    """Train as a script does that knows the interface alone."""
    with tracker.start_run():
        tracker.log_params({"lr": 0.1, "seed": 3})
        tracker.log_params({"layers": [64, 64]})
        for step in range(3):
            tracker.log_metrics({"loss": 1 / (step + 1), "val/accuracy": np.float32(0.5)}, step)


def test_a_script_that_knows_five_calls_leaves_a_unit_that_conforms(
    tracker: Callable[..., LocalTracker], tmp_path: Path
) -> None:
    train(tracker())
    (unit,) = units_in(tmp_path / "artefacts")
    run = runcheck.load(unit)
    assert isinstance(run, runcheck.LoadedRun)
    assert run.status == "completed"
    assert run.config == {"lr": 0.1, "seed": 3, "layers": [64, 64]}
    assert run.metadata["seeds"] == {"seed": 3}
    assert [tuple(row) for row in run.rows()][:2] == [(0, "train", "loss", 1.0), (0, "val", "accuracy", 0.5)]
    assert not [each for each in check(tmp_path / "artefacts").findings if each.is_error]


def test_parameters_after_the_first_metric_and_after_the_end_are_refused(tracker: Callable[..., LocalTracker]) -> None:
    one = tracker()
    with pytest.raises(RuncheckError, match="no run is started; call start_run first"):
        one.log_params({"lr": 0.1})
    one.start_run()
    one.log_params({"lr": 0.1})
    with pytest.raises(InvalidArgumentError, match=r"the parameter lr is 0\.1 already, and not 0\.2"):
        one.log_params({"lr": 0.2})
    one.log_metrics({"loss": 1.0}, 0)
    with pytest.raises(RuncheckError, match="the parameters depth come after its first metric or artifact"):
        one.log_params({"depth": 2})
    one.end_run()
    ended = "the run is ended; start another one with start_run"
    with pytest.raises(RuncheckError, match=ended):
        one.log_params({"depth": 2})
    with pytest.raises(RuncheckError, match=ended):
        one.log_metrics({"loss": 1.0}, 1)
    with pytest.raises(RuncheckError, match=ended):
        one.end_run()


def test_what_is_not_finite_is_kept_flagged_and_warned_of_once(tracker: Callable[..., LocalTracker]) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with tracker().start_run() as one:
            for step, value in enumerate((1.0, math.nan, np.float32("inf"), -math.inf)):
                one.log_metrics({"loss": value}, step)
            path = one.run.path
    assert [str(each.message) for each in told if "loss" in str(each.message)] == [
        f"runcheck: {path}: loss is nan at step 1; it is kept as such"
    ]
    rows = [json.loads(line) for line in Path(path, "metrics.jsonl").read_text().splitlines()]
    assert [row.get("nonfinite", row["value"]) for row in rows] == [1.0, "nan", "inf", "-inf"]


@pytest.mark.parametrize("value", ["0.5", None, [1.0, 2.0], 1 + 2j])
def test_what_is_no_number_is_refused_and_nothing_of_the_call_is_written(
    tracker: Callable[..., LocalTracker], value: object
) -> None:
    with tracker() as one:
        with pytest.raises(InvalidArgumentError, match="loss"):
            one.log_metrics({"accuracy": 1.0, "loss": value}, 0)
        one.log_metrics({"accuracy": 0.5}, 0)
        path = one.run.path
    assert [json.loads(line)["value"] for line in Path(path, "metrics.jsonl").read_text().splitlines()] == [0.5]


def test_an_artifact_beyond_the_limit_is_refused_with_both_sizes(
    tracker: Callable[..., LocalTracker], tmp_path: Path
) -> None:
    (tmp_path / "small.bin").write_bytes(b"\0" * 1000)
    (tmp_path / "large.bin").write_bytes(b"\0" * 1001)
    with tracker(largest=1000) as one:
        one.log_artifact(tmp_path / "small.bin", "kept/small.bin")
        with pytest.raises(InvalidArgumentError, match=r"large\.bin' has 1,001 bytes, and an artifact may have 1,000"):
            one.log_artifact(tmp_path / "large.bin")
        with pytest.raises(InvalidArgumentError, match="is no file"):
            one.log_artifact(tmp_path / "none.bin")
        path = one.run.path
    assert [each.name for each in Path(path, "extra").rglob("*.bin")] == ["small.bin"]


def test_the_limit_is_a_hundred_megabytes_where_nobody_says(
    tracker: Callable[..., LocalTracker], tmp_path: Path
) -> None:
    with (tmp_path / "large.bin").open("wb") as stream:
        stream.truncate(100_000_001)
    with tracker() as one, pytest.raises(InvalidArgumentError, match="has 100,000,001 bytes"):
        one.log_artifact(tmp_path / "large.bin")


def test_an_error_before_the_first_metric_leaves_a_run_that_failed(
    tracker: Callable[..., LocalTracker], tmp_path: Path
) -> None:
    def train() -> None:
        with tracker().start_run() as one:
            one.log_params({"lr": 0.1})
            raise ValueError("no data")

    with pytest.raises(ValueError, match="no data"):
        train()
    (unit,) = units_in(tmp_path / "artefacts")
    metadata = json.loads((unit / "metadata.json").read_text())
    assert (metadata["status"], metadata["error"]) == ("failed", "ValueError: no data")


def test_a_tracker_has_one_run_after_another(tracker: Callable[..., LocalTracker], tmp_path: Path) -> None:
    one = tracker()
    for variant in ("a", "b"):
        one.start_run(variant)
        with pytest.raises(RuncheckError, match="is started and not ended"):
            one.start_run()
        one.log_params({"variant": variant})
        one.end_run("aborted" if variant == "b" else "completed")
    first, second = units_in(tmp_path / "artefacts")
    assert (first.parent.name, second.parent.name) == ("digits_mlp_a", "digits_mlp_b")
    assert json.loads((second / "config.json").read_text()) == {"variant": "b"}
    assert json.loads((second / "metadata.json").read_text())["status"] == "aborted"


def test_a_name_that_does_not_fit_is_refused_before_anything_is_trained(tracker: Callable[..., LocalTracker]) -> None:
    with pytest.raises(InvalidArgumentError, match="variant"):
        tracker(variant="My Run")
    with pytest.raises(InvalidArgumentError, match="run_type"):
        tracker(tags={"experiment": "digits"})
