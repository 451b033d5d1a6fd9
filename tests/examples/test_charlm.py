"""The language model as scripts: trained, killed, resumed, evaluated, packaged, tuned. The tree conforms throughout.

Scripts are called in this process, where what one of them compiled the next one has; those of a flow are processes.
"""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import optuna
import pandas as pd
import pytest
from tests.checking import check
from tests.examples.conftest import CHARLM

import runcheck
from runcheck.cli import main

TINY = {"width": 16, "layers": 1, "heads": 2, "context": 16, "batch": 4, "eval_batches": 2}
SHORT = {**TINY, "steps": 60, "warmup": 10, "lr": 0.02}
ACCUMULATED = {**SHORT, "accumulation": 2}
EXPERTS = {**SHORT, "experts": 3, "top_k": 2}
EVERY = ["--measure-every", "10", "--eval-every", "20", "--checkpoint-every", "20"]

# Trains with the settings in its argument, and kills itself at step 40, once the checkpoint of step 20 is whole.
KILLED = """
import json, os, signal, sys
from pathlib import Path
import runcheck
from train import Config, Every, train

def die(step, loss):
    (run,) = Path("artefacts/model/pydoc_moe_killed").glob("2*")
    while step == 40 and 20 not in runcheck.load(run).checkpoints:
        pass
    if step == 40:
        os.kill(os.getpid(), signal.SIGKILL)
    return False

train(Config(**json.loads(sys.argv[1])), variant="killed", every=Every(10, 20, 20), is_enough=die)
"""


def flags(settings: dict[str, float]) -> list[str]:
    return [part for name, value in settings.items() for part in (f"--{name.replace('_', '-')}", str(value))]


class Workplace:
    """A folder with the dataset, in which scripts run."""

    def __init__(self, folder: Path, modules: SimpleNamespace) -> None:
        self.folder = folder
        self.modules = modules
        self.model = folder / "artefacts/model"
        self._env = {
            **os.environ,
            "JAX_PLATFORMS": "cpu",
            **modules.settings,
            "WANDB_MODE": "offline",
            "PYTHONPATH": os.pathsep.join([str(CHARLM), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
        }

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run Python in a process of its own."""
        return subprocess.run(
            [sys.executable, *command], cwd=self.folder, capture_output=True, text=True, check=False, env=self._env
        )

    def script(self, name: str, *arguments: str) -> str:
        """Call a script as its command line would, and return what it prints."""
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as said:
            patch.chdir(self.folder)
            patch.setattr(sys, "argv", [str(CHARLM / f"{name}.py"), *arguments])
            assert not getattr(self.modules, name).main(), said.getvalue()
        return said.getvalue()


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory, charlm: SimpleNamespace) -> Workplace:
    place = Workplace(tmp_path_factory.mktemp("charlm"), charlm)
    place.script("data")
    return place


@pytest.fixture(scope="module")
def dense(workplace: Workplace) -> Path:
    """A run of the baseline."""
    workplace.script("train", *flags(ACCUMULATED), *EVERY)
    return workplace.model / "pydoc_transformer_baseline/latest"


@pytest.fixture(scope="module")
def experts(workplace: Workplace) -> Path:
    """A run with experts, that nothing broke."""
    workplace.script("train", *flags(EXPERTS), *EVERY, "--variant", "whole")
    return workplace.model / "pydoc_moe_whole/latest"


def series(run: Path) -> dict[str, dict[int, float]]:
    """The values of a run by split/metric and step."""
    rows = pd.read_json(run / "metrics.jsonl", lines=True, precise_float=True)
    names = rows["split"] + "/" + rows["metric"]
    return {name: dict(zip(group["step"], group["value"], strict=True)) for name, group in rows.groupby(names)}


def assert_clean(workplace: Workplace) -> None:
    report = check(workplace.folder / "artefacts", depth="deep")
    assert report.is_clean, report.findings


def test_the_loss_goes_down_and_all_is_logged_that_the_page_says(workplace: Workplace, dense: Path) -> None:
    logged = series(dense)
    assert set(logged) == {
        *(f"train/{name}" for name in ("loss", "lr", "grad_norm", "seconds_per_step", "tokens_per_second")),
        "train/memory_bytes",
        "validation/loss",
        "validation/perplexity",
    }
    assert logged["validation/loss"][0] == pytest.approx(5.545, abs=0.05)  # the logarithm of 256
    assert logged["validation/loss"][60] < 3.8
    assert list(logged["validation/loss"]) == [0, 20, 40, 60]
    assert list(logged["train/loss"]) == list(range(1, 61))
    for step, seconds in logged["train/seconds_per_step"].items():
        assert logged["train/tokens_per_second"][step] == pytest.approx(2 * 4 * 16 / seconds)
    for step, loss in logged["validation/loss"].items():
        assert logged["validation/perplexity"][step] == pytest.approx(2.718281828**loss, rel=1e-5)
    assert_clean(workplace)


def test_with_experts_their_balance_is_logged(workplace: Workplace, experts: Path) -> None:
    balance = series(experts)["train/load_balance"]
    assert list(balance) == list(range(1, 61))
    assert min(balance.values()) > 0.9
    assert max(balance.values()) < 3
    assert "3 experts" in json.loads((experts / "metadata.json").read_text())["architecture"]["text"]


def test_a_run_that_was_killed_and_goes_on_has_the_numbers_of_one_that_nothing_broke(
    workplace: Workplace, experts: Path
) -> None:
    killed = workplace.run("-c", KILLED, json.dumps(EXPERTS))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    workplace.script("train", *flags(EXPERTS), *EVERY, "--variant", "killed", "--resume")
    (resumed,) = workplace.model.glob("pydoc_moe_killed/2*")
    (restart,) = runcheck.load(resumed).metadata["restarts"]
    assert restart["step"] == 20
    measured = {"train/seconds_per_step", "train/tokens_per_second", "train/memory_bytes"}
    broken, whole = ({k: v for k, v in series(run).items() if k not in measured} for run in (resumed, experts))
    assert broken == whole
    assert_clean(workplace)


def test_the_evaluation_gives_the_loss_that_was_logged_and_links_to_the_run(workplace: Workplace, dense: Path) -> None:
    said = workplace.script("evaluate")
    unit = f"model/pydoc_transformer_baseline/{os.readlink(dense)}"
    assert f"{unit}, step 60, all of validation: loss" in said
    evaluation = runcheck.load(workplace.model / "pydoc_transformer_evaluation/latest")
    assert isinstance(evaluation, runcheck.LoadedRun)
    assert evaluation.metadata["links"] == {"evaluates": unit}
    bits = {row.metric: row.value for row in evaluation.rows()}
    assert bits["bits_per_byte"] == pytest.approx(bits["loss"] * 1.442695)
    assert_clean(workplace)


def test_the_package_has_the_weights_alone_and_gives_the_same_loss(workplace: Workplace, experts: Path) -> None:
    workplace.script("package", str(experts))
    package = workplace.model / "pydoc_moe_package/latest"
    trained, packaged = (json.loads((run / "metadata.json").read_text()) for run in (experts, package))
    assert packaged["architecture"]["parameters"] == trained["architecture"]["parameters"] > 0
    assert series(package)["validation/loss"] == {60: series(experts)["validation/loss"][60]}
    assert_clean(workplace)


@pytest.fixture
def tuned(workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module that tunes, from the settings of the baseline."""
    tune: ModuleType = workplace.modules.tune
    monkeypatch.setattr(tune, "BASE", workplace.modules.train.Config(**ACCUMULATED))
    monkeypatch.setattr(tune, "EVERY", workplace.modules.train.Every(10, 20, 60))
    monkeypatch.chdir(workplace.folder)
    return tune


def test_a_trial_that_does_badly_stops_and_its_run_says_when(
    workplace: Workplace, tuned: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [str(CHARLM / "tune.py")])
    study = optuna.create_study(pruner=optuna.pruners.ThresholdPruner(upper=5.3))  # that of the low rate is above
    for lr in (0.02, 3e-4):
        study.enqueue_trial({"lr": lr, "warmup": 10, "heads": 2})
    study.optimize(tuned.objective, n_trials=2)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "PRUNED"]
    assert list(study.trials[1].intermediate_values) == [20]
    runs = sorted(workplace.model.glob("pydoc_transformer_tuning/2*"))
    loaded = [each for each in map(runcheck.load, runs) if isinstance(each, runcheck.LoadedRun)]
    assert [each.summary.get("early_stopping_step") for each in loaded] == [None, 20]
    assert {each.metadata["tags"]["run_type"] for each in loaded} == {"tune"}
    assert_clean(workplace)


@pytest.mark.usefixtures("tuned")
def test_the_tuner_tunes_it_and_what_is_best_trains(workplace: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    (workplace.folder / "tiny.py").write_text("from tune import objective\n")
    assert main(["tune", "tiny.py:objective", "--trials", "2", "--study-name", "rates"]) == 0, capsys.readouterr()
    best = next((workplace.folder / "artefacts").glob("model/*_rates/2*/best_trial.json"))
    chosen = json.loads(best.read_text())["config"]
    assert set(chosen) >= {"lr", "warmup", "heads"}
    tiny = {name: value for name, value in ACCUMULATED.items() if name not in chosen}
    workplace.script("train", "--config", str(best), *flags(tiny), "--variant", "best")
    config = json.loads((workplace.model / "pydoc_transformer_best/latest/config.json").read_text())
    assert {name: config[name] for name in chosen} == chosen
    assert_clean(workplace)


def test_a_flow_trains_evaluates_and_packages_it_and_a_tracker_has_a_copy(workplace: Workplace) -> None:
    flow = (
        '[flow.charlm]\ndataset = "pydoc"\n'
        f'prepare = "python {CHARLM}/data.py"\ntrain = "python {CHARLM}/train.py --variant flowed"\n'
        f'evaluate = "python {CHARLM}/evaluate.py {{run}}"\npackage = "python {CHARLM}/package.py {{run}}"\n'
    )
    (workplace.folder / "runcheck.toml").write_text(flow)
    command = ("-m", "runcheck", "flow", "charlm", "--wandb", "--evaluation", "artefacts/dataset", "--bundle", "small")
    done = workplace.run(*command, "--", *flags(ACCUMULATED), *EVERY)
    (workplace.folder / "runcheck.toml").unlink()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Ran prepare, train, evaluate, package." in done.stdout
    run = runcheck.load(workplace.model / "pydoc_transformer_flowed/latest")
    assert run.metadata["trackers"]["wandb"]["id"]
    logs = list((workplace.folder / "artefacts/.runcheck/mirrors").rglob("*.wandb"))
    assert len(logs) == 1
    assert_clean(workplace)


def test_a_file_of_settings_is_taken_and_flags_override_it(workplace: Workplace, dense: Path) -> None:
    best = workplace.folder / "best.json"
    settings = {**json.loads((dense / "config.json").read_text()), "balance": 0.1, "seed": 5}
    best.write_text(json.dumps({"value": 3.0, "config": settings}))
    workplace.script("train", "--config", str(best), "--seed", "12", "--variant", "from-file")
    config = json.loads((workplace.model / "pydoc_transformer_from-file/latest/config.json").read_text())
    assert (config["balance"], config["seed"], config["width"]) == (0.1, 12, 16)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--width", "64", "--heads", "3"], "width 64 is no multiple of twice the heads, 6"),
        (["--config", "none.json"], "none.json"),
        (["--config", "other.json"], "other.json: has rate, which is no setting"),
        (["--data", "artefacts/dataset/none"], "artefacts/dataset/none"),
        (["--eval-every", "0"], "at least a step apart"),
        (["--context", "100000"], "room for 0 batches"),
    ],
)
def test_a_command_that_cannot_be_says_why_in_a_line(
    workplace: Workplace, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (workplace.folder / "other.json").write_text('{"rate": 1}')
    with pytest.raises(SystemExit) as ended:
        workplace.script("train", *arguments)
    assert ended.value.code == 2
    assert words in capsys.readouterr().err.splitlines()[-1]
