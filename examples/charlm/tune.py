"""Tune learning rate, warm-up and heads with Optuna: each trial is a run, and one that does badly stops early."""

import argparse
from dataclasses import replace

import optuna
from train import Config, Every, train

BASE = Config(steps=120)
EVERY = Every(evaluation=20, checkpoint=BASE.steps)


def objective(trial: optuna.Trial) -> float:
    """Train with what the trial suggests, and return the validation loss."""
    config = replace(
        BASE,
        lr=trial.suggest_float("lr", 3e-4, 3e-2, log=True),
        warmup=trial.suggest_int("warmup", 0, 40),
        heads=trial.suggest_categorical("heads", [1, 2, 4, 8]),
    )
    is_pruned = False

    def is_enough(step: int, loss: float) -> bool:
        nonlocal is_pruned
        trial.report(loss, step)
        is_pruned = trial.should_prune()
        return is_pruned

    loss = train(config, variant="tuning", tags={"run_type": "tune"}, every=EVERY, is_enough=is_enough)
    if is_pruned:
        raise optuna.TrialPruned
    return loss


def main() -> None:
    """Try some, and print the command that trains with the best."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    flags.add_argument("--trials", type=int, default=10, help="how many")
    flags.add_argument("--seed", type=int, default=0, help="of the sampler")
    given = flags.parse_args()
    study = optuna.create_study(
        direction="minimize",
        sampler=optuna.samplers.TPESampler(seed=given.seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=3),
    )
    study.optimize(objective, n_trials=given.trials)
    best = " ".join(f"--{name} {value}" for name, value in study.best_params.items())
    print(f"validation loss {study.best_value:.3f} after {BASE.steps} steps: python examples/charlm/train.py {best}")


if __name__ == "__main__":
    main()
