"""A report for programs: one JSON object, with the same fields for one tree and for several.

Of several trees the findings follow each other, the counts are sums, and ``root``, which has no one value then, is
null; ``roots`` and the ``root`` of each finding say which tree it is.
"""

import json
from collections.abc import Iterable, Iterator

from runcheck.findings import Finding, Report
from runcheck.report.setting import Setting

FORMAT_VERSION = 1


def render(reports: Iterable[Report], _setting: Setting) -> Iterator[str]:
    """Yield the reports as JSON, ASCII throughout: what is not UTF-8 in a path is a lone surrogate's escape."""
    every = tuple(reports)
    document = {
        "version": FORMAT_VERSION,
        "root": every[0].root if len(every) == 1 else None,
        "roots": [report.root for report in every],
        "configurations": sorted({report.configuration for report in every if report.configuration}),
        "selected": sorted({code for report in every for code in report.selected}),
        "ignored": sorted({code for report in every for code in report.ignored}),
        "errors": sum(report.errors for report in every),
        "warnings": sum(report.warnings for report in every),
        "findings": [each for report in every for each in objects_of(report)],
        "not_verified": [
            {"reason": each.reason, "root": report.root, "paths": list(each.paths)}
            for report in every
            for each in report.unverified
        ],
        "excepted": [
            {**_as_object(report, each.finding, each.finding.fix), "exception": each.exception}
            for report in every
            for each in report.waived.excepted
        ],
        "ignored_by_path": sum(report.waived.by_path for report in every),
        "in_baseline": sum(report.waived.known for report in every),
        "gone_from_baseline": [gone for report in every for gone in report.waived.gone],
        "idle_path_ignores": sorted({each for report in every for each in report.waived.idle}),
        "units": sum(report.units for report in every),
        "files": sum(report.files for report in every),
        "recalled": sum(report.recalled for report in every),
        "hashed_bytes": sum(report.hashed_bytes for report in every),
        "vouched_bytes": sum(report.vouched_bytes for report in every),
        "seconds": round(sum(report.seconds for report in every), 3),
    }
    yield json.dumps(document, indent=2) + "\n"


def objects_of(report: Report) -> list[dict[str, object]]:
    """Return the findings as JSON objects."""
    return [_as_object(report, *each) for each in zip(report.findings, report.fixes(), strict=True)]


def _as_object(report: Report, finding: Finding, fix: str | None) -> dict[str, object]:
    return {
        "code": finding.code,
        "name": finding.clause.name,
        "level": finding.level.value,
        "certain": finding.is_certain,
        "root": report.root,
        "unit": finding.concerns,
        "path": finding.path,
        "line": finding.line,
        "pointer": finding.pointer,
        "message": finding.message,
        "help": finding.help,
        "fix": fix,
    }
