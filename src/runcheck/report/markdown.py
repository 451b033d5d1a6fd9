"""A report for a job's summary on GitHub: Markdown, in which a tree cannot format, link or mention anything.

What GitHub shows of a step is at most 1 MiB, and nothing where there is more; so the report ends before that.
"""

import re
from collections.abc import Iterable, Iterator

from runcheck.findings import Finding, Report
from runcheck.report.escape import printable
from runcheck.report.setting import Setting, place
from runcheck.report.text import closing, unverified_line

_MOST_BYTES = 1_000_000  # of 1,048,576, with room for what else the step says
_PUNCTUATION = re.compile(r"([!-/:-?\[-`{-~])")  # CommonMark 0.31, 2.4: what a backslash may stand before, but for @
_TICKS = re.compile("`+")


def render(reports: Iterable[Report], setting: Setting) -> Iterator[str]:
    """Yield the reports as one document: a list of findings a tree, errors first, as far as there is room."""
    left = _MOST_BYTES
    for report in reports:
        lines = list(_lines(report, setting))
        for shown, line in enumerate(lines):
            left -= len(line.encode())
            if left < 0:
                yield f"\n**{len(lines) - shown:,} more lines are left out.** The log of the step has all.\n"
                return
            yield line


def _lines(report: Report, setting: Setting) -> Iterator[str]:
    icon = "❌" if report.errors else "⚠️" if report.findings else "✅"  # what colours are to a terminal
    yield f"## {icon} runcheck {code(setting.here(report, '.'))}\n\n{text(closing(report, setting))}\n\n"
    for finding in sorted(report.findings, key=lambda each: not each.is_error):
        yield _finding(report, finding, setting)
    for each in report.unverified:
        yield f"- {text(unverified_line(each))}\n"
    yield "\n"


def _finding(report: Report, finding: Finding, setting: Setting) -> str:
    level = finding.level.value if finding.is_certain else "perhaps"
    where = code(f"{setting.in_repository(report, finding.path)}{place(finding)}")
    head = f"- **{level} {finding.code} {text(finding.clause.name)}** {where}"
    return f"{head}  \n  {text(finding.message)}  \n  *help:* {text(finding.help)}\n"


def text(words: str) -> str:
    """Return words as Markdown that says just them: no markup, no link, no mention of a person or a team."""
    return _PUNCTUATION.sub(r"\\\1", printable(words)).replace("@", "@<!-- -->")


def code(words: str) -> str:
    """Return words as a code span (CommonMark 0.31, 6.1): in ticks, more of them than stand in a row in the words."""
    shown = printable(words)
    ticks = "`" * (1 + max(map(len, _TICKS.findall(shown)), default=0))
    pad = " " if shown[:1] in ("`", " ") or shown[-1:] in ("`", " ") else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"
