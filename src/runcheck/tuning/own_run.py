"""The run of a trial whose objective begins none: what it was tried with, what it reported, how it ended."""

import math
import os
from pathlib import Path
from typing import NamedTuple

from optuna.trial import FrozenTrial

from runcheck.convention.unit_paths import path_of_unit
from runcheck.sweeps.attempt import Outcome
from runcheck.sweeps.record import SPLIT, VALUE
from runcheck.writer.membership import Begun, Membership, member
from runcheck.writer.start import start_run


class Origin(NamedTuple):
    """What such a run says of itself: the tokens of its slug, and the script of the objective."""

    dataset: str = "none"
    model: str = "objective"
    script: str | None = None
    study: str = "study"
    seed: int = 0


def own_run(root: str, trial: FrozenTrial, outcome: Outcome, origin: Origin, config: dict[str, object]) -> str:
    """Write the run of a trial that has ended, and return its path below the root.

    Raises:
        CannotWriteError: the disk refuses.
    """
    name = origin.study

    def began(_: Begun) -> None:
        """Take no notice."""

    with member(Membership(name, trial.number, dict(trial.params), began, [])):
        run = start_run(
            root,
            dataset=origin.dataset,
            model=origin.model,
            variant=name,
            config=config,
            seeds={"sampler": origin.seed},
            tags={"experiment": name, "run_type": "tune"},
            data=_data(origin),
            description=f"Trial {trial.number} of the study {name}, whose objective begins no run of its own.",
        )
    for step, value in sorted(trial.intermediate_values.items()):
        run.log(step, {"reported": value}, split=SPLIT)
    if outcome.returned is not None:
        run.log(max(trial.intermediate_values, default=-1) + 1, {VALUE: outcome.returned}, split=SPLIT)
    run.note(f"It took {outcome.seconds} s, before this was written.")
    is_complete = outcome.state == "completed" and outcome.returned is not None and math.isfinite(outcome.returned)
    run.finish("completed" if is_complete else "aborted" if outcome.state == "pruned" else "failed", outcome.reason)
    return path_of_unit(run.metadata)


def _data(origin: Origin) -> dict[str, object]:
    if origin.script is None:
        return {"kind": "synthetic", "seed": 0}
    return {
        "kind": "external",
        "hashes": {os.path.basename(origin.script): Path(origin.script)},
        "source": "the script of the objective, which does not say its data",
    }
