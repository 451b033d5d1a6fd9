"""What a check speaks of: ``manifest#/git/sha``, a value in the document of a role, or ``<sweep>``, part of a path."""

import re
from typing import NamedTuple

from runcheck.conventions.definition import Check, Condition

_PLACEHOLDER = re.compile(r"<([a-z][a-z0-9-]*)>")


class Reference(NamedTuple):
    """A role and a JSON pointer into its document, or the name of a placeholder."""

    role: str | None
    pointer: str
    name: str | None = None


class Value(NamedTuple):
    """A value that a reference led to: the file and the pointer where it stands. A part of a path has neither.

    Where ``value`` is only part of it, ``digest`` is that of all of it.
    """

    path: str | None
    pointer: str | None
    value: object
    digest: bytes | None = None


def reference(text: str) -> Reference | None:
    """Return what a text refers to, or None where it is no reference."""
    if match := _PLACEHOLDER.fullmatch(text):
        return Reference(None, "", match[1])
    role, sign, pointer = text.partition("#")
    return Reference(role, pointer) if role and sign and pointer[:1] in ("", "/") else None


def references_of_unit(check: Check) -> list[str]:
    """Return what a check speaks of in the units that it is asked of."""
    conditions = [each.value for each in (check.when, check.unless) if each]
    return [*check.texts("value"), *check.texts("other"), *check.texts("lists"), *_moments(check), *conditions]


def references_elsewhere(check: Check) -> list[str]:
    """Return what a check speaks of in the units that it refers to."""
    where = condition_of(check)
    return [*check.texts("among"), *([where.value] if where else [])]


def condition_of(check: Check) -> Condition | None:
    """Return the condition on the units that are referred to."""
    raw = check.settings.get("where")
    if not isinstance(raw, dict):
        return None
    allowed = raw.get("is")
    return Condition(str(raw["value"]), tuple(allowed) if isinstance(allowed, list) else None)


def _moments(check: Check) -> list[str]:
    return [*check.texts("before"), *check.texts("after")]
