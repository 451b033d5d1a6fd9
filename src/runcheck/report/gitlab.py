"""A report for GitLab's merge requests: what "Code Quality" in GitLab's Docs asks for of Code Climate's format."""

import json
from collections.abc import Iterable, Iterator

from runcheck.convention.clauses import Level
from runcheck.findings import Finding, Report
from runcheck.report.escape import printable
from runcheck.report.fingerprints import fingerprinted
from runcheck.report.setting import Setting

_SEVERITIES = {Level.MUST: "major", Level.SHOULD: "minor"}


def render(reports: Iterable[Report], setting: Setting) -> Iterator[str]:
    """Yield the reports as one JSON list."""
    issues = [
        _issue(setting.in_repository(report, finding.path), finding, fingerprint)
        for report, finding, fingerprint in fingerprinted(reports, setting)
    ]
    yield json.dumps(issues, indent=2) + "\n"


def _issue(path: str, finding: Finding, fingerprint: str) -> dict[str, object]:
    pointer = f"{printable(finding.pointer)}: " if finding.pointer else ""
    return {
        "type": "issue",
        "check_name": f"{finding.code} {finding.clause.name}",
        "description": f"{pointer}{printable(finding.message)} (help: {printable(finding.help)})",
        "severity": _SEVERITIES[finding.level] if finding.is_certain else "info",
        "fingerprint": fingerprint,
        "location": {"path": printable(path), "lines": {"begin": finding.line or 1}},
    }
