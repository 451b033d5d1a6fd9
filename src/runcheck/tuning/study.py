"""A study of Optuna whose trials are runs, that goes on where it stopped."""

import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple, cast, get_args

import optuna
from optuna.trial import FrozenTrial, TrialState

from runcheck.convention.aggregates import Direction, likely_direction
from runcheck.convention.documents import Study, TrialRow
from runcheck.convention.trials import is_same
from runcheck.convention.trials import told as told_distribution
from runcheck.errors import InvalidArgumentError, MissingLibraryError, warn
from runcheck.reading.records import UnitRecord
from runcheck.sweeps.alone import alone
from runcheck.sweeps.attempt import Outcome, Task, attempt
from runcheck.sweeps.earlier import trials_among, units_of
from runcheck.sweeps.record import Record, checked_series, study_document
from runcheck.sweeps.sweep import told_of
from runcheck.sweeps.told import Progress, SweepResult
from runcheck.tuning.objective import Named
from runcheck.tuning.own_run import Origin, own_run
from runcheck.tuning.space import Distribution, Space
from runcheck.tuning.storage import (
    PRUNERS,
    SAMPLERS,
    checked_storage,
    default_storage,
    forget,
    pruner_of,
    quiet,
    sampler_of,
    storage_at,
)
from runcheck.tuning.trial import Trial, declared, distributions_of, joined
from runcheck.writer.arguments import checked_name, checked_root

_ASKED = "runcheck"  # the attribute of Optuna's study that holds what was asked
_DIED = "its process ended without a word"
_ROW_STATES: Mapping[TrialState, Literal["completed", "pruned", "failed"]] = {
    TrialState.COMPLETE: "completed",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}
_OPTUNA: Mapping[Direction, Literal["minimize", "maximize"]] = {"min": "minimize", "max": "maximize"}

Objective = Callable[..., object]


class Settings(NamedTuple):
    """How a study is done.

    ``trials`` counts all of the study, those too that ended before. After ``timeout_minutes`` none is begun any more.
    ``metric`` is a series of the runs, ``test/loss``, whose best value counts; without it the objective returns the
    value. ``eval_batches`` is handed to the objective in the configuration of each trial. ``storage`` is a URL of
    Optuna's or the path of a journal; ``isolated`` runs each trial in a process of its own.
    """

    name: str
    trials: int = 20
    timeout_minutes: float | None = None
    sampler: str = "tpe"
    pruner: str = "median"
    direction: Direction | None = None
    metric: str | None = None
    eval_batches: int | None = None
    storage: str | None = None
    seed: int = 0
    root: str = "artefacts"
    isolated: bool = False
    allow_space_change: bool = False
    origin: Origin = Origin()  # of the run of a trial whose objective begins none


def search(objective: Objective | Named, space: Space, settings: Settings, *, is_quiet: bool = False) -> SweepResult:
    """Search a space for the trial with the best value, and return what came of it; ``print`` that for a table.

    ``objective`` is one of Optuna's, or takes :attr:`runcheck.tuning.trial.Trial.config`. The runs that it starts get
    the tag ``sweep`` and the number of their trial; where it starts none, one is written for it. A trial that fails,
    for lack of memory too, is told with its reason, and the study goes on. The same call goes on after a crash.

    Raises:
        InvalidArgumentError: a setting fits nothing, the study exists and searches another space, or the first run to
            complete has no series of the name ``metric``.
        CannotReadError: the objective or the storage cannot be read.
        CannotWriteError: the unit of the study or its storage cannot be written, or another process is at the study.
    """
    checked = _checked(settings)
    fixed = {**space.fixed, **({} if checked.eval_batches is None else {"eval_batches": checked.eval_batches})}
    space = Space({name: each for name, each in space.parameters.items() if name not in fixed}, fixed)
    call = objective.load() if isinstance(objective, Named) else objective
    root = os.path.abspath(checked_root(checked.root))
    storage = checked_storage(checked.storage or default_storage(root, checked.name))
    quiet()
    known = study_document(
        "study", checked.name, metric=checked.metric, direction=checked.direction, space=space.parameters, fixed=fixed
    )
    asked = _Asked(call, objective, space, checked, storage, root)
    with alone(root, known), storage_at(storage) as opened:
        return _searched(asked, _opened(opened, checked, known), known, Progress(checked.trials, quiet=is_quiet))


class _Asked(NamedTuple):
    call: Objective
    objective: Objective | Named
    space: Space
    settings: Settings
    storage: str
    root: str


def _searched(asked: _Asked, study: optuna.Study, known: Study, progress: Progress) -> SweepResult:
    settings, root = asked.settings, asked.root
    config = {**settings._asdict(), "origin": None, "space": asked.space.parameters, "fixed": asked.space.fixed}
    record = Record(
        root, known, {key: each for key, each in config.items() if each is not None}, {"sampler": settings.seed}
    )
    with record:
        runs = {number: each[-1] for number, each in trials_among(units_of(root, settings.name)).items()}
        rows = [_row_of_before(record, each, runs.get(each.number)) for each in study.get_trials(deepcopy=False)]
        if rows:
            record.add(rows)
        for row in _tried(study, record, asked):
            record.add([row])
            progress.ended(row, record.best, len(record.rows))
        progress.over()
        if record.run is not None:
            _draw(record, study)
    return told_of(record)


def _checked(settings: Settings) -> Settings:
    """Return settings that fit, with the direction that they come to."""
    checked_name("token", "study name", settings.name)
    for what, given, known in (
        ("sampler", settings.sampler, SAMPLERS),
        ("pruner", settings.pruner, PRUNERS),
        ("direction", settings.direction, (*get_args(Direction), None)),
    ):
        if given not in known:
            there = ", ".join(str(each) for each in known if each)
            raise InvalidArgumentError(f"{what} is {given!r}; there are {there}")
    if settings.trials < 1:
        raise InvalidArgumentError(f"trials is {settings.trials}; give at least 1")
    if settings.timeout_minutes is not None and not settings.timeout_minutes >= 0:
        raise InvalidArgumentError(f"timeout_minutes is {settings.timeout_minutes}; give a number of minutes")
    direction = settings.direction
    if settings.metric is not None and direction is None:
        direction = likely_direction(checked_series(settings.metric))
    return settings._replace(direction=direction or "min")


def _opened(storage: optuna.storages.BaseStorage, settings: Settings, asked: Study) -> optuna.Study:
    """Return the study, new or as it was left; trials whose process died are failed ones now."""
    study = optuna.create_study(
        storage=storage,
        study_name=settings.name,
        direction=_OPTUNA[settings.direction or "min"],
        pruner=pruner_of(settings.pruner),
        load_if_exists=True,
    )
    before = study.user_attrs.get(_ASKED)
    now = {key: cast("Mapping[str, object]", asked)[key] for key in ("direction", "metric", "space", "fixed")}
    if (isinstance(before, Mapping) and not is_same(before, now)) and (
        not settings.allow_space_change or before["direction"] != now["direction"]
    ):
        raise InvalidArgumentError(
            f"the study {settings.name} searched something else: {'; '.join(_changes(before, now))}. Give another "
            "--study-name, or say --allow-space-change where only the space is another one"
        )
    study.set_user_attr(_ASKED, now)
    for each in study.get_trials(deepcopy=False, states=(TrialState.RUNNING, TrialState.WAITING)):
        study.tell(each.number, state=TrialState.FAIL)
    return study


def _changes(before: Mapping[str, object], now: Mapping[str, object]) -> Iterator[str]:
    """Yield in words what was searched before and what now."""
    for key in ("direction", "metric"):
        if before.get(key) != now[key]:
            yield f"its {key} was {before.get(key)}, and is {now[key]} now"
    for table, shown in (("space", _shown), ("fixed", repr)):
        old, new = (cast("Mapping[str, object]", each.get(table, {})) for each in (before, now))
        for name in sorted({*old, *new}):
            if name not in new:
                yield f"{name} was {shown(old[name])}, and is not in {table} now"
            elif name not in old:
                yield f"{name} is {shown(new[name])} now, and was not in {table}"
            elif not is_same(old[name], new[name]):
                yield f"{name} was {shown(old[name])}, and is {shown(new[name])} now"


def _shown(each: object) -> str:
    return told_distribution(cast("Distribution", each))


def _row_of_before(record: Record, trial: FrozenTrial, run: UnitRecord | None) -> TrialRow:
    """Return what came of a trial of an earlier call, and widen the space by what it was drawn from."""
    _widen(record.study, trial)
    state = _ROW_STATES[trial.state]
    began, ended = trial.datetime_start, trial.datetime_complete
    seconds = max(0.0, (ended - began).total_seconds()) if began and ended else 0.0
    row: TrialRow = {
        "number": trial.number,
        "state": state,
        "params": dict(trial.params),
        "value": _value(trial),
        "unit": trial.user_attrs.get("unit") or (run.path if run else None),
        "seconds": trial.user_attrs.get("seconds", seconds),
    }
    reason = trial.user_attrs.get("reason") or (_DIED if state == "failed" else None)
    if reason:
        row["reason"] = reason
    return row


def _value(trial: FrozenTrial) -> float | None:
    """Return the value of a trial; of a pruned one the last that it reported."""
    if trial.state == TrialState.COMPLETE:
        return trial.value
    if trial.state == TrialState.PRUNED and trial.last_step is not None:
        value = trial.intermediate_values[trial.last_step]
        return value if math.isfinite(value) else None
    return None


def _widen(study: Study, trial: FrozenTrial) -> None:
    for name, each in trial.distributions.items():
        drawn = declared(each)
        known = study["space"].get(name)
        study["space"][name] = joined(known, drawn) if known else drawn


def _tried(study: optuna.Study, record: Record, asked: _Asked) -> Iterator[TrialRow]:
    """Yield what came of each trial, as many as are still to be tried."""
    settings = asked.settings
    ends = None if settings.timeout_minutes is None else time.monotonic() + 60 * settings.timeout_minutes
    while len(record.rows) < settings.trials and (ends is None or time.monotonic() < ends):
        number = len(study.get_trials(deepcopy=False))
        study.sampler = sampler_of(settings.sampler, settings.seed, number)
        trial = study.ask(distributions_of(asked.space.parameters))
        outcome = _outcome(trial, asked)
        record.require_here(outcome)
        frozen = study.get_trials(deepcopy=False)[trial.number]
        _widen(record.study, frozen)
        if outcome.unit is None:
            unit = own_run(
                asked.root,
                frozen,
                outcome,
                asked.settings.origin._replace(study=settings.name, seed=settings.seed),
                {**asked.space.fixed, **frozen.params},
            )
            outcome = outcome._replace(unit=unit)
        try:
            row = record.row_of(trial.number, frozen.params, outcome)
        except InvalidArgumentError as error:
            forget(study, trial, asked.storage, str(error))
            raise
        if row["state"] == "completed" and row["value"] is None:
            row = {**row, "state": "failed", "reason": "the objective returned no value"}
        if row["state"] == "pruned":
            row["value"] = frozen.intermediate_values[frozen.last_step] if frozen.last_step is not None else None
        _tell(study, trial, row)
        yield row


def _outcome(trial: optuna.Trial, asked: _Asked) -> Outcome:
    """Do a trial here, or in a process of its own."""
    name, config = asked.settings.name, {**asked.space.fixed, **trial.params}
    if not asked.settings.isolated:
        return attempt(Task(asked.call, Trial(trial, config), name, trial.number, trial.params))
    from runcheck.sweeps.apart import Apart  # noqa: PLC0415 - processes, where they are asked for
    from runcheck.tuning.isolated import Isolated  # noqa: PLC0415

    sampler = (asked.settings.sampler, asked.settings.seed, trial.number)
    call = Isolated(asked.objective, asked.storage, name, sampler, asked.settings.pruner).do
    with Apart(1) as apart:
        return apart.outcome(Task(call, (trial._trial_id, config), name, trial.number, trial.params))


def _tell(study: optuna.Study, trial: optuna.Trial, row: TrialRow) -> None:
    for key in ("unit", "seconds", "reason"):
        if row.get(key) is not None:
            trial.set_user_attr(key, row.get(key))
    states = {text: state for state, text in _ROW_STATES.items()}
    values = row["value"] if row["state"] == "completed" else None
    study.tell(trial.number, values, state=None if row["state"] == "completed" else states[row["state"]])


def _draw(record: Record, study: optuna.Study) -> None:
    """Draw the history and the importances into the unit, where there is what draws."""
    from runcheck.tuning.figures import drawn  # noqa: PLC0415 - matplotlib, a third of a second

    try:
        figures = drawn([row for _, row in sorted(record.rows.items())], record.study, study)
    except MissingLibraryError as error:
        warn(f"no plots: {error}")
        return
    for name, figure in figures.items():
        if record.run is not None:
            record.run.plot(name, figure)
