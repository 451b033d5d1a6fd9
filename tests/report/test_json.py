"""The report for programs."""

import json
from typing import Any

from runcheck.findings import Report
from runcheck.report import json_lines
from runcheck.report.json import render
from runcheck.report.setting import Setting
from tests.report.conftest import GOLDEN, UNIT

HERE = Setting("/srv", "/srv")


def render_json(*reports: Report) -> str:
    """Return reports as JSON."""
    return "".join(render(reports, HERE))


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


def test_several_trees_are_one_document_with_the_same_fields(report: Report) -> None:
    other = report._replace(root="s3://bucket/a", findings=report.findings[:1], units=1, selected=("RC3",))
    one, both = json.loads(render_json(report)), json.loads(render_json(report, other))
    assert both.keys() == one.keys()
    assert (one["root"], both["root"], both["roots"]) == ("/srv/artefacts", None, ["/srv/artefacts", "s3://bucket/a"])
    assert [each["root"] for each in both["findings"]] == [*["/srv/artefacts"] * 4, "s3://bucket/a"]
    assert [each["root"] for each in both["not_verified"]] == [*["/srv/artefacts"] * 2, *["s3://bucket/a"] * 2]
    assert (both["errors"], both["warnings"], both["units"], both["files"]) == (3, 2, 4, 2468)
    assert (both["seconds"], both["hashed_bytes"], both["selected"]) == (0.5, 3072, ["RC3"])


def test_what_programs_read_of_one_tree_in_version_1_is_there(report: Report) -> None:
    document: dict[str, Any] = json.loads(render_json(report))
    assert document["version"] == 1
    fields = (
        "root selected errors warnings findings not_verified units files recalled hashed_bytes vouched_bytes seconds"
    )
    assert set(fields.split()) <= document.keys()
    of_findings = "code name level certain path line pointer message help"
    assert all(set(of_findings.split()) <= each.keys() for each in document["findings"])


def test_the_unit_of_a_finding_is_named_where_it_is_about_one(report: Report) -> None:
    assert [each["unit"] for each in json.loads(render_json(report))["findings"]] == [UNIT, UNIT, UNIT, None]


def test_json_lines_are_the_findings_of_the_document(report: Report) -> None:
    text = "".join(json_lines.render((report, report), HERE))
    assert text.endswith("}\n")
    assert [json.loads(line) for line in text.splitlines()] == json.loads(render_json(report, report))["findings"]
    assert "".join(json_lines.render((report._replace(findings=()),), HERE)) == ""
