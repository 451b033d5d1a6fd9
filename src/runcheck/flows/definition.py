"""A flow as the configuration says it and the command line fills it in, checked before anything begins."""

import os
import re
import shlex
from collections.abc import Mapping
from typing import NamedTuple

from runcheck.configuration.configuration import Configuration, FlowTable
from runcheck.configuration.shape import one_of
from runcheck.convention.portable import why_not_portable
from runcheck.errors import ConfigurationError, FlowError
from runcheck.tree.locate import is_url

STEPS = ("prepare", "train", "evaluate", "package")
DATA, RUN, EVALUATION, BUNDLE = "data", "run", "evaluation", "bundle"
MAKERS = {DATA: "prepare", RUN: "train"}  # what the units that a step made are called in the commands after it
GIVEN = {EVALUATION: "--evaluation PATH", BUNDLE: "--bundle NAME"}
_NEEDS = {"evaluate": EVALUATION, "package": BUNDLE}
PLACEHOLDER = re.compile(r"\{([a-z]+)\}")
_RETRIES = {"prepare": 1, "train": 0, "evaluate": 1, "package": 1}
_DELAY = 10


class Step(NamedTuple):
    """One command of a flow: its words, with placeholders, and the path that it writes beside units, if any."""

    name: str
    words: tuple[str, ...]
    makes: str | None
    retries: int


class Asked(NamedTuple):
    """What the command line asks of a flow."""

    evaluation: str | None = None
    bundle: str | None = None
    retries: int | None = None
    wandb: bool = False
    arguments: tuple[str, ...] = ()
    is_fresh: bool = False


class Flow(NamedTuple):
    """A flow that can begin. Its commands run in ``folder``; its record is a unit of the tree at ``root``."""

    name: str
    dataset: str
    experiment: str
    path: str
    folder: str
    root: str
    steps: tuple[Step, ...]
    given: Mapping[str, str]
    reads: tuple[str, ...]
    delay: int
    is_fresh: bool


def flow_of(name: str, configuration: Configuration, asked: Asked) -> Flow:
    """Return the flow of this name.

    Raises:
        ConfigurationError: there is none, or its commands ask for what no step before them makes.
        FlowError: the command line asks for what the flow does not have, or for what is not there.
    """
    flows = configuration.table.get("flow", {})
    if name not in flows:
        such = one_of(flows, name) or f'; write [flow.{name}] with dataset = "..." and train = "python ..."'
        raise ConfigurationError(f"{configuration.path}: has no flow {name}{such}")
    table = flows[name]
    where = f"{configuration.path}: flow.{name}"
    given = _given(asked, table, configuration.folder, where)
    steps = tuple(
        Step(step, _words(table, step, asked, where), table.get("makes", {}).get(step), _retries(table, step, asked))
        for step in STEPS
        if step in table and _is_wanted(step, given)
    )
    _assert_fillable(steps, given, where)
    roots = configuration.table.get("roots", ["artefacts"])
    if is_url(roots[0]):
        raise ConfigurationError(f"{configuration.path}: roots: {roots[0]} is a URL, and a flow writes into a folder")
    return Flow(
        name,
        table["dataset"],
        table.get("experiment", table["dataset"]),
        configuration.path,
        configuration.folder,
        os.path.join(configuration.folder, roots[0]),
        steps,
        given,
        tuple(table.get("reads", ())),
        table.get("retry-delay-seconds", _DELAY),
        asked.is_fresh,
    )


def filled(word: str, values: Mapping[str, str]) -> str:
    """Return a word with the values of its placeholders."""
    return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), word)


def _given(asked: Asked, table: FlowTable, folder: str, where: str) -> dict[str, str]:
    """Return what the command line gives a value to."""
    given: dict[str, str] = {}
    if asked.evaluation is not None:
        if "evaluate" not in table:
            raise FlowError(
                f'{where}: has no step for --evaluation; write evaluate = "python ... {{run}} {{evaluation}}"'
            )
        if not os.path.exists(asked.evaluation):
            raise FlowError(f"--evaluation {asked.evaluation}: there is no such file or folder")
        given[EVALUATION] = os.path.relpath(asked.evaluation, folder)
    if asked.bundle is not None:
        if "package" not in table:
            raise FlowError(
                f'{where}: has no step for --bundle; write package = "runcheck export {{run}} ... {{bundle}}"'
            )
        fault = "is a path" if "/" in asked.bundle or "\\" in asked.bundle else why_not_portable(asked.bundle)
        if fault or asked.bundle.startswith((".", "-")):
            raise FlowError(
                f"--bundle {asked.bundle!r}: {fault or 'begins with a sign'}; give one name, such as digits-1.0"
            )
        given[BUNDLE] = asked.bundle
    return given


def _is_wanted(step: str, given: Mapping[str, str]) -> bool:
    """Say whether a step is to run: those that need something given only where it is."""
    return _NEEDS.get(step) is None or _NEEDS[step] in given


def _words(table: FlowTable, step: str, asked: Asked, where: str) -> tuple[str, ...]:
    command = {name: text for name, text in table.items() if name in STEPS}[step]
    try:
        words = shlex.split(str(command))
    except ValueError as error:
        raise ConfigurationError(f"{where}.{step}: is no command: {error}") from None
    if not words:
        raise ConfigurationError(f"{where}.{step}: is empty")
    if step == "train":
        words += [*(["--wandb"] if asked.wandb else []), *asked.arguments]
    return tuple(words)


def _retries(table: FlowTable, step: str, asked: Asked) -> int:
    return asked.retries if asked.retries is not None else table.get("retries", {}).get(step, _RETRIES[step])


def _assert_fillable(steps: tuple[Step, ...], given: Mapping[str, str], where: str) -> None:
    """See that each placeholder has a value by the time that its command runs."""
    known = (*MAKERS, *GIVEN)
    before: set[str] = set()
    for step in steps:
        for text in (*step.words, step.makes or ""):
            for name in PLACEHOLDER.findall(text):
                if name not in known:
                    raise ConfigurationError(f"{where}.{step.name}: {{{name}}} is no placeholder{one_of(known, name)}")
                if name in MAKERS and MAKERS[name] not in before:
                    raise ConfigurationError(
                        f"{where}.{step.name}: {{{name}}} is what the step {MAKERS[name]} makes, which is not before it"
                    )
                if name in GIVEN and name not in given:
                    raise FlowError(f"{where}.{step.name}: {{{name}}} needs {GIVEN[name]}")
        before.add(step.name)
