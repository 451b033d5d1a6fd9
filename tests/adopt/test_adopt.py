"""Runs that other tools wrote become units: what they say is there, what they do not say is told."""

import hashlib
import json
import os
import shutil
import struct
import tracemalloc
from pathlib import Path

import jax.numpy as jnp
import orbax.checkpoint as ocp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from runcheck.adopt.adopt import adopt
from runcheck.adopt.any_order import AnyOrder
from runcheck.adopt.found import Given, Points
from runcheck.cli import main
from runcheck.convention.layout import layout
from runcheck.errors import CannotReadError, InvalidArgumentError
from runcheck.fixes.seal import seal
from tests.checking import check

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
    assert (metadata["git"], metadata["env"], metadata["command"]) == (None, None, None)
    assert metadata["adopted"] == {"from": "tracker-runs", "name": "mlp-baseline"}
    assert {each.partition(":")[0] for each in adopted.missing} == {
        *("git", "env", "command", "data_provenance", "seeds", "description", "tags"),
    }
    assert adopted.left == ["1 file: artifacts/notes.txt"]
    assert not adopted.is_whole
    assert state_of(source) == before
    lacking = {"lacks the field " + name for name in ("data_provenance", "seeds")}
    assert errors_in(adopted.path) == {
        *(f"RC202 {each}" for each in lacking),
        "RC105 is missing; a completed model has SHA256SUMS",
        "RC114 is missing; the newest completed version is 2026-05-27T12-34-56Z_0000000",
    }


def test_the_metrics_are_there_as_events_of_tensorboard_as_well(tmp_path: Path) -> None:
    adopted = adopt(str(MLFLOW), str(tmp_path), Given("digits", "mlp"))
    events = EventAccumulator(f"{adopted.path}/tensorboard", size_guidance={"scalars": 0}).Reload()
    shown = {
        (each.step, *tag.split("/", 1), each.value) for tag in events.Tags()["scalars"] for each in events.Scalars(tag)
    }
    assert shown == {(*row[:3], struct.unpack("<f", struct.pack("<f", row[3]))[0]) for row in rows_of(adopted.path)}
    assert shown
    assert not [each for each in errors_in(adopted.path) if each.startswith("RC4")]


def test_a_sweep_keeps_its_commit_its_data_and_what_is_known_of_its_surroundings(tmp_path: Path) -> None:
    source = FIXTURES / "sweep-manifest/pass-good/tree/sweeps/noise-train"
    adopted = adopt(str(source), str(tmp_path), Given("noise", "sweep", "train", status="completed"))
    metadata = metadata_of(adopted.path)
    assert metadata["data_provenance"] == {"kind": "synthetic", "seed": 7}
    assert metadata["git"] == {
        "sha": "abc1234def567890abc1234def567890abc12345",
        "dirty": False,
        "branch": "main",
        "remote": None,
        "diff": None,
    }
    assert metadata["env"] is None  # nothing says of which devices
    assert metadata["adopted"] == {
        "from": "sweep-manifest",
        "name": "2026-05-27T12-34-56Z_abc1234",
        "env": {"python": "3.12.4", "platform": "Linux-x86_64", "packages": {"jax": "0.6.0", "numpy": "2.1.0"}},
    }
    assert "env: nothing says hardware, devices; what is known of it stands in adopted" in adopted.missing
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


def events_in(folder: Path, tag: str = "loss") -> None:
    """Write an event file of one scalar, as TensorBoard does."""
    writer = EventFileWriter(str(folder))
    writer.add_event(Event(step=1, summary=Summary(value=[Summary.Value(tag=tag, simple_value=0.5)])))
    writer.close()


@pytest.mark.parametrize(
    ("folders", "runs"),
    [
        (["run-0", "run-1"], "2 runs of TensorBoard: run-0, run-1; adopt each"),
        (["a/train", "a/validation", "b/train", "b/validation"], "2 runs of TensorBoard: a, b; adopt each"),
        ([f"run-{number}" for number in range(7)], "run-0, run-1, run-2, run-3, run-4 and 2 more; adopt each"),
    ],
)
def test_several_runs_in_one_folder_are_not_made_one(tmp_path: Path, folders: list[str], runs: str) -> None:
    for folder in folders:
        events_in(tmp_path / "logs" / folder)
    with pytest.raises(CannotReadError, match=runs):
        adopt(str(tmp_path / "logs"), str(tmp_path / "artefacts"), Given())
    assert not (tmp_path / "artefacts/model").exists()
    one = adopt(str(tmp_path / "logs" / folders[0].partition("/")[0]), str(tmp_path / "artefacts"), Given())
    assert rows_of(one.path)


@pytest.mark.parametrize(
    ("folders", "series"),
    [
        (["train", "validation"], {("train", "loss"), ("validation", "loss")}),
        (["tensorboard/train", "tensorboard/eval"], {("train", "loss"), ("eval", "loss")}),
        (["version_0"], {("train", "loss")}),
        (["", "eval"], {("train", "loss"), ("eval", "loss")}),
        (["train", "infer_eval/cifar"], {("train", "loss"), ("train", "infer_eval/cifar/loss")}),  # as T5X does
        (["", "loss_a", "loss_b"], {("train", "loss"), ("train", "loss_a/loss"), ("train", "loss_b/loss")}),
    ],
)
def test_folders_that_are_parts_of_a_run_are_its_splits_and_tags(
    tmp_path: Path, folders: list[str], series: set[tuple[str, str]]
) -> None:
    for folder in folders:
        events_in(tmp_path / "logs" / folder)
    adopted = adopt(str(tmp_path / "logs"), str(tmp_path / "artefacts"), Given())
    assert {(row[1], row[2]) for row in rows_of(adopted.path)} == series
    assert any("parts of one run" in each for each in adopted.notes) == (folders != ["version_0"])


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
    assert metadata["extensions"] == {"mlflow": {"tags": {"team": "vision"}}}
    assert Path(adopted.path, "extra/notes.txt").read_bytes() == (MLFLOW / "artifacts/notes.txt").read_bytes()
    assert adopted.left == []


def test_steps_of_mlflow_in_any_order_are_no_run_that_was_taken_up_again(tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(MLFLOW, run)
    lines = ["10 0.9 0", "20 0.7 2", "21 0.8 1", "30 0.5 4", "29 0.6 3", "40 0.4 5", "41 0.45 5", "5 9.0 4", "6 1.0 -1"]
    (run / "metrics/train_loss").write_text("".join(f"{line}\n" for line in lines))
    adopted = adopt(str(run), str(tmp_path / "artefacts"), Given())
    loss = [(row[0], row[3]) for row in rows_of(adopted.path) if row[2] == "train_loss"]
    assert loss == [(0, 0.9), (1, 0.8), (2, 0.7), (3, 0.6), (4, 0.5), (5, 0.45)]
    assert "2 points were logged again later, and the later ones were taken" in adopted.notes
    assert "metrics: 1 points have no step from 0, and were left out" in adopted.missing


@given(st.lists(st.tuples(st.integers(0, 8), st.floats(0, 1), st.integers(0, 4)), max_size=30))
def test_of_each_step_in_any_order_the_last_moment_counts(logged: list[tuple[int, float, int]]) -> None:
    series = AnyOrder()
    last: dict[int, tuple[int, float]] = {}
    for step, value, moment in logged:
        series.add(step, value, moment)
        if step not in last or moment >= last[step][0]:
            last[step] = moment, value
    assert list(series.points()) == [(step, value) for step, (_, value) in sorted(last.items())]
    assert series.replaced == len(logged) - len(last)


def fill_in(unit: str) -> Path:
    """Say of an adopted run what a person can know, and return the path of its metadata."""
    path = Path(unit, "metadata.json")
    known = {"data_provenance": {"kind": "synthetic", "seed": 7}}
    path.write_text(json.dumps(json.loads(path.read_text()) | known))
    readme = Path(unit, "README.md")
    readme.write_text(readme.read_text().replace(layout().readme_placeholder, "Nobody knows."))
    return path


def test_a_run_of_which_nothing_says_the_machine_and_the_command_can_be_sealed(tmp_path: Path) -> None:
    given = Given("digits", "mlp", tags={"run_type": "train"})
    adopted = adopt(str(MLFLOW), str(tmp_path), given)
    path = fill_in(adopted.path)
    assert seal(adopted.path, check).refused is None
    found = {each.code: each.level.value for each in check(adopted.path).findings}
    assert found == {"RC208": "warning", "RC222": "warning"}
    path.write_text(json.dumps({key: value for key, value in json.loads(path.read_text()).items() if key != "adopted"}))
    assert {f"RC202 null is not of type {each}" for each in ('"object"', '"array"')} <= errors_in(adopted.path)


def test_a_run_of_which_the_commit_alone_is_known_can_be_sealed_and_says_what_nobody_recorded(tmp_path: Path) -> None:
    run = shutil.copytree(MLFLOW, tmp_path / "source")
    for tag, text in (("commit", "ab" * 20), ("repoURL", "https://ada:secret-word@example.org/team/digits.git")):
        (run / f"tags/mlflow.source.git.{tag}").write_text(text)
    adopted = adopt(
        str(run),
        str(tmp_path / "artefacts"),
        Given("digits", "mlp", tags={"experiment": "digits", "run_type": "train"}),
    )
    assert "git.dirty: nothing says it" in adopted.missing
    git = json.loads(fill_in(adopted.path).read_text())["git"]
    assert git == {"sha": "ab" * 20, "dirty": None, "branch": None, "remote": git["remote"], "diff": None}
    assert "secret-word" not in git["remote"]
    assert seal(adopted.path, check).refused is None
    assert [each.code for each in check(adopted.path).findings if each.pointer == "/git/dirty"] == ["RC222"]


def test_what_is_all_there_is_sealed_registered_and_clean(tmp_path: Path) -> None:
    run = whole_run(tmp_path)
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(run / "saved/0", {"w": jnp.ones((2, 2))})
    given = Given("digits", "mlp", "whole", tags={"experiment": "digits", "run_type": "train"})
    adopted = adopt(str(run), str(tmp_path / "artefacts"), given, str(tmp_path / "src/own.toml"))
    assert adopted.missing == []
    assert adopted.is_whole
    assert (Path(adopted.path) / "checkpoints/0/_CHECKPOINT_METADATA").is_file()
    assert seal(adopted.path, check).refused is None
    assert check(tmp_path / "artefacts", depth="deep").findings == ()


def whole_run(folder: Path) -> Path:
    """Return a run that lacks nothing, of a convention of its own."""
    run = folder / "src/experiments/whole"
    run.mkdir(parents=True)
    (folder / "src/own.toml").write_text(WHOLE)
    (run / "all.json").write_text(json.dumps(ALL))
    (run / "metrics.jsonl").write_text('{"step": 0, "metrics": {"train/loss": 1.5}}\n')
    return run


def adopted_by_command(folder: Path, run: Path) -> Path:
    """Adopt a run that lacks nothing by the command line, and return its unit."""
    words = ["adopt", str(run), "--into", str(folder / "artefacts"), "--convention", str(folder / "src/own.toml")]
    for name, value in (("dataset", "digits"), ("model", "mlp"), ("variant", "whole")):
        words += [f"--{name}", value]
    assert main([*words, "--tag", "experiment=digits", "--tag", "run_type=train"]) == 0
    return next((folder / "artefacts/model/digits_mlp_whole").glob("20*"))


def test_what_is_damaged_already_is_not_sealed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = whole_run(tmp_path)
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(run / "saved/0", {"w": jnp.ones((2, 2))})
    for path in (run / "saved/0").rglob("manifest.ocdbt"):
        path.write_bytes(path.read_bytes()[:-4])
    unit = adopted_by_command(tmp_path, run)
    assert not (unit / "SHA256SUMS").exists()
    assert "not sealed: it has errors" in capsys.readouterr().out


def test_pointers_of_git_lfs_are_not_sealed_as_if_they_were_the_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = whole_run(tmp_path)
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(run / "saved/0", {"w": jnp.ones((2, 2))})
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 123\n"
    data = next(path for path in (run / "saved/0").rglob("*") if path.parent.name == "d")
    data.write_text(pointer)
    unit = adopted_by_command(tmp_path, run)
    assert not (unit / "SHA256SUMS").exists()
    assert "not sealed" in capsys.readouterr().out


def test_a_checkpoint_that_cannot_be_copied_whole_is_left_behind(tmp_path: Path) -> None:
    run = whole_run(tmp_path)
    for step in (1, 2, 3):
        (run / f"saved/{step}").mkdir(parents=True)
        (run / f"saved/{step}/_CHECKPOINT_METADATA").write_text("{}")
    (run / "best/3").mkdir(parents=True)
    (run / "best/3/_CHECKPOINT_METADATA").write_text("{}")
    (run / "saved/1/data").symlink_to(tmp_path)
    Path(os.fsdecode(os.fsencode(run) + b"/saved/2/\xff")).write_text("x")
    adopted = adopt(str(run), str(tmp_path / "artefacts"), Given(), str(tmp_path / "src/own.toml"))
    assert [path.name for path in Path(adopted.path, "checkpoints").iterdir()] == ["3"]
    assert adopted.left[1:] == [
        "3 checkpoints that cannot be copied whole, or whose step another one has: saved/1, saved/2, saved/3",
        "2 links, and what cannot be read or has a name that is not UTF-8: saved/1/data, saved/2/\udcff",
    ]


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


SECRET = "ghp_" + "aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789"


@pytest.mark.parametrize("name", [SECRET, "/home/ada/images"])
def test_neither_is_the_folder_of_the_unit_called_so(tmp_path: Path, name: str) -> None:
    run = mlflow_run(tmp_path, f"run_id: a\nrun_name: {name}\nstatus: 3\n")
    (run / f"params/{SECRET}_seed").write_text("3")
    adopted = adopt(str(run), str(tmp_path / "artefacts"), Given("digits", "mlp"))
    paths = [path for path in (tmp_path / "artefacts").rglob("*") if ".runcheck" not in path.parts]
    held = "".join(f"{path}" + (path.read_text() if path.is_file() else "") for path in paths).lower()
    assert SECRET.lower() not in held
    assert "home-ada" not in held.replace("/", "-")
    assert not {each for each in errors_in(adopted.path) if each.startswith("RC9")}


def test_a_metric_that_is_called_like_a_secret_is_left_out(tmp_path: Path) -> None:
    run = mlflow_run(tmp_path)
    for name in (SECRET, "loss"):
        (run / f"metrics/{name}").write_text("1 0.5 0\n")
    adopted = adopt(str(run), str(tmp_path / "artefacts"), Given())
    assert rows_of(adopted.path) == [(0, "train", "loss", 0.5)]
    assert "metrics: one bears a name that looks like a secret, and was left out" in adopted.missing
    files = [path for path in Path(adopted.path).rglob("*") if path.is_file()]
    assert all(SECRET.encode() not in path.read_bytes() for path in files)


def test_a_name_of_several_lines_makes_no_sections(tmp_path: Path) -> None:
    run = mlflow_run(tmp_path, 'run_id: a\nrun_name: "a\\n## Risks\\nNone."\n')
    adopted = adopt(str(run), str(tmp_path / "artefacts"), Given())
    assert Path(adopted.path, "README.md").read_text().startswith("# a ## Risks None.\n")


def mlflow_run(folder: Path, meta: str = "run_id: a\nstatus: 3\nstart_time: 1780000000000\n") -> Path:
    run = folder / "mlruns/1/a"
    for name in ("params", "metrics", "tags"):
        (run / name).mkdir(parents=True)
    (run / "meta.yaml").write_text(meta)
    return run


@pytest.mark.parametrize("commit", ["../../../../evil", "a/b/c/d/e", "unknown", "0123456\n../.."])
def test_what_is_no_commit_is_no_part_of_a_path(tmp_path: Path, commit: str) -> None:
    run = mlflow_run(tmp_path)
    (run / "tags/mlflow.source.git.commit").write_text(commit)
    adopted = adopt(str(run), str(tmp_path / "artefacts"), Given("d", "m", "v"))
    assert Path(adopted.path).name == "2026-05-28T20-26-40Z_0000000"


@pytest.mark.parametrize(
    "times",
    ["status: [1]", "start_time: -60000000000000", "start_time: 99999999999999999999", "start_time: .nan"],
)
def test_a_time_or_a_status_that_is_none_is_not_taken(tmp_path: Path, times: str) -> None:
    run = mlflow_run(tmp_path, f"run_id: a\nrun_name: b\n{times}\n")
    adopted = adopt(str(run), str(tmp_path / "artefacts"), Given())
    assert not {"status", "created_at"} & metadata_of(adopted.path).keys()


def test_an_end_before_the_beginning_is_not_taken(tmp_path: Path) -> None:
    run = mlflow_run(tmp_path, "run_id: a\nstatus: 3\nstart_time: 1780000000000\nend_time: 1000\n")
    adopted = adopt(str(run), str(tmp_path / "artefacts"), Given())
    assert "finished_at" not in metadata_of(adopted.path)
    assert "says that it ended before it began, so when it ended was left out" in adopted.notes


def test_times_without_a_zone_are_told(tmp_path: Path) -> None:
    run = tmp_path / "experiments/a"
    run.mkdir(parents=True)
    (run / "metadata.json").write_text('{"run_name": "a", "start_time": "2026-05-27T12:00:00", "status": "failed"}')
    (run / "params.json").write_text("{}")
    (run / "metrics.jsonl").write_text('{"step": 0, "metrics": {"loss": 1}}\n')
    adopted = adopt(str(run), str(tmp_path / "artefacts"), Given())
    assert "its times name no zone, and were taken as UTC" in adopted.notes


def test_names_of_files_that_are_no_text_are_left_behind(tmp_path: Path) -> None:
    run = mlflow_run(tmp_path)
    for folder, content in (("params", "1"), ("metrics", "1 0.5 0")):
        Path(os.fsdecode(os.fsencode(run / folder) + b"/\xff")).write_text(content)
    adopted = adopt(str(run), str(tmp_path / "artefacts"), Given())
    assert any(each.startswith("2 links, and what cannot be read") for each in adopted.left)


def test_a_parameter_that_is_no_text_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    run = mlflow_run(tmp_path)
    (run / "params/blob").write_bytes(b"\xff")
    (run / "params/none").write_bytes(b"")
    adopted = adopt(str(run), str(tmp_path / "artefacts"), Given())
    assert json.loads(Path(adopted.path, "config.json").read_text()) == {"none": ""}
    assert adopted.left == ["the parameter blob, which is no text or longer than any is"]


def test_a_line_of_metrics_without_an_end_is_not_held(tmp_path: Path) -> None:
    run = mlflow_run(tmp_path)
    with open(run / "metrics/loss", "wb") as stream:
        stream.truncate(1 << 31)
    tracemalloc.start()
    with pytest.raises(CannotReadError, match="line 1 is longer than any is"):
        adopt(str(run), str(tmp_path / "artefacts"), Given())
    assert tracemalloc.get_traced_memory()[1] < 32 << 20
    tracemalloc.stop()


def test_there_are_no_more_series_than_one_file_of_metrics_has() -> None:
    points = Points()
    for number in range(layout().limits.metric_series):
        points.add(f"loss{number}", 0, 1.0)
    with pytest.raises(CannotReadError, match="more than 100,000 series"):
        points.add("loss", 0, 1.0)


def test_points_that_a_resumed_run_logged_again_replace_the_first_ones() -> None:
    points = Points()
    for step, value in ((0, 1.0), (1, 2.0), (2, 3.0), (1, 20.0), (2, 30.0), (2, 31.0), (-1, 5.0)):
        points.add("loss", step, value)
    points.add("acc", 1, 0.5)
    assert list(points.rows()) == [(0, "loss", 1.0), (1, "acc", 0.5), (1, "loss", 20.0), (2, "loss", 31.0)]
    assert (points.again, points.passed_over, points.count) == (3, 1, 4)


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
    assert "taken: MLflow keeps parameters as texts" in told
    assert "errors and" in told
    assert main([*words[:-1], "run_type"]) == 2
