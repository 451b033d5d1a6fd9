"""The report for programs."""

import json
from pathlib import Path

from runcheck.findings import Report
from runcheck.report.json import render_json

GOLDEN = Path(__file__).parent / "golden"


def test_the_whole_report_is_as_it_was_written_by_hand(report: Report) -> None:
    assert render_json(report) == (GOLDEN / "report.json").read_text(encoding="utf-8")


def test_names_come_back_exactly_whatever_is_in_them(report: Report) -> None:
    document = json.loads(render_json(report))
    assert [each["path"] for each in document["findings"]] == [finding.path for finding in report.findings]


def test_it_is_ascii_and_one_object(report: Report) -> None:
    assert render_json(report).isascii()
    assert render_json(report).endswith("}\n")


def test_a_clean_report_has_empty_lists_and_seconds_to_the_millisecond() -> None:
    document = json.loads(render_json(Report("/srv", (), units=3, files=4, hashed_bytes=5, seconds=1.23456)))
    assert (document["findings"], document["not_verified"], document["errors"], document["warnings"]) == ([], [], 0, 0)
    assert (document["units"], document["files"], document["hashed_bytes"], document["seconds"]) == (3, 4, 5, 1.235)


def test_errors_and_warnings_add_up_to_the_findings(report: Report) -> None:
    for count in range(len(report.findings) + 1):
        document = json.loads(render_json(report._replace(findings=report.findings[:count])))
        assert document["errors"] + document["warnings"] == count
