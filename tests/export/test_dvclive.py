"""A run as DVCLive's folder: the bytes that DVCLive itself writes, and what DVC reads of them."""

import json
import math
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

import runcheck
from runcheck.errors import CannotReadError, CannotWriteError
from tests.repositories import commit, repository, run
from tests.runs import start_run

CONFIG = {"lr": 1e-05, "model": {"layers": [64, 10], "act": "relu"}, "schedule": "yes", "names": []}
POINTS = (
    *((0, "train/loss", 1 / 3), (0, "test/accuracy", 0.5)),
    *((1, "train/loss", 0.1), (1, "train/norm/encoder", 1e-7), (1, "test/accuracy", math.nan)),
)


def written(root: Path, points: Iterable[tuple[int, str, float]], monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the folder of a run that logged points, each a step, ``split/metric`` and a value."""
    monkeypatch.chdir(root)
    monkeypatch.setattr(sys, "argv", [str(root / "train.py")])
    with start_run(root / "artefacts", config=CONFIG) as run_:
        for step, name, value in points:
            split, _, metric = name.partition("/")
            run_.log(step, {metric: value}, split=split)
    return run_.path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository of Git and DVC with one commit."""
    repository(tmp_path)
    dvc(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def dvc(folder: Path, *arguments: str) -> str:
    """Run DVC in a folder, and return what it prints. It reports to nobody, and its state lies in the folder."""
    quiet = {"DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(folder / ".dvc/tmp/site"), "CI": "1"}
    return run(folder, sys.executable, "-m", "dvc", *arguments, environment=quiet).stdout


WITH_DVCLIVE = """
from dvclive import Live

with Live("theirs", save_dvc_exp=False, report=None, dvcyaml=False) as live:
    live.log_params({config!r})
    for step in {steps!r}:
        live.step = step
        for at, name, value in {points}:
            if at == step:
                live.log_metric(name, value)
        live.make_summary()
"""


def test_the_folder_is_the_one_that_dvclive_writes(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unit = written(project, POINTS, monkeypatch)
    assert runcheck.export_unit(unit, to="dvclive", into="ours") == (
        "ours: 3 series, their last values, and the parameters",
    )
    points = repr(POINTS).replace("nan", "float('nan')")
    script = WITH_DVCLIVE.format(config=CONFIG, steps=[0, 1], points=points)
    run(project, sys.executable, "-c", script, environment={"DVC_NO_ANALYTICS": "1", "CI": "1"})
    theirs = {path.relative_to(project / "theirs"): path for path in (project / "theirs").rglob("*") if path.is_file()}
    ours = {path.relative_to(project / "ours"): path for path in (project / "ours").rglob("*") if path.is_file()}
    assert sorted(ours) == sorted(theirs)
    for path, own in ours.items():
        if path.suffix == ".tsv":
            assert own.read_bytes() == theirs[path].read_bytes(), path
    assert json.loads(ours[Path("metrics.json")].read_text()) == json.loads(theirs[Path("metrics.json")].read_text())
    assert yaml.safe_load(ours[Path("params.yaml")].read_text()) == CONFIG  # in theirs `yes` is no text to YAML 1.1


def test_dvc_shows_metrics_plots_and_parameters(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unit = written(project, POINTS, monkeypatch)
    runcheck.export_unit(unit, to="dvclive", into="dvclive")
    (project / "dvc.yaml").write_text(
        "metrics: [dvclive/metrics.json]\nparams: [dvclive/params.yaml]\nplots:\n  - dvclive/plots/metrics: {x: step}\n"
    )
    shown = json.loads(dvc(project, "metrics", "show", "--json"))[""]["data"]["dvclive/metrics.json"]["data"]
    last = {"train": {"loss": 0.1, "norm": {"encoder": 1e-7}}, "test": {"accuracy": "nan"}, "step": 1}
    assert shown == last
    params = json.loads(dvc(project, "params", "diff", "HEAD", "--json", "--all"))["dvclive/params.yaml"]
    assert params["lr"]["new"] == 1e-05
    assert params["schedule"]["new"] == "yes"
    (project / "page").mkdir()
    assert "plots" in dvc(project, "plots", "show", "--out", "page")
    assert "0.3333333333333333" in (project / "page/index.html").read_text()


def test_the_same_run_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (written(tmp_path, POINTS, monkeypatch) for _ in range(2))
    assert first != second
    for unit, name in ((first, "a"), (second, "b")):
        runcheck.export_unit(unit, to="dvclive", into=tmp_path / name)
    files = [path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file()]
    assert len(files) == 5
    assert all((tmp_path / "a" / each).read_bytes() == (tmp_path / "b" / each).read_bytes() for each in files)


@pytest.mark.filterwarnings("ignore:runcheck")  # it says that the steps are not in order
def test_steps_are_in_order_and_the_last_value_of_a_step_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = [(2, "train/loss", 0.5), (1, "train/loss", 0.75), (2, "train/loss", 0.25)]
    runcheck.export_unit(written(tmp_path, points, monkeypatch), to="dvclive", into=tmp_path / "live")
    assert (tmp_path / "live/plots/metrics/train/loss.tsv").read_text() == "step\tloss\n1\t0.75\n2\t0.25\n"
    assert json.loads((tmp_path / "live/metrics.json").read_text()) == {"train": {"loss": 0.25}, "step": 2}


@pytest.mark.parametrize("order", [1, -1])
def test_a_series_below_another_stays_flat_where_dvclive_breaks_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: int
) -> None:
    points = [(0, "train/loss", 1.0), (0, "train/loss/a/b", 2.0), (0, "step/x", 3.0)][::order]
    runcheck.export_unit(written(tmp_path, points, monkeypatch), to="dvclive", into=tmp_path / "live")
    last = {"train": {"loss": 1.0, "loss/a/b": 2.0}, "step": {"x": 3.0}}
    assert json.loads((tmp_path / "live/metrics.json").read_text()) == last
    assert (tmp_path / "live/plots/metrics/train/loss/a/b.tsv").read_text() == "step\tb\n0\t2.0\n"


def test_a_metric_that_would_lead_out_of_the_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unit = written(tmp_path, [(0, "train/a/../../../../out", 1.0)], monkeypatch)
    with pytest.raises(CannotReadError, match=r"train/a/\.\./.* cannot be the name of a file"):
        runcheck.export_unit(unit, to="dvclive", into=tmp_path / "live")
    assert not list(tmp_path.rglob("*.tsv"))


def test_nothing_is_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unit = written(tmp_path, POINTS, monkeypatch)
    (tmp_path / "live").mkdir()
    with pytest.raises(CannotWriteError, match="is there, and nothing is written over"):
        runcheck.export_unit(unit, to="dvclive", into=tmp_path / "live")
