"""The example of DVC, run by DVC itself in a repository of its own, without network; what DVC and a check say of it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.repositories import git, repository, run

EXAMPLE = Path(__file__).parents[2] / "examples/dvc"
STAGES = ("train_sweep", "test_sweep", "fit_corrections", "evaluate")
RESULTS = ("corrections.json", "evaluation.json")
pytest.importorskip("dvc", reason="the example is run by DVC")


def by_command(folder: Path, *command: str, is_fine: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command of DVC's or ours, as a person with this environment would. DVC reports to nobody."""
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "DVC_NO_ANALYTICS": "1",
        "DVC_SITE_CACHE_DIR": str(folder / ".dvc/tmp/site"),
        "HOME": str(folder.parent),
        "CI": "1",  # or DVC asks PyPI for a newer one
    }
    return run(folder, *command, environment=environment, is_fine=is_fine)


def dvc(folder: Path, *arguments: str) -> str:
    """Run DVC and return what it prints."""
    return by_command(folder, sys.executable, "-m", "dvc", *arguments).stdout


def check(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Check a folder by the convention of sweeps."""
    command = (sys.executable, "-m", "runcheck", "check", ".", "--convention", "sweep-manifest", *arguments)
    return by_command(folder, *command, is_fine=False)


def manifest(folder: Path, sweep: str) -> dict[str, Any]:
    """Return the manifest of a sweep."""
    document: dict[str, Any] = json.loads((folder / "sweeps" / sweep / "manifest.json").read_text())
    return document


def contents(folder: Path) -> dict[str, bytes]:
    """Return all that the stages made but the manifests, which name the moment."""
    made = [path for path in (folder / "sweeps").rglob("*") if path.is_file() and path.name != "manifest.json"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in (*made, *(folder / each for each in RESULTS))}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The example in a repository with a local remote, after `dvc repro`, and what that printed."""
    folder = tmp_path_factory.mktemp("dvc") / "calibration"
    shutil.copytree(EXAMPLE, folder)
    repository(folder)
    dvc(folder, "init", "--quiet")
    dvc(folder, "remote", "add", "--default", "store", str(folder.parent / "store"))
    commit_visible(folder, "The pipeline")
    said = dvc(folder, "repro")
    commit_visible(folder, "Its results")
    dvc(folder, "push")
    return folder, said


def commit_visible(folder: Path, message: str) -> None:
    """Commit what Git does not ignore."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--no-verify", "--message", message)


@pytest.fixture
def project(made: tuple[Path, str], tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copytree(made[0], tmp_path / "calibration", symlinks=True))


def test_every_stage_runs_and_both_trees_conform(made: tuple[Path, str]) -> None:
    folder, said = made
    assert all(f"Running stage '{stage}'" in said for stage in STAGES)
    done = check(folder)
    assert done.returncode == 0, done.stdout
    assert "by the convention sweep-manifest" in done.stdout
    done = by_command(folder, sys.executable, "-m", "runcheck", "check", "artefacts", is_fine=False)
    assert "All clean: 2 units" in done.stdout


def test_a_second_repro_does_nothing(made: tuple[Path, str]) -> None:
    before = (made[0] / "dvc.lock").read_bytes()
    said = dvc(made[0], "repro")
    assert "Running" not in said
    assert "Data and pipelines are up to date." in said
    assert (made[0] / "dvc.lock").read_bytes() == before
    assert dvc(made[0], "status") == "Data and pipelines are up to date.\n"
    assert git(made[0], "status", "--porcelain") == ""


def test_the_test_sweep_names_the_train_sweep_and_the_commit_that_ran(made: tuple[Path, str]) -> None:
    train, test = manifest(made[0], "noise-train"), manifest(made[0], "noise-test")
    assert test["acme"]["calibration"]["links"] == {"trained_correction_from": train["experiment_id"]}
    ran = git(made[0], "rev-parse", "HEAD~").strip()
    for each in (train, test):
        assert each["git"] == {"sha": ran, "dirty": False, "branch": "main"}


def test_nothing_that_is_pushed_or_committed_names_this_machine(made: tuple[Path, str]) -> None:
    committed = [made[0] / each for each in git(made[0], "ls-files").splitlines() if each != ".dvc/config"]
    pushed = [path for path in (made[0].parent / "store").rglob("*") if path.is_file()]
    assert made[0] / "dvc.lock" in committed
    assert len(pushed) > 20
    for path in (*committed, *pushed):
        assert str(made[0].parent).encode() not in path.read_bytes(), path


def test_the_correction_corrects(made: tuple[Path, str]) -> None:
    correction = json.loads((made[0] / "corrections.json").read_text())
    assert correction["gain"] == pytest.approx(1.3, abs=0.05)  # what the instrument is made with
    assert correction["floor"] == pytest.approx(0.05, abs=0.03)
    deviation = json.loads((made[0] / "evaluation.json").read_text())["deviation"]
    assert deviation["after"] < 0.1 * deviation["before"]


def test_dvc_shows_the_metrics_and_parameters_of_both_sweeps(made: tuple[Path, str]) -> None:
    shown = json.loads(dvc(made[0], "metrics", "show", "--json"))[""]["data"]
    for kind in ("train", "test"):
        with (made[0] / f"sweeps/noise-{kind}/aggregate.csv").open() as stream:
            last = stream.read().splitlines()[-1].split(",")
        data = shown[f"sweeps/noise-{kind}/dvclive/metrics.json"]["data"]
        names = ("scale", "spread", "deviation")
        assert data == {kind: dict(zip(names, map(float, last[1:]), strict=True)), "step": 4}
    assert "deviation" in shown["evaluation.json"]["data"]
    page = made[0].parent / "plots"
    dvc(made[0], "plots", "show", "--out", str(page))
    for kind in ("train", "test"):
        assert f"sweeps/noise-{kind}/dvclive/plots/metrics/{kind}/spread.tsv" in (page / "index.html").read_text()


def test_what_is_made_again_has_the_same_bytes_but_for_the_manifests(project: Path) -> None:
    before, runs = contents(project), len(list(project.glob("artefacts/model/*/*Z_*")))
    assert len(before) == 24
    dvc(project, "repro", "--force")
    assert contents(project) == before
    assert check(project).returncode == 0
    assert len(list(project.glob("artefacts/model/*/*Z_*"))) == runs + 2  # the runs of before stay


def test_the_sweep_that_is_made_again_is_followed_by_the_one_that_names_it_and_by_no_fit(project: Path) -> None:
    said = dvc(project, "repro", "--force", "--single-item", "train_sweep")
    assert "Running stage 'test_sweep'" not in said
    assert "SM008" in check(project).stdout  # the link is to a sweep that is no more
    said = dvc(project, "repro")
    assert "Running stage 'test_sweep'" in said
    assert "Stage 'fit_corrections' didn't change, skipping" in said
    assert check(project).returncode == 0


def test_a_later_run_is_of_a_clean_commit_though_dvc_writes_its_lock_meanwhile(project: Path) -> None:
    params = project / "params.yaml"
    params.write_text(params.read_text().replace("seed: 7", "seed: 11"))
    commit_visible(project, "Another seed")
    dvc(project, "repro")
    head = git(project, "rev-parse", "HEAD").strip()
    for sweep in ("noise-train", "noise-test"):
        assert manifest(project, sweep)["git"] == {"sha": head, "dirty": False, "branch": "main"}


def test_a_clone_pulls_what_was_made_and_does_nothing(made: tuple[Path, str], tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", str(made[0]), "clone")
    clone = tmp_path / "clone"
    dvc(clone, "pull")
    assert contents(clone) == contents(made[0])
    assert "Running" not in dvc(clone, "repro")
    done = check(clone)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("sweep", ["none", "noise-test", "other-test"])
def test_a_test_sweep_whose_correction_is_from_no_train_sweep_is_red(project: Path, sweep: str) -> None:
    other = manifest(project, "noise-test")
    other["experiment_id"] = other["experiment_id"].partition("_")[0] + "_" + other["git"]["sha"][:12]
    shutil.copytree(project / "sweeps/noise-test", project / "sweeps/other-test")
    rewrite(project / "sweeps/other-test/manifest.json", other)
    document = manifest(project, "noise-test")
    ids = {"none": "2020-01-01T00-00-00Z_abc1234", "other-test": other["experiment_id"]}
    wrong = ids.get(sweep, document["experiment_id"])
    document["acme"]["calibration"]["links"]["trained_correction_from"] = wrong
    rewrite(project / "sweeps/noise-test/manifest.json", document)
    done = check(project, "--select", "SM008", "--format", "json")
    assert done.returncode == 1
    [finding] = json.loads(done.stdout)["findings"]
    assert finding["path"] == "sweeps/noise-test/manifest.json"
    assert finding["pointer"] == "/acme/calibration/links/trained_correction_from"
    fault = "no sweep of the tree" if sweep == "none" else f'sweeps/{sweep}; its sweep_kind is "test", not "train"'
    assert finding["message"] == f'names "{wrong}", which is {fault}'


def rewrite(path: Path, document: dict[str, Any]) -> None:
    """Write a manifest anew; DVC may have linked the one that is there to its store."""
    path.unlink()
    path.write_text(json.dumps(document, indent=2))


def test_no_number_is_made_of_a_tree_that_does_not_conform(project: Path) -> None:
    params = yaml.safe_load((project / "params.yaml").read_text())
    params["sweeps"]["noise-train"]["kind"] = "exploratory"
    (project / "params.yaml").write_text(yaml.safe_dump(params))
    done = by_command(project, sys.executable, "-m", "dvc", "repro", is_fine=False)
    assert done.returncode != 0
    assert "SM008" in done.stdout
    assert "failed to reproduce 'evaluate'" in done.stderr
    assert "python evaluate.py" not in done.stdout
