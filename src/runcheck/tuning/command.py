"""What ``runcheck tune`` asks for, from the words of its command line. Optuna is imported once these are right."""

import os
import re
from argparse import Namespace
from collections.abc import Mapping
from typing import cast

from runcheck.sweeps.told import SweepResult
from runcheck.tuning.objective import Named, named
from runcheck.tuning.space import Space, read_space, space_of
from runcheck.tuning.tune import require_optuna

_LONGEST = 64  # characters of a token


def tuned(objective: str, options: Namespace) -> SweepResult:
    """Do the study that the options of the command line ask for.

    Raises:
        MissingLibraryError: Optuna is not installed.
        RuncheckError: as :func:`runcheck.tune`.
    """
    target = named(objective)
    space = space_for(target, options.space).overridden(options.param, options.fix)
    require_optuna()
    from runcheck.tuning.own_run import Origin  # noqa: PLC0415
    from runcheck.tuning.study import Settings, search  # noqa: PLC0415

    stem = _token(os.path.splitext(os.path.basename(target.path))[0])
    settings = Settings(
        name=options.study_name or stem,
        trials=options.trials,
        timeout_minutes=options.timeout_minutes,
        sampler=options.sampler,
        pruner=options.pruner,
        direction=options.direction,
        metric=options.metric,
        eval_batches=options.eval_batches,
        storage=options.storage,
        seed=options.seed,
        root=options.root,
        isolated=options.isolated,
        allow_space_change=options.allow_space_change,
        origin=Origin(model=stem, script=target.path),
    )
    return search(target, space, settings, is_quiet=options.quiet)


def space_for(target: Named, path: str | None) -> Space:
    """Return the space of a TOML file, or else that which the script says: ``SPACE`` and ``FIXED``.

    Raises:
        CannotReadError: the file or the script cannot be read.
        InvalidArgumentError: it says no space.
    """
    if path is not None:
        return read_space(path)
    module = target.module()
    said = {"space": getattr(module, "SPACE", {}), "fixed": getattr(module, "FIXED", {})}
    return space_of(cast("Mapping[str, object]", said), target.path)


def _token(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_LONGEST].strip("-") or "study"
