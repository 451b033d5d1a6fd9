"""The report for people."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runcheck.findings import Report
from runcheck.report.escape import printable
from runcheck.report.setting import Setting
from runcheck.report.text import render
from tests.report.conftest import GOLDEN, UNIT

AWAY = Setting("/home/ada", "/home/ada")


def text_of(*reports: Report, setting: Setting = AWAY) -> str:
    """Return reports as text."""
    return "".join(render(reports, setting))


def closing(report: Report) -> str:
    """Return the last line of a report."""
    return text_of(report).splitlines()[-1]


def test_the_whole_report_is_as_it_was_written_by_hand(report: Report) -> None:
    assert text_of(report) == (GOLDEN / "report.txt").read_text(encoding="utf-8")


def test_units_and_roots_are_named_as_they_are_typed_in_the_folder(report: Report) -> None:
    heads = [line for line in text_of(report, setting=Setting("/srv", "/srv")).splitlines() if line[:4] == "arte"]
    assert heads == [f"artefacts/{UNIT}", "artefacts"]
    assert text_of(report, setting=Setting("/srv/artefacts", "/srv")).splitlines()[0] == UNIT
    remote = report._replace(root="s3://bucket/artefacts")
    assert text_of(remote, setting=Setting("/srv", "/srv")).splitlines()[0] == f"s3://bucket/artefacts/{UNIT}"


def test_what_is_not_in_the_unit_that_it_is_about_is_named_from_here(report: Report) -> None:
    row = report.findings[0]._replace(path="runs.parquet", concerns=UNIT, line=None)
    beside = row._replace(path=f"{UNIT}1/metadata.json")
    lines = text_of(report._replace(findings=(row, beside, row._replace(path=UNIT)))).splitlines()
    assert [line.partition(": error")[0] for line in lines if ": error" in line] == [
        "  /srv/artefacts/runs.parquet",
        f"  /srv/artefacts/{UNIT}1/metadata.json",
        "  .",
    ]


def test_colours_are_added_to_the_same_words(report: Report) -> None:
    plain, coloured = text_of(report), text_of(report, setting=AWAY._replace(is_coloured=True))
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    assert "\x1b[1;31merror RC301\x1b[0m checksum-syntax" in coloured
    assert "\x1b[1;33mwarning RC208\x1b[0m" in coloured
    assert "\x1b[1;36mperhaps RC113\x1b[0m" in coloured
    assert coloured.count("\x1b[") == 2 * coloured.count("\x1b[0m")


def test_a_quiet_report_is_its_findings_and_what_counts(report: Report) -> None:
    quiet = AWAY._replace(is_quiet=True)
    assert text_of(report, setting=quiet) == text_of(report).partition("not verified")[0]
    assert text_of(report._replace(findings=()), setting=quiet) == ""
    strict = text_of(report._replace(findings=()), setting=quiet._replace(is_strict=True))
    assert strict.count("not verified: ") == 2
    assert "clean" not in strict


def test_each_report_is_told_before_the_next_is_made(report: Report) -> None:
    def reports() -> Iterator[Report]:
        yield report
        raise RuntimeError("the second tree is not there")

    pieces = render(reports(), AWAY)
    assert next(pieces) == text_of(report)
    with pytest.raises(RuntimeError):
        next(pieces)


def test_a_report_without_a_finding_is_clean() -> None:
    report = Report("/srv", (), units=2, files=1, hashed_bytes=0, seconds=1.234)
    assert text_of(report) == "All clean: 2 units, 1 file, 0 B hashed, 1.23 s.\n"


def test_a_report_of_some_clauses_does_not_say_that_all_is_clean() -> None:
    report = Report("/srv", (), units=2, files=1, selected=("RC304", "RC6"))
    assert text_of(report) == "Clean: 2 units, 1 file, 0 B hashed, 0.00 s; judged by RC304, RC6 alone.\n"


@pytest.mark.parametrize(
    ("findings", "words"),
    [
        (slice(0, 1), "Found 1 error and 0 warnings:"),
        (slice(1, 2), "Found 0 errors and 1 warning:"),
        (slice(0, 3), "Found 2 errors and 1 warning:"),
        (slice(3, 4), "Found 0 errors and 1 warning:"),
    ],
)
def test_counts_are_singular_and_plural(report: Report, findings: slice, words: str) -> None:
    assert closing(report._replace(findings=report.findings[findings])).startswith(words)


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B hashed"),
        (1023, "1023 B hashed"),
        (1024, "1.0 KiB hashed"),
        (1536, "1.5 KiB hashed"),
        (1024**2, "1.0 MiB hashed"),
        (5 * 1024**3, "5.0 GiB hashed"),
        (2 * 1024**4, "2.0 TiB hashed"),
        (5000 * 1024**4, "5000.0 TiB hashed"),
    ],
)
def test_sizes_are_in_binary_units(size: int, words: str) -> None:
    assert words in closing(Report("/srv", (), units=1, files=1, hashed_bytes=size))


@pytest.mark.parametrize(("count", "words"), [(1, "(a)"), (3, "(a, b, c\\n)"), (4, "(a, b, c\\n and 1 more)")])
def test_of_paths_that_were_not_verified_three_are_named(report: Report, count: int, words: str) -> None:
    few = report.unverified[1]._replace(paths=report.unverified[1].paths[:count])
    assert words in text_of(report._replace(unverified=(few,)))


def test_a_line_is_told_before_a_pointer(report: Report) -> None:
    both = report.findings[0]._replace(pointer="/a")
    assert "SHA256SUMS:3: error" in text_of(report._replace(findings=(both,)))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=20))
def test_what_is_printed_neither_moves_the_cursor_nor_breaks_the_line_nor_fails_to_encode(text: str) -> None:
    shown = printable(text)
    assert not set(shown) & set("\n\r\t\x0b\x0c\x1b\x7f\x85\u2028\u2029\u202e\u200f\ufeff")
    shown.encode()


@pytest.mark.parametrize("text", ["", "plain/path.txt", "caf\u00e9 \u65e5\u672c \U0001f600", "a b", "\\n", "%s {x}"])
def test_what_is_harmless_is_printed_as_it_is(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error::forged", r":\x3a" + "error::forged"),
        ("  ::add-mask::x", "  :" + r"\x3a" + "add-mask::x"),
        ("a/##[group]b", "a/#" + r"\x23" + "[group]b"),
        ("##vso[task.complete]", "#" + r"\x23" + "vso[task.complete]"),
        ("std::vector ## What", "std::vector ## What"),
    ],
)
def test_what_a_runner_would_take_for_a_command_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_what_the_store_vouches_for_is_counted_apart() -> None:
    report = Report("s3://bucket", (), units=1, files=1, hashed_bytes=2, vouched_bytes=3 << 20)
    assert "2 B hashed, 3.0 MiB by checksums of the store" in closing(report)
    assert "store" not in closing(report._replace(vouched_bytes=0))
