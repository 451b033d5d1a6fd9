"""``runcheck.sweep``: every point of a grid, each a run, continued where it stopped."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import cast

from runcheck.convention.aggregates import Direction, likely_direction
from runcheck.convention.canonical import config_sha256
from runcheck.convention.documents import Study, TrialRow
from runcheck.convention.layout import layout
from runcheck.errors import InvalidArgumentError
from runcheck.reading.records import UnitRecord
from runcheck.sweeps.alone import alone
from runcheck.sweeps.attempt import Outcome, Task, attempt
from runcheck.sweeps.earlier import earlier_of, trials_among, units_of
from runcheck.sweeps.grid import Grid, checked_grid, points, space_of
from runcheck.sweeps.record import Record, checked_series, study_document
from runcheck.sweeps.told import Progress, SweepResult
from runcheck.writer.arguments import checked_mapping, checked_name, checked_root, told
from runcheck.writer.config import plain_object

_LIMIT = 100
_NO_RUN = "{what} began no run below {root}; call runcheck.start_run({root!r}, ...) in it"


def sweep(
    train: Callable[[dict[str, object]], object],
    grid: Grid,
    limit: int = _LIMIT,
    *,
    name: str | None = None,
    fixed: Mapping[str, object] | None = None,
    metric: str | None = None,
    direction: Direction | None = None,
    root: str | os.PathLike[str] = "artefacts",
    jobs: int = 1,
    quiet: bool = False,
) -> SweepResult:
    """Train at every point of a grid, and return what came of it; ``print`` that for a table of the best.

    ``train`` gets a configuration and calls :func:`runcheck.start_run` as ever: its run gets the tag ``sweep`` and the
    number of its point without being told. A point whose run completed before is not run again, so that the same call
    goes on after a crash; one whose run was stopped is begun anew, unless ``train`` says ``resume="latest"``: then it
    goes on. A point that fails is told with its reason, and the others go on. At the end, and as far as it is known on
    the way, a unit of its own says what came of each point and links the runs.

    Args:
        train: The training script's function. In processes of its own (``jobs``) it is a function of a module, and the
            script has ``if __name__ == "__main__":``.
        grid: The values of each parameter.
        limit: How many points there may be.
        name: The tag ``sweep`` of its runs; by default made of the name of the function and the grid.
        fixed: What all configurations have besides.
        metric: The series, ``test/accuracy``, whose best value ranks the runs; without it nothing is ranked.
        direction: Which end of it is better; by default as its name tells.
        root: The tree that ``train`` writes to.
        jobs: How many points at once, each in a process of its own where it is more than one.
        quiet: Say nothing on the way. Else a line a point goes to the standard error.

    Raises:
        InvalidArgumentError: the grid has too many points or none, an argument fits nothing, ``train`` begins no run
            below ``root``, or the first run to complete has no series ``metric``.
        CannotWriteError: the unit of the sweep cannot be written, or another process is at the sweep.
    """
    study, sides = _study(train, grid, limit, name=name, fixed=fixed, metric=metric, direction=direction)
    place = os.path.abspath(checked_root(root))
    with alone(place, study):
        return _swept(train, Record(place, study, {**study, "limit": limit}, {}), sides, jobs, quiet=quiet)


def _swept(
    train: Callable[[dict[str, object]], object],
    record: Record,
    sides: dict[str, list[object]],
    jobs: int,
    *,
    quiet: bool,
) -> SweepResult:
    place, study = record.root, record.study
    before = units_of(place, study["name"])
    tried = trials_among(before)
    todo: list[Task] = []
    known: list[TrialRow] = []
    for number, point in enumerate(points(sides)):
        earlier = earlier_of(point, tried.get(number, []))
        if earlier.completed is not None:
            known.append(record.row_of(number, point, _outcome(earlier.completed)))
        else:
            folder = os.path.join(place, earlier.stopped.path) if earlier.stopped else None
            todo.append(Task(train, {**study["fixed"], **point}, study["name"], number, point, folder))
    sealed = None if todo else _sealed(before, study)
    if sealed is not None:
        for row in known:
            record.rows[row["number"]] = row
        return told_of(record, sealed)
    progress = Progress(len(known) + len(todo), quiet=quiet)
    with record, _outcomes(jobs, todo) as outcomes:
        if known:
            record.add(known)
        for task, outcome in outcomes:
            record.require_here(outcome)
            _require_run(task, outcome, place)
            row = record.row_of(task.number, task.params, outcome)
            record.add([row])
            progress.ended(row, record.best, len(record.rows))
        progress.over()
    return told_of(record)


def told_of(record: Record, unit: str | None = None) -> SweepResult:
    """Return what came of a sweep or a study whose unit is there."""
    best = record.best
    if unit is None and record.run is not None:
        unit = os.path.relpath(record.run.path, record.root).replace(os.sep, "/")
    return SweepResult(
        root=record.root,
        unit=unit,
        direction=record.study["direction"],
        metric=record.study["metric"],
        trials=tuple(row for _, row in sorted(record.rows.items())),
        best=best,
        config=record.config_of(best) if best else None,
        best_file=f"{unit}/{layout().path('best_trial')}" if best and unit else None,
    )


def _study(
    train: object,
    grid: Grid,
    limit: int,
    *,
    name: str | None,
    fixed: Mapping[str, object] | None,
    metric: str | None,
    direction: Direction | None,
) -> tuple[Study, dict[str, list[object]]]:
    """Return what is looked for, of arguments that are checked."""
    if not callable(train):
        raise InvalidArgumentError(f"train is {told(train)}; give a function of a configuration")
    sides = checked_grid(grid, limit)
    given = plain_object(checked_mapping(fixed or {}, "fixed", '{"steps": 400}'), "fixed")
    if both := sorted({*given} & {*sides}):
        raise InvalidArgumentError(f"{both[0]} is fixed, and in the grid; give it once")
    if direction not in (None, "min", "max"):
        raise InvalidArgumentError(f"direction is {direction!r}, neither min nor max")
    if direction is not None and metric is None:
        raise InvalidArgumentError(f"direction is {direction!r}, and there is no metric; give one, 'test/accuracy'")
    if metric is not None:
        direction = direction or likely_direction(checked_series(metric))
    if name is None:
        called = getattr(train, "__name__", "train").strip("_<>").replace("_", "-").lower() or "train"
        name = f"{called}-{config_sha256({'grid': sides, 'fixed': given})[:8]}"
    checked_name("token", "name", name)
    return study_document("sweep", name, metric=metric, direction=direction, space=space_of(sides), fixed=given), sides


@contextmanager
def _outcomes(jobs: int, tasks: list[Task]) -> Iterator[Iterator[tuple[Task, Outcome]]]:
    """Give the outcomes of tasks as they end: one after the other here, or several at once in their own processes."""
    if jobs < 1:
        raise InvalidArgumentError(f"jobs is {jobs}; give 1, or how many processes there may be")
    if jobs == 1:
        yield ((task, attempt(task)) for task in tasks)
        return
    from runcheck.sweeps.apart import Apart  # noqa: PLC0415 - processes, where they are asked for

    with Apart(jobs) as apart:
        yield apart.outcomes(iter(tasks))


def _outcome(run: UnitRecord) -> Outcome:
    """Return the outcome of a trial that completed before."""
    seconds = run.summary["duration_seconds"] if run.summary else 0.0
    return Outcome("completed", seconds, unit=run.path)


def _require_run(task: Task, outcome: Outcome, root: str) -> None:
    """Refuse a function that trains, and begins no run in the tree: nothing would be known of what it did."""
    what = getattr(task.call, "__name__", "train")
    if outcome.unit is None and outcome.state == "completed":
        raise InvalidArgumentError(_NO_RUN.format(what=what, root=os.path.relpath(root)))


def _sealed(units: Iterable[UnitRecord], study: Study) -> str | None:
    """Return the path of the newest unit of this sweep itself, if it completed and looked for the same."""
    own = [each for each in units if each.metadata["tags"]["run_type"] == study["kind"]]
    newest = own[-1] if own else None
    if newest is None or newest.metadata["status"] != "completed" or newest.config is None:
        return None
    asked = cast("Mapping[str, object]", study)
    return newest.path if all(newest.config.get(key) == asked[key] for key in asked) else None
