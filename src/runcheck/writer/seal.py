"""Sealing: the checksum list of a unit, and what follows from it."""

import hashlib
import os

from runcheck.convention.checksums import CHECKSUM_LINE, fingerprint, format_checksums
from runcheck.convention.layout import layout
from runcheck.tree.entry import EntryType
from runcheck.tree.walk import walk
from runcheck.writer.atomic import write_whole


def hash_files(unit: str, *, without: str | None = None) -> dict[str, str]:
    """Return the SHA-256 of each file of a unit by its path, but for ``without``, heartbeat, list and signatures."""
    passed_over = {without, layout().path("heartbeat")}
    sums: dict[str, str] = {}
    for entry in walk(unit):
        if entry.type is not EntryType.FILE or entry.path in passed_over or layout().is_unlisted(entry.path):
            continue
        if entry.name not in layout().placeholders:
            sums[entry.path] = hash_file(f"{unit}/{entry.path}")
    return sums


def hash_file(path: str) -> str:
    """Return the SHA-256 of a file."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fingerprint_of_unit(unit: str) -> str | None:
    """Return the fingerprint of the sealed dataset in a folder; None where it has no list, or a damaged one."""
    sums = read_checksums(unit)
    return None if sums is None else fingerprint(sums)


def read_checksums(unit: str) -> dict[str, str] | None:
    """Return the SHA-256 of each file as the list of a unit says; None where it has no list, or a damaged one."""
    try:
        with open(os.path.join(unit, layout().path("checksums")), encoding="utf-8") as stream:
            lines = [CHECKSUM_LINE.fullmatch(line.removesuffix("\n")) for line in stream]
    except (OSError, UnicodeDecodeError):
        return None
    sums = {line["path"]: line["sha256"] for line in lines if line}
    return sums if len(sums) == len(lines) else None


def write_checksums(unit: str, sums: dict[str, str]) -> None:
    """Seal the unit: write its list, whole or not at all."""
    write_whole(os.path.join(unit, layout().path("checksums")), format_checksums(sums))
