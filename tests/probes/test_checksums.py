"""The checksum list as the probe sees it."""

import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runcheck.convention.checksums import format_checksums
from runcheck.convention.layout import layout
from runcheck.probes.checksums import ChecksumsProbe
from runcheck.probes.contents import ChecksumsContent, Listed
from tests.drawing import examples

SHA = "0123456789abcdef" * 4
LINE = f"{SHA}  a.txt\n"


def read(content: bytes | str, *cuts: int) -> ChecksumsContent:
    """Feed a list, cut into chunks."""
    data = content.encode() if isinstance(content, str) else content
    probe, places = ChecksumsProbe(), [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for start, end in pairwise(places):
        probe.feed(data[start:end])
    return probe.content()


def test_a_list_is_read_in_its_own_order() -> None:
    content = read(f"{SHA}  b c\n{SHA} *a/d\n")
    assert content.listed == [Listed(1, SHA, "b c"), Listed(2, SHA, "a/d")]
    assert content.unread == []
    assert content.sums() == {"b c": SHA, "a/d": SHA}


def test_an_empty_list_lists_nothing() -> None:
    assert read(b"") == ChecksumsContent([], [])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "is not '<64 hex digits>"),
        ("<<<<<<< HEAD", "is not '<64 hex digits>"),
        (f"{SHA.upper()}  a", "is not '<64 hex digits>"),
        (f"{SHA} a", "is not '<64 hex digits>"),
        (f"{SHA}  ", "is not '<64 hex digits>"),
        (f"\\{SHA}  a\\nb", "is not '<64 hex digits>"),
        (f"SHA256 (a) = {SHA}", "is not '<64 hex digits>"),
        (f"{SHA}  " + "x" * layout().limits.line_bytes, "is longer than"),
        (f"{SHA}  \udcff", "is not UTF-8"),
        ("\0" * 9, "is not '<64 hex digits>"),
    ],
)
def test_a_line_that_is_none_is_named_by_its_number(line: str, words: str) -> None:
    content = read(LINE.encode() + line.encode("utf-8", "surrogateescape") + b"\n" + LINE.encode())
    assert [(number, words in message) for number, message in content.unread] == [(2, True)]
    assert [listed.line for listed in content.listed] == [1, 3]


def test_a_last_line_without_a_line_feed_is_read_and_named() -> None:
    content = read(LINE + f"{SHA}  b")
    assert content.unread == [(2, "is not ended by a line feed")]
    assert content.listed == [Listed(1, SHA, "a.txt"), Listed(2, SHA, "b")]


@settings(max_examples=examples(150), deadline=None)
@given(
    st.lists(st.sampled_from([LINE.encode(), b"\n", SHA.encode(), b"  ", b" *x", b"\xff", b"\r\n"]), max_size=8),
    st.lists(st.integers(0, 600), max_size=5),
)
def test_chunks_make_no_difference(parts: list[bytes], cuts: list[int]) -> None:
    content = b"".join(parts)
    assert read(content, *cuts) == read(content)


@settings(max_examples=examples(100), deadline=None)
@given(st.dictionaries(st.text(alphabet="ab /.\u00e9*", min_size=1, max_size=6).filter(str.strip), st.just(SHA)))
def test_what_is_formatted_is_read_back(sums: dict[str, str]) -> None:
    content = read(format_checksums(sums))
    assert content.unread == []
    assert content.sums() == sums


def test_what_coreutils_write_is_read(tmp_path: Path) -> None:
    for name in ("a.txt", "b c.txt", "*star"):
        (tmp_path / name).write_bytes(name.encode())
    for mode in ("-t", "-b"):
        command = ["sha256sum", mode, "--", "a.txt", "b c.txt", "*star"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
        content = read(done.stdout)
        assert content.unread == []
        assert [listed.path for listed in content.listed] == ["a.txt", "b c.txt", "*star"]
