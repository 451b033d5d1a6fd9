"""One line a finding."""

import re

from runcheck.findings import Report
from runcheck.report.concise import render
from runcheck.report.setting import Setting
from tests.report.conftest import GOLDEN


def test_the_whole_report_is_as_it_was_written_by_hand(report: Report, setting: Setting) -> None:
    assert "".join(render((report,), setting)) == (GOLDEN / "report.concise").read_text(encoding="utf-8")


def test_what_reads_compilers_reads_it(report: Report) -> None:
    """Vim's and Emacs's forms of an error begin with the file and the line."""
    first = next(render((report,), Setting("/srv", "/srv"))).splitlines()[0]
    match = re.match(r"(?P<file>[^:]+):(?P<line>\d+): (?P<code>RC\d{3}) ", first)
    assert match
    assert match.group("file", "line", "code") == (f"artefacts/{report.findings[0].path}", "3", "RC301")


def test_a_quiet_report_is_one_line_a_finding(report: Report, setting: Setting) -> None:
    quiet = setting._replace(is_quiet=True)
    assert "".join(render((report, report), quiet)).count("\n") == 8
    assert "".join(render((report._replace(findings=()),), quiet)) == ""
