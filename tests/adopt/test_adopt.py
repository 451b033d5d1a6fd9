"""Runs that other tools wrote become units: what they say is there, what they do not say is told."""

import hashlib
import json
import struct
from pathlib import Path

import jax.numpy as jnp
import orbax.checkpoint as ocp
import pytest
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from runcheck.adopt.adopt import adopt
from runcheck.adopt.found import Points
from runcheck.adopt.unit import Given
from runcheck.cli import main
from runcheck.errors import CannotReadError, InvalidArgumentError
from runcheck.pipeline import check

SAMPLES = Path(__file__).parent / "samples"
FIXTURES = Path(__file__).parents[2] / "fixtures/conventions"
MLFLOW = next((SAMPLES / "mlruns").glob("*/*/meta.yaml")).parent


def state_of(folder: Path) -> dict[str, str]:
    """Return what a folder holds."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in folder.rglob("*")
    }


def rows_of(unit: str) -> list[tuple[object, ...]]:
    lines = Path(unit, "metrics.jsonl").read_text().splitlines()
    return [tuple(json.loads(line).values()) for line in lines]


def metadata_of(unit: str) -> dict[str, object]:
    document: dict[str, object] = json.loads(Path(unit, "metadata.json").read_text())
    return document


def errors_in(unit: str) -> set[str]:
    return {f"{each.code} {each.message}" for each in check(unit).findings if each.is_error}


def test_a_run_of_a_tracker_keeps_its_times_its_status_and_its_rows(tmp_path: Path) -> None:
    source = FIXTURES / "tracker-runs/pass-good/tree/experiments/mlp-baseline"
    before = state_of(source)
    adopted = adopt(str(source), str(tmp_path), Given("digits", "mlp", "baseline", tags={"run_type": "train"}))
    metadata = metadata_of(adopted.path)
    assert metadata["status"] == "completed"
    assert metadata["created_at"] == "2026-05-27T12:34:56Z"
    assert metadata["finished_at"] == "2026-05-27T12:40:01.500000Z"
    assert metadata["name"] == "20260527_digits_mlp_baseline"
    assert Path(adopted.path).name == "2026-05-27T12-34-56Z_0000000"
    assert json.loads(Path(adopted.path, "config.json").read_text())["layers"] == [64, 64]
    assert rows_of(adopted.path)[:2] == [(0, "train", "accuracy", 0.0), (0, "train", "loss", 2.0)]
    assert len(rows_of(adopted.path)) == 10
    assert "git" not in metadata
    assert "env" not in metadata
    assert {each.partition(":")[0] for each in adopted.missing} == {
        *("git", "env", "command", "data_provenance", "seeds", "description", "tags"),
    }
    assert adopted.left == ["1 file: artifacts/notes.txt"]
    assert not adopted.is_sealed
    assert state_of(source) == before
    lacking = {"lacks the field " + name for name in ("git", "env", "command", "data_provenance", "seeds")}
    assert errors_in(adopted.path) == {
        *(f"RC202 {each}" for each in lacking),
        "RC105 is missing; a completed model has SHA256SUMS",
        "RC114 is missing; the newest completed version is 2026-05-27T12-34-56Z_0000000",
    }


def test_a_sweep_keeps_its_commit_its_data_and_what_is_known_of_its_surroundings(tmp_path: Path) -> None:
    source = FIXTURES / "sweep-manifest/pass-good/tree/sweeps/noise-train"
    adopted = adopt(str(source), str(tmp_path), Given("noise", "sweep", "train", status="completed"))
    metadata = metadata_of(adopted.path)
    assert metadata["data_provenance"] == {"kind": "synthetic", "seed": 7}
    assert metadata["git"] == {
        "sha": "abc1234def567890abc1234def567890abc12345",
        "dirty": False,
        "branch": "main",
        "diff": None,
    }
    assert metadata["env"] == {
        "python": "3.12.4",
        "platform": "Linux-x86_64",
        "packages": {"jax": "0.6.0", "numpy": "2.1.0"},
    }
    assert metadata["seeds"] == {"master_seed": 7}
    assert Path(adopted.path).name == "2026-05-27T12-34-56Z_abc1234"
    assert rows_of(adopted.path) == [(0, "train", "loss", 1.5), (1, "train", "loss", 0.75), (2, "train", "loss", 0.5)]


def test_the_other_conventions_that_are_shipped_are_known_by_their_folders(tmp_path: Path) -> None:
    brain = FIXTURES / "brain-bundles/pass-good/tree/artifacts/brains/walker"
    adopted = adopt(str(brain), str(tmp_path), Given())
    assert rows_of(adopted.path)[:2] == [(0, "train", "loss", 1.0), (0, "train", "lr", 0.001)]
    assert (1, "eval", "reward", 12.5) in rows_of(adopted.path)
    experiment = FIXTURES / "numbered-experiments/pass-good/tree/experiments/exp_001_baseline"
    adopted = adopt(str(experiment), str(tmp_path), Given())
    assert metadata_of(adopted.path)["seeds"] == {"seed": 0}
    assert "metrics: none were found" in adopted.missing
    assert Path(adopted.path).parent.name == "unknown_unknown_baseline"


def test_event_files_of_tensorboard_itself(tmp_path: Path) -> None:
    run = tmp_path / "logs"
    for folder, tag in (("", "loss/train"), ("val", "loss")):
        writer = EventFileWriter(str(run / folder))
        for step in range(3):
            value = Summary.Value(tag=tag, simple_value=1.0 / (step + 1))
            writer.add_event(Event(wall_time=1779885296.5 + step, step=step, summary=Summary(value=[value])))
        writer.close()
    adopted = adopt(str(run), str(tmp_path / "artefacts"), Given("digits", "mlp", status="completed"))
    rows = rows_of(adopted.path)
    third = struct.unpack("<f", struct.pack("<f", 1 / 3))[0]
    assert [row for row in rows if row[1] == "train"] == [
        (0, "train", "loss", 1.0),
        (1, "train", "loss", 0.5),
        (2, "train", "loss", third),
    ]
    assert [row[3] for row in rows if row[1] == "val"] == [1.0, 0.5, third]
    assert "created_at and finished_at are the times of the first and the last event" in adopted.notes
    assert "config: no parameters were found" in adopted.missing


def test_what_is_no_scalar_in_an_event_file_is_told_as_left_behind(tmp_path: Path) -> None:
    writer = EventFileWriter(str(tmp_path / "logs"))
    for step in range(2):
        values = [
            Summary.Value(tag="loss", simple_value=1.0),
            Summary.Value(tag="image", image=Summary.Image(height=1)),
        ]
        writer.add_event(Event(step=step, summary=Summary(value=values)))
    writer.close()
    adopted = adopt(str(tmp_path / "logs"), str(tmp_path / "artefacts"), Given())
    assert len(rows_of(adopted.path)) == 2
    assert adopted.left == ["2 values that are no scalars: histograms, texts, images"]


def test_a_torn_event_file_is_not_adopted_as_if_it_were_whole(tmp_path: Path) -> None:
    writer = EventFileWriter(str(tmp_path / "logs"))
    writer.add_event(Event(step=1, summary=Summary(value=[Summary.Value(tag="loss", simple_value=1.0)])))
    writer.close()
    path = next((tmp_path / "logs").iterdir())
    whole = path.read_bytes()
    for damaged in (whole[:-3], whole[:-6] + b"x" + whole[-5:]):
        path.write_bytes(damaged)
        with pytest.raises(CannotReadError, match=r"cut short|damaged"):
            adopt(str(tmp_path / "logs"), str(tmp_path / "artefacts"), Given())
    assert not (tmp_path / "artefacts/model").exists()


def test_a_folder_of_dvclive(tmp_path: Path) -> None:
    adopted = adopt(str(SAMPLES / "dvclive"), str(tmp_path), Given("digits", "mlp", "baseline"))
    assert Path(adopted.path).name == "v1"
    rows = rows_of(adopted.path)
    assert (1, "train", "loss", 0.5) in rows
    assert (2, "train", "accuracy", None, "nan") in rows
    metadata = metadata_of(adopted.path)
    assert metadata["seeds"] == {"seed": 7}
    assert not {"status", "created_at", "name"} & metadata.keys()
    second = adopt(str(SAMPLES / "dvclive"), str(tmp_path), Given("digits", "mlp", "baseline"))
    assert Path(second.path).name == "v2"


def test_a_run_of_mlflow(tmp_path: Path) -> None:
    adopted = adopt(str(MLFLOW), str(tmp_path), Given("digits", "mlp", tags={"run_type": "train"}))
    metadata = metadata_of(adopted.path)
    assert metadata["description"] == "A small network."
    assert metadata["status"] == "completed"
    assert metadata["tags"] == {"run_type": "train", "dataset": "digits", "model": "mlp", "experiment": "digits"}
    assert (1, "val", "accuracy", 0.6) in rows_of(adopted.path)
    assert json.loads(Path(adopted.path, "config.json").read_text()) == {"layers": [64, 64], "lr": 0.1, "seed": 7}
    assert adopted.left == ["1 artifact", "the tags team"]


def test_what_is_all_there_is_sealed_registered_and_clean(tmp_path: Path) -> None:
    run = tmp_path / "src/experiments/whole"
    run.mkdir(parents=True)
    (tmp_path / "src/own.toml").write_text(WHOLE)
    (run / "all.json").write_text(json.dumps(ALL))
    (run / "metrics.jsonl").write_text('{"step": 0, "metrics": {"train/loss": 1.5}}\n')
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(run / "saved/0", {"w": jnp.ones((2, 2))})
    given = Given("digits", "mlp", "whole", tags={"experiment": "digits", "run_type": "train"})
    adopted = adopt(str(run), str(tmp_path / "artefacts"), given, str(tmp_path / "src/own.toml"))
    assert adopted.missing == []
    assert adopted.is_sealed
    assert (Path(adopted.path) / "checkpoints/0/_CHECKPOINT_METADATA").is_file()
    assert check(tmp_path / "artefacts", depth="deep").findings == ()


WHOLE = """
name = "whole"
title = "Whole"
version = "1.0"
prefix = "WH"

[names.run]
pattern = "[a-z]+"

[units.run]
path = "experiments/<run>"

[units.run.roles.all]
path = "all.json"
format = "document"

[units.run.roles.metrics]
path = "metrics.jsonl"
format = "rows"
rows.step = "/step"
rows.values = "/metrics"

[units.run.adopt]
description = "all#/about"
created = "all#/from"
finished = "all#/to"
status = "all#/status"
statuses = { ok = "completed" }
config = ["all#/config"]
seeds = ["all#/config/seed"]
git = "all#/git"
env = "all#/env"
data = "all#/data"
command = "all#/command"
"""
ALL = {
    "about": "A network of two layers.",
    "from": "2026-05-27T14:34:56+02:00",
    "to": "2026-05-27T12:40:00Z",
    "status": "ok",
    "config": {"lr": 0.1, "seed": 3},
    "git": {"sha": "0123456789abcdef0123456789abcdef01234567", "dirty": False, "branch": "main", "remote": None},
    "env": {
        "python": "3.12.4",
        "platform": "Linux",
        "packages": {"jax": "0.6.0"},
        "hardware": {"cpu": None, "cores": 4, "memory_bytes": None},
        "devices": ["cpu"],
    },
    "data": {"kind": "synthetic", "seed": 3},
    "command": ["python", "train.py"],
}


def test_a_run_that_is_running_waits_and_a_folder_of_nothing_is_told(tmp_path: Path) -> None:
    running = FIXTURES / "tracker-runs/pass-good/tree/experiments/mlp-wide"
    with pytest.raises(CannotReadError, match="says that the run is running"):
        adopt(str(running), str(tmp_path), Given())
    with pytest.raises(CannotReadError, match="is the folder of no run of"):
        adopt(str(tmp_path), str(tmp_path.parent / "artefacts"), Given())
    with pytest.raises(CannotReadError, match="which would be changed by it"):
        adopt(str(tmp_path), str(tmp_path / "artefacts"), Given())
    with pytest.raises(InvalidArgumentError, match="--dataset is 'Not A Token'"):
        adopt(str(MLFLOW), str(tmp_path), Given("Not A Token"))
    assert not (tmp_path / "model").exists()


def test_secrets_and_paths_of_a_machine_are_taken_out(tmp_path: Path) -> None:
    run = tmp_path / "experiments/a"
    run.mkdir(parents=True)
    (run / "metadata.json").write_text('{"run_name": "a", "start_time": "2026-05-27T12:00:00Z", "status": "failed"}')
    secret = "3f9d1c7a4be86205d7f31a9c0e5b842d6170fa3c"
    (run / "params.json").write_text(json.dumps({"wandb_api_key": secret, "data": "/home/ada/images.npz"}))
    (run / "metrics.jsonl").write_text('{"step": 0, "metrics": {"loss": 1}}\n')
    adopted = adopt(str(run), str(tmp_path / "artefacts"), Given())
    held = b"".join(path.read_bytes() for path in Path(adopted.path).rglob("*") if path.is_file())
    assert secret.encode() not in held
    assert b"/home/ada" not in held
    assert not {each for each in errors_in(adopted.path) if each.startswith("RC9")}


def test_points_that_a_resumed_run_logged_again_replace_the_first_ones() -> None:
    points = Points()
    for step, value in ((0, 1.0), (1, 2.0), (2, 3.0), (1, 20.0), (2, 30.0), (2, 31.0), (-1, 5.0)):
        points.add("loss", step, value)
    points.add("acc", 1, 0.5)
    assert list(points.rows()) == [(0, "loss", 1.0), (1, "acc", 0.5), (1, "loss", 20.0), (2, "loss", 31.0)]
    assert (points.replaced, points.passed_over, points.count) == (3, 1, 4)


def test_the_command_line_says_what_became_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "adopt",
        str(MLFLOW),
        "--into",
        str(tmp_path / "artefacts"),
        "--dataset",
        "digits",
        "--tag",
        "run_type=train",
    ]
    assert main(words) == 0
    told = capsys.readouterr().out
    assert "made, not sealed" in told
    assert "missing: git: nothing says it" in told
    assert "left behind: 1 artifact" in told
    assert "errors and" in told
    assert main([*words[:-1], "run_type"]) == 2
