"""Seals a unit that was finished and never sealed: checked first, and by the steps that the writer takes."""

import os
from collections.abc import Callable
from typing import NamedTuple

from runcheck.convention.checksums import LFS_POINTER_BYTES, fingerprint, parse_lfs_pointer
from runcheck.convention.layout import layout
from runcheck.errors import CannotWriteError
from runcheck.findings import Finding, Report
from runcheck.fixes.apply import fixing
from runcheck.reading.unit import metadata_of
from runcheck.tree.walk import walk
from runcheck.writer.atomic import write_json
from runcheck.writer.lock import locked
from runcheck.writer.recovery.recover import StoredUnit, publish, refuse_if_alive, seal_unit, stored_unit
from runcheck.writer.recovery.repair import Repair
from runcheck.writer.seal import hash_files

CHECKSUMS = layout().path("checksums")


class Sealing(NamedTuple):
    """What came of it: the unit, a line for each act, and the report that it was refused for, if it was."""

    path: str
    done: tuple[str, ...]
    refused: Report | None


def seal(path: str, check: Callable[[str], Report]) -> Sealing:
    """Seal the unit at ``path`` if ``check``, which is given its folder, finds no error in it.

    Raises:
        CannotReadError: there is no unit, its metadata are not there or broken, or its list is no file.
        CannotWriteError: it is still written or not finished, lies outside of a tree, or cannot be written.
    """
    unit = stored_unit(path)
    with fixing(unit.root), locked(unit.root, unit.lock):
        unit = unit._replace(metadata=metadata_of(unit.files))
        refuse_if_alive(unit)
        _require_finished(unit)
        repair = Repair(unit.files)
        if unit.has("checksums"):
            unit.files.file(CHECKSUMS)  # a folder or a link of that name is no seal
        else:
            report = check(unit.files.folder)
            broken = tuple(each for each in report.findings if _is_against(each, unit))
            if broken:
                return Sealing(unit.files.folder, (), report._replace(findings=broken))
            _require_objects(unit)
            if unit.metadata["kind"] == "dataset":
                _settle_fingerprint(unit, repair)
            seal_unit(unit, repair)
        publish(unit, repair)
    return Sealing(unit.files.folder, tuple(repair.done), None)


def _require_finished(unit: StoredUnit) -> None:
    status = unit.metadata["status"]
    if status in ("running", "preempted"):
        way = f"{unit.files.folder}: says that it is {status}"
        raise CannotWriteError(f"{way}; `runcheck recover` finishes a run whose process died")


def _is_against(finding: Finding, unit: StoredUnit) -> bool:
    """Say whether a finding forbids to seal: an error in the unit, but for the list that it has not."""
    is_within = finding.path.startswith(f"{unit.path}/") or finding.path == unit.path
    return finding.is_error and is_within and finding.path != f"{unit.path}/{CHECKSUMS}"


def _require_objects(unit: StoredUnit) -> None:
    """Refuse pointers of Git LFS: nobody has seen what they stand for."""
    for entry in walk(unit.files.folder):
        if entry.is_file and entry.size <= LFS_POINTER_BYTES:
            with unit.files.open(entry.path) as stream:
                if parse_lfs_pointer(stream.read(LFS_POINTER_BYTES + 1)) is not None:
                    target = os.path.join(unit.files.folder, entry.path)
                    raise CannotWriteError(f"{target}: is a Git LFS pointer; `git lfs pull` first, then seal")


def _settle_fingerprint(unit: StoredUnit, repair: Repair) -> None:
    """Write the fingerprint of a dataset that has none; one that says another is not written over."""
    path = layout().path("metadata")
    actual = fingerprint(hash_files(unit.files.folder, without=path))
    said = unit.metadata.get("fingerprint")
    if said is None:
        unit.metadata["fingerprint"] = actual
        write_json(unit.absolute("metadata"), unit.metadata)
        repair.say(f"wrote the fingerprint {actual[:12]}... into {path}")
    elif said != actual:
        raise CannotWriteError(
            f"{unit.files.folder}: has the fingerprint {said[:12]}... by its metadata, and {actual[:12]}... by its "
            "files: one of them changed since it was finished; publish it anew"
        )
