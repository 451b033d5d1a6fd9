"""What became of the trials of a sweep before: found in the tree by the tag and by what they were tried with."""

import os
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from runcheck.convention.trials import is_same
from runcheck.reading.records import UnitFault, UnitRecord, records
from runcheck.tree.store import LocalStore


class Earlier(NamedTuple):
    """The runs of a trial from before: the newest that completed, and else the newest that did not."""

    completed: UnitRecord | None = None
    stopped: UnitRecord | None = None


def units_of(root: str, name: str) -> list[UnitRecord]:
    """Return the units of the tree that belong to the sweep or study ``name``, the newest last."""
    if not os.path.isdir(root):
        return []
    found = [
        each
        for each in records(LocalStore(root), "model")
        if not isinstance(each, UnitFault) and each.metadata["tags"].get("sweep") == name
    ]
    return sorted(found, key=lambda each: each.metadata["created_at"])


def trials_among(units: Iterable[UnitRecord]) -> dict[int, list[UnitRecord]]:
    """Return the runs that were trials by their numbers, in the order in which they came."""
    found: dict[int, list[UnitRecord]] = {}
    for each in units:
        if "trial" in each.metadata:
            found.setdefault(each.metadata["trial"]["number"], []).append(each)
    return found


def earlier_of(params: Mapping[str, object], runs: list[UnitRecord]) -> Earlier:
    """Return what became of the trial with these parameters."""
    same = [each for each in runs if is_same(each.metadata["trial"]["params"], params)]
    completed = [each for each in same if each.metadata["status"] == "completed"]
    if completed:
        return Earlier(completed=completed[-1])
    return Earlier(stopped=same[-1] if same else None)
