"""Objectives: in Optuna's own style, with the configuration of a declared space, and such that fail."""

import os
import signal
from pathlib import Path

import optuna

from runcheck.tuning.trial import Trial
from tests.sweeps.trees import loss, start

SPACE = {"rate": "0.01..1.0:log", "width": "8..32:int:step=8", "kind": "a,b"}
FIXED = {"steps": 5}


def objective(trial: Trial) -> float:
    """Start a run with the configuration of the trial, and return its loss."""
    with start(trial.config) as run:
        run.log(0, {"loss": loss(trial.config)}, split="test")
    return loss(trial.config)


def by_metric(trial: Trial) -> None:
    """Leave the value to the metric of the run."""
    objective(trial)


def in_style_of_optuna(trial: optuna.Trial) -> float:
    """Suggest by itself, after the run was begun too, and prune by itself."""
    x = trial.suggest_float("x", -2.0, 2.0)
    with start({"rate": x}) as run:
        kind = trial.suggest_categorical("kind", ["a", "b"])
        run.log(0, {"loss": x * x})
        trial.report(x * x, 0)
        if trial.should_prune():
            raise optuna.TrialPruned
    return x * x + (kind == "a")


def without_a_run(trial: optuna.Trial) -> float:
    x: float = trial.suggest_float("x", -2.0, 2.0)
    trial.report(x * x + 1, 0)
    return x * x


def of_a_bowl(trial: Trial) -> float:
    """Return a value without a run, of two numbers that are declared."""
    x, y = trial.config["x"], trial.config["y"]
    return float(x * x + (y - 4) ** 2)


def worse_and_worse(trial: Trial) -> float:
    """Report a value that is greater with each trial, so that those after the first ones are pruned."""
    with start(trial.config) as run:
        for step in range(5):
            run.log(step, {"loss": float(trial.number)}, split="test")
            trial.log(step, float(trial.number))
    return float(trial.number)


def fails_in_many_ways(trial: Trial) -> float:
    """Fail in a way of its own at each of the first trials."""
    if trial.number == 0:
        raise MemoryError
    if trial.number == 1:
        raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 17179869184 bytes.")
    if trial.number == 2:
        return float("nan")
    if trial.number == 3:
        raise SystemExit(3)
    return objective(trial)


def is_killed(trial: Trial) -> float:
    """End its process at trial 1, with its run open, until a file says otherwise."""
    with start(trial.config) as run:
        run.log(0, {"loss": loss(trial.config)}, split="test")
        if trial.number == 1 and not Path("mended").exists():
            os.kill(os.getpid(), signal.SIGKILL)
    return loss(trial.config)
