"""A report for code scanning: SARIF 2.1.0 (OASIS Standard, with Errata 01), of the kind that GitHub takes.

GitHub wants one run of a tool, rules with a text of help, a location for each result, and no scheme but ``file`` in it;
it knows no ``originalUriBaseIds``. It takes ``primaryLocationLineHash`` for what a result is recognised by. Its action
computes that from the line of a text, and warns where another one is there; so it is given for the other results alone.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from urllib.parse import quote

from runcheck._version import __version__
from runcheck.convention.clauses import Clause
from runcheck.findings import Finding, Report
from runcheck.report.escape import printable
from runcheck.report.fingerprints import fingerprinted
from runcheck.report.setting import Setting
from runcheck.report.text import unverified_line

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_MOST_RESULTS = 25_000  # "SARIF support for code scanning", GitHub Docs: of a run with more, nothing is shown
_REPOSITORY = "%SRCROOT%"  # as tools and GitHub's own examples call it
_LINK = re.compile(r"\[([^\]]+)\]\(\.\./[^)]*\)")  # from a chapter of the spec to a file beside it


def render(reports: Iterable[Report], setting: Setting) -> Iterator[str]:
    """Yield the reports as one document with one run. Of more results than GitHub takes, errors come first."""
    every = tuple(reports)
    found = sorted(fingerprinted(every, setting), key=lambda each: not each[1].is_error)
    rules = {finding.code: finding.clause for _, finding, _ in found}
    indices = {code: index for index, code in enumerate(rules)}
    results = [
        _result(setting.in_repository(report, finding.path), finding, indices[finding.code], fingerprint)
        for report, finding, fingerprint in islice(found, _MOST_RESULTS)
    ]
    notes = [unverified_line(each) for report in every for each in report.unverified]
    if len(found) > _MOST_RESULTS:
        notes.append(f"{len(found) - _MOST_RESULTS:,} more findings are left out: GitHub takes {_MOST_RESULTS:,}")
    invocation = {
        "executionSuccessful": True,
        "toolExecutionNotifications": [{"level": "note", "message": {"text": _message(note)}} for note in notes],
    }
    driver = {
        "name": "runcheck",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(clause) for clause in rules.values()],
    }
    run = {"tool": {"driver": driver}, "invocations": [invocation], "results": results}
    yield json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(clause: Clause) -> dict[str, object]:
    text = _LINK.sub(r"\1", clause.text)
    parts = {"Why": clause.why, "Fails": clause.fails, "Mend": clause.mend}
    return {
        "id": clause.code,
        "name": clause.name.title().replace("-", ""),
        "shortDescription": {"text": clause.name},
        "fullDescription": {"text": text},
        "help": {
            "text": "\n\n".join((text, *(f"{head}: {words}" for head, words in parts.items()))),
            "markdown": "\n\n".join((text, *(f"**{head}.** {words}" for head, words in parts.items()))),
        },
        "defaultConfiguration": {"level": clause.level.value},
        "properties": {"tags": [clause.chapter.removesuffix(".md")]},
    }


def _result(path: str, finding: Finding, rule: int, fingerprint: str) -> dict[str, object]:
    physical: dict[str, object] = {"artifactLocation": _artifact(path)}
    fingerprints = {"runcheck/v1": fingerprint}
    if finding.line is None:
        fingerprints["primaryLocationLineHash"] = fingerprint
    else:
        physical["region"] = {"startLine": finding.line}
    location: dict[str, object] = {"physicalLocation": physical}
    if finding.pointer:
        location["logicalLocations"] = [{"fullyQualifiedName": printable(finding.pointer)}]
    return {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": finding.level.value if finding.is_certain else "note",
        "message": {"text": f"{_message(finding.message)}\nhelp: {_message(finding.help)}"},
        "locations": [location],
        "partialFingerprints": fingerprints,
    }


def _message(text: str) -> str:
    """Return a text without links, which a message may have (3.11.6): ``[text](destination)``."""
    return printable(text).replace("](", "\\](")


def _artifact(path: str) -> dict[str, str]:
    """Return where a file is, as a URI (RFC 3986) whose bytes are those of the path."""
    scheme, separator, rest = path.partition("://")
    encoded = quote(os.fsencode(rest if separator else path))
    if separator:
        return {"uri": f"{scheme}://{encoded}"}
    if os.path.isabs(path):
        return {"uri": f"file://{'' if encoded.startswith('/') else '/'}{encoded}"}
    return {"uri": encoded, "uriBaseId": _REPOSITORY}
