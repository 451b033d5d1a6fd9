"""A last line of the metrics that no line feed ends: a whole row, or one that was torn off."""

import json
import os

from runcheck.convention.layout import layout
from runcheck.convention.unit_paths import unit_around, within_unit
from runcheck.findings import Finding
from runcheck.fixes.draft import Draft
from runcheck.fixes.edits import CannotFixError, place
from runcheck.fixes.fix import fixes
from runcheck.probes.folder import open_regular
from runcheck.probes.metrics import CsvMetricsProbe, JsonlMetricsProbe
from runcheck.writer.recovery.stored_rows import end_of_lines


@fixes("metrics-syntax")
def last_line(draft: Draft, finding: Finding) -> None:
    """End a whole row by a line feed; set a torn one aside.

    A row of JSON shows by its last brace that it is whole, sound or not. One of CSV does not: ``0.1`` may have been
    ``0.12``.
    """
    path, unit = finding.path, unit_around(finding.path) or ""
    draft.require_listed(path)
    try:
        with open_regular(place(draft.root, path)) as stream:
            size, end = stream.seek(0, os.SEEK_END), end_of_lines(stream)
            if size - end > layout().limits.line_bytes:
                raise CannotFixError("its last line is longer than any row")
            stream.seek(0)
            head = stream.read(min(end, layout().limits.line_bytes)).partition(b"\n")[0] + b"\n"
            stream.seek(end)
            tail = stream.read(size - end)
    except OSError as error:
        raise CannotFixError(f"cannot be read: {error.strerror or error}") from error
    if not tail:
        raise CannotFixError("its last line is whole")
    is_json = path.endswith(".jsonl")
    if _is_row(head, tail, is_json=is_json):
        if not is_json and not draft.is_daring:
            raise CannotFixError(
                "its last value may be cut short; compare it with the summary (--unsafe-fixes keeps it)"
            )
        draft.mend_end(path, size, size, b"\n", b"")
        return
    if is_json and _is_whole(tail):
        raise CannotFixError("its last row is whole, and not one of metrics; look at what it says")
    draft.write(f"{unit}/{_aside(draft, unit)}/{within_unit(path)}.cut", tail)
    draft.mend_end(path, size, end, b"", tail)


def _is_row(head: bytes, tail: bytes, *, is_json: bool) -> bool:
    probe = JsonlMetricsProbe() if is_json else CsvMetricsProbe()
    probe.feed(tail + b"\n" if is_json else head + tail + b"\n")
    content = probe.content()
    return content.rows == 1 and not content.defect_count


def _is_whole(tail: bytes) -> bool:
    """Say whether a last line is JSON: the beginning of an object never is."""
    try:
        json.loads(tail)
    except (ValueError, RecursionError):
        return False
    return True


def _aside(draft: Draft, unit: str) -> str:
    """Return a folder below ``extra/`` that is not there yet."""
    extra = layout().folder_of("extra")
    there = set(draft.files(unit).names(extra))
    return next(f"{extra}/fixed-{number}" for number in range(1, len(there) + 2) if f"fixed-{number}" not in there)
