"""Taking one step: what it made before, if nothing changed since; else its command, and what that makes."""

import os
import tempfile
import time
from collections.abc import Mapping
from typing import NamedTuple

from runcheck.convention.layout import layout
from runcheck.convention.names import is_name
from runcheck.errors import FlowError, StepFailedError
from runcheck.flows.command import Tell, run_command, why
from runcheck.flows.definition import DATA, MAKERS, RUN, Flow, Step, filled
from runcheck.flows.inputs import digest_of, inputs_of
from runcheck.flows.results import Result, recalled, remember
from runcheck.flows.turn import turn
from runcheck.writer.made import read_made
from runcheck.writer.seal import fingerprint_of_unit

_KINDS = {DATA: "dataset", RUN: "model"}


class Done(NamedTuple):
    """A step that was taken: whether what it made before still stands, what that is, and how long it took now."""

    step: str
    is_cached: bool
    seconds: float
    result: Result


class Progress:
    """How far a flow is: what its steps made, and what those that were begun and failed left behind."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.done: list[Done] = []
        self.left: list[str] = []  # units of a step that failed, by their path in the tree

    def values(self, flow: Flow) -> dict[str, str]:
        """Return what the placeholders of the next command stand for, relative to the folder that it runs in."""
        root = os.path.relpath(flow.root, flow.folder)
        return {**flow.given, **{name: os.path.join(root, unit) for name, unit in self.made().items()}}

    def made(self) -> dict[str, str]:
        """Return the dataset that was prepared and the run that was trained, by their path in the tree."""
        found: dict[str, str] = {}
        for name, kind in _KINDS.items():
            folder = layout().kinds[kind].folder
            for done in self.done:
                units = [unit for unit in done.result.units if unit.startswith(f"{folder}/")]
                if done.step == MAKERS[name] and units:
                    found[name] = units[-1]
        return found

    def fingerprints(self) -> list[str]:
        """Return the fingerprint of each thing that was made, whatever version it has: the same content is the same."""
        return [each for done in self.done for each in (*done.result.units.values(), *done.result.files.values())]


def take(flow: Flow, step: Step, progress: Progress, tell: Tell) -> Done:
    """Take a step, or find that it need not be taken.

    Raises:
        StepFailedError: its command failed, or did not make what it is there for.
        FlowError: what it depends on cannot be read.
    """
    started = time.monotonic()
    values = _values(flow, step, progress)
    key = inputs_of(flow, step, progress.fingerprints()).key
    with turn(flow.root, key, tell) as inherited:
        before = None if flow.is_fresh else recalled(flow.root, flow.folder, key)
        if isinstance(before, Result):
            tell(f"nothing changed since it took {before.seconds:.1f} s{_names(before)}")
            return Done(step.name, is_cached=True, seconds=time.monotonic() - started, result=before)
        if before is not None:
            tell(f"is run again: {before}")
        result = _run(flow, step, progress, values, tell, inherited=inherited)
        remember(flow.root, key, result)
    return Done(step.name, is_cached=False, seconds=time.monotonic() - started, result=result)


def _run(
    flow: Flow, step: Step, progress: Progress, values: Mapping[str, str], tell: Tell, *, inherited: tuple[int, ...]
) -> Result:
    words = [filled(word, values) for word in step.words]
    made_too = filled(step.makes, values) if step.makes else None
    if made_too is not None:
        _make_room(os.path.join(flow.folder, made_too))
    tell(f"$ {' '.join(words)}")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="runcheck-flow-") as folder:
        made = os.path.join(folder, "made")
        with open(made, "wb"):
            pass
        ended = run_command(words, flow.folder, made, tell, inherited)
        units = [unit for each in read_made(made) if (unit := _in_tree(each, flow.root))]
    if ended.status != 0:
        progress.left = units
        last = f": {ended.last}" if ended.last else ""
        raise StepFailedError(f"{step.name} {why(ended.status)}{last}")
    return Result(
        {unit: _sealed(flow.root, unit, step.name) for unit in units},
        {} if made_too is None else {made_too: _written(flow, step, made_too)},
        time.monotonic() - started,
    )


def _values(flow: Flow, step: Step, progress: Progress) -> dict[str, str]:
    values = progress.values(flow)
    for name, maker in MAKERS.items():
        if name not in values and any(f"{{{name}}}" in word for word in (*step.words, step.makes or "")):
            kind = "dataset" if name == DATA else "run"
            raise StepFailedError(
                f"{step.name} needs {{{name}}}, and {maker} made no {kind} in {flow.root}; let it write one there"
            )
    return values


def _in_tree(unit: str, root: str) -> str | None:
    """Return the path of a unit in the tree; None where it lies in another."""
    path = os.path.relpath(os.path.realpath(unit), os.path.realpath(root)).replace(os.sep, "/")
    return path if is_name("unit-path", path) and os.path.isdir(unit) else None


def _sealed(root: str, unit: str, step: str) -> str:
    fingerprint = fingerprint_of_unit(os.path.join(root, unit))
    if fingerprint is None:
        raise StepFailedError(
            f"{step} ended well, and {unit} is not sealed: it is to be finished before the script ends"
        )
    return fingerprint


def _make_room(path: str) -> None:
    """Make the folder that a step is to write a file or a folder in."""
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    except OSError as error:
        raise FlowError(f"{os.path.dirname(path)}: cannot be made: {error.strerror or error}") from error


def _written(flow: Flow, step: Step, path: str) -> str:
    try:
        return digest_of(os.path.join(flow.folder, path))
    except FlowError as error:
        raise StepFailedError(f"{step.name} ended well, and what it is said to make is not there: {error}") from error


def _names(result: Result) -> str:
    names = [*result.units, *result.files]
    return f": {', '.join(names)}" if names else ""
