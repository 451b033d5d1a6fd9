"""The command of a run: whether it can be given again, and how it is given in another folder."""

import os
import re
import sys
from collections.abc import Sequence

from runcheck.convention.documents import Env, Metadata
from runcheck.convention.layout import layout
from runcheck.convention.secrets import REDACTED
from runcheck.errors import CannotReproduceError
from runcheck.writer.provenance.git import without_foreign_repository

_ADOPTED = "was adopted, and nothing says"
_PYTHON = re.compile(r"python(?:3(?:\.[0-9]{1,3})?)?(?:\.exe)?")
_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)


def command_of(metadata: Metadata) -> list[str]:
    """Return the command of a run.

    Raises:
        CannotReproduceError: it was adopted, and nothing says it.
    """
    if metadata["command"] is None:
        raise CannotReproduceError(f"{metadata['slug']}/{metadata['version']}: {_ADOPTED} by which command it ran")
    return metadata["command"]


def env_of(metadata: Metadata) -> Env:
    """Return what a run ran on.

    Raises:
        CannotReproduceError: it was adopted, and nothing says it.
    """
    if metadata["env"] is None:
        raise CannotReproduceError(f"{metadata['slug']}/{metadata['version']}: {_ADOPTED} what it ran on")
    return metadata["env"]


def fault_of(command: Sequence[str]) -> str | None:
    """Return why a command cannot be given again, or None where it can."""
    if not _PYTHON.fullmatch(command[0]):
        return f"the command begins with {command[0]!r}, and only those of Python are run; give it by hand"
    if any("\0" in argument for argument in command):
        return "the command holds a character that no argument can hold"
    redacted = [f"{at} ({argument})" for at, argument in enumerate(command) if REDACTED in argument]
    if redacted:
        return f"of the command {', '.join(redacted)} was redacted; give it by hand"
    if module_of(command) is not None:
        return None
    if len(command) == 1 or command[1] == "-c":
        return "the code was typed, and no script names it"
    if command[1].startswith("-"):
        return f"the command has the option {command[1]!r} where its script should be; give it by hand"
    return None


def script_of(command: Sequence[str]) -> str | None:
    """Return the path of the script, relative to the repository; None of a module."""
    return command[1] if len(command) > 1 and not command[1].startswith("-") else None


def module_of(command: Sequence[str]) -> str | None:
    """Return the name of the module that is started by ``-m``, or None."""
    return command[2] if len(command) > 2 and command[1] == "-m" and _MODULE.fullmatch(command[2]) else None  # noqa: PLR2004


def arguments_in(metadata: Metadata, code: str) -> list[str]:
    """Return what is given to the interpreter where the repository is at ``code``."""
    command = command_of(metadata)
    made_relative = {each["where"] for each in metadata.get("governance", {}).get("redactions", [])}
    arguments = list(command[1:])
    if script_of(command) is not None:
        arguments[0] = os.path.join(code, arguments[0])
    for at, argument in enumerate(arguments[1:], 1):
        # A path in the repository: the script got it whole, and it stands here without the folder of that machine.
        if f"metadata#/command/{at + 1}" in made_relative and not argument.startswith("-"):
            arguments[at] = os.path.join(code, argument)
    return arguments


def variables_of(metadata: Metadata) -> dict[str, str]:
    """Return the variables that the run had, of those that the convention names and that were not redacted."""
    return {
        name: value
        for name, value in env_of(metadata).get("variables", {}).items()
        if layout().surroundings.is_variable(name) and REDACTED not in value and "\0" not in value
    }


def environment_in(metadata: Metadata, repository: str, code: str) -> dict[str, str]:
    """Return the environment in which the command runs.

    What this interpreter would find in the repository, as a package that is installed for editing, it finds at
    ``code``.
    """
    top = os.path.realpath(repository)
    moved = []
    for path in sys.path:
        within = os.path.relpath(os.path.realpath(path or os.curdir), top)
        there = os.path.normpath(os.path.join(code, within))
        if not within.startswith(os.pardir) and not os.path.isabs(within) and path and os.path.isdir(there):
            moved.append(there)
    given = os.environ.get("PYTHONPATH", "")
    paths = [*moved, *([given] if given else [])]
    return {
        **without_foreign_repository(),
        **variables_of(metadata),
        **({"PYTHONPATH": os.pathsep.join(paths)} if paths else {}),
    }
