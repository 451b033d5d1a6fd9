import gc
import json
import math
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest

import runcheck
from runcheck.cli import main
from runcheck.errors import CannotReadError, InvalidArgumentError
from runcheck.sweeps.told import SweepResult
from runcheck.tuning import study
from runcheck.tuning.space import Space, space_of
from runcheck.tuning.storage import PRUNERS, SAMPLERS, default_storage, storage_at
from runcheck.tuning.study import Settings
from runcheck.tuning.trial import Trial
from tests.sweeps.trees import errors, loss, trials_of, units
from tests.tuning import objectives

ROOT = Path(__file__).parents[2]
SCRIPT = str(Path(objectives.__file__))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def search(
    objective: Callable[..., object],
    trials: int = 4,
    space: Space | None = None,
    *,
    name: str = "rates",
    **settings: Any,  # noqa: ANN401 - those of the study
) -> SweepResult:
    declared = space_of({"space": objectives.SPACE, "fixed": objectives.FIXED}, "here")
    asked = Settings(name, trials, **settings)
    return study.search(objective, declared if space is None else space, asked, is_quiet=True)


def loaded(unit: str | None) -> runcheck.LoadedRun:
    run = runcheck.load(f"artefacts/{unit}")
    assert isinstance(run, runcheck.LoadedRun)
    return run


def document(told: SweepResult, name: str) -> dict[str, Any]:
    path = Path("artefacts") / str(told.unit) / name
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_each_trial_is_a_run_with_the_configuration_that_it_was_tried_with() -> None:
    told = search(objectives.objective)
    for trial in told.trials:
        run = loaded(trial["unit"])
        assert run.config == {"steps": 5, **trial["params"]}
        assert trial["value"] == loss(run.config)
        assert run.metadata["trial"] == {"number": trial["number"], "params": trial["params"]}
    assert errors() == []


def test_the_best_is_the_least_and_its_configuration_can_be_trained_with() -> None:
    told = search(objectives.objective, 6)
    best = document(told, "best_trial.json")
    assert best["value"] == min(trial["value"] or 9.0 for trial in told.trials) == loss(best["config"])
    assert best["config"]["steps"] == 5


def test_a_metric_of_the_runs_is_the_value_where_the_objective_returns_none() -> None:
    told = search(objectives.by_metric, metric="test/loss")
    assert [trial["value"] for trial in told.trials] == [loss(trial["params"]) for trial in told.trials]
    assert told.direction == "min"
    assert errors() == []


def test_a_metric_that_the_first_run_does_not_have_stops_the_study_and_the_right_one_may_take_its_name() -> None:
    with pytest.raises(InvalidArgumentError, match=r"metric is 'tst/loss'.* has no such series; did you mean test/los"):
        search(objectives.by_metric, metric="tst/loss", direction="max")
    assert len(units("train")) == 1
    assert not units("study")
    told = search(objectives.by_metric, metric="test/loss")
    assert [trial["state"] for trial in told.trials] == ["completed"] * 4
    assert errors() == []


def test_a_metric_that_no_run_of_a_study_had_yet_stops_it_and_its_trials_before_stay() -> None:
    search(objectives.fails_in_many_ways, 2, metric="tst/loss")
    with pytest.raises(InvalidArgumentError, match="did you mean test/loss"):
        search(objectives.by_metric, 4, metric="tst/loss")
    with storage_at(default_storage(os.path.abspath("artefacts"), "rates")) as storage:
        trials = optuna.load_study(study_name="rates", storage=storage).trials
    assert [each.state.name for each in trials] == ["FAIL"] * 3
    assert "has no such series" in trials[-1].user_attrs["reason"]


def test_an_objective_in_the_style_of_optuna_works_as_it_is() -> None:
    told = search(objectives.in_style_of_optuna, 8, Space({}, {}))
    assert document(told, "study.json")["space"] == {
        "x": {"type": "float", "low": -2.0, "high": 2.0},
        "kind": {"type": "categorical", "choices": ["a", "b"]},
    }
    assert errors() == []


def test_an_objective_that_begins_no_run_gets_one_for_each_trial() -> None:
    told = search(objectives.without_a_run, 3, Space({}, {}))
    run = loaded(told.trials[0]["unit"])
    assert run.config == told.trials[0]["params"]
    assert run.metadata["metrics"]["trial/value"] == told.trials[0]["value"]
    assert errors() == []


def test_a_trial_that_others_were_better_than_is_pruned_and_its_run_aborted() -> None:
    told = search(objectives.worse_and_worse, 6)
    pruned = [trial for trial in told.trials if trial["state"] == "pruned"]
    assert [trial["number"] for trial in pruned] == [3, 4, 5]
    assert pruned[0]["value"] == 3.0
    assert runcheck.load(f"artefacts/{pruned[0]['unit']}").status == "aborted"
    assert errors() == []


def test_a_trial_that_fails_says_why_and_the_study_goes_on() -> None:
    told = search(objectives.fails_in_many_ways, 5)
    assert [trial["state"] for trial in told.trials] == ["failed"] * 4 + ["completed"]
    assert [trial.get("reason") for trial in told.trials[:4]] == [
        "out of memory: MemoryError",
        "out of memory: RuntimeError: RESOURCE_EXHAUSTED: Out of memory allocating 17179869184 bytes.",
        "its value is nan",
        "it ended the process: exit status 3",
    ]
    assert errors() == []


def test_a_trial_that_is_killed_in_a_process_of_its_own_fails_and_the_study_goes_on() -> None:
    told = search(objectives.is_killed, 3, isolated=True)
    assert [trial["state"] for trial in told.trials] == ["completed", "failed", "completed"]
    assert "SIGKILL" in trials_of(told.unit)[1]["reason"]
    assert {each.split()[0] for each in errors()} == {"RC216"}  # the run that was killed says it is running


@pytest.mark.parametrize("storage", [None, "sqlite:///study.db", "study.log"])
def test_a_study_that_is_killed_goes_on_and_tries_what_it_would_have_tried(storage: str | None) -> None:
    command = [
        sys.executable,
        "-m",
        "runcheck",
        "tune",
        f"{SCRIPT}:is_killed",
        "--study-name",
        "rates",
        "--trials",
        "3",
    ]
    command += [] if storage is None else ["--storage", storage]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
    assert subprocess.run(command, env=environment, capture_output=True).returncode == -9
    Path("mended").touch()
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = trials_of(units("study")[-1])  # before there is another study
    assert [row["state"] for row in rows] == ["completed", "failed", "completed"]
    assert rows[1]["reason"] == "its process ended without a word"
    whole = search(objectives.objective, 2, name="whole")
    assert [row["params"] for row in rows][:2] == [trial["params"] for trial in whole.trials]
    assert {each.split()[0] for each in errors()} == {"RC216"}


def test_an_objective_that_writes_to_another_tree_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="began a run in artefacts, and the study is of elsewhere"):
        search(objectives.objective, 2, root="elsewhere")


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_same_trials_come_of_the_same_seed_whether_the_study_was_stopped_or_not(sampler: str) -> None:
    space = space_of({"space": {"x": "-2.0..2.0", "y": "0..9"}}, "here")
    parts = [search(objectives.of_a_bowl, count, space, name="parts", sampler=sampler) for count in (2, 4)][-1]
    whole = search(objectives.of_a_bowl, 4, space, name="whole", sampler=sampler)
    other = search(objectives.of_a_bowl, 2, space, name="other", sampler=sampler, seed=1)
    assert len({str(trial["params"]) for trial in whole.trials}) == 4
    assert [trial["params"] for trial in parts.trials] == [trial["params"] for trial in whole.trials]
    assert [trial["params"] for trial in other.trials] != [trial["params"] for trial in whole.trials][:2]


def test_a_study_that_is_under_way_is_refused_to_whoever_else_begins_it() -> None:
    def begins_it_again(trial: Trial) -> float:
        if trial.number == 0:
            search(objectives.of_a_bowl, 1)
        return 1.0

    told = search(begins_it_again, 2)
    assert [trial["state"] for trial in told.trials] == ["failed", "completed"]
    words = "the study rates of artefacts is under way in another process; wait for it, or give this one another name"
    assert told.trials[0]["reason"] == words
    assert len(search(objectives.objective, 3).trials) == 3


def test_another_space_under_the_same_name_is_refused_with_what_changed() -> None:
    search(objectives.objective, 2)
    other = space_of({"space": {**objectives.SPACE, "rate": "0.01..2.0:log"}, "fixed": objectives.FIXED}, "here")
    words = "rate was a number from 0.01 to 1.0, and is a number from 0.01 to 2.0 now"
    with pytest.raises(InvalidArgumentError, match=words):
        search(objectives.objective, 3, other)
    told = search(objectives.objective, 3, other, allow_space_change=True)
    assert len(told.trials) == 3
    assert errors() == []


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("pruner", PRUNERS)
def test_every_sampler_goes_with_every_pruner(sampler: str, pruner: str) -> None:
    told = search(objectives.without_a_run, 2, Space({}, {}), sampler=sampler, pruner=pruner)
    assert len(told.trials) == 2


def test_the_unit_has_a_history_and_importances() -> None:
    told = search(objectives.objective, 5)
    plots = sorted(path.name for path in (Path("artefacts") / str(told.unit) / "plots").iterdir())
    assert plots == ["history.png", "importance.png"]


def test_after_the_time_no_trial_is_begun(capsys: pytest.CaptureFixture[str]) -> None:
    assert search(objectives.objective, 4, timeout_minutes=0.0).trials == ()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"sampler": "grid"}, "there are tpe, random, cmaes"),
        ({"pruner": "best"}, "there are median, "),
        ({"trials": 0}, "give at least 1"),
        ({"timeout_minutes": math.nan}, "timeout_minutes is nan; give a number of minutes"),
        ({"timeout_minutes": -1.0}, r"timeout_minutes is -1\.0"),
        ({"metric": "loss"}, "give a split and a metric"),
        ({"storage": "study.txt"}, "give sqlite:///study.db, or a journal"),
    ],
)
def test_a_setting_that_fits_nothing_is_refused_before_anything_is_written(
    settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=words):
        search(objectives.objective, **settings)
    assert not Path("artefacts").exists()


def test_a_storage_that_is_none_is_told_in_a_line() -> None:
    Path("study.db").write_text("no database" * 200)
    with pytest.raises(CannotReadError, match="cannot be opened"):
        search(objectives.objective, storage="sqlite:///study.db")
    with warnings.catch_warnings():  # Optuna leaves such a database open, which Python 3.13 tells when it is let go
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_takes_the_space_of_the_script_and_overrides_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["tune", f"{SCRIPT}:objective", "--trials", "2", "--study-name", "rates", "--eval-batches", "7"]
    assert main([*words, "--param", "rate=0.5..0.6", "--fix", "kind=b"]) == 0
    (unit,) = units("study")
    study = json.loads((Path("artefacts") / unit / "study.json").read_text())
    assert study["space"]["rate"] == {"type": "float", "low": 0.5, "high": 0.6}
    assert study["fixed"] == {"steps": 5, "kind": "b", "eval_batches": 7}
    assert "kind" not in study["space"]
    captured = capsys.readouterr()
    assert captured.out.startswith("2 trials: 2 completed\n")
    assert captured.out.rstrip().endswith("best_trial.json")
    assert captured.err.splitlines()[-1].startswith("2/2 trial 1 ")
    assert errors() == []


def test_the_command_reads_a_space_of_toml(capsys: pytest.CaptureFixture[str]) -> None:
    Path("space.toml").write_text('[space]\nrate = "0.1..0.2"\nwidth = { choices = [8, 16] }\n[fixed]\nsteps = 3\n')
    assert main(["tune", f"{SCRIPT}:objective", "--trials", "1", "--space", "space.toml", "--quiet"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nothing.py"], "there is no such script"),
        ([f"{SCRIPT}:nothing"], "has no function 'nothing'"),
        ([SCRIPT, "--param", "rate"], "give a name and what it is"),
        ([SCRIPT, "--param", "rate=1..0.1"], "write rate=0.1..1"),
        ([SCRIPT, "--param", "rate=0..1:log"], "a logarithm begins above 0"),
        ([SCRIPT, "--space", "none.toml"], "none.toml: cannot be read"),
        ([SCRIPT, "--fix", "stesp=3"], "in space and fixed, has no stesp; did you mean steps?"),
        ([SCRIPT, "--param", "zz=1..2"], "in space and fixed, has no zz; it has kind, rate, steps, width"),
    ],
)
def test_bad_words_are_told_in_one_line(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tune", *words]) == 2
    captured = capsys.readouterr().err
    assert told in captured
    assert captured.count("\n") == 1


def test_a_script_that_raises_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    Path("broken.py").write_text("raise ValueError('no\\nmore')\n")
    assert main(["tune", "broken.py"]) == 2
    assert "cannot be imported: ValueError: no" in capsys.readouterr().err


def test_optuna_s_own_study_can_be_read_from_the_storage() -> None:
    search(objectives.objective, 3, storage="sqlite:///study.db")
    with storage_at("sqlite:///study.db") as storage:
        assert len(optuna.load_study(study_name="rates", storage=storage).trials) == 3


def test_a_space_of_texts_is_searched_from_python() -> None:
    found = runcheck.tune(
        lambda trial: trial.config["x"] ** 2 + trial.config["shift"],
        {"x": "-2.0..2.0"},
        name="bowl",
        fixed={"shift": 1},
        trials=4,
        quiet=True,
    )
    values = [float(str(trial["params"]["x"])) ** 2 + 1 for trial in found.trials]
    assert [trial["value"] for trial in found.trials] == values
    assert found.best is not None
    assert found.best["value"] == min(values)
