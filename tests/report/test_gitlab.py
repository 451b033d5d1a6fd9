"""The report for GitLab's merge requests."""

import json

import jsonschema_rs

from runcheck.findings import Report
from runcheck.report.gitlab import render
from runcheck.report.setting import Setting
from tests.report.conftest import GOLDEN, UNIT

REPOSITORY = Setting("/srv/work", "/srv")
# "Code Quality report format" in GitLab Docs: what each issue must have, and what may stand there.
ISSUES = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "not": {"pattern": r"^\./|[\x00-\x1f]"}},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}


def text_of(*reports: Report) -> str:
    text = "".join(render(reports, REPOSITORY))
    jsonschema_rs.validate(ISSUES, json.loads(text))
    return text


def test_the_whole_report_is_as_it_was_written_by_hand(report: Report) -> None:
    issues = json.loads(text_of(report))
    fingerprints = [issue.pop("fingerprint") for issue in issues]
    assert issues == json.loads((GOLDEN / "report.gitlab").read_text(encoding="utf-8"))
    assert len(set(fingerprints)) == len(report.findings)


def test_gitlab_takes_the_first_of_equal_fingerprints_alone_so_there_are_none(report: Report) -> None:
    """Also where one clause is broken twice in a file, and where a path is given twice."""
    twice = report._replace(findings=(report.findings[0], report.findings[0]._replace(line=9)))
    issues = json.loads(text_of(twice, twice, twice._replace(root="/srv/other")))
    assert len({issue["fingerprint"] for issue in issues}) == len(issues) == 6


def test_paths_are_those_of_the_repository_wherever_the_check_ran(report: Report) -> None:
    assert json.loads(text_of(report))[0]["location"] == {
        "path": f"artefacts/{UNIT}/SHA256SUMS",
        "lines": {"begin": 3},
    }


def test_a_clean_tree_is_an_empty_list(report: Report) -> None:
    assert json.loads(text_of(report._replace(findings=()))) == []
