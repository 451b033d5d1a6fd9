"""An objective in a process of its own, where its trial is found in the storage again."""

from collections.abc import Callable
from typing import NamedTuple

import optuna

from runcheck.tuning.objective import Named
from runcheck.tuning.storage import pruner_of, quiet, sampler_of, storage_at
from runcheck.tuning.trial import Trial


class Isolated(NamedTuple):
    """What such a process needs: the objective, which it can import, and where the study is kept."""

    objective: Callable[..., object] | Named
    storage: str
    study: str
    sampler: tuple[str, int, int]
    pruner: str

    def do(self, argument: tuple[int, dict[str, object]]) -> object:
        """Do the trial of an identifier, with a configuration."""
        identifier, config = argument
        quiet()
        with storage_at(self.storage) as storage:
            study = optuna.load_study(
                study_name=self.study,
                storage=storage,
                sampler=sampler_of(*self.sampler),
                pruner=pruner_of(self.pruner),
            )
            call = self.objective.load() if isinstance(self.objective, Named) else self.objective
            return call(Trial(optuna.trial.Trial(study, identifier), config))
