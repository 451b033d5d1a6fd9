"""A report for programs: one JSON object."""

import json

from runcheck.findings import Finding, Report

FORMAT_VERSION = 1


def render_json(report: Report) -> str:
    """Return the report as JSON, ASCII throughout: what is not UTF-8 in a path is a lone surrogate's escape."""
    document = {
        "version": FORMAT_VERSION,
        "root": report.root,
        "configuration": report.configuration,
        "selected": list(report.selected),
        "ignored": list(report.ignored),
        "errors": report.errors,
        "warnings": report.warnings,
        "findings": [_finding(finding) for finding in report.findings],
        "not_verified": [{"reason": each.reason, "paths": list(each.paths)} for each in report.unverified],
        "excepted": [{**_finding(each.finding), "exception": each.exception} for each in report.waived.excepted],
        "ignored_by_path": report.waived.by_path,
        "in_baseline": report.waived.known,
        "not_found_any_more": list(report.waived.gone),
        "units": report.units,
        "files": report.files,
        "recalled": report.recalled,
        "hashed_bytes": report.hashed_bytes,
        "vouched_bytes": report.vouched_bytes,
        "seconds": round(report.seconds, 3),
    }
    return json.dumps(document, indent=2) + "\n"


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "code": finding.code,
        "name": finding.clause.name,
        "level": finding.level.value,
        "certain": finding.is_certain,
        "path": finding.path,
        "line": finding.line,
        "pointer": finding.pointer,
        "message": finding.message,
        "help": finding.help,
    }
