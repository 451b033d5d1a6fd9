"""Runs come back from a stand-in of W&B's service, asked by the real client; the service itself stays not verified."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from runcheck.adopt.found import Found
from runcheck.cli import main
from runcheck.leaving.wandb_said import take_rows
from tests.leaving.test_pull import errors_in, one_unit_in, state_of
from tests.preloaded import Preloaded
from tests.trackers.conftest import Mirror, rows_of
from tests.wandb_service import KEY, Service

# A run that somebody else logged, with W&B's own client in a process of its own.
FOREIGN = """
import sys
import wandb

run = wandb.init(
    entity="ada", project="cats", id="bold1", name="Bold Cat", notes="A cat.", group="pets", job_type="fit",
    tags=["run_type:train", "vision"], config={"lr": 0.1, "layers": [64, 64], "model": {"seed": 7}},
    settings=wandb.Settings(silent=True, console="off"),
)
run.define_metric("*", step_metric="epoch")
for epoch in (1, 2, 5):
    run.log({"epoch": epoch, "loss": 1 / epoch, "val/loss": float("nan") if epoch == 2 else 0.5})
run.log({"epoch": 6, "loss": float("inf"), "note": "it diverged", "weights": wandb.Histogram([1, 2, 3])})
run.summary["verdict"] = 0.75
with open("notes.txt", "w") as stream:
    stream.write("Trained in /home/ada/data.\\n")
run.save("notes.txt", policy="now")
with open("large.bin", "wb") as stream:
    stream.write(bytes(2001))
run.save("large.bin", policy="now")
artifact = wandb.Artifact("cats", type="dataset")
artifact.add_file("notes.txt")
run.log_artifact(artifact)
run.finish(exit_code=1)
"""

Pull = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def pull(service: Service, python_with_wandb: Preloaded) -> Pull:
    """Return what calls ``runcheck pull-tracker wandb`` with a key and where W&B's client is loaded."""

    def call(run: str, into: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = ("-m", "runcheck", "pull-tracker", "wandb", run, "--into", str(into), *words)
        known = {"WANDB_BASE_URL": service.address, "WANDB_API_KEY": KEY, **environment}
        return python_with_wandb.run(*command, env=known)

    return call


@pytest.fixture
def foreign(service: Service, python_with_wandb: Preloaded) -> str:
    """A run of somebody else; return how it is called."""
    done = python_with_wandb.run("-c", FOREIGN, env={"WANDB_BASE_URL": service.address, "WANDB_API_KEY": KEY})
    assert done.returncode == 0, done.stderr
    return "ada/cats/bold1"


def test_a_run_of_somebody_else_keeps_what_the_service_says_of_it(
    foreign: str, service: Service, pull: Pull, tmp_path: Path
) -> None:
    done = pull(foreign, tmp_path / "back", "--largest", "2000", "--dataset", "cats", "--model", "mlp")
    assert done.returncode == 0, done.stderr
    assert not service.unknown
    unit = one_unit_in(tmp_path / "back")
    assert unit.parent.name == "cats_mlp_bold-cat"
    assert rows_of(unit) == [
        (1, "train/loss", "1.0"),
        (1, "val/loss", "0.5"),
        (2, "train/loss", "0.5"),
        (2, "val/loss", "nan"),
        (5, "train/loss", "0.2"),
        (5, "val/loss", "0.5"),
        (6, "train/loss", "inf"),
    ]
    metadata = json.loads((unit / "metadata.json").read_text())
    config = {"lr": 0.1, "layers": [64, 64], "model": {"seed": 7}}
    assert json.loads((unit / "config.json").read_text()) == config
    assert (metadata["status"], metadata["description"]) == ("failed", "A cat.")
    assert metadata["seeds"] == {"model_seed": 7}
    assert metadata["tags"] == {"run_type": "train", "experiment": "cats", "dataset": "cats", "model": "mlp"}
    kept = {"run": foreign, "tags": ["vision"], "group": "pets", "job_type": "fit"}
    assert metadata["extensions"]["wandb"] == kept
    assert metadata["created_at"] <= metadata["finished_at"]
    assert metadata["adopted"]["env"]["python"].startswith("3.")
    assert metadata["adopted"]["env"]["packages"]["wandb"]
    assert list(unit.glob("tensorboard/*"))
    assert (unit / "extra/notes.txt").exists()
    assert "ada" not in (unit / "extra/notes.txt").read_text()
    assert not (unit / "extra/large.bin").exists()
    assert {each.split()[0] for each in errors_in(unit)} <= {"RC202", "RC105", "RC114"}  # what nobody said, and no seal
    for line in (
        "taken: 2 numbers that W&B has in words, as NaN or Infinity: here as logged",
        "left behind: 1 artifact: large.bin (2,001 bytes): of more than 2,000 bytes",
        "left behind: 1 artifact of W&B, which `wandb artifact get` brings: cats:v0 (dataset, 1,000 bytes)",
        "left behind: 2 values of the history, no number: note, weights",
        "left behind: 1 value of the summary that no row has: verdict",
    ):
        assert line in done.stdout, line


def test_a_unit_that_was_mirrored_comes_back_byte_for_byte(
    finished: Path, service: Service, pull: Pull, mirror_to_wandb: Mirror, tmp_path: Path
) -> None:
    assert mirror_to_wandb(finished).returncode == 0
    assert mirror_to_wandb(finished, "--again").returncode == 0
    (name,) = service.runs
    first, last = service.artifacts
    at = next(path for path in service.stored if path.startswith(f"/storage/{first['id']}/") and "=" in path)
    service.stored[at] += b" "  # which is asked for by nobody
    done = pull(f"ada/digits/{name}", tmp_path / "back")
    assert done.returncode == 0, done.stderr
    assert "came back as it was sent" in done.stdout
    unit = tmp_path / "back" / "/".join(finished.parts[-3:])
    assert state_of(unit) == state_of(finished)
    assert not errors_in(tmp_path / "back")
    assert not list((tmp_path / "back/.runcheck").glob("pull-*"))
    service.stored[at.replace(first["id"], last["id"])] += b" "
    damaged = pull(f"ada/digits/{name}", tmp_path / "other")
    assert damaged.returncode == 2
    assert damaged.stderr.count("\n") == 1
    assert not list((tmp_path / "other").glob("model/*/*"))


@pytest.mark.parametrize(
    ("path", "more"), [("../../out.txt", {}), ("extra/name", {"ref": "file:///etc/hostname", "birthArtifactID": None})]
)
def test_an_artifact_that_leads_out_of_itself_is_no_unit_and_is_not_fetched(  # noqa: PLR0917 - fixtures
    finished: Path,
    service: Service,
    pull: Pull,
    mirror_to_wandb: Mirror,
    tmp_path: Path,
    path: str,
    more: dict[str, str | None],
) -> None:
    assert mirror_to_wandb(finished).returncode == 0
    (name,), (artifact,) = service.runs, service.artifacts
    at = f"/storage/{artifact['id']}/manifest"
    manifest = json.loads(service.stored[at])
    manifest["contents"][path] = {**manifest["contents"]["README.md"], **more}
    service.stored[at] = json.dumps(manifest).encode()
    done = pull(f"ada/digits/{name}", tmp_path / "back")
    assert done.returncode == 0, done.stderr
    assert "left behind: 1 artifact of W&B" in done.stdout
    assert rows_of(one_unit_in(tmp_path / "back")) == rows_of(finished)
    assert not list(tmp_path.rglob("out.txt"))
    assert not list(tmp_path.rglob("extra/name"))


def test_a_mirror_without_files_comes_back_with_the_rows_that_it_sent_page_by_page(
    finished: Path, service: Service, mirror_to_wandb: Mirror, python_with_wandb: Preloaded, tmp_path: Path
) -> None:
    assert mirror_to_wandb(finished, "--artifact", "none").returncode == 0
    (name,) = service.runs
    script = """
import sys
import runcheck.leaving.wandb as leaving
from runcheck.cli import main
leaving._PAGE = 7
sys.exit(main(sys.argv[1:]))
"""
    words = ("pull-tracker", "wandb", f"ada/digits/{name}", "--uri", service.address, "--into", str(tmp_path / "back"))
    done = python_with_wandb.run("-c", script, *words, env={"WANDB_API_KEY": KEY})
    assert done.returncode == 0, done.stderr
    unit = one_unit_in(tmp_path / "back")
    assert rows_of(unit) == rows_of(finished)
    assert unit.parent.name == finished.parent.name
    sent, back = (json.loads((each / "metadata.json").read_text()) for each in (finished, unit))
    assert {name: back[name] for name in ("status", "description", "tags")} == {
        name: sent[name] for name in ("status", "description", "tags")
    }
    assert json.loads((unit / "config.json").read_text()) == json.loads((finished / "config.json").read_text())


def test_rows_that_do_not_come_are_no_run_without_rows(
    foreign: str, service: Service, pull: Pull, tmp_path: Path
) -> None:
    service.shown = 2
    done = pull(foreign, tmp_path / "back")
    assert done.returncode == 2
    assert done.stderr == f"runcheck: wandb {foreign}: has rows up to step 3, and shows them up to 1\n"
    assert not list((tmp_path / "back").glob("model/*/*"))


def test_what_cannot_be_asked_is_a_line_and_no_traceback(pull: Pull, service: Service, tmp_path: Path) -> None:
    back = tmp_path / "back"
    missing = pull("ada/digits/none", back)
    nobody = pull("ada/digits/none", back, "--uri", "http://127.0.0.1:9")
    unnamed = pull("digits", back)
    keyless = pull("ada/digits/none", back, WANDB_API_KEY="")
    for done in (missing, nobody, unnamed, keyless):
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1, done.stderr
        assert KEY not in done.stderr
    assert "wandb ada/digits/none: Could not find run" in missing.stderr
    assert "digits: is no folder, and no ENTITY/PROJECT/RUN" in unnamed.stderr
    assert keyless.stderr == "runcheck: W&B has no key: set WANDB_API_KEY, or call `wandb login`\n"


def test_a_run_that_goes_on_is_not_pulled_unless_somebody_says_how_it_ended(
    foreign: str, service: Service, pull: Pull, tmp_path: Path
) -> None:
    service.runs["bold1"].state = "running"
    done = pull(foreign, tmp_path / "back")
    assert (done.returncode, "says that the run is running" in done.stderr) == (2, True)
    assert pull(foreign, tmp_path / "back", "--status", "aborted").returncode == 0
    assert json.loads((one_unit_in(tmp_path / "back") / "metadata.json").read_text())["status"] == "aborted"


@pytest.mark.parametrize("own", [None, {"m": 7}, {"m": [None, {"2": "*", "5": 9}]}, {"m": [{"2": "*", "5": "1"}]}])
def test_whatever_defines_metrics_the_step_of_wandb_counts_where_none_is_named(own: object) -> None:
    found = Found("wandb", "a")
    rows: list[dict[str, object]] = [
        {"_step": 3, "loss": 1.0},
        {"_step": 4, "loss": "NaN"},
        {"_step": "x", "loss": 2.0},
        {"loss": None},
    ]
    take_rows(rows, own, found)
    assert [(step, tag) for step, tag, _ in found.points.rows()] == [(3, "loss"), (4, "loss")]
    assert found.points.passed_over == 1


def test_without_a_folder_and_without_a_path_nothing_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    before = dict(os.environ)
    assert main(["pull-tracker", "wandb", "ada/digits", "--into", str(tmp_path / "back")]) == 2
    assert "no ENTITY/PROJECT/RUN" in capsys.readouterr().err
    assert dict(os.environ) == before
