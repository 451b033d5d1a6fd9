"""Annotations in GitHub Actions: a workflow command a finding, escaped as the Actions toolkit does (``command.ts``)."""

from collections.abc import Iterable, Iterator, Mapping

from runcheck.findings import Finding, Report
from runcheck.report.escape import printable
from runcheck.report.setting import Setting, place
from runcheck.report.text import unverified_lines

_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def render(reports: Iterable[Report], setting: Setting) -> Iterator[str]:
    """Yield one line a finding. The message names the place again, since the log shows nothing but the message."""
    for report in reports:
        lines = [_annotation(report, finding, setting) for finding in report.findings]
        lines += [_command("notice", {"title": "runcheck"}, line) for line in unverified_lines(report, setting)]
        yield "".join(lines)


def _annotation(report: Report, finding: Finding, setting: Setting) -> str:
    path = setting.in_repository(report, finding.path)
    properties = {"file": printable(path)} if "://" not in path else {}
    if finding.line is not None:
        properties["line"] = str(finding.line)
    properties["title"] = f"{finding.code} {finding.clause.name}"
    where = printable(f"{path}{place(finding)}")
    text = f"{where}: {finding.code} {printable(finding.message)}\nhelp: {printable(finding.help)}"
    return _command(finding.level.value if finding.is_certain else "notice", properties, text)


def _command(name: str, properties: Mapping[str, str], data: str) -> str:
    written = ",".join(f"{key}={value.translate(_PROPERTY)}" for key, value in properties.items())
    return f"::{name} {written}::{data.translate(_DATA)}\n"
