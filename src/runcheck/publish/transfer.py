"""Brings a sealed unit to its place: each file once, read back, and the list last.

Whoever is killed leaves either nothing that looks whole, or the whole unit; the next one takes what is left of the way.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from runcheck.convention.layout import layout
from runcheck.errors import CannotReadError, CannotWriteError
from runcheck.publish.destination import Destination
from runcheck.publish.sealed import CHECKSUMS, SealedUnit


class Transferred(NamedTuple):
    """What was done: the place, how many files and bytes were sent, how many were there, and a line for the rest."""

    place: str
    sent: int
    sent_bytes: int
    there: int
    was_whole: bool
    done: tuple[str, ...]


def transfer(unit: SealedUnit, to: Destination) -> Transferred:
    """Bring a unit to its place.

    Raises:
        CannotWriteError: another version has its name there, or it cannot be written or read back.
        CannotReadError: the unit is not, or is no more, what its list says.
    """
    try:
        with to.held():
            listed = to.sealed(unit)
            if listed is not None and listed != unit.listed:
                raise CannotWriteError(
                    f"{to.name}: is there, with another {CHECKSUMS}: the two are different, and none is written over; "
                    "publish a new version"
                )
            if listed is None:
                to.begin(unit)
            sent, size = _bring(unit, to)
            signed = _bring_signatures(unit, to, is_new=listed is None)
            if listed is None:
                _require_all(unit, to)
                to.complete(unit)
            done = [*signed, *to.announce()]
    except OSError as error:
        raise CannotWriteError(
            f"{error.filename or to.name}: {error.strerror or error}; run it again to go on"
        ) from error
    return Transferred(to.name, sent, size, len(unit.sums) - sent, listed is not None, tuple(done))


def _bring(unit: SealedUnit, to: Destination) -> tuple[int, int]:
    """Bring every file that is not there as the list has it, and return how many and of how many bytes."""
    there = to.sizes()
    metadata = layout().path("metadata")

    def bring(path: str) -> int | None:
        wanted, size = unit.sums[path], unit.files[path].size
        if there.get(path) == size and to.sha256(path) == wanted:
            return None
        read = to.put(path, unit)
        if read != wanted:
            raise CannotReadError(f"{unit.name}/{path}: {_why_other(unit, path, read)}")
        kept = to.sha256(path)
        if kept != wanted:
            raise CannotWriteError(
                f"{to.name}/{path}: has SHA-256 {kept[:12]}... when it is read back, and {wanted[:12]}... was written; "
                "run it again, and look after that disk or store"
            )
        return size

    with ThreadPoolExecutor(to.workers, "runcheck-transfer") as pool:
        try:
            sizes = list(pool.map(bring, [path for path in unit.sums if path != metadata]))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    sizes.append(bring(metadata))  # which speak of the unit, so they come when the rest is there
    sent = [size for size in sizes if size is not None]
    return len(sent), sum(sent)


def _require_all(unit: SealedUnit, to: Destination) -> None:
    """See that each file is there at last: one may have taken the place of another, where case does not count."""
    lost = sorted(unit.sums.keys() - to.sizes().keys())
    if lost:
        raise CannotWriteError(
            f"{to.name}/{lost[0]}: was written and is not there; where case does not count, or letters with marks are "
            "written otherwise, another path of the list has its place"
        )


def _bring_signatures(unit: SealedUnit, to: Destination, *, is_new: bool) -> list[str]:
    """Bring the signatures that are not there, and say so; another one of a unit that was there whole stays."""
    there, done = to.sizes(), []
    for path in unit.signatures:
        wanted = unit.sha256(path)
        if path not in there or is_new:
            if to.put(path, unit) != wanted or to.sha256(path) != wanted:
                raise CannotWriteError(f"{to.name}/{path}: is not what was written; run it again")
            done.append(f"brought {path}")
        elif to.sha256(path) != wanted:
            done.append(f"has another {path}, which stays")
    return done


def _why_other(unit: SealedUnit, path: str, read: str) -> str:
    if unit.is_pointer(path):
        return "is a Git LFS pointer, and its object is not here; `git lfs pull` brings it"
    return f"has SHA-256 {read[:12]}..., and {CHECKSUMS} says {unit.sums[path][:12]}...: it changed, or is damaged"
