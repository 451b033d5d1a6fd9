import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import runcheck
from runcheck.errors import InvalidArgumentError
from tests.sweeps.trees import (
    errors,
    loss,
    start,
    train,
    train_on_a_full_disk,
    train_or_be_killed,
    train_unless_it_is_03,
    trials_of,
    units,
)

GRID: dict[str, list[object]] = {"rate": [0.1, 0.2, 0.3], "width": [8, 16]}
ROOT = Path(__file__).parents[2]


def train_and_sweep_again(config: dict[str, Any]) -> None:
    """Begin the very sweep that this is a point of, as another process would."""
    script = (
        "import runcheck; from tests.sweeps.trees import train; runcheck.sweep(train, {'rate': [0.1]}, name='rates')"
    )
    path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    done = subprocess.run([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": path}, capture_output=True)
    Path("told").write_bytes(done.stderr)
    train(config)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_every_point_of_the_grid_is_a_run_with_the_tag_and_the_unit_of_the_sweep_links_them() -> None:
    told = runcheck.sweep(train, GRID, name="rates", metric="test/loss", quiet=True)
    members = units("train")
    configs = [json.loads((Path("artefacts") / path / "config.json").read_text()) for path in members]
    expected = [{"rate": rate, "width": width} for rate in (0.1, 0.2, 0.3) for width in (8, 16)]
    assert sorted(map(str, configs)) == sorted(map(str, expected))
    metadata = json.loads((Path("artefacts") / str(told.unit) / "metadata.json").read_text())
    assert sorted(metadata["links"].values()) == sorted(members)
    assert {runcheck.load(f"artefacts/{path}").metadata["tags"]["sweep"] for path in members} == {"rates"}
    assert errors() == []


def test_the_best_point_is_the_one_with_the_least_loss() -> None:
    told = runcheck.sweep(train, GRID, metric="test/loss", quiet=True)
    assert told.config == {"rate": 0.2, "width": 8}
    best = json.loads((Path("artefacts") / str(told.best_file)).read_text())
    assert best["config"] == told.config
    assert best["value"] == min(loss({"rate": r, "width": w}) + 1 / 3 for r in (0.1, 0.2, 0.3) for w in (8, 16))
    assert str(told).splitlines()[3].split()[0] == str(best["number"])


def test_the_metrics_of_the_sweep_are_those_of_its_runs_by_their_numbers() -> None:
    told = runcheck.sweep(train, {"rate": [0.1, 0.3]}, metric="test/loss", quiet=True)
    text = (Path("artefacts") / str(told.unit) / "metrics.jsonl").read_text()
    rows = [json.loads(line) for line in text.splitlines()]
    found = {row["step"]: row["value"] for row in rows if row["metric"] == "loss"}
    assert found == {0: loss({"rate": 0.1}) + 1 / 3, 1: loss({"rate": 0.3}) + 1 / 3}


def test_too_many_points_are_refused_before_anything_is_begun() -> None:
    with pytest.raises(InvalidArgumentError, match=r"1,000 points \(10 of a x 100 of b\), and the limit is 100"):
        runcheck.sweep(train, {"a": list(range(10)), "b": list(range(100))})
    assert not Path("artefacts").exists()


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        ({}, "grid is empty"),
        ({"rate": []}, r"grid\['rate'\] is empty"),
        ({"rate": [1, 1.0]}, "twice"),
        ({"rate": "0.1"}, "give a list of values"),
    ],
)
def test_a_grid_that_is_none_is_refused_in_words(grid: dict[str, Sequence[object]], words: str) -> None:
    with pytest.raises(InvalidArgumentError, match=words):
        runcheck.sweep(train, grid)


def test_a_point_that_fails_is_told_with_its_reason_and_the_others_go_on() -> None:
    told = runcheck.sweep(train_unless_it_is_03, {"rate": [0.1, 0.3, 0.2]}, metric="test/loss", quiet=True)
    assert [each["state"] for each in told.trials] == ["completed", "failed", "completed"]
    reason = trials_of(told.unit)[1]["reason"]
    assert reason.startswith("ValueError: the rate is too high")
    assert "somebody" not in reason
    assert "second" not in reason
    assert "failed: ValueError" in str(told)
    assert errors() == []


def test_the_same_call_repeats_no_point_that_completed_and_goes_on_with_one_that_was_stopped() -> None:
    first = runcheck.sweep(train_unless_it_is_03, GRID, name="again", metric="test/loss", quiet=True)
    Path("mended").touch()
    second = runcheck.sweep(train_unless_it_is_03, GRID, name="again", metric="test/loss", quiet=True)
    assert [each["unit"] for each in second.trials] == [each["unit"] for each in first.trials]  # resumed in place
    assert {each["state"] for each in second.trials} == {"completed"}
    assert len(units("train")) == 6
    third = runcheck.sweep(train_unless_it_is_03, GRID, name="again", metric="test/loss", quiet=True)
    assert (third.unit, third.config) == (second.unit, second.config)
    assert len(units("sweep")) == 2
    assert errors() == []


def test_a_sweep_that_is_killed_goes_on_with_what_is_left(tmp_path: Path) -> None:
    script = "import runcheck; from tests.sweeps.trees import train_or_be_killed as f; runcheck.sweep(f, {}, name='k')"
    code = script.replace("{}", "{'rate': [0.1, 0.2, 0.3, 0.4]}").replace("name=", "metric='test/loss', name=")
    killed = subprocess.run([sys.executable, "-c", code], env=_env(), capture_output=True)
    assert killed.returncode == -9
    done = units("train")
    assert len(done) == 3
    assert {each.split()[0] for each in errors()} <= {"RC216"}  # of the run and of the sweep, which died without a word
    Path("mended").touch()
    told = runcheck.sweep(train_or_be_killed, {"rate": [0.1, 0.2, 0.3, 0.4]}, metric="test/loss", name="k", quiet=True)
    assert {each["state"] for each in told.trials} == {"completed"}
    assert {each["unit"] for each in told.trials[:2]} <= set(done)
    assert len(units("train")) == 5  # the one that died is left as it is
    assert len(units("sweep")) == 1
    assert {each.split()[0] for each in errors()} == {"RC216"}


def test_points_run_in_processes_of_their_own_and_one_that_is_killed_ends_no_other() -> None:
    told = runcheck.sweep(train_or_be_killed, {"rate": [0.1, 0.3, 0.2]}, metric="test/loss", jobs=2, quiet=True)
    assert [each["state"] for each in told.trials] == ["completed", "failed", "completed"]
    assert "SIGKILL" in trials_of(told.unit)[1]["reason"]
    assert trials_of(told.unit)[1]["unit"] is not None
    assert {each.split()[0] for each in errors()} == {"RC216"}  # the run that was killed says it is running


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is full is of Linux")
def test_a_full_disk_is_the_reason_of_a_trial() -> None:
    told = runcheck.sweep(train_on_a_full_disk, {"rate": [0.3, 0.2]}, metric="test/loss", quiet=True)
    assert [each["state"] for each in told.trials] == ["failed", "completed"]
    assert trials_of(told.unit)[0]["reason"] == "OSError: [Errno 28] No space left on device"
    assert errors() == []


def test_a_sweep_without_a_metric_ranks_nothing() -> None:
    told = runcheck.sweep(train, {"rate": [0.1, 0.2]}, quiet=True)
    assert told.best is None
    assert not (Path("artefacts") / str(told.unit) / "best_trial.json").exists()
    assert errors() == []


def test_where_no_point_completes_the_sweep_failed() -> None:
    told = runcheck.sweep(train_unless_it_is_03, {"rate": [0.3]}, metric="test/loss", quiet=True)
    assert runcheck.load(f"artefacts/{told.unit}").status == "failed"
    assert errors() == []


def test_a_function_that_begins_no_run_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="idle began no run below artefacts"):
        runcheck.sweep(idle, {"rate": [0.1]}, quiet=True)


def idle(config: dict[str, Any]) -> None:
    """Do nothing."""


def train_to_nothing_finite(config: dict[str, Any]) -> None:
    """Log a loss that is no number."""
    with start(config) as run:
        run.log(0, {"loss": float("nan")}, split="test")


def train_and_validate_at_02(config: dict[str, Any]) -> None:
    """Log a loss of the validation from the rate 0.2 down."""
    with start(config) as run:
        run.log(0, {"loss": 1.0}, split="val" if config["rate"] <= 0.2 else "test")


def test_a_metric_that_is_not_finite_in_its_run_fails_the_trial_and_the_others_go_on() -> None:
    told = runcheck.sweep(train_to_nothing_finite, {"rate": [0.1, 0.2]}, metric="test/loss", quiet=True)
    assert [each.get("reason") for each in told.trials] == ["its run has no finite test/loss"] * 2


def test_a_metric_that_the_runs_before_had_fails_the_trial_alone_that_lacks_it() -> None:
    told = runcheck.sweep(train_and_validate_at_02, {"rate": [0.1, 0.3, 0.2]}, metric="val/loss", quiet=True)
    assert [each["state"] for each in told.trials] == ["completed", "failed", "completed"]
    assert told.trials[1].get("reason") == "its run has no finite val/loss"


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_metric_that_the_first_run_does_not_have_stops_the_sweep_and_its_series_are_named(jobs: int) -> None:
    grid = {"rate": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]}
    with pytest.raises(InvalidArgumentError, match=r"metric is 'tst/loss'.* has no such series; did you mean test/los"):
        runcheck.sweep(train, grid, name="rates", metric="tst/loss", jobs=jobs, quiet=True)
    assert len(units("train")) <= 2 * jobs
    with pytest.raises(InvalidArgumentError, match=r"no such series; there are test/loss"):  # of a run of before, too
        runcheck.sweep(train, grid, name="rates", metric="zzz/accuracy", quiet=True)
    assert len(units("train")) <= 2 * jobs
    assert not units("sweep")
    told = runcheck.sweep(train, grid, name="rates", metric="test/loss", quiet=True)
    assert [each["state"] for each in told.trials] == ["completed"] * 6


def test_progress_says_the_best_so_far(capsys: pytest.CaptureFixture[str]) -> None:
    runcheck.sweep(train, {"rate": [0.1, 0.2, 0.3]}, metric="test/loss")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert lines[1].startswith("2/3 trial 1 0.34")
    assert lines[2].endswith("trial 1")


def test_a_run_outside_of_a_sweep_is_no_trial() -> None:
    runcheck.sweep(train, {"rate": [0.1]}, quiet=True)
    with start({"rate": 1.0}) as run:
        run.log(0, {"loss": 1.0})
    assert "trial" not in run.metadata
    assert "sweep" not in run.metadata["tags"]


def _env() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}


def test_a_sweep_that_is_under_way_is_refused_to_another_process_and_free_once_it_is_over() -> None:
    told = runcheck.sweep(train_and_sweep_again, {"rate": [0.1]}, name="rates", quiet=True)
    last = Path("told").read_text().splitlines()[-1]
    assert last.endswith(
        "CannotWriteError: the sweep rates of artefacts is under way in another process; wait for it, or give this one "
        "another name"
    )
    assert len(units("train")) == 1
    again = runcheck.sweep(train, {"rate": [0.1]}, name="rates", quiet=True)
    assert [trial["unit"] for trial in again.trials] == [trial["unit"] for trial in told.trials]
