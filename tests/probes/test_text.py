"""A README and its headings."""

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runcheck.convention.layout import layout
from runcheck.probes.contents import Section, TextContent
from runcheck.probes.text import TextProbe
from tests.drawing import examples


def read(content: bytes | str, *cuts: int) -> TextContent:
    """Feed a text, cut into chunks."""
    data = content.encode() if isinstance(content, str) else content
    probe, places = TextProbe(), [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for start, end in pairwise(places):
        probe.feed(data[start:end])
    return probe.content()


def headings(text: str) -> list[str]:
    """Return the headings of a text."""
    return [section.heading for section in read(text).sections]


def test_sections_have_level_line_and_body() -> None:
    text = "before\n# Title\n\n## What\nfirst\n\nsecond\n\n###\tDeep ##\n## Empty\n"
    assert read(text).sections == (
        Section("Title", 1, 2, ""),
        Section("What", 2, 4, "first\n\nsecond"),
        Section("Deep", 3, 9, ""),
        Section("Empty", 2, 10, ""),
    )


@pytest.mark.parametrize("line", ["#What", "####### What", "\\# What", "    # What", "#", "a # What", "`# What`"])
def test_what_is_no_heading_is_none(line: str) -> None:
    assert headings(f"{line}\n") == []


@pytest.mark.parametrize(
    "line", ["# What", "# What #", "#  What  ", "# What ####  ", "# What\r", "  # What", "   # What"]
)
def test_a_heading_may_be_indented_and_closed(line: str) -> None:
    assert headings(f"{line}\n") == ["What"]


@pytest.mark.parametrize(
    "text",
    [
        "```\n# no\n```\n# Yes\n",
        "~~~ python\n# no\n~~~\n# Yes\n",
        "  ```\n# no\n  ```\n# Yes\n",
        "```text\n~~~\n# no\n```\n# Yes\n",
        "~~~\n```\n# no\n~~~\n# Yes\n",
        "````\n```\n# no\n````\n# Yes\n",
        "```pip install x``` is enough.\n\n# Yes\n",
    ],
    ids=[
        "backticks",
        "tildes",
        "indented",
        "tildes in backticks",
        "backticks in tildes",
        "longer fence",
        "inline code",
    ],
)
def test_what_looks_like_a_heading_in_a_code_block_is_none_and_what_follows_the_block_is(text: str) -> None:
    assert headings(text) == ["Yes"]


def test_a_byte_order_mark_does_not_hide_the_first_heading() -> None:
    assert headings("\ufeff# What\n") == ["What"]


@pytest.mark.parametrize(
    ("content", "error"),
    [(b"# What\n\xff", "byte 7 is not UTF-8"), (b"a\0b", "byte 1 is NUL"), (b"\xc3\xa9\0", "byte 2 is NUL")],
)
def test_what_is_no_text_is_named_with_its_place(content: bytes, error: str) -> None:
    found = read(content)
    assert found.sections == ()
    assert found.error is not None
    assert found.error.startswith(error)


def test_a_text_of_a_million_lines_is_held_once_and_not_line_by_line() -> None:
    content = b"# What\n\n" + b"\n" * 1_000_000 + b"a\n" * 10 + b"\nRisks\n---\nNone.\n"
    tracemalloc.start()
    sections = read(content).sections
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 6 * len(content)
    assert [(each.heading, each.line) for each in sections] == [("What", 1), ("Risks", 1_000_014)]


def test_a_text_beyond_the_limit_is_not_looked_into() -> None:
    assert read(b"# What\n" + b"x" * layout().limits.document_bytes) == TextContent(too_large=True)


@settings(max_examples=examples(150), deadline=None)
@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=4))
def test_random_bytes_never_raise_and_chunks_make_no_difference(content: bytes, cuts: list[int]) -> None:
    assert read(content, *cuts) == read(content)


@settings(max_examples=examples(100), deadline=None)
@given(st.lists(st.sampled_from(["What", "Risks", "A b"]), max_size=4), st.integers(1, 6))
def test_every_heading_that_is_written_is_found(names: list[str], level: int) -> None:
    text = "".join(f"{'#' * level} {name}\n\nbody\n\n" for name in names)
    found = read(text).sections
    assert [(each.heading, each.level, each.body) for each in found] == [(name, level, "body") for name in names]
    assert [each.line for each in found] == [1 + 4 * at for at in range(len(names))]


@pytest.mark.parametrize(
    ("text", "headings"),
    [
        ("What\n====\n\nText.\n\nRisks\n---\n", [("What", 1, 1), ("Risks", 2, 6)]),
        ("## Results\nAs logged.\n---\nMore.\n", [("Results", 2, 1)]),
        ("a\nb\n---\n", []),
        ("---\n\n---\n", []),
        ("```\nWhat\n===\n```\n", []),
    ],
)
def test_an_underlined_line_that_stands_alone_is_a_heading(text: str, headings: list[tuple[str, int, int]]) -> None:
    probe = TextProbe()
    probe.feed(text.encode())
    assert [(each.heading, each.level, each.line) for each in probe.content().sections] == headings
