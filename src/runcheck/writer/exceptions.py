"""Exceptions that a unit states: clauses that it breaks on purpose (spec, chapter 2)."""

from runcheck.convention.documents import Metadata, StatedException
from runcheck.convention.layout import layout
from runcheck.convention.names import is_name, is_unit_relative
from runcheck.convention.timestamps import now
from runcheck.errors import InvalidArgumentError, warn
from runcheck.writer.unit import UnitFolder

_MAX_REASON = 1000  # characters, as the schema of the metadata has it


def state_exception(folder: UnitFolder, metadata: Metadata, exception: StatedException) -> None:
    """Add an exception to the metadata of a unit that is being written, here and on the disk."""
    stated = metadata.setdefault("governance", {}).setdefault("exceptions", [])
    place = f"metadata#/governance/exceptions/{len(stated)}/reason"
    stated.append({**exception, "reason": folder.text(exception["reason"], "reason", place)})
    try:
        folder.write_json(layout().path("metadata"), metadata)
    except OSError as error:
        warn(f"the exception from {exception['clause']} is not on the disk yet: {error.strerror}")


def checked_exception(clause: object, reason: object, path: object, until: object) -> StatedException:
    """Return an exception of today.

    Raises:
        InvalidArgumentError: no unit can be excepted so.
    """
    from runcheck.convention.exceptions import faults_of  # noqa: PLC0415 - few units state any

    if not isinstance(clause, str) or not is_name("clause-code", clause):
        raise InvalidArgumentError(f"clause is {clause!r}; give its code, such as 'RC415'")
    if not isinstance(reason, str) or len(reason) > _MAX_REASON:
        raise InvalidArgumentError(f"reason is no text of at most {_MAX_REASON:,} characters")
    exception: StatedException = {"clause": clause, "reason": reason, "date": now().date().isoformat()}
    if path is not None:
        if not isinstance(path, str) or not is_unit_relative(path):
            raise InvalidArgumentError(f"path is {path!r}; give one relative to the unit, with /")
        exception["path"] = path
    if until is not None:
        if not isinstance(until, str) or not is_name("day", until):
            raise InvalidArgumentError(f"until is {until!r}; give a day as YYYY-MM-DD")
        exception["until"] = until
    fault = next(faults_of(exception), None)
    if fault is not None:
        raise InvalidArgumentError(f"{fault[0]}: {fault[1]}")
    return exception
