"""The report for a job's summary."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from runcheck.findings import Report
from runcheck.report.escape import printable
from runcheck.report.markdown import code, render, text
from runcheck.report.setting import Setting
from tests.report.conftest import GOLDEN, UNIT

REPOSITORY = Setting("/srv/work", "/srv")
PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def tokens(markdown: str) -> Iterator[Token]:
    for block in PARSER.parse(markdown):
        yield block
        yield from block.children or ()


def test_the_whole_report_is_as_it_was_written_by_hand(report: Report) -> None:
    assert "".join(render((report,), REPOSITORY)) == (GOLDEN / "report.md").read_text(encoding="utf-8")


def test_it_is_a_heading_and_a_list_and_nothing_that_a_tree_made(report: Report) -> None:
    found = {token.type for token in tokens("".join(render((report,), REPOSITORY)))}
    assert found == {
        *("heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline", "text", "hardbreak"),
        *("bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close", "code_inline"),
        *("strong_open", "strong_close", "em_open", "em_close", "softbreak", "html_inline"),
    } - {"softbreak"}
    html = [token.content for token in tokens("".join(render((report,), REPOSITORY))) if token.type == "html_inline"]
    assert set(html) == {"<!-- -->"}


def test_the_errors_come_first(report: Report) -> None:
    markdown = "".join(render((report,), REPOSITORY))
    order = [markdown.index(code) for code in ("RC301", "RC303", "RC208", "RC113")]
    assert order == sorted(order)
    assert f"`artefacts/{UNIT}/SHA256SUMS:3`" in markdown


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40))
@pytest.mark.parametrize(
    "around", ["", "|", "`", "``` ", "<img src=x>", "[a](http://b)", "http://a.b www.c.d", "1. ", "- ", "# "]
)
def test_words_and_paths_are_read_as_they_are(around: str, words: str) -> None:
    words = f"{around}{words}{around}"
    inline = [token for token in tokens(f"x {text(words)} y") if token.type in ("text", "text_special", "html_inline")]
    said = "".join(token.content for token in inline if token.type != "html_inline")
    assert " ".join(said.split()) == " ".join(f"x {printable(words)} y".split())
    assert {token.type for token in tokens(f"x {text(words)} y")} <= {
        *("paragraph_open", "inline", "text", "html_inline", "paragraph_close"),
    }
    if words.strip():
        (span,) = [token for token in tokens(f"x {code(words)} y") if token.type == "code_inline"]
        assert span.content == printable(words)


def test_it_ends_before_the_limit_and_says_so(report: Report) -> None:
    many = report._replace(findings=report.findings[:1] * 10_000)
    markdown = "".join(render((many, many), REPOSITORY))
    assert 900_000 < len(markdown.encode()) < 1_048_576
    shown = markdown.count("RC301 ")
    assert f"**{len(many.findings) + 3 - shown:,} more lines are left out.**" in markdown


def test_a_clean_tree_is_one_line(report: Report) -> None:
    markdown = "".join(render((report._replace(findings=(), unverified=()),), REPOSITORY))
    assert "✅" in markdown
    assert "All clean\\: 3 units" in markdown
