"""What a damage is, and the list of all of them."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Change = Callable[[Path, random.Random], object]


class NotApplicableError(Exception):
    """The file that was drawn cannot be damaged so."""


@dataclass(frozen=True)
class Damage:
    """A kind of damage.

    It falls on one path, drawn from those that ``where`` (a wildcard below the root) matches in one of the specimens.
    One that is ``sealed_over`` has every hash made right again after it. ``survives`` is the reason why nothing can
    find it, for the few that nothing can.
    """

    name: str
    specimens: tuple[str, ...]
    where: str
    change: Change
    sealed_over: bool
    survives: str | None = None


DAMAGES: list[Damage] = []

UNIT = {"model": "model/*/2*", "dataset": "dataset/*/v*"}
RUNS = ("plain", "failed", "resumed", "sweep", "csv")
SEALED = (*RUNS, "hdf5", "zarr2", "zarr3", "exports")


def damage(
    where: str, *specimens: str, sealed_over: bool = True, survives: str | None = None
) -> Callable[[Change], Change]:
    """Register the decorated function as a damage of the paths ``where`` in the specimens."""

    def register(change: Change) -> Change:
        add(change.__name__.replace("_", " "), where, specimens, change, sealed_over=sealed_over, survives=survives)
        return change

    return register


def add(
    name: str, where: str, specimens: tuple[str, ...], change: Change, *, sealed_over: bool, survives: str | None = None
) -> None:
    """Register a damage. RUN and DATA at the start of ``where`` stand for every run and every dataset."""
    path = where.replace("RUN", UNIT["model"], 1).replace("DATA", UNIT["dataset"], 1)
    DAMAGES.append(Damage(name, specimens, path, change, sealed_over, survives))
