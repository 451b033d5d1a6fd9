"""A list of units: those that are asked for, in the order and to the length that are asked for."""

import os
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from runcheck.listing.columns import Listed, ListError, Value, require
from runcheck.listing.conditions import Condition
from runcheck.reading.opened import OpenedTree
from runcheck.tree.walk import walk


class Question(NamedTuple):
    """Which units, and how. Without ``sort`` the newest come first; ``limit`` 0 is no limit."""

    kind: str | None = None
    where: tuple[Condition, ...] = ()
    sort: str | None = None
    is_reversed: bool = False
    limit: int = 0


def ask(tree: OpenedTree, question: Question, columns: Sequence[str], now: datetime) -> list[Listed]:
    """Return the units that are asked for, which have these columns.

    Raises:
        ListError: a column is none, or a condition cannot be asked of it.
    """
    if question.limit < 0:
        raise ListError(f"{question.limit}: is no number of units")

    def size(path: str) -> tuple[int, int]:
        files = [entry.size for entry in walk(tree.root, path) if entry.is_file]
        return len(files), sum(files)

    units = [Listed(record, now, size) for record in tree.units(question.kind)]
    named = [*columns, *(each.column for each in question.where), *([question.sort] if question.sort else [])]
    require(named, units)
    found = [unit for unit in units if all(each.holds(unit) for each in question.where)]
    by, is_descending = question.sort or "created_at", question.is_reversed or question.sort is None
    known = sorted((unit for unit in found if unit.value(by) is not None), key=lambda unit: _order(unit.value(by)))
    if is_descending:
        known.reverse()
    found = [*known, *(unit for unit in found if unit.value(by) is None)]  # at the end either way
    return found[: question.limit] if question.limit else found


def _order(value: Value) -> tuple[bool, float, str]:
    """Return what a value is sorted by: numbers, then texts."""
    if isinstance(value, int | float):
        return False, value, ""
    return True, 0, str(value)


def told_faults(tree: OpenedTree) -> list[str]:
    """Return a line for each unit that was passed over."""
    return [f"passed over: {os.path.join(tree.root, path)}: {reason}" for path, reason in tree.faults.items()]
