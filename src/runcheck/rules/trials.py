"""RC4, sweeps and studies: what was looked for, what was tried, and which was the best."""

from collections.abc import Iterator, Mapping

from runcheck.convention.documents import BestTrial, Status, Study, TrialRow
from runcheck.convention.layout import layout
from runcheck.convention.schemas import Violation
from runcheck.convention.trials import best_of, is_same, is_within, told
from runcheck.convention.units import Unit
from runcheck.rules.rule import Problem, unit_rule

STUDY, TRIALS, BEST = (layout().path(role) for role in ("study", "trials", "best_trial"))
_MOST = 20  # violations of one file that are shown

_Trials = tuple[tuple[int, TrialRow], ...]


@unit_rule
def study_files(unit: Unit, status: Status) -> Iterator[Problem]:
    """Which of the files of a study are there without the others."""
    has_study, has_trials, has_best = (bool(unit.of_role(role)) for role in ("study", "trials", "best_trial"))
    if status != "running":
        for path, is_there in ((STUDY, has_study), (TRIALS, has_trials)):
            others = [each for each, there in ((STUDY, has_study), (TRIALS, has_trials), (BEST, has_best)) if there]
            if others and not is_there:
                yield Problem(path, f"is missing; the unit has {' and '.join(others)}")


@unit_rule
def study_schema(study_violations: Mapping[str, tuple[Violation, ...]]) -> Iterator[Problem]:
    """Each place where the documents of a study break their schemas."""
    for role, violations in study_violations.items():
        for violation in violations:
            yield Problem(layout().path(role), violation.message, pointer=violation.pointer)


@unit_rule
def trials_schema(trial_violations: tuple[tuple[int, Violation], ...]) -> Iterator[Problem]:
    """Each place where a trial breaks its schema."""
    for line, violation in trial_violations[:_MOST]:
        yield Problem(
            TRIALS, f"line {line} {violation.pointer.lstrip('/')} {violation.message}".replace("  ", " "), line
        )
    if len(trial_violations) > _MOST:
        yield Problem(TRIALS, f"breaks the schema in {len(trial_violations):,} places, of which {_MOST} are shown")


@unit_rule
def trial_number(trials: _Trials) -> Iterator[Problem]:
    """Numbers that stand twice."""
    seen: dict[int, int] = {}
    for line, trial in trials:
        first = seen.setdefault(trial["number"], line)
        if first != line:
            yield Problem(TRIALS, f"line {line} is trial {trial['number']}, and so is line {first}", line)


@unit_rule
def trial_space(trials: _Trials, study: Study) -> Iterator[Problem]:
    """Parameters that the space does not have, and values that it does not allow."""
    for line, trial in trials:
        for name, value in trial["params"].items():
            distribution = study["space"].get(name)
            if distribution is None:
                words = f"has the parameter {name!r}, which {STUDY} does not have"
                yield Problem(TRIALS, f"line {line} {words}", line)
            elif not is_within(value, distribution):
                words = f"says {name} is {value!r}; {STUDY} allows {told(distribution)}"
                yield Problem(TRIALS, f"line {line} {words}", line)


@unit_rule
def trial_unexplained(trials: _Trials) -> Iterator[Problem]:
    """Trials that failed without a reason."""
    for line, trial in trials:
        if trial["state"] == "failed" and not trial.get("reason", "").strip():
            yield Problem(TRIALS, f"line {line} says that trial {trial['number']} failed, and not why", line)


@unit_rule
def best_trial(
    unit: Unit, trials: _Trials, study: Study, status: Status, best_trials: tuple[BestTrial, ...]
) -> Iterator[Problem]:
    """A best trial that is missing, that is there where nothing can be ranked, or that is not the best."""
    if status == "running":
        return
    rows = [trial for _, trial in trials]
    best = best_of(rows, study["direction"])
    if best is None and unit.of_role("best_trial"):
        none = "has no direction" if study["direction"] is None else "has no completed trial with a value"
        yield Problem(BEST, f"is there, and the study {none}")
    elif best is not None and not unit.of_role("best_trial"):
        yield Problem(BEST, f"is missing; trial {best['number']} is the best, with {best['value']!r}")
    elif best is not None:
        for said in best_trials:
            yield from _not_the_best(said, best, rows, study)


def _not_the_best(said: BestTrial, best: TrialRow, rows: list[TrialRow], study: Study) -> Iterator[Problem]:
    number = said["number"]
    row = next((each for each in rows if each["number"] == number and each["state"] == "completed"), None)
    if row is None or row["value"] is None:
        words = f"is trial {number}, which {TRIALS} does not have as completed with a value"
        yield Problem(BEST, words, pointer="/number")
    elif row["value"] != best["value"]:
        ends = "least" if study["direction"] == "min" else "greatest"
        words = f"is trial {number} with {row['value']!r}; the {ends} is {best['value']!r}, of trial {best['number']}"
        yield Problem(BEST, words, pointer="/number")
    else:
        source = {"direction": STUDY, "metric": STUDY}
        for field, found, right in (
            ("value", said["value"], row["value"]),
            ("unit", said["unit"], row["unit"]),
            ("params", said["params"], row["params"]),
            ("direction", said["direction"], study["direction"]),
            ("metric", said["metric"], study["metric"]),
        ):
            if not is_same(found, right):
                words = f"says {field} is {found!r}; {source.get(field, f'trial {number} in {TRIALS}')} says {right!r}"
                yield Problem(BEST, words, pointer=f"/{field}")
        for name, value in row["params"].items():
            if name not in said["config"] or not is_same(said["config"][name], value):
                is_there = name in said["config"]
                pointer = f"/config/{name.replace('~', '~0').replace('/', '~1')}"
                words = f"has a config where {name} is {said['config'].get(name, 'missing')!r}; the trial had {value!r}"
                yield Problem(BEST, words, pointer=pointer if is_there else "/config")
