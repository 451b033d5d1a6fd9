"""What is to go, and what is to stay all the same."""

import re
from datetime import timedelta
from typing import Literal, NamedTuple, TypeAlias, get_args

from runcheck.convention.ranking import Best
from runcheck.errors import InvalidArgumentError

Reason: TypeAlias = Literal["failed", "aborted", "superseded", "unsealed"]
REASONS: tuple[Reason, ...] = get_args(Reason)
COLD = timedelta(days=7)  # for which nothing changed in a unit that was never finished

_DURATION = re.compile(r"(?P<number>[0-9]{1,6})(?P<unit>[hdw])")
_HOURS = {"h": 1, "d": 24, "w": 7 * 24}


class Policy(NamedTuple):
    """Which units are to go, by their reasons, and which of these stay all the same."""

    reasons: frozenset[Reason] = frozenset(REASONS)
    keep_best: tuple[Best, ...] = ()
    keep_last: int = 0
    older_than: timedelta = timedelta()


def duration_of(text: str) -> timedelta:
    """Return the duration that a text such as ``30d`` names: hours, days or weeks.

    Raises:
        InvalidArgumentError: it names none.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise InvalidArgumentError(f"{text!r} is no duration; give hours, days or weeks, as 12h, 30d and 4w do")
    return timedelta(hours=int(match["number"]) * _HOURS[match["unit"]])
