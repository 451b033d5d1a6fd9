"""The digits example from end to end, and what its tree is worth to other tools."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from tests.examples.artefact_lines import artefact_lines

import runcheck

EXAMPLE = Path(__file__).parents[2] / "examples/digits"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder in which the demo ran, and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [sys.executable, str(EXAMPLE / "demo.py")],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "JAX_PLATFORMS": "cpu"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout


@pytest.fixture(scope="module")
def run_folder(demo: tuple[Path, str]) -> Path:
    """The run that the demo wrote."""
    return demo[0] / "artefacts/model/digits_logreg_baseline/latest"


def test_the_demo_ends_with_a_report_and_says_where(demo: tuple[Path, str]) -> None:
    assert "\nruncheck-report.html  " in demo[1]
    assert "digits_logreg_baseline" in (demo[0] / "runcheck-report.html").read_text()


def test_the_demo_prints_a_clean_tree_and_the_findings_of_the_copy(demo: tuple[Path, str]) -> None:
    clean, _, tampered = demo[1].partition("Tamper with a copy")
    assert "All clean: 2 units" in clean
    for code in ("RC304", "RC305", "RC408", "RC801", "RC803"):
        assert code in tampered
    assert "Orbax restores without a word" in tampered


def test_the_demo_leaves_three_runs_to_compare_and_a_sweep_of_ten(demo: tuple[Path, str]) -> None:
    tree = runcheck.open(demo[0] / "artefacts")
    runs = [each.metadata for each in tree.units("model")]
    swept = [each for each in runs if each["tags"].get("sweep") == "learning-rate" and "trial" in each]
    assert len(swept) == 10
    variants = {"baseline", "nodecay", "smallbatch", "rates", "learning-rate"}
    assert {each["slug"].rpartition("_")[2] for each in runs} == variants
    assert "All clean: 16 units" in demo[1]
    assert "digits_logreg_rates" in (demo[0] / "runcheck-report.html").read_text()


def test_five_or_more_trials_of_the_tuning_beat_the_default(demo: tuple[Path, str]) -> None:
    command = ["tune", str(EXAMPLE / "tune.py"), "--trials", "8", "--metric", "test/loss", "--study-name", "tuned"]
    done = subprocess.run(
        [sys.executable, "-m", "runcheck", *command], cwd=demo[0], capture_output=True, text=True, check=True
    )
    default = runcheck.load(demo[0] / "artefacts/model/digits_logreg_baseline/latest").metadata["metrics"]["test/loss"]
    study = demo[0] / "artefacts/model/digits_logreg_tuned-study/latest"
    values = [json.loads(line)["value"] for line in (study / "trials.jsonl").read_text().splitlines()]
    assert default is not None
    assert sum(value < default for value in values) >= 5
    assert done.stdout.startswith("8 trials: 8 completed")
    assert [each for each in runcheck.check(demo[0] / "artefacts").findings if each.code != "RC208"] == []


def test_the_test_accuracy_is_sane(run_folder: Path) -> None:
    rows = pd.read_json(run_folder / "metrics.jsonl", lines=True)
    accuracy = rows[(rows["split"] == "test") & (rows["metric"] == "accuracy")]["value"]
    assert accuracy.iloc[-1] > 0.95


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs coreutils")
@pytest.mark.parametrize("unit", ["dataset/digits/latest", "model/digits_logreg_baseline/latest"])
def test_sha256sum_accepts_both_units(demo: tuple[Path, str], unit: str) -> None:
    folder = demo[0] / "artefacts" / unit
    done = subprocess.run(["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_tensorboard_shows_the_points_of_the_metrics(run_folder: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run_folder / "tensorboard"), size_guidance={"scalars": 0})
    events.Reload()
    rows = pd.read_json(run_folder / "metrics.jsonl", lines=True, precise_float=True)
    tags = set(rows["split"] + "/" + rows["metric"])
    assert set(events.Tags()["scalars"]) == tags
    for tag in tags:
        split, metric = tag.split("/", 1)
        series = rows[(rows["split"] == split) & (rows["metric"] == metric)]
        points = events.Scalars(tag)
        assert [point.step for point in points] == list(series["step"])
        assert [point.value for point in points] == pytest.approx(list(series["value"]), rel=1e-7)


def test_the_lines_for_artefacts_are_at_most_8() -> None:
    assert 0 < len(artefact_lines(EXAMPLE / "train.py")) <= 8


def test_pytorch_reads_the_tree_and_gets_the_same_accuracy(demo: tuple[Path, str]) -> None:
    pytest.importorskip("torch")
    script = EXAMPLE / "read_with_torch.py"
    done = subprocess.run([sys.executable, str(script)], cwd=demo[0], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with_torch, logged = (part.split()[0] for part in done.stdout.split("accuracy: ")[1].split(", "))
    assert with_torch == logged
