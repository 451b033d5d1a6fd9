"""Values as other tools write them, in texts and numbers of theirs: taken where they are such, and never an error."""

import json
import math
from datetime import UTC, datetime

from runcheck.convention.layout import layout

_LAST = 1e11  # seconds since 1970, within the calendar


def value_of(text: str) -> object:
    """Return what a text says as JSON, with the numbers that JSON has not; the text itself where it is none.

    So is one that no document of the convention could hold: nested too deeply, or with what is no character.
    """
    try:
        value: object = json.loads(text)
        return value if _fits(value, layout().limits.document_depth) else text
    except (ValueError, RecursionError):
        return text


def _fits(value: object, depth: int) -> bool:
    if isinstance(value, str):
        return is_unicode(value)
    parts = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ()
    return depth > 0 and all(_fits(each, depth - 1) for each in parts)


def is_unicode(text: str) -> bool:
    """Say whether a text can be written as UTF-8; a name of a file may hold bytes that are no characters."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def number_of(value: object) -> float | None:
    """Return a number as the metrics hold it, None where it is none."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def step_of(value: object) -> int | None:
    """Return a whole number, None where it is none."""
    number = number_of(value)
    return int(number) if number is not None and math.isfinite(number) and number.is_integer() else None


def moment_at(seconds: float) -> datetime | None:
    """Return the moment so many seconds after the beginning of 1970, None where no run can have been."""
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < _LAST else None


def moment_of(text: object) -> datetime | None:
    """Return the moment that a text says in the form of ISO 8601, None where it says none. It may name no zone."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        known = moment and moment_at((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None
    return moment if known else None
