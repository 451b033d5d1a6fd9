"""Copies at a real server of MLflow, with its faults and its failures."""

import json
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

import runcheck
from runcheck.writer.run import Run
from tests.mlflow_server import Server
from tests.trackers.conftest import Line, Mirror, errors_in, log_some, mirror, process_of, rows_of

FLOAT_MAX = str(sys.float_info.max)


def expected(run: Path) -> list[tuple[int, str, str]]:
    """Return the rows of a run as MLflow has them: no infinity, and no ``@`` in a name."""
    shown = {"inf": FLOAT_MAX, "-inf": f"-{FLOAT_MAX}"}
    named = {"train/recall@10": "train/recall_10-2295d0cc"}
    return sorted((step, named.get(name, name), shown.get(value, value)) for step, name, value in rows_of(run))


def test_a_run_is_sent_from_its_files_and_what_is_not_as_it_was_is_told(finished: Path, server: Server) -> None:
    done = mirror(finished, "mlflow", MLFLOW_TRACKING_URI=server.address)
    assert done.returncode == 0, done.stderr
    assert "27 rows sent; 2 infinite values, which MLflow shows as 1.8e308; 2 names" in done.stdout
    assert server.rows(finished) == expected(finished)
    found = server.run(finished)
    assert found["status"] == "FINISHED"
    assert found["info"]["run_name"] == json.loads((finished / "metadata.json").read_text())["name"]
    assert found["parameters"] == {
        "learning_rate": "0.1",
        "optimizer.name": "adam",
        "optimizer.betas": "[0.9, 0.99]",
    }
    tags = found["tags"]
    assert {tags[name] for name in ("experiment", "dataset", "model", "run_type")} == {"digits", "logreg", "train"}
    assert tags["runcheck.not_carried"].startswith("2 infinite values")
    assert {"metadata.json", "metrics.jsonl", "SHA256SUMS", "summary.yaml"} <= set(server.files(finished))


def test_what_was_sent_is_not_sent_again_whatever_is_noted_here(
    finished: Path, server: Server, mirror_to_mlflow: Mirror
) -> None:
    words = ("--uri", server.address)
    assert mirror_to_mlflow(finished, *words).returncode == 0
    assert "all is there, 27 rows" in mirror_to_mlflow(finished, *words).stdout
    assert "0 rows sent; 27 rows were there" in mirror_to_mlflow(finished, *words, "--again").stdout
    for path in (finished.parents[2] / ".runcheck/mirrors").rglob("*.json"):
        path.unlink()
    assert "0 rows sent; 27 rows were there" in mirror_to_mlflow(finished, *words).stdout
    assert server.rows(finished) == expected(finished)


def test_a_server_or_an_experiment_that_the_environment_names_is_not_taken_for_the_one_that_was_noted(
    finished: Path, server: Server, mirror_to_mlflow: Mirror, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.address)
    assert "27 rows sent" in mirror_to_mlflow(finished).stdout
    assert "all is there, 27 rows" in mirror_to_mlflow(finished).stdout
    monkeypatch.setenv("MLFLOW_TRACKING_URI", line.address)
    assert "0 rows sent; 27 rows were there" in mirror_to_mlflow(finished).stdout  # it was asked
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "zzz")
    assert "experiment zzz" in (done := mirror_to_mlflow(finished)).stdout
    assert "27 rows sent" in done.stdout
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.address)
    assert "0 rows sent; 27 rows were there" in mirror_to_mlflow(finished).stdout
    monkeypatch.setenv("MLFLOW_TRACKING_URI", line.address)
    line.cut()
    done = mirror_to_mlflow(finished)
    assert (done.returncode, done.stdout) == (2, "")
    why = f"no server answers at {line.address}; start it, or give another address"
    assert done.stderr == f"runcheck: {finished}: mlflow: {why}\n"


def test_a_server_that_the_configuration_names_is_not_taken_for_the_one_that_was_noted(
    finished: Path, server: Server, mirror_to_mlflow: Mirror, line: Line, tmp_path: Path
) -> None:
    for address, told in ((server.address, "27 rows sent"), (line.address, "0 rows sent; 27 rows were there")):
        (tmp_path / "runcheck.toml").write_text(f'trackers.mlflow.uri = "{address}"\n')
        assert told in mirror_to_mlflow(finished).stdout


def test_long_parameters_are_cut_and_say_so_and_many_of_them_go_in_several_requests(
    start: Callable[..., Run], server: Server, mirror_to_mlflow: Mirror
) -> None:
    config = {"text": "x" * 7000, **{f"p{at}": at for at in range(150)}}
    with start(config=config) as run:
        run.log(0, {"loss": 1.0})
    done = mirror_to_mlflow(Path(run.path), "--uri", server.address)
    assert "the parameter text has 7,000 characters, of which the first are there" in done.stdout
    found = server.run(Path(run.path))
    assert len(found["parameters"]) == 151
    text = found["parameters"]["text"]
    assert len(text) == 6000
    assert text.startswith("xxx")
    assert "sha256:" in text
    assert "the parameter text" in found["tags"]["runcheck.not_carried"]


def test_a_run_is_followed_while_it_is_written_and_names_its_copy_before_it_is_sealed(
    start: Callable[..., Run], server: Server
) -> None:
    told = "not all of it as it is here: 2 infinite values, which MLflow shows as 1.8e308; 2 names"
    run = start(trackers=[runcheck.Mirror("mlflow", uri=server.address)])
    log_some(run)
    with pytest.warns(RuntimeWarning, match=told):
        run.finish()
    unit = Path(run.path)
    assert server.rows(unit) == expected(unit)
    found = server.run(unit)
    assert found["status"] == "FINISHED"
    assert run.metadata["trackers"]["mlflow"]["run_id"] == found["id"]
    assert json.loads((unit / "metadata.json").read_text())["trackers"] == run.metadata["trackers"]
    assert "SHA256SUMS" in server.files(unit)
    assert not errors_in(unit)


@pytest.mark.parametrize(
    ("error", "state", "status"), [(ValueError("no"), "FAILED", "failed"), (KeyboardInterrupt(), "KILLED", "aborted")]
)
def test_a_run_that_did_not_complete_is_not_finished_there(
    start: Callable[..., Run], server: Server, error: BaseException, state: str, status: str
) -> None:
    run = start(trackers=[runcheck.Mirror("mlflow", uri=server.address)])
    with pytest.raises(type(error)), run:
        raise error
    found = server.run(Path(run.path))
    assert (found["status"], found["tags"]["runcheck.status"]) == (state, status)


def test_a_service_that_is_not_there_is_told_once_and_the_run_is_sent_later(
    start: Callable[..., Run], server: Server, mirror_to_mlflow: Mirror, line: Line
) -> None:
    line.cut()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with start(trackers=[runcheck.Mirror("mlflow", uri=line.address, wait_seconds=5)]) as run:
            log_some(run)
    unit = Path(run.path)
    (message,) = [str(each.message) for each in told if "mlflow" in str(each.message)]
    assert message.startswith("runcheck: the run is not whole at mlflow: ")
    assert f"`runcheck mirror {unit} --to mlflow` sends what is missing" in message
    assert "trackers" not in run.metadata
    assert mirror_to_mlflow(unit, "--uri", server.address).returncode == 0
    assert server.rows(unit) == expected(unit)
    assert not errors_in(unit)


def test_a_service_that_goes_in_the_middle_gets_the_rest_later_and_nothing_twice(
    start: Callable[..., Run], server: Server, mirror_to_mlflow: Mirror, line: Line
) -> None:
    run = start(trackers=[runcheck.Mirror("mlflow", uri=line.address, wait_seconds=5)])
    run.log(0, {"loss": 1.0})
    process_of(run)
    line.cut()
    for step in range(1, 20):
        run.log(step, {"loss": 1.0})
    with pytest.warns(RuntimeWarning, match="not whole at mlflow"):
        run.finish()
    unit = Path(run.path)
    assert run.metadata["trackers"]["mlflow"]["run_id"] == server.run(unit)["id"]
    assert mirror_to_mlflow(unit, "--uri", server.address).returncode == 0
    assert server.rows(unit) == expected(unit)


def test_a_service_that_hangs_holds_the_end_of_a_run_for_as_long_as_was_asked(
    start: Callable[..., Run], server: Server, line: Line
) -> None:
    line.is_silent = True
    run = start(trackers=[runcheck.Mirror("mlflow", uri=line.address, wait_seconds=2)])
    run.log(0, {"loss": 1.0})
    with pytest.warns(RuntimeWarning, match="not whole at mlflow: it did not come to an end in time"):
        run.finish()
    assert run.metadata["status"] == "completed"


def test_a_training_that_is_killed_leaves_a_copy_with_all_rows_that_did_not_finish(
    start: Callable[..., Run], server: Server, mirror_to_mlflow: Mirror, tmp_path: Path
) -> None:
    script = tmp_path / "train.py"
    script.write_text(f"""
import os, runcheck
with runcheck.start_run({str(tmp_path / "artefacts")!r}, dataset="digits", model="logreg", variant="killed",
    config={{}}, seeds={{}},
    tags={{"experiment": "digits", "run_type": "train"}}, data={{"kind": "synthetic", "seed": 7}},
    description="Dies.", trackers=[runcheck.Mirror("mlflow", uri={server.address!r})]) as run:
    for step in range(30):
        run.log(step, {{"loss": 1.0}})
    print(run.path, run._mirrors._processes[0]._process.pid, flush=True)
    os.kill(os.getpid(), 9)
""")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    path, process = done.stdout.split()
    while _lives(int(process)):
        os.sched_yield()
    unit = Path(path)
    assert server.rows(unit) == rows_of(unit)
    assert server.run(unit)["status"] == "KILLED"
    assert runcheck.recover(unit).status == "aborted"
    assert "0 rows sent; 30 rows were there" in mirror_to_mlflow(unit, "--uri", server.address).stdout
    assert server.run(unit)["tags"]["runcheck.status"] == "aborted"


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_nobody_says_where_the_server_is(finished: Path) -> None:
    done = mirror(finished, "mlflow")
    assert done.returncode == 2
    assert done.stderr == "runcheck: nobody says where the server of MLflow is: set MLFLOW_TRACKING_URI\n"
