"""Annotations in GitHub Actions, read as its runner reads them."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runcheck.convention.clauses import clause
from runcheck.findings import Finding, Report
from runcheck.report.github import render
from runcheck.report.setting import Setting
from tests.report.conftest import GOLDEN, UNIT

REPOSITORY = Setting("/srv/work", "/srv")
_DATA = (("%0D", "\r"), ("%0A", "\n"), ("%25", "%"))
_PROPERTY = (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"))


def command(line: str) -> tuple[str, dict[str, str], str]:
    """Return name, properties and data of a line, as ``ActionCommand.TryParseV2`` of actions/runner does."""
    line = line.lstrip()
    assert line.startswith("::")
    end = line.index("::", 2)
    name, _, written = line[2:end].partition(" ")
    properties = {}
    for each in written.split(","):
        key, separator, value = each.strip().partition("=")
        assert separator
        properties[key] = unescaped(value, _PROPERTY)
    return name, properties, unescaped(line[end + 2 :], _DATA)


def unescaped(text: str, mappings: tuple[tuple[str, str], ...]) -> str:
    for token, character in mappings:
        text = text.replace(token, character)
    return text


def commands_of(*reports: Report) -> list[tuple[str, dict[str, str], str]]:
    return [command(line) for line in "".join(render(reports, REPOSITORY)).splitlines()]


def test_the_whole_report_is_as_it_was_written_by_hand(report: Report) -> None:
    assert "".join(render((report,), REPOSITORY)) == (GOLDEN / "report.github").read_text(encoding="utf-8")


def test_the_runner_reads_level_place_and_words(report: Report) -> None:
    first, second, _, last, *notes = commands_of(report)
    assert first == (
        "error",
        {"file": f"artefacts/{UNIT}/SHA256SUMS", "line": "3", "title": "RC301 checksum-syntax"},
        f"artefacts/{UNIT}/SHA256SUMS:3: RC301 {report.findings[0].message}\nhelp: {report.findings[0].help}",
    )
    assert second[0] == "warning"
    assert "line" not in second[1]
    assert last[0] == "notice"
    assert [name for name, _, _ in notes] == ["notice", "notice"]


def test_a_tree_in_a_store_annotates_no_file(report: Report) -> None:
    _, properties, data = commands_of(report._replace(root="s3://bucket/a"))[0]
    assert "file" not in properties
    assert data.startswith(f"s3://bucket/a/{UNIT}/SHA256SUMS:3: RC301 ")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
@pytest.mark.parametrize("around", ["", "::add-mask::x\n", "a,b=%0A%25:", "\r\n##[group]"])
def test_no_name_and_no_message_gives_the_runner_another_command(around: str, name: str, message: str) -> None:
    finding = Finding(clause("RC303"), f"model/{around}{name}", f"{message}{around}", around)
    text = "".join(render((Report("/srv/a", (finding,)),), REPOSITORY))
    assert text.count("\n") == 1
    assert len(text.splitlines()) == 1
    level, properties, _ = command(text)
    assert (level, set(properties), properties["title"]) == ("error", {"file", "title"}, "RC303 unlisted-file")
    assert not re.search(r"##[a-z]*\[", text)
