"""What the service of W&B says of a run, in the terms of the main convention."""

import json
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from runcheck.adopt.found import Found, is_tag, seeds_in
from runcheck.adopt.values import moment_of, number_of, step_of, value_of
from runcheck.adopt.wandb import COMMAND, packages_in, take_end
from runcheck.convention.documents import STATUSES, Status
from runcheck.report.words import count_in_words
from runcheck.trackers.wandb import BEST, ORIGIN, STATUS

_STATES: Mapping[object, Status] = {
    "running": "running",
    "pending": "running",
    "preempting": "running",
    "finished": "completed",
    "failed": "failed",
    "crashed": "aborted",
    "killed": "aborted",
    "preempted": "preempted",
}
# JSON has no such numbers, so the service says them in words; its client has another word for infinity.
_NONFINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf, "inf": math.inf, "-inf": -math.inf}
_STEP = "_step"
_NAME, _GLOB, _BY = "1", "2", "5"  # of a metric that was defined: its name, or for which names it stands, and its step
_SHOWN = 3


class Said(NamedTuple):
    """What the service says of a run.

    Attributes:
        path: Entity, project and identifier.
        project: The project.
        attributes: ``createdAt``, ``state``, ``notes``, ``tags``, ``group``, ``jobType``, ``sweepName``, ``commit``.
        config: The configuration.
        summary: The last values, and what was put among them.
        machine: What ``wandb-metadata.json`` says; empty where there is none.
        requirements: What ``requirements.txt`` says; empty where there is none.
    """

    path: str
    project: str
    attributes: Mapping[str, object]
    config: Mapping[str, object]
    summary: Mapping[str, object]
    machine: str
    requirements: str


def take_said(said: Said, found: Found, moment: float, *, is_ours: bool) -> None:
    """Take all but the rows, the last of which is of ``moment``; ``is_ours`` where a mirror made the run."""
    attributes = said.attributes
    found.experiment = said.project
    found.description = str(attributes["notes"] or "").strip()
    own = said.summary.get(STATUS)
    found.status = next((each for each in STATUSES if is_ours and each == own), _STATES.get(attributes["state"]))
    found.created = _utc(moment_of(attributes["createdAt"]))
    if isinstance(commit := attributes["commit"], str) and commit:
        found.git["sha"] = commit
    _take_machine(said, found)
    _take_tags(said, found)
    # As JSON once more: what no document of the convention could hold is a text then.
    values = {name: value for name, value in said.config.items() if not (is_ours and name == ORIGIN)}
    found.config = {name: value_of(json.dumps(value)) for name, value in values.items()}
    found.seeds = seeds_in(found.config)
    runtime = said.summary.get("_wandb")
    seconds = number_of(runtime.get("runtime")) if isinstance(runtime, dict) else None
    take_end(found, None if found.status == "running" else seconds, moment)


class Rows(NamedTuple):
    """W&B's step of the last row, when that was logged, and the names of all that is in the rows."""

    last: int
    moment: float
    names: set[str]


def take_rows(rows: Iterable[Mapping[str, object]], own: object, found: Found) -> Rows:
    """Take the rows of the history.

    Args:
        rows: The rows, each with all that was logged together.
        own: What W&B keeps of its own in the configuration: of it, which metric all others are drawn against.
        found: What is added to.

    Raises:
        CannotReadError: there are too many.
    """
    counted_by = _step_of_all(own)
    last, moment, words = -1, 0.0, 0
    names: set[str] = set()
    others: dict[str, int] = {}
    for row in rows:
        step = step_of(row.get(counted_by, row.get(_STEP)))
        last = max(last, step_of(row.get(_STEP)) or 0)
        moment = max(moment, number_of(row.get("_timestamp")) or 0.0)
        names |= row.keys()
        for name, each in row.items():
            if name.startswith("_") or name == counted_by or each is None:
                continue
            value = number_of(each)
            if value is None and isinstance(each, str) and each in _NONFINITE:
                value = _NONFINITE[each]
                words += 1
            if value is None:
                others[name] = others.get(name, 0) + 1
            else:
                found.points.add(name, -1 if step is None else step, value)  # what has no step is passed over
    if words:
        count = count_in_words(words, "number")
        found.notes.append(f"{count} that W&B has in words, as NaN or Infinity: here as logged")
    if others:
        count = count_in_words(sum(others.values()), "value")
        found.left.append(f"{count} of the history, no number: {_shown(others)}")
    return Rows(last, moment, names)


def take_summary(summary: Mapping[str, object], known: set[str], found: Found, *, is_ours: bool) -> None:
    """Say what only the summary has: a convention with rows has no place for values of no step."""
    ours = (BEST, STATUS) if is_ours else ("_",)
    alone = [name for name in summary if name not in known and not name.startswith(("_", *ours))]
    if alone:
        found.left.append(f"{count_in_words(len(alone), 'value')} of the summary that no row has: {_shown(alone)}")


def _step_of_all(own: object) -> str:
    """Return the metric that all others are drawn against; W&B's own step where nothing says so."""
    metrics = own.get("m") if isinstance(own, dict) else None
    defined = [each for each in metrics if isinstance(each, dict)] if isinstance(metrics, list) else []
    for each in defined:
        at = step_of(each.get(_BY))
        if each.get(_GLOB) == "*" and at is not None and 0 < at <= len(defined):
            name = defined[at - 1].get(_NAME)
            return name if isinstance(name, str) else _STEP
    return _STEP


def _take_tags(said: Said, found: Found) -> None:
    """Take ``name:value``, as a mirror writes tags, where the convention has that name, and all others as they are."""
    tags = said.attributes["tags"]
    others = []
    for each in tags if isinstance(tags, list) else ():
        name, _, value = str(each).partition(":")
        if is_tag(name, value):
            found.tags[name] = value
        else:
            others.append(str(each))
    kept: dict[str, object] = {"run": said.path}
    kept |= {"tags": others} if others else {}
    for name, key in (("group", "group"), ("job_type", "jobType"), ("sweep", "sweepName")):
        if text := said.attributes[key]:
            kept[name] = str(text)
    found.extensions["wandb"] = kept


def _take_machine(said: Said, found: Found) -> None:
    """Take what the client found out of the program and the machine that it ran on."""
    known = value_of(said.machine)
    machine = known if isinstance(known, dict) else {}
    for name, key in (("platform", "os"), ("python", "python")):
        if isinstance(text := machine.get(key), str) and text:
            found.env[name] = text.removeprefix("CPython ")
    if packages := packages_in(said.requirements):
        found.env["packages"] = packages
    program = machine.get("codePath") or machine.get("program")
    arguments = machine.get("args")
    if isinstance(program, str) and program:
        found.command = ["python", program, *map(str, arguments if isinstance(arguments, list) else ())]
        found.notes.append(COMMAND)
    git = machine.get("git")
    for name, key in (("sha", "commit"), ("remote", "remote")):
        if isinstance(git, dict) and isinstance(text := git.get(key), str) and text:
            found.git[name] = text
    found.created = _utc(moment_of(machine.get("startedAt"))) or found.created


def _utc(moment: datetime | None) -> datetime | None:
    """Return a moment of the service, which names no zone and means UTC."""
    return moment and (moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _shown(names: Iterable[str]) -> str:
    first = sorted(names)
    return f"{', '.join(first[:_SHOWN])}{', ...' if len(first) > _SHOWN else ''}"
