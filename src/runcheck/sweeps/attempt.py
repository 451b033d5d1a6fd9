"""One trial: the runs that it begins, how it ended, and in words why."""

import os
import time
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, SupportsFloat

from runcheck.convention.unit_paths import path_of_unit
from runcheck.errors import RuncheckError
from runcheck.writer.ending import Preempted, is_pruned
from runcheck.writer.membership import Begun, Membership, member
from runcheck.writer.provenance.redaction import Redactor

_LONGEST = 300  # characters of a reason
_NO_MEMORY = ("RESOURCE_EXHAUSTED", "Out of memory", "out of memory", "OutOfMemory")


class Task(NamedTuple):
    """What is to be tried: ``call`` with ``argument``, as the trial ``number`` of the sweep or study ``name``.

    ``stopped`` is the folder of a run of this trial that did not complete.
    """

    call: Callable[..., object]
    argument: object
    name: str
    number: int
    params: Mapping[str, object]
    stopped: str | None = None


class Outcome(NamedTuple):
    """How a trial ended, after how many seconds, and why.

    ``returned`` is the number that came back, None where none did. ``folder`` is that of the first run that it began,
    and ``unit`` the path of this below the root of its tree.
    """

    state: Literal["completed", "pruned", "failed"]
    seconds: float
    returned: float | None = None
    reason: str | None = None
    folder: str | None = None
    unit: str | None = None


def attempt(task: Task, told: Callable[[str, str], None] | None = None) -> Outcome:
    """Do a trial in this process and return its outcome; an error of it is one too.

    Ctrl-C and SIGTERM go through. ``told`` is told of the first run as soon as it is begun: folder, and path in the
    tree.
    """
    begun: list[tuple[str, str]] = []

    def began(run: Begun) -> None:
        begun.append((run.path, path_of_unit(run.metadata)))
        if len(begun) == 1 and told is not None:
            told(*begun[0])

    started = time.monotonic()
    state: Literal["completed", "pruned", "failed"] = "completed"
    returned: object = None
    reason = None
    try:
        with member(Membership(task.name, task.number, {**task.params}, began, [], task.stopped)):
            returned = task.call(task.argument)
    except Preempted:
        raise
    except SystemExit as error:
        if error.code:
            state, reason = "failed", tidied(f"it ended the process: exit status {error.code}")
    except Exception as error:  # noqa: BLE001 - whatever a trial raises is what came of it
        state, reason = ("pruned", str(error) or "pruned") if is_pruned(error) else ("failed", reason_of(error))
    number = _number(returned)
    if state == "completed" and returned is not None and number is None:
        state, reason = "failed", tidied(f"it returned {returned!r}, which is no number")
    folder, unit = begun[0] if begun else (None, None)
    seconds = round(time.monotonic() - started, 3)
    return Outcome(state, seconds, number, tidied(reason) if reason else None, folder, unit)


def reason_of(error: BaseException) -> str:
    """Return why something failed: the type of the error and its first line, without secrets and paths."""
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    kind = type(error).__name__
    text = ": ".join(filter(None, ("" if isinstance(error, RuncheckError) else kind, first)))
    if isinstance(error, MemoryError) or any(word in f"{kind} {error}" for word in _NO_MEMORY):
        text = f"out of memory: {text}"
    return tidied(text)


def tidied(text: str) -> str:
    """Return a text in one line of bounded length, without control characters, secrets and paths of this machine."""
    line = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    clean = Redactor((os.getcwd(),)).text(line.encode("utf-8", "replace").decode(), "trials")
    return clean if len(clean) <= _LONGEST else f"{clean[:_LONGEST]}..."


def _number(value: object) -> float | None:
    """Return a number of Python, NumPy or JAX as a float; None for all else."""
    if isinstance(value, bool) or not isinstance(value, SupportsFloat):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):  # an array of several
        return None
