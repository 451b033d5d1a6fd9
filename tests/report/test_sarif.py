"""The report for code scanning."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

import jsonschema_rs
import pytest

from runcheck.convention.clauses import clauses
from runcheck.findings import Finding, Report
from runcheck.report import sarif
from runcheck.report.sarif import render
from runcheck.report.setting import Setting
from tests.report.conftest import GOLDEN, SCHEMAS, UNIT

REPOSITORY = Setting("/srv/work", "/srv")
VALIDATOR = jsonschema_rs.Draft202012Validator(
    json.loads((SCHEMAS / "sarif-2.1.0.json").read_text()), validate_formats=True
)


def sarif_of(*reports: Report) -> dict[str, Any]:
    """Return reports as SARIF that conforms to its schema."""
    document: dict[str, Any] = json.loads("".join(render(reports, REPOSITORY)))
    VALIDATOR.validate(document)
    return document


def results_of(*reports: Report) -> list[dict[str, Any]]:
    """Return the results of the one run."""
    (run,) = sarif_of(*reports)["runs"]
    results: list[dict[str, Any]] = run["results"]
    return results


def test_the_whole_report_is_as_it_was_written_by_hand(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "__version__", "1.2.3")
    assert sarif_of(report) == json.loads((GOLDEN / "report.sarif").read_text(encoding="utf-8"))


def test_the_schema_refuses_what_is_wrong(report: Report) -> None:
    document = sarif_of(report)
    document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"] = {"startLine": 0}
    assert not VALIDATOR.is_valid(document)


def test_a_clean_tree_and_no_tree_conform_too(report: Report) -> None:
    assert results_of(report._replace(findings=(), unverified=())) == []
    assert results_of() == []


def test_several_trees_are_one_run(report: Report) -> None:
    """GitHub refuses a file with two runs of one tool."""
    assert len(results_of(report, report._replace(root="/srv/other"))) == 8


def test_the_paths_are_relative_to_the_repository_and_decode_to_the_bytes_on_the_disk(report: Report) -> None:
    name = f"{UNIT}/a:b c%41\udcff日\n#?.txt"
    (result,) = results_of(report._replace(findings=(report.findings[2]._replace(path=name),)))
    artifact = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact["uriBaseId"] == "%SRCROOT%"
    assert unquote_to_bytes(artifact["uri"]) == f"artefacts/{name}".encode("utf-8", "surrogateescape")
    assert not set(artifact["uri"]) & set(":?# \n")


@pytest.mark.parametrize(
    ("root", "uri"),
    [
        ("/elsewhere/my tree", f"file:///elsewhere/my%20tree/{UNIT}/SHA256SUMS"),
        ("s3://bucket/my tree", f"s3://bucket/my%20tree/{UNIT}/SHA256SUMS"),
    ],
)
def test_what_is_not_in_the_repository_has_a_whole_uri(root: str, uri: str, report: Report) -> None:
    (result, *_) = results_of(report._replace(root=root))
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": uri}


def test_every_clause_can_be_told_with_its_help(report: Report) -> None:
    """GitHub asks for the text of the help; a link that leads from a chapter leads nowhere from there."""
    findings = tuple(Finding(clause, "runs.parquet", "m", "h") for clause in clauses().values())
    rules = sarif_of(report._replace(findings=findings))["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == sorted(clauses(), key=lambda code: clauses()[code].level.value != "error")
    for rule in rules:
        assert clauses()[rule["id"]].mend in rule["help"]["text"]
        assert "](../" not in rule["help"]["markdown"] + rule["help"]["text"]


def test_the_fingerprints_of_a_report_are_unique_and_do_not_change_with_what_stands_around(report: Report) -> None:
    first, second, third, last = report.findings
    twice = report._replace(findings=(first, first._replace(line=9), second, third, last))
    before = [each["partialFingerprints"]["runcheck/v1"] for each in results_of(twice)]
    assert len(set(before)) == 5
    moved = tuple(each._replace(line=each.line + 7 if each.line else None, message="x") for each in twice.findings)
    assert [each["partialFingerprints"]["runcheck/v1"] for each in results_of(twice._replace(findings=moved))] == before


def test_what_has_a_line_is_left_to_the_upload_to_recognise(report: Report) -> None:
    for result in results_of(report):
        has_line = "region" in result["locations"][0]["physicalLocation"]
        assert ("primaryLocationLineHash" in result["partialFingerprints"]) is not has_line


def test_of_more_than_github_takes_the_errors_are_kept_and_the_rest_is_counted(report: Report) -> None:
    warnings = tuple(report.findings[1]._replace(pointer=f"/{index}") for index in range(25_000))
    (run,) = sarif_of(report._replace(findings=(*warnings, report.findings[0])))["runs"]
    assert len(run["results"]) == 25_000
    assert run["results"][0]["ruleId"] == "RC301"
    notes = [each["message"]["text"] for each in run["invocations"][0]["toolExecutionNotifications"]]
    assert notes[-1] == "1 more findings are left out: GitHub takes 25,000"


def test_a_message_links_nowhere(report: Report) -> None:
    """SARIF 2.1.0, 3.11.6: a backslash before the bracket makes it a character."""
    (result,) = results_of(
        report._replace(findings=(report.findings[0]._replace(message="[here](https://b.example)"),))
    )
    assert result["message"]["text"].startswith("[here\\](https://b.example)\nhelp: ")


def test_a_document_waits_for_the_last_tree(report: Report) -> None:
    def reports() -> Iterator[Report]:
        yield report
        raise RuntimeError("the second tree is not there")

    with pytest.raises(RuntimeError):
        next(render(reports(), REPOSITORY))
