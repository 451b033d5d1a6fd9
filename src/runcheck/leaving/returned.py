"""A unit that a mirror sent to a service comes back: each file is held to the list, and nothing is made up."""

import os
from typing import NamedTuple

from runcheck.convention.checksums import format_checksums
from runcheck.convention.layout import layout
from runcheck.errors import CannotReadError
from runcheck.leaving.service import KeptRun
from runcheck.publish.folder import FolderDestination
from runcheck.publish.sealed import CHECKSUMS, listed_sums, sealed_unit
from runcheck.publish.transfer import Transferred, transfer
from runcheck.tree.store import LocalStore


class Returned(NamedTuple):
    """A unit that came back: its path, what was done, and a line for each thing that is not as it was sent."""

    path: str
    transferred: Transferred
    left: tuple[str, ...]


def is_whole(run: KeptRun) -> bool:
    """Say whether a run at a service has a sealed unit among its files."""
    return run.unit is not None and {CHECKSUMS, layout().path("metadata")} <= run.sizes.keys()


def bring_back(run: KeptRun, into: str, staging: str) -> Returned:
    """Bring the unit of a run into the tree at ``into``, by way of the folder ``staging``.

    A mirror sends the last checkpoints only. Where others are missing, the list is made anew without them; whatever
    else is missing or differs is refused.

    Raises:
        CannotReadError: a file is missing, or is not what the list says.
        CannotWriteError: another version has the place of the unit, or the disk refuses.
    """
    assert run.unit is not None
    folder = os.path.join(staging, run.unit)
    os.makedirs(folder)
    for path in run.sizes:
        run.fetch(path, folder)
    store = LocalStore(staging)
    try:
        left = _without_lost_checkpoints(folder, run)
        unit = sealed_unit(store, run.unit)
        transferred = transfer(unit, FolderDestination(into, run.unit))
    except CannotReadError as error:  # the folder that it names is gone by the time that somebody reads this
        raise CannotReadError(str(error).replace(store.name, run.name)) from error
    beside = (f"{path}: is not in {CHECKSUMS}" for path in unit.beside)
    return Returned(os.path.join(into, run.unit), transferred, (*left, *beside))


def _without_lost_checkpoints(folder: str, run: KeptRun) -> list[str]:
    """Take the checkpoints that are not there out of the list; return a line for each."""
    path = os.path.join(folder, CHECKSUMS)
    with open(path, "rb") as stream:
        sums = listed_sums(stream.read(), f"{run.name}/{CHECKSUMS}")
    above = layout().folder_of("checkpoint")
    lost = {"/".join(each.split("/")[:2]) for each in sums.keys() - run.sizes.keys() if each.startswith(f"{above}/")}
    held = {each: digest for each, digest in sums.items() if "/".join(each.split("/")[:2]) not in lost}
    if not lost or any(each.startswith(f"{one}/") for one in lost for each in run.sizes):
        return []  # half a checkpoint is damage, which is told
    with open(path, "w", encoding="utf-8", newline="\n") as stream:
        stream.write(format_checksums(held))
    signatures = [each for each in run.sizes if layout().is_unlisted(each) and each != CHECKSUMS]
    for each in signatures:
        os.unlink(os.path.join(folder, each))
    return [
        *(f"{each}: was not sent by the mirror, and is no more in {CHECKSUMS}" for each in sorted(lost)),
        *(f"{each}: signs the list as it was" for each in signatures),
    ]
