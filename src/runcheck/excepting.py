"""Findings that their units except themselves from."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from runcheck.convention.documents import StatedException
from runcheck.convention.exceptions import is_about
from runcheck.convention.unit_paths import UNIT_DEPTH
from runcheck.findings import Excepted, Finding


def without_excepted(
    findings: Iterable[Finding], exceptions: Mapping[str, tuple[StatedException, ...]], now: datetime
) -> tuple[list[Finding], tuple[Excepted, ...]]:
    """Return the findings that count, and the others; ``exceptions`` are by the paths of the units that state them.

    A unit speaks for what lies in it, and for nothing else.
    """
    left: list[Finding] = []
    excepted: list[Excepted] = []
    today = now.date().isoformat()
    for finding in findings:
        parts = finding.path.split("/")
        unit, path = "/".join(parts[:UNIT_DEPTH]), "/".join(parts[UNIT_DEPTH:])
        stated = (each for each in exceptions.get(unit, ()) if is_about(each, finding.code, path, today))
        if found := next(stated, None):
            excepted.append(Excepted(finding, found))
        else:
            left.append(finding)
    return left, tuple(sorted(excepted, key=lambda each: each.finding.sort_key()))
