"""How far a copy got and what is sent next, with the tracker of another package, as its page shows it."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import runcheck
from runcheck.errors import InvalidArgumentError
from runcheck.writer.run import Run
from tests.trackers.conftest import log_some, mirror

PAGE = Path(__file__).parents[2] / "docs/trackers.md"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example of the page as a package that is installed; return where it puts its copies."""
    site = tmp_path / "site"
    (site / "lines_tracker-1.0.dist-info").mkdir(parents=True)
    code, registered = re.findall(r"```(?:python|toml)\n(.*?)```", PAGE.read_text(), re.DOTALL)[:2]
    (site / "lines_tracker.py").write_text(code)
    name, place = re.findall(r'^(\w+) = "(.+)"$', registered, re.MULTILINE)[0]
    points = f"[runcheck.trackers]\n{name} = {place}\n"
    (site / "lines_tracker-1.0.dist-info/entry_points.txt").write_text(points)
    (site / "lines_tracker-1.0.dist-info/METADATA").write_text("Name: lines_tracker\nVersion: 1.0\n")
    monkeypatch.setenv("PYTHONPATH", f"{site}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.syspath_prepend(str(site))
    return tmp_path / "copies"


def lines_of(folder: Path) -> list[dict[str, object]]:
    """Return what the one copy in a folder holds."""
    (path,) = folder.glob("*.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()]


def steps_of(folder: Path) -> list[object]:
    return [each["step"] for each in lines_of(folder) if "step" in each]


def test_a_package_adds_a_tracker_of_its_own(start: Callable[..., Run], package: Path) -> None:
    asked = runcheck.Mirror("lines", options={"folder": str(package)})
    with start(trackers=[asked]) as run:
        log_some(run)
    assert len(steps_of(package)) == 27
    assert lines_of(package)[-1] == {"status": "completed"}
    assert run.metadata["trackers"]["lines"]["file"] == next(package.iterdir()).name


@pytest.mark.parametrize("asked", [["wandbb"], ["mlflow", runcheck.Mirror("wandbb")]], ids=["name", "mirror"])
def test_a_tracker_that_there_is_none_of_is_refused_before_anything_is_written(
    start: Callable[..., Run], tmp_path: Path, asked: list[str | runcheck.Mirror]
) -> None:
    words = "trackers: there is no tracker 'wandbb'; did you mean 'wandb'[?] there is mlflow, wandb$"
    with pytest.raises(InvalidArgumentError, match=words):
        start(trackers=asked)
    assert not (tmp_path / "artefacts").exists()


def test_a_tracker_of_the_variable_that_there_is_none_of_is_refused(
    start: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNCHECK_TRACKERS", "neptune")
    with pytest.raises(InvalidArgumentError, match=r"there is no tracker 'neptune'; there is mlflow, wandb$"):
        start()


def test_a_tracker_of_the_configuration_that_is_not_known_here_is_told_at_the_start_and_keeps_no_other_back(
    start: Callable[..., Run], package: Path, tmp_path: Path
) -> None:
    text = f'trackers.lines.options.folder = "{package}"\ntrackers.ours = {{}}\n'
    (tmp_path / "runcheck.toml").write_text(text)
    with pytest.warns(RuntimeWarning, match="not mirrored to ours, as the configuration asks: there is no tracker"):
        run = start()
    log_some(run)
    run.finish()
    assert len(steps_of(package)) == 27


def test_a_tracker_that_says_nothing_gets_what_is_not_noted_as_sent(
    start: Callable[..., Run], package: Path, tmp_path: Path
) -> None:
    (tmp_path / "runcheck.toml").write_text(f'trackers.lines.options.folder = "{package}"\n')
    with start(trackers=[]) as run:
        for step in range(2500):
            run.log(step, {"loss": 1.0})
    assert "2,500 rows sent" in mirror(Path(run.path), "lines").stdout
    assert "all is there, 2,500 rows" in mirror(Path(run.path), "lines").stdout
    assert "0 rows sent; 2,500 rows were there" in mirror(Path(run.path), "lines", "--again").stdout
    assert steps_of(package) == list(range(2500))


def test_another_place_by_the_configuration_is_another_copy_and_gets_all_rows(
    finished: Path, package: Path, tmp_path: Path
) -> None:
    for folder in (package, tmp_path / "others"):
        (tmp_path / "runcheck.toml").write_text(f'trackers.lines.options.folder = "{folder}"\n')
        assert "27 rows sent\n" in mirror(finished, "lines").stdout
        assert len(steps_of(folder)) == 27
        assert "all is there, 27 rows" in mirror(finished, "lines").stdout


def test_of_rows_that_a_run_took_back_none_is_sent_twice_and_it_is_told(
    start: Callable[..., Run], package: Path, tmp_path: Path
) -> None:
    (tmp_path / "runcheck.toml").write_text(f'trackers.lines.options.folder = "{package}"\n')
    run = start(trackers=[])
    for step in range(10):
        run.log(step, {"loss": 1.0})
    with pytest.raises(runcheck.Preempted), run:
        raise runcheck.Preempted
    assert "10 rows sent" in mirror(Path(run.path), "lines").stdout
    with start(trackers=[], resume=run.path) as again:  # without a checkpoint it goes on from the start
        for step in range(12):
            again.log(step, {"loss": 0.5})
    done = mirror(Path(run.path), "lines")
    assert "2 rows sent; 10 rows were there; the run was taken up again before rows that had been sent" in done.stdout
    assert steps_of(package) == list(range(12))


def test_a_state_that_cannot_be_noted_keeps_no_row_back(finished: Path, package: Path, tmp_path: Path) -> None:
    (tmp_path / "runcheck.toml").write_text(f'trackers.lines.options.folder = "{package}"\n')
    (finished.parents[2] / ".runcheck/mirrors").write_text("in the way")
    done = mirror(finished, "lines")
    assert done.returncode == 0, done.stderr
    assert "27 rows sent; how far it got could not be noted on the disk" in done.stdout


def test_what_cannot_be_mirrored_is_told_in_a_line(start: Callable[..., Run], finished: Path, tmp_path: Path) -> None:
    unknown = mirror(finished, "neptune")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert unknown.stderr == "runcheck: there is no tracker 'neptune'; there is mlflow, wandb\n"
    assert not (finished.parents[2] / ".runcheck/mirrors").exists()
    assert "there is no such folder" in mirror(tmp_path / "nowhere", "wandb").stderr
    run = start(trackers=[])
    assert "of this machine writes it; mirror it when it has ended" in mirror(Path(run.path), "wandb").stderr
    run.finish()
