"""The scanner of texts: what it is given in any pieces, it sees as if it were one."""

import gzip
import io
import random
import subprocess
import sys
import zipfile
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runcheck.probes import words
from runcheck.probes.words import SeenWord, WordsContent, WordsScanner
from tests.drawing import examples

DRAWN = "9f3Kq0ZxV7tR2mWb8LsY4nCd6HpJ1uGe5aTi"
TOKEN = f"ghp_{DRAWN}"
PIECES = [
    f"HF_TOKEN={DRAWN}\n",
    f"see {TOKEN} here\n",
    f"https://ada:{DRAWN}@example.org/x\n",
    "/home/ada/data/x.csv\n",
    "ada@laptop:~/work$ ls\n",
    "[redacted]\n",
    f"-----BEGIN PRIVATE KEY-----\n{DRAWN}{DRAWN}\n-----END PRIVATE KEY-----\n",
    "plain words of prose, and no more than that\n",
    "x" * 3000,
    "\n",
    "\u00e4\u00f6\u00fc \u20ac\n",
]


def scan(content: bytes, size: int = 1 << 20) -> WordsContent | None:
    """Return what is seen of ``content`` in pieces of ``size``."""
    scanner = WordsScanner()
    for at in range(0, len(content), size):
        if not scanner.feed(content[at : at + size]):
            break
    return scanner.content()


def seen(content: bytes, size: int = 1 << 20) -> list[tuple[str, str, int]]:
    """Return kind, text and line of each word."""
    found = scan(content, size)
    return [(word.kind, word.text, word.line) for word in found.words] if found else []


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1500), st.sampled_from(PIECES)), max_size=30),
    st.integers(1, 3000),
    st.sampled_from([200, 1000, 10_000]),
)
def test_what_is_seen_does_not_depend_on_the_pieces(parts: list[tuple[int, str]], size: int, window: int) -> None:
    content = "".join(f"{'. ' * gap}{piece}" for gap, piece in parts).encode()
    whole = scan(content, len(content) + 1)
    with patch.object(words, "_WINDOW", window):
        assert scan(content, size) == whole


@pytest.mark.parametrize(
    "text", [f" {TOKEN}\n", f"\nHF_TOKEN = '{DRAWN}'\n", PIECES[6], f"https://ada:{DRAWN}@example.org/"]
)
def test_a_secret_at_any_place_of_a_window_is_seen_once(text: str) -> None:
    expected = [(kind, found) for kind, found, _ in seen(text.encode())]
    with patch.object(words, "_WINDOW", 64):
        for offset in range(1000, 1066, 3):
            content = ("x " * offset)[:offset] + text + "y " * 4500
            assert [(kind, found) for kind, found, _ in seen(content.encode(), 64)] == expected


def test_lines_count_from_one_and_the_first_place_of_a_word_is_kept() -> None:
    assert seen(f"a\r\n{TOKEN}\r\n\r\n{TOKEN}\n/home/ada/x".encode()) == [
        ("secret", TOKEN, 2),
        ("path", "/home/ada/x", 5),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("size", [1, 7, 8001, 1 << 20])
def test_any_encoding_of_a_text_is_read(encoding: str, size: int) -> None:
    assert seen(f"caf\u00e9\n{TOKEN}\n".encode(encoding), size) == [("secret", TOKEN, 2)]


def test_big_endian_utf_16_is_read() -> None:
    assert seen(b"\xfe\xff" + f"a\n{TOKEN}".encode("utf-16-be")) == [("secret", TOKEN, 2)]


def test_utf_16_that_is_cut_or_damaged_is_read_as_far_as_it_goes() -> None:
    content = f"a\n{TOKEN} ".encode("utf-16") + b"\x00\xd8\x20"
    assert seen(content) == [("secret", TOKEN, 2)]


def test_a_name_that_is_not_ascii_is_shown_as_it_is() -> None:
    assert seen("/home/j\u00fcrgen/x".encode()) == [("path", "/home/j\u00fcrgen/x", 1)]


def test_a_binary_file_is_not_looked_into_and_wants_no_more_bytes() -> None:
    scanner = WordsScanner()
    assert scanner.feed(b"\x80\x00" + TOKEN.encode() + bytes(9000)) is False
    assert scanner.feed(TOKEN.encode()) is False
    assert scanner.content() is None


def test_a_text_with_a_nul_late_in_it_is_still_a_text() -> None:
    assert seen(b"line\n" * 2000 + b"\0\0\0" + TOKEN.encode()) == [("secret", TOKEN, 2001)]


@pytest.mark.parametrize("content", [b"", b"\n", b"plain", b"\xff\xfe", b"\xff\xfe\x00", b"\0"])
def test_where_nothing_is_seen_there_is_no_content(content: bytes) -> None:
    assert scan(content) is None


def test_of_many_words_twenty_are_kept_and_the_rest_are_counted() -> None:
    lot = random.Random(3)
    tokens = ["ghp_" + "".join(lot.choices("abcdefghijkmnpqrstuvwxyzABCDEF23456789", k=35)) + "7" for _ in range(9000)]
    found = scan("\n".join(tokens).encode())
    assert found is not None
    assert [word.text for word in found.words] == tokens[:20]
    assert found.more == {"secret": 8980}


def test_what_is_kept_of_a_word_is_bounded() -> None:
    found = scan(("/home/ada/" + "x" * 5000).encode())
    assert found == WordsContent((SeenWord("path", "", "/home/ada/" + "x" * 110, 1, is_certain=True),))


MEASURED = """
import resource, sys
from runcheck.probes.words import WordsScanner
from tests.drawing import examples

scanner, before = WordsScanner(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
chunk = (sys.argv[1].encode() * (1 << 20))[: 1 << 20]
for _ in range(int(sys.argv[2])):
    scanner.feed(chunk)
scanner.content()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize(("unit", "megabytes"), [("x", 50), ("a line of a log\n", 50), ("/home/ada/x ", 3)])
def test_a_large_file_is_read_in_little_memory(unit: str, megabytes: int) -> None:
    pytest.importorskip("resource")
    command = [sys.executable, "-c", MEASURED, unit, str(megabytes)]
    kilobytes = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert kilobytes < 64_000


@settings(max_examples=examples(200))
@given(st.binary(max_size=400), st.integers(1, 50))
def test_any_bytes_are_looked_at_without_an_error(content: bytes, size: int) -> None:
    scan(content, size)
    scan(b"\xff\xfe" + content, size)


def packed(name: str, content: bytes) -> bytes:
    """Return ``content`` as a file in a zip, or compressed by itself."""
    if name == "gzip":
        return gzip.compress(content, mtime=0)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("first.txt", "nothing\n")
        archive.writestr("logs/a.log", content)
    return stream.getvalue()


@pytest.mark.parametrize(("name", "member"), [("gzip", ""), ("zip", "logs/a.log")])
@pytest.mark.parametrize("size", [100, 9000, 1 << 20])
def test_a_text_in_a_packed_file_is_read_like_any_other(name: str, member: str, size: int) -> None:
    filler = random.Random(1).randbytes(9000).hex()  # so that the pieces of the packed file are several
    found = scan(packed(name, f"one\nHF_TOKEN={TOKEN}\n{filler}\n".encode()), size)
    assert found is not None
    assert [(word.kind, word.text, word.line, word.member) for word in found.words] == [("secret", TOKEN, 2, member)]


def test_a_packed_file_without_a_word_has_none() -> None:
    assert scan(packed("zip", b"nothing\n")) is None
    assert scan(gzip.compress(b"nothing\n")[:-9]) is None
