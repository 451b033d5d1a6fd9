"""A report for people and ``grep``: one line a finding, as compilers write it."""

from collections.abc import Iterable, Iterator

from runcheck.findings import Report
from runcheck.report.escape import printable
from runcheck.report.setting import Setting, place
from runcheck.report.text import closing, painted, unverified_lines


def render(reports: Iterable[Report], setting: Setting) -> Iterator[str]:
    """Yield each report as lines: path, place, code, message."""
    for report in reports:
        lines = []
        for finding in report.findings:
            where = printable(f"{setting.here(report, finding.path)}{place(finding)}")
            code = painted(finding.code, finding.level.value if finding.is_certain else "perhaps", setting)
            lines.append(f"{where}: {code} {printable(finding.message)}")
        lines += unverified_lines(report, setting)
        if not setting.is_quiet:
            lines.append(closing(report, setting))
        yield "".join(f"{line}\n" for line in lines)
