"""Which trackers there are: two of our own, and those that other packages register."""

import importlib
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import cast

from runcheck.errors import CannotMirrorError
from runcheck.trackers.protocol import OpenCopy

GROUP = "runcheck.trackers"
_OWN = {"mlflow": "runcheck.trackers.mlflow", "wandb": "runcheck.trackers.wandb"}  # by table: they need no metadata
_OPEN = "open_copy"


def open_of(tracker: str) -> OpenCopy:
    """Return what opens copies at a tracker.

    Raises:
        CannotMirrorError: there is none of that name, or it cannot be loaded.
    """
    if tracker in _OWN:
        return cast("OpenCopy", getattr(importlib.import_module(_OWN[tracker]), _OPEN))
    registered = _registered()
    if tracker not in registered:
        raise CannotMirrorError(_none_of(tracker, _names(registered)))
    return registered[tracker]()


def unknown(tracker: str) -> str | None:
    """Return in words that there is no tracker of this name, and which there are; None where there is one."""
    return None if tracker in _OWN or tracker in (known := names()) else _none_of(tracker, known)


def _none_of(tracker: str, known: list[str]) -> str:
    near = get_close_matches(tracker.lower(), known, n=1)
    meant = f"did you mean {near[0]!r}? " if near else ""
    return f"there is no tracker {tracker!r}; {meant}there is {', '.join(known)}"


def names() -> list[str]:
    """Return the names of all trackers."""
    return _names(_registered())


def _names(registered: Iterable[str]) -> list[str]:
    return sorted({*_OWN, *registered})


def _registered() -> dict[str, Callable[[], OpenCopy]]:
    from importlib.metadata import entry_points  # noqa: PLC0415 - 20 ms that our own trackers do not pay

    return {each.name: each.load for each in entry_points(group=GROUP)}
