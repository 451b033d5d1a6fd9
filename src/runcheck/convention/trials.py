"""Sweeps and studies: what a parameter may be, and which trial is the best. Alike for what writes and what judges."""

import json
import math
from collections.abc import Iterable, Mapping

from runcheck.convention.aggregates import Direction
from runcheck.convention.documents import TrialRow

_CLOSE = 1e-9  # of a step: 0.1 + 0.2 is on the step 0.1
_SHOWN = 8  # choices in a message


def is_same(one: object, other: object) -> bool:
    """Say whether two values are the same in JSON: 1 is 1.0, and neither is true."""
    return _canonical(one) == _canonical(other)


def _canonical(value: object) -> str:
    return json.dumps(_plain(value), sort_keys=True, default=str)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def is_within(value: object, distribution: Mapping[str, object]) -> bool:
    """Say whether a value is what a valid entry of a space allows."""
    if distribution["type"] == "categorical":
        choices = distribution["choices"]
        return isinstance(choices, list) and any(is_same(value, each) for each in choices)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return False
    if distribution["type"] == "int" and value != int(value):
        return False
    low, high, step = (_number(distribution.get(name)) for name in ("low", "high", "step"))
    if low is None or high is None or not low <= value <= high:
        return False
    steps = (value - low) / step if step else 0.0
    return abs(steps - round(steps)) <= _CLOSE * max(1.0, abs(steps))


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def told(distribution: Mapping[str, object]) -> str:
    """Return in words what a valid entry of a space allows."""
    choices = distribution.get("choices")
    if isinstance(choices, list):
        more = f", and {len(choices) - _SHOWN} more" if len(choices) > _SHOWN else ""
        return f"one of {', '.join(map(repr, choices[:_SHOWN]))}{more}"
    what = "an integer" if distribution["type"] == "int" else "a number"
    step = f" in steps of {distribution['step']!r}" if distribution.get("step") else ""
    return f"{what} from {distribution['low']!r} to {distribution['high']!r}{step}"


def ranked(trials: Iterable[TrialRow], direction: Direction | None) -> list[TrialRow]:
    """Return the completed trials, the best one first, of equal ones the earlier; nothing where they have no order."""
    if direction is None:
        return []
    found = [(each["value"], each) for each in trials if each["state"] == "completed" and each["value"] is not None]
    sign = 1.0 if direction == "min" else -1.0
    return [each for _, each in sorted(found, key=lambda pair: (sign * pair[0], pair[1]["number"]))]


def best_of(trials: Iterable[TrialRow], direction: Direction | None) -> TrialRow | None:
    """Return the best completed trial, the first of those that are equal; None where none can be ranked."""
    return next(iter(ranked(trials, direction)), None)
