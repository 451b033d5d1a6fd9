"""A report for what shows the results of tests: JUnit's XML, as the schema of Jenkins' xUnit plugin has it.

A finding is a test case, and a tree without one has one that passed, since many readers take no test for a failure.
What does not fail a check is skipped: warnings, and what could not be verified, unless they are asked to count.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from xml.sax.saxutils import escape, quoteattr

from runcheck.findings import Finding, Report
from runcheck.report.escape import printable
from runcheck.report.setting import Setting, place

# XML 1.0, 2.2: what is no character of it; printable() leaves only these two of them.
_NO_CHARACTER = re.compile("[\ufffe\uffff]")


def render(reports: Iterable[Report], setting: Setting) -> Iterator[str]:
    """Yield the reports as one document, a suite a tree."""
    suites = [_suite(report, setting) for report in reports]
    yield "".join(
        ('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="runcheck">\n', *suites, "</testsuites>\n")
    )


def _suite(report: Report, setting: Setting) -> str:
    cases = [_of_finding(report, finding, setting) for finding in report.findings]
    for each in report.unverified:
        text = "\n".join((each.reason, *each.paths))
        cases.append(
            _case("not verified", each.reason, _outcome("warning", each.reason, text, fails=setting.is_strict))
        )
    if not cases:
        cases.append(_case("runcheck", "every clause", ""))
    failures = sum(each.is_error or setting.is_strict for each in report.findings)
    failures += len(report.unverified) if setting.is_strict else 0
    skipped = len(report.findings) + len(report.unverified) - failures
    counts = {"tests": len(cases), "failures": failures, "errors": 0, "skipped": skipped}
    attributes = {"name": setting.here(report, "."), **counts, "time": f"{report.seconds:.3f}"}
    return f"  {_tag('testsuite', attributes)}\n{''.join(cases)}  </testsuite>\n"


def _of_finding(report: Report, finding: Finding, setting: Setting) -> str:
    where = f"{setting.here(report, finding.path)}{place(finding)}"
    level = finding.level.value if finding.is_certain else "perhaps"
    lines = (f"{where}: {finding.code} {finding.message}", f"help: {finding.help}")
    outcome = _outcome(level, finding.message, lines, fails=finding.is_error or setting.is_strict)
    return _case(where, f"{finding.code} {finding.clause.name}", outcome)


def _outcome(level: str, message: str, lines: Iterable[str], *, fails: bool) -> str:
    tag = "failure" if fails else "skipped"
    body = "\n".join(escape(_characters(line)) for line in lines)
    return f"      {_tag(tag, {'type': level, 'message': message})}{body}</{tag}>\n"


def _case(classname: str, name: str, outcome: str) -> str:
    return f"    {_tag('testcase', {'classname': classname, 'name': name})}\n{outcome}    </testcase>\n"


def _tag(name: str, attributes: Mapping[str, object]) -> str:
    written = "".join(f" {key}={quoteattr(_characters(str(value)))}" for key, value in attributes.items())
    return f"<{name}{written}>"


def _characters(text: str) -> str:
    return _NO_CHARACTER.sub(lambda match: f"\\u{ord(match[0]):04x}", printable(text))
