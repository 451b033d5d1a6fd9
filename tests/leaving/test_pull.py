"""Runs come back from a real server of MLflow: as they were where a mirror sent them, else as what is known of them."""

import hashlib
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jax.numpy as jnp
import pytest

from runcheck.cli import main
from runcheck.writer.run import Run
from tests.checking import check
from tests.mlflow_server import Server
from tests.preloaded import Preloaded
from tests.trackers.conftest import Mirror, rows_of

SAMPLES = Path(__file__).parents[1] / "adopt/samples"
# A run that somebody else logged, with MLflow's own client in a process of its own.
FOREIGN = """
import json, sys
from mlflow.entities import Metric, Param, RunTag
from mlflow.tracking import MlflowClient

client = MlflowClient(sys.argv[1])
spec = json.loads(sys.argv[2])
found = client.get_experiment_by_name("foreign")
experiment = found.experiment_id if found else client.create_experiment("foreign")
run = client.create_run(experiment, start_time=1779885296000, run_name="Bold Cat").info.run_id
points = enumerate(spec["metrics"])
client.log_batch(
    run,
    metrics=[Metric(name, float(value), 1779885297000 + at, step) for at, (name, step, value) in points],
    params=[Param(*each) for each in spec.get("params", {}).items()],
    tags=[RunTag(*each) for each in spec.get("tags", {}).items()],
)
for path in spec.get("artifacts", ()):
    client.log_artifact(run, path, "models")
if spec.get("state"):
    client.set_terminated(run, spec["state"], end_time=1779885300000)
print(run)
"""


Pull = Callable[..., subprocess.CompletedProcess[str]]
Foreign = Callable[..., str]


@pytest.fixture
def foreign(python_with_mlflow: Preloaded, server: Server) -> Foreign:
    """Return what logs a run, and returns its id."""

    def log(**spec: object) -> str:
        words = ("-c", FOREIGN, server.address, json.dumps({"metrics": [], "state": "FINISHED", **spec}))
        done = python_with_mlflow.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()[-1]

    return log


def words_of(run: str, into: Path, *words: str) -> list[str]:
    return ["-m", "runcheck", "pull-tracker", "mlflow", run, "--into", str(into), *words]


@pytest.fixture
def pull(python_with_mlflow: Preloaded, server: Server) -> Pull:
    """Return what calls ``runcheck pull-tracker mlflow`` where MLflow is loaded."""

    def call(run: str, into: Path, *words: str) -> subprocess.CompletedProcess[str]:
        return python_with_mlflow.run(*words_of(run, into, *words), env={"MLFLOW_TRACKING_URI": server.address})

    return call


def state_of(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def one_unit_in(tree: Path) -> Path:
    (unit,) = (path.parent for path in tree.glob("model/*/*/metadata.json") if not path.parent.is_symlink())
    return unit


def errors_in(tree: Path) -> set[str]:
    return {f"{each.code} {each.message}" for each in check(tree).findings if each.is_error}


def test_a_unit_that_was_mirrored_comes_back_byte_for_byte(
    finished: Path, server: Server, pull: Pull, mirror_to_mlflow: Mirror, tmp_path: Path
) -> None:
    assert mirror_to_mlflow(finished, "--uri", server.address).returncode == 0
    back = tmp_path / "back"
    words = [*words_of(server.run(finished)["id"], back), "--uri", server.address]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True)  # where nothing is loaded before
    assert done.returncode == 0, done.stderr
    unit = back / "/".join(finished.parts[-3:])
    assert state_of(unit) == state_of(finished)
    assert os.readlink(unit.parent / "latest") == unit.name
    assert not errors_in(back)
    assert "came back as it was sent" in done.stdout
    assert "runcheck finds 0 errors" in done.stdout
    assert not list((back / ".runcheck").glob("pull-*"))
    again = pull(server.run(finished)["id"], back)
    assert "nothing to send: it is there" in again.stdout


def test_a_file_that_differs_at_the_server_is_named_and_nothing_is_kept(
    finished: Path, server: Server, mirror_to_mlflow: Mirror, python_with_mlflow: Preloaded, tmp_path: Path
) -> None:
    assert mirror_to_mlflow(finished, "--uri", server.address).returncode == 0
    run = server.run(finished)["id"]
    other = tmp_path / "config.json"
    other.write_text('{"learning_rate": 0.2}')
    script = "import sys; from mlflow.tracking import MlflowClient as C; C(sys.argv[1]).log_artifact(*sys.argv[2:])"
    assert python_with_mlflow.run("-c", script, server.address, run, str(other)).returncode == 0
    words = words_of(run, tmp_path / "back")
    done = python_with_mlflow.run(*words, env={"MLFLOW_TRACKING_URI": server.address})
    assert done.returncode == 2
    assert done.stderr.startswith(f"runcheck: mlflow {run}/")
    assert "config.json: has SHA-256" in done.stderr
    assert not list((tmp_path / "back").glob("model/*/*"))


def test_checkpoints_that_a_mirror_left_out_are_no_more_in_the_list(
    start: Callable[..., Run], server: Server, pull: Pull, mirror_to_mlflow: Mirror, tmp_path: Path
) -> None:
    with start() as run:
        for step in range(2):
            run.log(step, {"loss": 1.0})
            run.save_checkpoint(step, {"params": {"w": jnp.ones(3) * step}})
    sent = Path(run.path)
    assert mirror_to_mlflow(sent, "--uri", server.address).returncode == 0
    done = pull(server.run(sent)["id"], tmp_path / "back")
    assert "left behind: checkpoints/0: was not sent by the mirror, and is no more in SHA256SUMS" in done.stdout
    unit = one_unit_in(tmp_path / "back")
    expected = {path: digest for path, digest in state_of(sent).items() if not path.startswith("checkpoints/0/")}
    assert {**state_of(unit), "SHA256SUMS": ""} == {**expected, "SHA256SUMS": ""}
    assert not errors_in(tmp_path / "back")


def test_a_run_of_somebody_else_keeps_what_the_server_says_of_it(foreign: Foreign, pull: Pull, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Trained in /home/ada/data.\n")
    (tmp_path / "large.bin").write_bytes(b"\0" * 2001)
    metrics = [("loss", 1, 0.5), ("loss", 0, 1.0), ("loss", 2, "nan"), ("loss", 3, "inf"), ("val/loss", 0, -2.0)]
    tags = {
        "team": "vision",
        "run_type": "train",
        "mlflow.note.content": "A cat.",
        "mlflow.source.git.commit": "ab" * 20,
    }
    run = foreign(
        metrics=[*metrics, ("loss", 1, 0.25)],
        params={"lr": "0.1", "layers": "[64, 64]", "name": "adam", "seed": "7"},
        tags=tags,
        artifacts=[str(tmp_path / "notes.txt"), str(tmp_path / "large.bin")],
        state="FAILED",
    )
    done = pull(run, tmp_path / "back", "--largest", "2000", "--dataset", "cats", "--model", "mlp")
    assert done.returncode == 0, done.stderr
    unit = one_unit_in(tmp_path / "back")
    assert unit.parent.name == "cats_mlp_bold-cat"
    assert rows_of(unit) == [
        (0, "train/loss", "1.0"),
        (0, "val/loss", "-2.0"),
        (1, "train/loss", "0.25"),
        (2, "train/loss", "nan"),
        (3, "train/loss", "inf"),
    ]
    metadata = json.loads((unit / "metadata.json").read_text())
    assert json.loads((unit / "config.json").read_text()) == {"lr": 0.1, "layers": [64, 64], "name": "adam", "seed": 7}
    assert (metadata["status"], metadata["description"], metadata["seeds"]) == ("failed", "A cat.", {"seed": 7})
    assert (metadata["created_at"], metadata["finished_at"]) == ("2026-05-27T12:34:56Z", "2026-05-27T12:35:00Z")
    assert metadata["git"]["sha"] == "ab" * 20
    assert metadata["tags"] == {"run_type": "train", "experiment": "foreign", "dataset": "cats", "model": "mlp"}
    assert metadata["extensions"]["mlflow"]["tags"] == {"team": "vision"}
    assert "ada" not in (unit / "extra/models/notes.txt").read_text()
    assert not (unit / "extra/models/large.bin").exists()
    assert "left behind: 1 artifact: models/large.bin (2,001 bytes): of more than 2,000 bytes" in done.stdout
    assert "taken: 1 points were logged again later, and the later ones were taken" in done.stdout
    assert {each.split()[0] for each in errors_in(unit)} <= {"RC202", "RC105", "RC114"}  # what nobody said, and no seal


def test_a_history_comes_whole_in_pages(
    server: Server, foreign: Foreign, python_with_mlflow: Preloaded, tmp_path: Path
) -> None:
    run = foreign(metrics=[("loss", step, 1 / (step + 1)) for step in range(50)])
    script = """
import sys
import mlflow.tracking._tracking_service.client as client
from runcheck.cli import main
client.GET_METRIC_HISTORY_MAX_RESULTS = 7
sys.exit(main(sys.argv[1:]))
"""
    words = ["pull-tracker", "mlflow", run, "--uri", server.address, "--into", str(tmp_path / "back")]
    assert python_with_mlflow.run("-c", script, *words).returncode == 0
    values = [float(value) for _, _, value in rows_of(one_unit_in(tmp_path / "back"))]
    assert values == [1 / (step + 1) for step in range(50)]


def test_a_mirror_without_files_is_made_anew_from_what_it_sent(
    finished: Path, server: Server, pull: Pull, mirror_to_mlflow: Mirror, tmp_path: Path
) -> None:
    assert mirror_to_mlflow(finished, "--uri", server.address, "--artifact", "none").returncode == 0
    done = pull(server.run(finished)["id"], tmp_path / "back")
    assert done.returncode == 0, done.stderr
    unit = one_unit_in(tmp_path / "back")
    assert unit.parent.name == finished.parent.name
    sent = json.loads((finished / "metadata.json").read_text())
    back = json.loads((unit / "metadata.json").read_text())
    same = ("status", "description", "tags", "slug", "created_at")
    assert {name: back[name].partition(".")[0] if name == "created_at" else back[name] for name in same} == {
        name: sent[name].removesuffix("Z").partition(".")[0] if name == "created_at" else sent[name] for name in same
    }
    named = {"train/recall@10": "train/recall_10-2295d0cc"}
    assert rows_of(unit) == sorted((step, named.get(name, name), value) for step, name, value in rows_of(finished))


@pytest.mark.parametrize("path", ["../../outside", "model/a_b_c/v1/../../../x", "/etc"])
def test_a_unit_with_a_path_that_is_none_is_refused(foreign: Foreign, pull: Pull, tmp_path: Path, path: str) -> None:
    run = foreign(tags={"runcheck.unit": path})
    done = pull(run, tmp_path / "back")
    assert done.returncode == 2
    assert "which is the path of none" in done.stderr
    assert sorted(each.name for each in (tmp_path / "back").iterdir()) == [".runcheck"]


def test_a_run_that_goes_on_is_not_pulled_unless_somebody_says_how_it_ended(
    foreign: Foreign, pull: Pull, tmp_path: Path
) -> None:
    run = foreign(metrics=[("loss", 0, 1.0)], state="")
    done = pull(run, tmp_path / "back")
    assert (done.returncode, "says that the run is running" in done.stderr) == (2, True)
    assert pull(run, tmp_path / "back", "--status", "aborted").returncode == 0
    assert json.loads((one_unit_in(tmp_path / "back") / "metadata.json").read_text())["status"] == "aborted"


def test_what_cannot_be_asked_is_a_line_and_no_traceback(pull: Pull, tmp_path: Path) -> None:
    missing = pull("0" * 32, tmp_path / "back")
    nobody = pull("0" * 32, tmp_path / "back", "--uri", "http://ada:secret@127.0.0.1:9")
    for done in (missing, nobody):
        assert done.returncode == 2
        assert done.stderr.startswith(f"runcheck: mlflow {'0' * 32}: ")
        assert done.stderr.count("\n") == 1
        assert "secret" not in done.stderr
    assert ": no server answers at http://127.0.0.1:9; start it" in nobody.stderr


def test_nobody_says_where_the_server_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pull-tracker", "mlflow", "0" * 32, "--into", str(tmp_path / "back")]) == 2
    assert "set MLFLOW_TRACKING_URI" in capsys.readouterr().err


def test_a_folder_of_a_run_is_adopted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = next((SAMPLES / "mlruns").glob("*/*/meta.yaml")).parent
    assert main(["pull-tracker", "mlflow", str(folder), "--into", str(tmp_path / "back"), "--dataset", "digits"]) == 0
    assert "made, not sealed" in capsys.readouterr().out
    assert all(math.isfinite(float(value)) for _, _, value in rows_of(one_unit_in(tmp_path / "back")))
