"""The report for what shows the results of tests."""

import io

import junitparser
import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st

from runcheck.convention.clauses import clause
from runcheck.findings import Finding, Report
from runcheck.report.junit import render
from runcheck.report.setting import Setting
from tests.report.conftest import GOLDEN, SCHEMAS, UNIT

AWAY = Setting("/home/ada", "/home/ada")


@pytest.fixture(scope="module")
def schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(SCHEMAS / "junit-10.xsd"))


def text_of(*reports: Report, setting: Setting = AWAY) -> str:
    return "".join(render(reports, setting))


def suites_of(text: str) -> junitparser.JUnitXml:
    """Return a report as junitparser reads it."""
    return junitparser.JUnitXml.fromstring(text)


def test_the_whole_report_is_as_it_was_written_by_hand(report: Report) -> None:
    assert text_of(report) == (GOLDEN / "report.junit").read_text(encoding="utf-8")


def test_it_conforms_to_the_schema_of_jenkins(report: Report, schema: xmlschema.XMLSchema) -> None:
    for reports in ((report,), (report, report), (report._replace(findings=()),), ()):
        schema.validate(io.StringIO(text_of(*reports)))
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        schema.validate(io.StringIO(text_of(report).replace('tests="6" ', "")))


def test_errors_fail_and_warnings_and_the_unverified_are_skipped(report: Report) -> None:
    (suite,) = suites_of(text_of(report))
    results = [type(result).__name__ for case in suite for result in case.result]
    assert results == ["Failure", "Skipped", "Failure", "Skipped", "Skipped", "Skipped"]
    assert (suite.tests, suite.failures, suite.errors, suite.skipped, suite.time) == (6, 2, 0, 4, 0.25)


def test_in_a_strict_check_all_of_them_fail(report: Report) -> None:
    (suite,) = suites_of(text_of(report, setting=AWAY._replace(is_strict=True)))
    assert {type(result).__name__ for case in suite for result in case.result} == {"Failure"}
    assert (suite.tests, suite.failures, suite.skipped) == (6, 6, 0)


def test_a_case_says_where_what_and_how_to_mend_it(report: Report) -> None:
    (suite,) = suites_of(text_of(report))
    case = next(iter(suite))
    assert case.name == "RC301 checksum-syntax"
    assert case.classname == f"/srv/artefacts/{UNIT}/SHA256SUMS:3"
    assert case.result[0].message == report.findings[0].message
    assert case.result[0].text.endswith(f"\nhelp: {report.findings[0].help}")


def test_a_clean_tree_has_a_case_that_passed(report: Report) -> None:
    (suite,) = suites_of(text_of(report._replace(findings=(), unverified=())))
    assert [case.is_passed for case in suite] == [True]
    assert (suite.tests, suite.failures) == (1, 0)


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(), max_size=30), st.text(max_size=30))
@pytest.mark.parametrize("around", ["", "]]>", '"&<!--', "\x00\ufffe\uffff\ud800"])
def test_whatever_a_file_is_called_it_is_xml(around: str, name: str, message: str) -> None:
    finding = Finding(clause("RC303"), f"model/{name}{around}", f"{message}{around}", around)
    text = text_of(Report(f"/srv/{around}", (finding,)))
    (suite,) = suites_of(text.encode().decode())
    assert suite.tests == len(list(suite)) == 1
