"""Copies in the log of the real client of W&B, which is kept offline: read back, record by record."""

import getpass
import json
import os
import platform
import signal
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

import runcheck
from runcheck.adopt.found import Found
from runcheck.adopt.source import Source
from runcheck.adopt.wandb import read_wandb
from runcheck.errors import InvalidArgumentError
from runcheck.writer.run import Run
from tests.trackers.conftest import children, errors_in, log_some, mirror, process_of, rows_of


def logs_of(run: Path) -> list[Path]:
    """Return the folders of the client for a run."""
    return sorted((run.parents[2] / ".runcheck/mirrors/wandb/wandb").glob("offline-run-*"))


def copy_of(run: Path) -> Found:
    """Return what the one log of a run says."""
    (folder,) = logs_of(run)
    return read_wandb(Source(str(folder)))


def rows_in(found: Found) -> list[tuple[int, str, str]]:
    """Return the rows of a log, sorted."""
    return sorted((step, name, str(value)) for step, name, value in found.points.rows())


def test_every_row_is_in_the_log_with_its_step_also_those_that_go_back(finished: Path) -> None:
    done = mirror(finished, "wandb", "--mode", "offline")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("): 27 rows sent\n")
    found = copy_of(finished)
    assert rows_in(found) == rows_of(finished)
    assert found.status == "completed"
    assert found.name == json.loads((finished / "metadata.json").read_text())["name"]
    assert found.experiment == "digits"  # the project, by the tag
    assert found.config["optimizer"] == {"name": "adam", "betas": [0.9, 0.99]}


def test_the_log_holds_summary_and_files_and_the_label(finished: Path) -> None:
    mirror(finished, "wandb", "--mode", "offline")
    content = next(logs_of(finished)[0].glob("*.wandb")).read_bytes()
    label = json.loads((finished / "metadata.json").read_text())["label"]
    for word in ("best/train/loss", "metrics.jsonl", "summary.yaml", "SHA256SUMS", label, "experiment:digits"):
        assert word.encode() in content, word


def test_the_log_tells_nothing_of_the_machine_and_no_secret(start: Callable[..., Run], surroundings: Path) -> None:
    secret = "sk-" + "abcdefghij" * 4
    with start(config={"api_key": secret, "data": f"{surroundings}/digits"}) as run:
        run.log(0, {"loss": 1.0})
    done = mirror(Path(run.path), "wandb", "--mode", "offline", "--artifact", "none", WANDB_API_KEY="k" * 40)
    assert done.returncode == 0, done.stderr
    content = next(logs_of(Path(run.path))[0].glob("*.wandb")).read_bytes()
    told = (secret, "k" * 40, str(surroundings), surroundings.name, "runcheck/__main__", "--artifact")
    for word in (
        *told,
        platform.node() * (len(platform.node()) > 3),
        getpass.getuser() * (getpass.getuser() != "root"),
    ):
        assert not word or word.encode() not in content, word
    assert not list(surroundings.iterdir())


def test_a_second_call_sends_nothing_and_a_log_that_was_lost_in_the_middle_is_made_anew(finished: Path) -> None:
    mirror(finished, "wandb", "--mode", "offline")
    assert "all is there, 27 rows" in mirror(finished, "wandb", "--mode", "offline").stdout
    path = next(logs_of(finished)[0].glob("*.wandb"))
    path.write_bytes(path.read_bytes()[:2000])
    assert "27 rows sent" in mirror(finished, "wandb", "--mode", "offline", "--again").stdout
    assert rows_in(copy_of(finished)) == rows_of(finished)


def test_a_project_that_the_environment_names_is_not_taken_for_the_one_that_was_noted(finished: Path) -> None:
    mirror(finished, "wandb", "--mode", "offline")
    done = mirror(finished, "wandb", "--mode", "offline", WANDB_PROJECT="zzz")
    assert "project zzz" in done.stdout
    assert "27 rows sent" in done.stdout
    assert copy_of(finished).experiment == "zzz"


def test_a_run_is_followed_and_its_tree_is_green(start: Callable[..., Run]) -> None:
    with start(trackers=[runcheck.Mirror("wandb", project="team/digits", mode="offline")]) as run:
        log_some(run)
    unit = Path(run.path)
    assert rows_in(copy_of(unit)) == rows_of(unit)
    assert run.metadata["trackers"]["wandb"]["project"] == "digits"
    assert run.metadata["trackers"]["wandb"]["id"] in logs_of(unit)[0].name
    assert copy_of(unit).status == "completed"
    assert not errors_in(unit)


def test_a_run_that_failed_did_not_finish_there(start: Callable[..., Run]) -> None:
    run = start(trackers=[runcheck.Mirror("wandb", mode="offline")])
    run.log(0, {"loss": 1.0})
    with pytest.raises(ValueError, match="no"), run:
        raise ValueError("no")
    assert copy_of(Path(run.path)).status == "failed"


def test_the_service_of_the_client_is_killed_and_the_log_is_whole_all_the_same(start: Callable[..., Run]) -> None:
    with start(trackers=[runcheck.Mirror("wandb", mode="offline")]) as run:
        run.log(0, {"loss": 1.0})
        for process in children(process_of(run)):
            os.kill(process, signal.SIGKILL)
        for step in range(1, 30):
            run.log(step, {"loss": 1.0})
    assert rows_in(copy_of(Path(run.path))) == rows_of(Path(run.path))


def test_a_mirror_that_is_killed_is_told_and_made_good_later(start: Callable[..., Run]) -> None:
    run = start(trackers=[runcheck.Mirror("wandb", mode="offline")])
    run.log(0, {"loss": 1.0})
    os.kill(process_of(run), signal.SIGKILL)
    for step in range(1, 30):
        run.log(step, {"loss": 1.0})
    with pytest.warns(RuntimeWarning, match="not whole at wandb: its process died; `runcheck mirror"):
        run.finish()
    unit = Path(run.path)
    done = mirror(unit, "wandb")  # with the mode that the run asked for
    assert done.returncode == 0, done.stderr
    assert rows_in(copy_of(unit)) == rows_of(unit)


def test_without_a_key_the_run_goes_on_and_it_is_told_once(start: Callable[..., Run]) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with start(trackers=["wandb"]) as run:
            log_some(run)
    (message,) = [str(each.message) for each in told if "wandb" in str(each.message)]
    assert "W&B has no key: set WANDB_API_KEY" in message
    assert f"`runcheck mirror {run.path} --to wandb`" in message
    assert run.metadata["status"] == "completed"
    assert "trackers" not in run.metadata


def test_without_a_network_the_end_waits_for_as_long_as_was_asked(
    start: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    run = start(trackers=[runcheck.Mirror("wandb", wait_seconds=1)])
    run.log(0, {"loss": 1.0})
    with pytest.warns(RuntimeWarning, match="not whole at wandb: .*; `runcheck mirror .* sends what is missing"):
        run.finish()
    assert run.metadata["status"] == "completed"
    assert not errors_in(Path(run.path))


@pytest.mark.filterwarnings("ignore:.*not whole at wandb.*no time:RuntimeWarning")  # on a slow machine
def test_a_run_that_is_taken_up_again_keeps_one_log_of_all_its_rows(start: Callable[..., Run]) -> None:
    asked = runcheck.Mirror("wandb", mode="offline")
    run = start(trackers=[asked])
    run.log(0, {"loss": 1.0})
    with pytest.raises(runcheck.Preempted), run:
        raise runcheck.Preempted
    with start(trackers=[asked], resume=run.path) as again:
        for step in range(again.start_step, 5):
            again.log(step, {"loss": 0.5})
    assert again.path == run.path
    assert rows_in(copy_of(Path(run.path))) == rows_of(Path(run.path))


@pytest.mark.parametrize("how", ["variable", "mode", "configuration", "empty list"])
def test_mirrors_are_turned_off(
    start: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    (tmp_path / "runcheck.toml").write_text('trackers.wandb.mode = "offline"\n')
    asked: dict[str, object] = {}
    if how == "variable":
        monkeypatch.setenv("RUNCHECK_TRACKERS", "")
        asked = {"trackers": ["wandb"]}
    elif how == "mode":
        monkeypatch.setenv("WANDB_MODE", "disabled")
    elif how == "configuration":
        (tmp_path / "runcheck.toml").write_text('trackers.wandb.mode = "disabled"\n')
    else:
        asked = {"trackers": []}
    with start(**asked) as run:
        run.log(0, {"loss": 1.0})
    assert not logs_of(Path(run.path))
    assert "trackers" not in run.metadata


def test_the_configuration_asks_for_a_mirror_and_its_project_is_that_of_the_team(
    start: Callable[..., Run], tmp_path: Path
) -> None:
    (tmp_path / "runcheck.toml").write_text('wandb-project = "vision"\ntrackers.wandb.mode = "offline"\n')
    with start() as run:
        run.log(0, {"loss": 1.0})
    assert copy_of(Path(run.path)).experiment == "vision"
    assert run.metadata["trackers"]["wandb"]["project"] == "vision"


def test_a_configuration_that_does_not_hold_stops_no_training(start: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "runcheck.toml").write_text("trackers.wandb.porject = 1\n")
    with pytest.warns(RuntimeWarning, match="the run is mirrored nowhere: .*porject: is no key here"):
        run = start()
    run.finish()


def test_what_is_asked_for_is_checked_before_anything_is_written(start: Callable[..., Run], tmp_path: Path) -> None:
    for asked in ("wandb", ["wandb", "wandb"], [7]):
        with pytest.raises(InvalidArgumentError):
            start(trackers=asked)
    with pytest.raises(InvalidArgumentError, match="mode is 'now', not one of online, offline, disabled"):
        runcheck.Mirror("wandb", mode="now")  # type: ignore[arg-type]
    assert not (tmp_path / "artefacts").exists()


def test_a_place_that_takes_no_log_keeps_no_run_from_its_end(start: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "artefacts/.runcheck").mkdir(parents=True)
    (tmp_path / "artefacts/.runcheck/mirrors").write_text("in the way")
    run = start(trackers=[runcheck.Mirror("wandb", mode="offline")])
    log_some(run)
    with pytest.warns(RuntimeWarning, match="not whole at wandb: there is no place for the log of W&B"):
        run.finish()
    assert rows_of(Path(run.path))
