"""A training run: what is on disk after each way to end it, and what never gets there."""

import argparse
import contextlib
import dataclasses
import io
import json
import math
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

import runcheck
from runcheck.convention.documents import STATUSES
from runcheck.convention.versions import experiment_id
from runcheck.errors import InvalidArgumentError, RuncheckError
from runcheck.writer.run import Run
from tests.checking import check
from tests.runs import start_run

StartRun = Callable[..., Run]
SOURCE = str(Path(runcheck.__file__).parents[1])
KEY = "sk-" + "0123456789abcdefABCDEF0123456789"
OPAQUE = "8f3a9c1d2e4b5a6f7788"


def metadata_of(run: Run) -> dict[str, Any]:
    """Return the metadata on disk."""
    document: dict[str, Any] = json.loads(Path(run.path, "metadata.json").read_text(encoding="utf-8"))
    return document


def rows_of(run: Run) -> list[dict[str, Any]]:
    """Return the metric rows on disk."""
    return [json.loads(line) for line in Path(run.path, "metrics.jsonl").read_text(encoding="utf-8").splitlines()]


def everything(root: Path) -> dict[str, bytes]:
    """Return the bytes of every file below ``root``, hidden ones included, with the names in front of them."""
    return {
        str(path.relative_to(root)): os.fsencode(path.relative_to(root)) + b"\n" + path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


# --- how it ended ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (None, "completed"),
        (ValueError("bad\nloss"), "failed"),
        (FloatingPointError(), "failed"),
        (KeyboardInterrupt(), "aborted"),
        (SystemExit(), "completed"),
        (SystemExit(0), "completed"),
        (SystemExit(1), "failed"),
        (SystemExit("no data"), "failed"),
    ],
    ids=repr,
)
def test_a_run_says_how_it_ended_and_the_error_goes_on(
    root: Path, start: StartRun, error: BaseException | None, status: str
) -> None:
    run = start()
    with pytest.raises(type(error)) if error else contextlib.nullcontext() as raised, run:
        run.log(0, {"loss": 1.0})
        if error is not None:
            raise error
    assert (raised.value if raised else None) is error
    metadata = metadata_of(run)
    assert metadata["status"] == status
    assert metadata["finished_at"] is not None
    assert ("error" in metadata) == (status != "completed")
    assert "\n" not in metadata.get("error", "")
    assert Path(run.path, "SHA256SUMS").exists()
    assert not Path(run.path, "heartbeat.json").exists()
    assert os.path.lexists(Path(run.path).parent / "latest") == (status == "completed")
    assert check(root).is_clean


@pytest.mark.parametrize("status", [status for status in STATUSES if status != "running"])
def test_a_run_that_is_finished_by_hand_conforms_and_is_sealed_unless_preempted(
    root: Path,
    start: StartRun,
    status: Any,  # noqa: ANN401
) -> None:
    run = start()
    run.log(0, {"loss": 1.0})
    run.finish(status, None if status == "completed" else "why")
    assert metadata_of(run)["status"] == status
    assert Path(run.path, "SHA256SUMS").exists() == (status != "preempted")
    assert check(root).is_clean


def test_a_run_that_is_still_writing_conforms_and_is_not_sealed(root: Path, start: StartRun) -> None:
    run = start()
    run.log(0, {"loss": 1.0})
    assert metadata_of(run)["status"] == "running"
    assert metadata_of(run)["finished_at"] is None
    assert check(root).is_clean
    run.finish()


def test_a_finished_run_takes_nothing_more(start: StartRun) -> None:
    with start() as run:
        run.log(0, {"loss": 1.0})
    before = everything(Path(run.path))
    acts: list[Callable[[], object]] = [
        lambda: run.log(1, {"loss": 2.0}),
        run.finish,
        lambda: run.save_checkpoint(1, {"w": np.zeros(1)}),
        lambda: run.export("w", {}, 1),
        lambda: run.add_file(__file__),
        lambda: run.plot("curve", b"\x89PNG\r\n\x1a\n"),
        lambda: run.link({"compared_with": "model/a_b_c/v1"}),
        lambda: run.note("It converged."),
        lambda: run.stopped_early(1),
        lambda: run.except_from("RC415", "Torn by a power cut."),
        lambda: run.write_role("study", "{}"),
    ]
    for act in acts:
        with pytest.raises(RuncheckError, match="the run is completed"):
            act()
    assert everything(Path(run.path)) == before


@pytest.mark.parametrize("status", ["running", "done", "Completed", ""])
def test_a_status_that_no_finished_run_has_is_refused(start: StartRun, status: Any) -> None:  # noqa: ANN401
    run = start()
    run.log(0, {"loss": 1.0})
    with pytest.raises(InvalidArgumentError):
        run.finish(status)
    assert metadata_of(run)["status"] == "running"
    run.finish()


# --- arguments ------------------------------------------------------------------------------------------------------

BAD_ARGUMENTS: dict[str, dict[str, object]] = {
    "dataset in capitals": {"dataset": "Digits"},
    "model with underscore": {"model": "log_reg"},
    "variant empty": {"variant": ""},
    "variant too long": {"variant": "a" * 65},
    "config as list": {"config": [1]},
    "config as class": {"config": argparse.Namespace},
    "config with NaN": {"config": {"a": {"b": math.nan}}},
    "config with object": {"config": {"a": object()}},
    "config with set": {"config": {"a": {1, 2}}},
    "config with numeric key": {"config": {1: 2}},
    "config with array": {"config": {"a": np.zeros(3)}},
    "config with lone surrogate": {"config": {"a": "\ud800"}},
    "config too deep": {"config": json.loads('{"a": ' + "[" * 100 + "]" * 100 + "}")},
    "config with an integer of thousands of digits": {"config": {"a": 10**5000}},
    "seeds as text": {"seeds": {"init": "0"}},
    "seeds as fraction": {"seeds": {"init": 0.5}},
    "seeds as boolean": {"seeds": {"init": True}},
    "no experiment": {"tags": {"run_type": "train"}},
    "no run type": {"tags": {"experiment": "digits"}},
    "unknown tag": {"tags": {"experiment": "x", "run_type": "train", "team": "vision"}},
    "unknown run type": {"tags": {"experiment": "x", "run_type": "training"}},
    "tag with space": {"tags": {"experiment": "a b", "run_type": "train"}},
    "data not there": {"data": "artefacts/dataset/digits/v1"},
    "data of no kind": {"data": {"kind": "rumour"}},
    "data without seed": {"data": {"kind": "synthetic"}},
    "data with bad hash": {"data": {"kind": "external", "hashes": {"a": "xyz"}}},
    "data without hashes": {"data": {"kind": "external", "hashes": {}}},
    "data with unknown field": {"data": {"kind": "external", "hashes": {"a": "0" * 64}, "extra": 1}},
    "data with boolean seed": {"data": {"kind": "synthetic", "seed": True}},
    "data with numeric source": {"data": {"kind": "external", "hashes": {"a": "0" * 64}, "source": 3}},
    "direction": {"directions": {"loss": "down"}},
    "link to nowhere": {"links": {"initialised_from": "../x"}},
    "link relation": {"links": {"Initialised From": "model/a_b_c/v1"}},
    "extension namespace": {"extensions": {"Team": {}}},
    "extension value": {"extensions": {"team": {"a": math.inf}}},
    "description with lone surrogate": {"description": "\udcff"},
    "description as number": {"description": 3},
}


@pytest.mark.parametrize("changed", BAD_ARGUMENTS.values(), ids=BAD_ARGUMENTS.keys())
def test_a_bad_argument_is_refused_before_anything_is_written(
    root: Path, start: StartRun, changed: dict[str, object]
) -> None:
    with pytest.raises(InvalidArgumentError):
        start(**changed).finish("failed")
    assert not root.exists()


@dataclasses.dataclass
class Config:
    """A configuration as training scripts have it."""

    learning_rate: float
    layers: tuple[int, ...]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, {}),
        (Config(0.5, (64, 10)), {"learning_rate": 0.5, "layers": [64, 10]}),
        (argparse.Namespace(a=None, b="x"), {"a": None, "b": "x"}),
        ({"a": np.float32(0.5), "b": np.int64(3), "c": np.bool_(True)}, {"a": 0.5, "b": 3, "c": True}),
        ({"seed": 2**63 + 1, "big": 10**30}, {"seed": 2**63 + 1, "big": 10**30}),
        ({"\U0001f600": "\u00e4\u2028\x7f", "": {"": []}}, {"\U0001f600": "\u00e4\u2028\x7f", "": {"": []}}),
    ],
    ids=["empty", "dataclass", "namespace", "numpy", "integers", "unicode"],
)
def test_a_configuration_is_kept_as_it_is_and_its_hash_is_right(
    root: Path, start: StartRun, config: object, expected: dict[str, object]
) -> None:
    with start(config=config) as run:
        run.log(0, {"loss": 1.0})
    assert json.loads(Path(run.path, "config.json").read_text(encoding="utf-8")) == expected
    assert check(root).is_clean


@pytest.mark.parametrize(
    "text",
    ["", "TODO", "# Title\n\ntext", "```\ncode", "a\0b", "\x1b[31mred", "~~~", "## Risks", "\ufeff", "a\r\nb", "| x |"],
)
@pytest.mark.parametrize("field", ["description", "risks", "architecture", "note"])
def test_whatever_people_write_about_a_run_the_tree_conforms(
    root: Path, start: StartRun, field: str, text: str
) -> None:
    with start(**({field: text} if field != "note" else {})) as run:
        run.log(0, {"loss": 1.0})
        if field == "note":
            run.note(text)
    assert [finding.message for finding in check(root).findings if finding.is_error] == []


def test_the_description_is_by_default_the_first_paragraph_of_the_script(root: Path, tmp_path: Path) -> None:
    script = script_in(tmp_path / "scripts", root, "")
    subprocess.run([sys.executable, str(script)], check=True, env=environment(), cwd=tmp_path)
    (metadata,) = root.glob("model/*/20*/metadata.json")
    assert json.loads(metadata.read_text())["description"] == "Train on digits."


# --- versions -------------------------------------------------------------------------------------------------------


def test_runs_of_one_second_are_numbered(root: Path, start: StartRun) -> None:
    taken = root / "model/digits_logreg_baseline"
    moment = datetime.now(UTC)
    for second in range(120):  # whichever second the run starts in, its first two ids are taken
        for attempt in (1, 2):
            (taken / experiment_id(moment + timedelta(seconds=second), None, attempt)).mkdir(parents=True)
    run = start()
    assert re.fullmatch(r"20.{17}Z_0000000-3", Path(run.path).name)
    assert metadata_of(run)["version"] == Path(run.path).name
    run.log(0, {"loss": 1.0})
    run.finish()


def test_many_runs_at_once_get_a_folder_each_and_the_tree_conforms(root: Path, start: StartRun) -> None:
    runs = [start() for _ in range(4)]
    for at, run in enumerate(runs):
        run.log(0, {"loss": float(at)})
    for run in runs:
        run.finish()
    assert len({run.path for run in runs}) == 4
    report = check(root)
    assert report.is_clean
    assert report.units == 4
    assert (root / "model/digits_logreg_baseline/latest").resolve() == Path(runs[-1].path).resolve()


# --- metrics --------------------------------------------------------------------------------------------------------


def test_rows_are_read_by_pandas_with_their_exact_values(start: StartRun) -> None:
    values = [0.1, 1 / 3, 1e-300, -1.5e300, -0.0, 123456789.123456789, float(np.float32(0.1)), 7]
    with start() as run:
        for step, value in enumerate(values):
            run.log(step, {"loss": value}, split="train" if step % 2 else "test")
    frame = pd.read_json(Path(run.path, "metrics.jsonl"), lines=True)
    assert list(frame["step"]) == list(range(len(values)))
    assert set(frame.columns) == {"step", "split", "metric", "value"}
    assert [row["value"] for row in rows_of(run)] == values
    assert list(frame["value"]) == pytest.approx(values, rel=1e-9, abs=0)  # its parser rounds to ten digits


@pytest.mark.skipif(sys.platform != "linux", reason="names are any bytes on Linux")
def test_the_name_of_a_root_may_be_any_bytes(tmp_path: Path) -> None:
    root = tmp_path / os.fsdecode(b"r\xff%20 ?")
    provenance = {"kind": "synthetic", "seed": 1}
    with runcheck.new_dataset(root, "numbers", provenance=provenance, generator=__file__) as dataset:
        dataset.write_parquet("train", {"x": [1.0, 2.0]})
    with start_run(root) as run:
        run.log(0, {"loss": 0.5})
    assert runcheck.load(dataset.path).table("train").to_pydict() == {"x": [1.0, 2.0]}  # type: ignore[union-attr]
    registry = pq.read_table(io.BytesIO((root / "runs.parquet").read_bytes()))
    assert sorted(registry["slug"].to_pylist()) == ["digits_logreg_baseline", "numbers"]
    assert check(root).errors == 0


@pytest.mark.parametrize("value", [5e-324, 1.7976931348623157e308, 2.2250738585072014e-308, -1e16, 1e22, 2**53])
def test_the_bounds_of_a_double_are_written_exactly(root: Path, start: StartRun, value: float) -> None:
    with start() as run:
        run.log(0, {"loss": value})
    assert rows_of(run)[0]["value"] == value
    assert yaml.safe_load(Path(run.path, "summary.yaml").read_text())["metrics"]["train"]["loss"]["best"] == value
    assert check(root).is_clean


def test_what_is_not_finite_is_null_with_its_name(root: Path, start: StartRun) -> None:
    with start() as run:
        run.log(0, {"a": math.nan, "b": math.inf, "c": -math.inf, "d": np.float32("nan"), "e": 1.0})
        run.log(1, {"a": 0.5})
    assert [(row["metric"], row["value"], row.get("nonfinite")) for row in rows_of(run)] == [
        ("a", None, "nan"),
        ("b", None, "inf"),
        ("c", None, "-inf"),
        ("d", None, "nan"),
        ("e", 1.0, None),
        ("a", 0.5, None),
    ]
    frame = pd.read_json(Path(run.path, "metrics.jsonl"), lines=True)
    assert list(frame["value"].isna()) == [True, True, True, True, False, False]
    assert metadata_of(run)["metrics"]["train/b"] is None
    assert check(root).is_clean
    assert {finding.code for finding in check(root).findings} >= {"RC413"}


def test_values_on_a_device_are_written_in_their_order(start: StartRun) -> None:
    import jax
    import jax.numpy as jnp

    double = jax.jit(lambda x: (jnp.sin(x @ x).sum() * 0 + x[0, 0]) * 2)
    heavy = jnp.full((300, 300), 0.25)
    with start() as run:
        for step in range(6):
            run.log(step, {"device": double(heavy * step), "host": step / 8, "group": {"sub": jnp.int32(step)}})
    rows = rows_of(run)
    for metric in ("device", "host", "group/sub"):
        assert [row["step"] for row in rows if row["metric"] == metric] == list(range(6))
    assert [row["value"] for row in rows if row["metric"] == "device"] == [step * 0.5 for step in range(6)]
    assert [row["value"] for row in rows if row["metric"] == "group/sub"] == list(range(6))
    assert metadata_of(run)["env"]["devices"]


@pytest.mark.parametrize(
    ("step", "metrics", "split"),
    [
        (-1, {"loss": 1.0}, "train"),
        (1.0, {"loss": 1.0}, "train"),
        ("1", {"loss": 1.0}, "train"),
        (True, {"loss": 1.0}, "train"),
        (2**53, {"loss": 1.0}, "train"),
        (1, {"loss": "1.0"}, "train"),
        (1, {"loss": None}, "train"),
        (1, {"loss": np.zeros(3)}, "train"),
        (1, {"loss": 10**400}, "train"),
        (1, {"loss": 1j}, "train"),
        (1, {"lo ss": 1.0}, "train"),
        (1, {"": 1.0}, "train"),
        (1, {"a": {"": 1.0}}, "train"),
        (1, {"loss": 1.0}, "tr/ain"),
        (1, {"loss": 1.0}, ""),
        (1, {"good": 1.0, "lo ss": 1.0}, "train"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_call_that_does_not_fit_is_refused_and_nothing_of_it_is_written(
    root: Path,
    start: StartRun,
    step: Any,  # noqa: ANN401
    metrics: Any,  # noqa: ANN401
    split: str,
) -> None:
    with start() as run:
        run.log(0, {"loss": 1.0})
        with pytest.raises(InvalidArgumentError):
            run.log(step, metrics, split=split)
        run.log(3, {"loss": 0.5})
    assert [row["step"] for row in rows_of(run)] == [0, 3]
    assert check(root).is_clean


def test_steps_may_be_numpy_integers(root: Path, start: StartRun) -> None:
    with start() as run:
        run.log(np.int64(4), {"loss": 1.0})  # type: ignore[arg-type]
        run.save_checkpoint(np.int64(4), {"w": np.zeros(2)})  # type: ignore[arg-type]
        run.stopped_early(np.int64(4))  # type: ignore[arg-type]
    assert [row["step"] for row in rows_of(run)] == [4]
    summary = yaml.safe_load(Path(run.path, "summary.yaml").read_text())
    assert (summary["checkpoint_step"], summary["early_stopping_step"]) == (4, 4)
    assert check(root).is_clean


def test_a_metric_that_is_named_like_another_split_is_told_of_once(start: StartRun) -> None:
    with start() as run:
        with pytest.warns(RuntimeWarning, match=r'val/loss is logged as a metric of train; .* say split="val"'):
            run.log(0, {"val/loss": 1.0})
        run.log(1, {"val/loss": 1.0})
        run.log(1, {"val/loss": 1.0}, split="val")
        run.log(2, {"test": {"other": 1.0}}, split="test")
    assert json.loads(Path(run.path, "metadata.json").read_text())["metrics"].keys() == {
        "train/val/loss",
        "val/val/loss",
        "test/test/other",
    }


def test_a_metric_that_keeps_checkpoints_and_has_no_known_direction_is_told_of(start: StartRun) -> None:
    with pytest.warns(RuntimeWarning, match=r'takes the highest .* give directions=\{"oddness": "min"\}'):
        start(keep=runcheck.Keep(best=1, by="val/oddness")).finish()
    start(keep=runcheck.Keep(best=1, by="val/oddness"), directions={"oddness": "max"}).finish()
    start(keep=runcheck.Keep(best=1, by="val/cross_entropy")).finish()


def test_a_step_that_repeats_is_kept_and_warned_of(start: StartRun) -> None:
    run = start()
    run.log(1, {"loss": 1.0})
    run.log(1, {"loss": 2.0})
    with pytest.warns(RuntimeWarning, match="step 1 of train/loss follows step 1") as told:
        run.finish()
    assert told[0].filename == __file__
    assert [row["value"] for row in rows_of(run)] == [1.0, 2.0]


def test_a_warning_at_the_end_of_a_block_points_at_the_block(start: StartRun) -> None:
    with pytest.warns(RuntimeWarning, match="follows step 1") as told, start() as run:  # noqa: PT031 - at its end
        run.log(1, {"loss": 1.0})
        run.log(1, {"loss": 2.0})
    assert told[0].filename == __file__


def test_what_was_logged_is_on_disk_before_the_run_ends(start: StartRun) -> None:
    run = start()
    for step in range(3):
        run.log(step, {"loss": float(step)})
        assert len(rows_of(run)) == step + 1
    run.finish()


# --- what is written at the end -------------------------------------------------------------------------------------


def test_the_summary_is_what_a_computation_over_the_rows_gives(start: StartRun) -> None:
    with start(directions={"score": "min"}) as run:
        for step, (loss, score) in enumerate([(3.0, 5.0), (1.0, 4.0), (1.0, 4.0), (2.0, 9.0)]):
            run.log(step, {"loss": loss, "score": score})
        run.log(7, {"accuracy": 0.5}, split="test")
        run.stopped_early(3)
    summary = yaml.safe_load(Path(run.path, "summary.yaml").read_text())
    frame = pd.read_json(Path(run.path, "metrics.jsonl"), lines=True)
    assert summary["rows"] == len(frame)
    for (split, metric), series in frame.groupby(["split", "metric"]):
        least = metric in ("loss", "score")
        at = series["value"].idxmin() if least else series["value"].idxmax()
        assert summary["metrics"][split][metric] == {
            "direction": "min" if least else "max",
            "best": series["value"][at],
            "best_step": series["step"][at],
            "last": series["value"].iloc[-1],
            "last_step": series["step"].iloc[-1],
            "count": len(series),
        }
    assert (summary["early_stopping_step"], summary["checkpoint_step"]) == (3, None)
    assert metadata_of(run)["metrics"] == {"test/accuracy": 0.5, "train/loss": 1.0, "train/score": 4.0}


def test_the_readme_answers_the_four_questions(start: StartRun) -> None:
    with start(risks="Small data.", architecture="linear") as run:
        run.log(0, {"loss": 0.25})
        run.note("It converged.")
    text = Path(run.path, "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["What", "Reproduce", "Results", "Risks"]
    what, reproduce, results, risks = text.split("\n## ")[1:]
    assert "A baseline." in what
    assert "linear" in what
    assert "synthetic, seed 7" in what
    assert "Seeds: init 0." in reproduce
    assert "| train | loss | 0.25 at step 0 | 0.25 at step 0 |" in results
    assert "It converged." in results
    assert risks == "Risks\n\nSmall data.\n"


def test_names_tags_and_extensions_are_in_the_metadata(start: StartRun) -> None:
    tags = {"experiment": "e1", "run_type": "tune", "sweep": "s1"}
    with start(tags=tags, extensions={"org.example.audit": {"seed": 7}}) as run:
        run.log(0, {"loss": 1.0})
    metadata = metadata_of(run)
    date = metadata["created_at"][:10].replace("-", "")
    assert metadata["name"] == f"{date}_digits_logreg_baseline"
    assert metadata["label"] == f"{date}-digits_logreg_baseline@0000000"
    assert metadata["tags"] == {**tags, "dataset": "digits", "model": "logreg"}
    assert metadata["extensions"] == {"org.example.audit": {"seed": 7}}
    assert metadata["git"] is None


# --- what never gets on disk ----------------------------------------------------------------------------------------


def test_secrets_of_the_configuration_are_never_on_disk_and_are_recorded(root: Path, start: StartRun) -> None:
    config = {
        "wandb": {"api_key": OPAQUE, "project": "digits"},
        "note": f"my key is {KEY}",
        "store": "s3://ada:pa55word@bucket/x",
        "list": [{"password": OPAQUE}],
        "num_tokens": 1_000_000,
        "pad_token": "<pad>",
    }
    with start(config=config, extensions={"team": {"auth": {"token": OPAQUE}}}) as run:
        run.log(0, {"loss": 1.0})
    for path, content in everything(root).items():
        for secret in (OPAQUE, KEY, "pa55word"):
            assert secret.encode() not in content, path
    written = json.loads(Path(run.path, "config.json").read_text())
    assert written["wandb"] == {"api_key": "[redacted]", "project": "digits"}
    assert (written["num_tokens"], written["pad_token"]) == (1_000_000, "<pad>")
    places = {each["where"] for each in metadata_of(run)["governance"]["redactions"]}
    assert places == {
        "config#/wandb/api_key",
        "config#/note",
        "config#/store",
        "config#/list/0/password",
        "metadata#/extensions/team/auth/token",
    }
    assert check(root).is_clean


@pytest.mark.parametrize("field", ["description", "risks", "architecture", "note", "error", "data"])
def test_a_key_in_any_text_of_a_run_is_never_on_disk(root: Path, start: StartRun, field: str) -> None:
    text = f"see {KEY}"
    changed: dict[str, object] = {}
    if field in ("description", "risks", "architecture"):
        changed = {field: text}
    elif field == "data":
        changed = {"data": {"kind": "synthetic", "seed": 1, "api_key": KEY}}
    run = start(**changed)
    run.log(0, {"loss": 1.0})
    if field == "note":
        run.note(text)
    run.finish("failed", text if field == "error" else "why")
    assert [path for path, content in everything(root).items() if KEY.encode() in content] == []


def environment(**more: str) -> dict[str, str]:
    """Return an environment for a script that trains: the library, and no configuration of Git but our own."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR") if name in os.environ}
    git = {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_CEILING_DIRECTORIES": tempfile.gettempdir(),
    }
    return {**kept, **git, "PYTHONPATH": SOURCE, **more}


def script_in(folder: Path, root: Path, body: str) -> Path:
    """Write a training script."""
    folder.mkdir(exist_ok=True)
    path = folder / "train.py"
    path.write_text(
        f'"""Train on\ndigits.\n\nMore words.\n"""\nimport runcheck\n{body}\n'
        f"with runcheck.start_run({str(root)!r}, dataset='digits', model='logreg', variant='a', config={{}},\n"
        "        seeds={'init': 0}, tags={'experiment': 'e', 'run_type': 'train'},\n"
        "        data={'kind': 'synthetic', 'seed': 1}) as run:\n"
        "    run.log(0, {'loss': 1.0})\n"
    )
    return path


@pytest.mark.parametrize(
    "arguments",
    [
        ["--token", OPAQUE],
        [f"--wandb-api-key={OPAQUE}"],
        [KEY],
        [f"--note={KEY}"],
        [f"wandb.api_key={OPAQUE}"],
        [f"+logger.token={OPAQUE}"],
        [f"WANDB_API_KEY={OPAQUE}"],
        [f"--url=https://ada:{OPAQUE}@example.org/x"],
        [f"https://{OPAQUE}@example.org/x"],
    ],
    ids=str,
)
def test_secrets_of_the_command_are_never_on_disk(root: Path, tmp_path: Path, arguments: list[str]) -> None:
    script = script_in(tmp_path / "scripts", root, "")
    subprocess.run([sys.executable, str(script), *arguments, "--lr=0.1"], check=True, env=environment(), cwd=tmp_path)
    files = everything(root)
    assert any(b"--lr=0.1" in content for content in files.values())
    assert [path for path, content in files.items() if OPAQUE.encode() in content or KEY.encode() in content] == []


CHECKPOINT = "    run.save_checkpoint(0, {'params': {'w': numpy.arange(6.0)}})\n"
EXPORT = "    run.export('weights', {'w': numpy.arange(6.0)}, 0)\n"


@pytest.mark.parametrize(
    ("arguments", "acts"),
    [
        (["--data", "{home}/data"], ""),
        (["--out={home}/out"], ""),
        (["data_dir={home}/in"], ""),
        (["~ada-lovelace/data", "--x=~ada-lovelace/data"], ""),
        ([], CHECKPOINT),
        ([], CHECKPOINT + EXPORT),
    ],
    ids=["flag and path", "flag=path", "key=path", "home of a user", "checkpoint", "export"],
)
def test_no_name_and_no_path_of_the_machine_is_on_disk(
    root: Path, tmp_path: Path, arguments: list[str], acts: str
) -> None:
    home = tmp_path / "home-of-ada"
    home.mkdir()
    script = script_in(tmp_path / "scripts", root, "import numpy")
    with script.open("a") as stream:
        stream.write(acts)
    names = {"HOME": str(home), "USER": "ada-lovelace", "LOGNAME": "ada-lovelace"}
    command = [sys.executable, str(script), *(each.format(home=home) for each in arguments)]
    subprocess.run(command, check=True, env=environment(**names), cwd=home, capture_output=True)
    told = [str(tmp_path), "home-of-ada", "ada-lovelace"]
    told += [name for name in (os.uname().nodename,) if len(name) > 5 and name.lower() not in ("localhost", "linux")]
    files = everything(root)
    assert any(path.endswith("SHA256SUMS") for path in files)
    assert [(path, each) for path, content in files.items() for each in told if each.encode() in content] == []
    assert check(root).is_clean


# --- Git ------------------------------------------------------------------------------------------------------------


def git(folder: Path, *arguments: str) -> str:
    """Run Git as nobody in particular."""
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *arguments]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, env=environment())
    return done.stdout


@pytest.fixture
def repository(root: Path, tmp_path: Path) -> Path:
    """A repository with a training script, a text in Latin-1 and a binary file in one commit."""
    folder = tmp_path / "repository"
    script_in(folder, root, "")
    (folder / "latin.txt").write_bytes(b"caf\xe9\nau lait\r\n")
    (folder / "image.bin").write_bytes(bytes(range(256)))
    git(folder, "init", "-q", "-b", "main")
    git(folder, "remote", "add", "origin", "https://ada:pa55word@example.org/team/digits.git")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def trained(repository: Path, root: Path) -> tuple[Path, dict[str, Any]]:
    """Run the script of the repository, and return the run's folder and the Git part of its metadata."""
    subprocess.run([sys.executable, "train.py"], cwd=repository, check=True, env=environment())
    (folder,) = root.glob("model/digits_logreg_a/20*")
    state: dict[str, Any] = json.loads((folder / "metadata.json").read_text())["git"]
    return folder, state


def test_a_clean_repository_is_recorded_without_a_difference(repository: Path, root: Path) -> None:
    folder, state = trained(repository, root)
    sha = git(repository, "rev-parse", "HEAD").strip()
    assert state == {
        "sha": sha,
        "dirty": False,
        "branch": "main",
        "remote": "https://example.org/team/digits.git",
        "diff": None,
    }
    assert folder.name.endswith(f"Z_{sha[:7]}")
    assert json.loads((folder / "metadata.json").read_text())["command"] == ["python", "train.py"]
    assert check(root).is_clean


def edit_text(repository: Path) -> None:
    with (repository / "train.py").open("a") as stream:
        stream.write("# changed\n")


def edit_latin(repository: Path) -> None:
    (repository / "latin.txt").write_bytes(b"caf\xe9\nau lait\r\nau sucre\xe9\r\n")


def edit_binary(repository: Path) -> None:
    (repository / "image.bin").write_bytes(bytes(reversed(range(256))))


def add_staged(repository: Path) -> None:
    (repository / "new file.py").write_text("x = 1\n")
    git(repository, "add", ".")


def remove_file(repository: Path) -> None:
    (repository / "latin.txt").unlink()


def change_mode(repository: Path) -> None:
    (repository / "train.py").chmod(0o755)


def without_prefixes(repository: Path) -> None:
    edit_text(repository)
    git(repository, "config", "diff.noprefix", "true")


def mnemonic_prefixes(repository: Path) -> None:
    edit_text(repository)
    git(repository, "config", "diff.mnemonicPrefix", "true")


@pytest.mark.parametrize(
    "edit",
    [edit_text, edit_latin, edit_binary, add_staged, remove_file, change_mode, without_prefixes, mnemonic_prefixes],
    ids=lambda edit: edit.__name__,
)
def test_the_difference_of_a_dirty_repository_restores_it_in_a_clone(
    repository: Path, root: Path, tmp_path: Path, edit: Callable[[Path], None]
) -> None:
    edit(repository)
    folder, state = trained(repository, root)
    assert state["dirty"] is True
    assert check(root).is_clean
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(repository), str(clone))
    git(clone, "checkout", "-q", state["sha"])
    git(clone, "apply", str(folder / state["diff"]))

    def content(of: Path) -> dict[str, tuple[bytes, bool]]:
        return {
            str(path.relative_to(of)): (
                path.read_bytes(),
                os.access(path, os.X_OK) and bool(path.stat().st_mode & 0o111),
            )
            for path in of.rglob("*")
            if path.is_file() and ".git" not in path.relative_to(of).parts
        }

    assert content(clone) == content(repository)


def test_untracked_files_are_named_and_artefacts_are_not(tmp_path: Path, repository: Path) -> None:
    root = repository / "artefacts"
    script_in(repository, root, "")
    git(repository, "commit", "-q", "-a", "-m", "second")
    (repository / "scratch.py").write_text("")
    for _ in range(2):
        subprocess.run([sys.executable, "train.py"], cwd=repository, check=True, env=environment())
    for metadata in root.glob("model/*/20*/metadata.json"):
        assert json.loads(metadata.read_text())["git"]["untracked"] == ["scratch.py"]


def test_a_hook_of_another_repository_does_not_lend_its_commit(repository: Path, root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    git(other, "commit", "-q", "--allow-empty", "-m", "other")
    hook = environment(GIT_DIR=str(other / ".git"), GIT_WORK_TREE=str(other))
    subprocess.run([sys.executable, "train.py"], cwd=repository, check=True, env=hook)
    run = next(path for path in (root / "model").glob("*/*") if not path.is_symlink())
    assert json.loads((run / "metadata.json").read_text())["git"]["sha"] == git(repository, "rev-parse", "HEAD").strip()


def test_a_folder_in_the_place_of_latest_ends_in_a_warning_and_a_sealed_run(root: Path, start: StartRun) -> None:
    run = start()
    run.log(0, {"loss": 1.0})
    (Path(run.path).parent / "latest").mkdir()
    with pytest.warns(RuntimeWarning, match="latest of .* was not updated"):
        run.finish()
    assert (Path(run.path) / "SHA256SUMS").exists()
    assert {finding.code for finding in check(root).findings if finding.is_error} == {"RC111"}
