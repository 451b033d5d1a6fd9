"""``runcheck.tune``: search a space with Optuna, each trial a run."""

import os
from collections.abc import Callable, Mapping

from runcheck.convention.aggregates import Direction
from runcheck.errors import MissingLibraryError
from runcheck.sweeps.told import SweepResult
from runcheck.tuning.space import space_of


def tune(
    objective: Callable[..., object],
    space: Mapping[str, object],
    *,
    name: str,
    fixed: Mapping[str, object] | None = None,
    trials: int = 20,
    timeout_minutes: float | None = None,
    sampler: str = "tpe",
    pruner: str = "median",
    direction: Direction | None = None,
    metric: str | None = None,
    eval_batches: int | None = None,
    storage: str | None = None,
    seed: int = 0,
    root: str | os.PathLike[str] = "artefacts",
    isolated: bool = False,
    allow_space_change: bool = False,
    quiet: bool = False,
) -> SweepResult:
    """Search a space for the trial with the best value, and return what came of it; ``print`` that for a table.

    The runs that ``objective`` starts get the tag ``sweep`` and the number of their trial; where it starts none, one is
    written for it. A trial that fails, for lack of memory too, is told with its reason, and the study goes on. The same
    call goes on after a crash.

    Args:
        objective: Takes a trial: one of Optuna's calls on it work, and ``trial.config`` is the configuration.
        space: What each parameter may be: ``{"lr": "1e-4..1e-1:log", "width": "16,32,64"}``, or as tables. It may be
            empty where the objective suggests its parameters itself.
        name: The name of the study, which is the tag ``sweep`` of its runs.
        fixed: What all configurations have besides.
        trials: How many trials the study is to have in all, those included that ended before.
        timeout_minutes: After these no trial is begun.
        sampler: ``tpe``, ``random`` or ``cmaes``.
        pruner: ``median``, ``successive_halving``, ``hyperband`` or ``none``.
        direction: Which end is better, ``min`` or ``max``; by default as the name of the metric tells, else ``min``.
        metric: The series of the runs, ``test/loss``, whose best value counts; without it what ``objective`` returns.
        eval_batches: Handed to the objective in the configuration of each trial.
        storage: A URL of Optuna's, or the path of a journal; by default a journal in the tree's state folder.
        seed: Of the sampler.
        root: The tree.
        isolated: Run each trial in a process of its own; ``objective`` is a function of a module then.
        allow_space_change: Go on with a study whose space was another one.
        quiet: Say nothing on the way. Else a line a trial goes to the standard error.

    Raises:
        InvalidArgumentError: an argument fits nothing, the study exists and searches another space, or the first run to
            complete has no series ``metric``.
        CannotReadError: the storage cannot be read.
        CannotWriteError: the unit of the study or its storage cannot be written, or another process is at the study.
        MissingLibraryError: Optuna is not installed.
    """
    require_optuna()
    from runcheck.tuning.study import Settings, search  # noqa: PLC0415 - half a second

    settings = Settings(
        name=name,
        trials=trials,
        timeout_minutes=timeout_minutes,
        sampler=sampler,
        pruner=pruner,
        direction=direction,
        metric=metric,
        eval_batches=eval_batches,
        storage=storage,
        seed=seed,
        root=os.fspath(root),
        isolated=isolated,
        allow_space_change=allow_space_change,
    )
    declared = space_of({"space": space, "fixed": fixed or {}}, "space")
    return search(objective, declared, settings, is_quiet=quiet)


def require_optuna() -> None:
    """See that Optuna is there.

    Raises:
        MissingLibraryError: it is not.
    """
    try:
        import optuna  # noqa: F401, PLC0415 - half a second
    except ImportError as error:
        raise MissingLibraryError("optuna", "tune", "tune") from error
