"""Exceptions that a unit states in its metadata (spec, chapter 2)."""

from collections.abc import Iterator
from datetime import date

from runcheck.convention.clauses import clauses
from runcheck.convention.documents import Metadata, StatedException
from runcheck.convention.layout import layout


def exceptions_in(metadata: Metadata) -> list[StatedException]:
    """Return the exceptions that the metadata state, sound or not."""
    return metadata.get("governance", {}).get("exceptions", [])


def faults_of(exception: StatedException) -> Iterator[tuple[str, str]]:
    """Yield the fields of an exception that keep it from holding, and why."""
    code, made, until = exception["clause"], exception["date"], exception.get("until")
    if code.startswith(layout().never_excepted):
        yield "clause", f"excepts the unit from {code}, from which no unit can be"
    elif code not in clauses() and code.startswith("RC"):  # conventions of one's own have codes of their own
        yield "clause", f"excepts the unit from {code}, which is no clause"
    if not exception["reason"].strip():
        yield "reason", "gives no reason for an exception"
    for field, day in (("date", made), ("until", until)):
        if day is not None and not _is_day(day):
            yield field, f"says {day}, which is no day of the calendar"
    if until is not None and until < made:
        yield "until", f"says that an exception of {made} held until {until}, before it was made"


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_about(exception: StatedException, code: str, path: str, today: str) -> bool:
    """Say whether an exception holds on the day ``today`` for a clause at ``path``, relative to the unit."""
    place = exception.get("path")
    return (
        exception["clause"] == code
        and today <= exception.get("until", today)
        and (place is None or f"{path}/".startswith(f"{place}/"))
    )
