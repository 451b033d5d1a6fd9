"""The text in a file, whatever it is wrapped in."""

import bz2
import gzip
import io
import lzma
import random
import tarfile
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runcheck.convention.clauses import clause
from runcheck.probes.numbers import NumbersScanner
from runcheck.probes.unpacked import _FORMS, _LAYERS, _TOTAL, Unpacker, _form_of, _is_wide, is_opaque
from runcheck.probes.words import WordsScanner
from tests.probes import packed

TEXT = "".join(f"{at * 0.37:.4f}\n" for at in range(30_000)).encode()


class Kept:
    """Keeps the texts by the names of their files."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, bytes]] = []

    def begin(self, name: str) -> None:
        self.texts.append((name, b""))

    def take(self, text: bytes) -> bool:
        name, before = self.texts.pop() if self.texts else ("", b"")
        self.texts.append((name, before + text))
        return True


def unpacked(content: bytes, chunk: int = 1 << 20) -> list[tuple[str, bytes]]:
    """Return the texts in a file."""
    kept = Kept()
    unpacker = Unpacker(kept)
    for at in range(0, len(content), chunk):
        if not unpacker.feed(content[at : at + chunk]):
            break
    unpacker.close()
    return [(name, text) for name, text in kept.texts if text]


class Unseekable(io.RawIOBase):
    """A pipe: zip then writes sizes after the members."""

    def __init__(self) -> None:
        self.content = b""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self.content += bytes(data)  # type: ignore[call-overload]
        return len(bytes(data))  # type: ignore[call-overload]


def zipped(method: int, *, seekable: bool = True, large: bool = False) -> bytes:
    pipe, stream = Unseekable(), io.BytesIO()
    with zipfile.ZipFile(stream if seekable else pipe, "w", method) as archive:
        for name, content in (("a.csv", TEXT), ("b.npy", b"\x93NUMPY\0" + b"\0" * 3000), ("c.txt", b"x")):
            with archive.open(name, "w", force_zip64=large) as member:
                member.write(content)
    return stream.getvalue() if seekable else pipe.content


def tarred(mode: str, format_: int = tarfile.PAX_FORMAT) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode, format=format_) as archive:  # type: ignore[call-overload]
        for name, content in (("a.csv", TEXT), ("b.npy", b"\x93NUMPY\0" + b"\0" * 3000), ("c.txt", b"x")):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def tarred_by_unix_v7() -> bytes:
    """Return a tar whose headers end with the name of a link, before there was a mark."""
    content, at = bytearray(tarred("w", tarfile.USTAR_FORMAT)), 0
    while content[at]:
        content[at + 257 : at + 512] = bytes(255)
        content[at + 148 : at + 156] = b" " * 8
        content[at + 148 : at + 156] = b"%06o\0 " % sum(content[at : at + 512])
        at += 512 + -(-int(content[at + 124 : at + 135], 8) // 512) * 512
    return bytes(content)


ONE = [("", TEXT)]
TWO = [("a.csv", TEXT), ("c.txt", b"x")]
WRAPPED: dict[str, tuple[Callable[[], bytes], list[tuple[str, bytes]]]] = {
    "plain": (lambda: TEXT, ONE),
    "short": (lambda: b"1 2\n", [("", b"1 2\n")]),
    "gzip": (lambda: gzip.compress(TEXT), ONE),
    "two gzips": (lambda: gzip.compress(TEXT[:9999]) + gzip.compress(TEXT[9999:]), ONE),
    "bzip2": (lambda: bz2.compress(TEXT), ONE),
    "two bzip2s": (lambda: bz2.compress(TEXT[:9999]) + bz2.compress(TEXT[9999:]), ONE),
    "xz": (lambda: lzma.compress(TEXT), ONE),
    "xz of little memory": (lambda: lzma.compress(TEXT, preset=9), ONE),
    "zip stored": (lambda: zipped(zipfile.ZIP_STORED), TWO),
    "zip deflated": (lambda: zipped(zipfile.ZIP_DEFLATED), TWO),
    "zip64 stored": (lambda: zipped(zipfile.ZIP_STORED, large=True), TWO),
    "zip64 deflated": (lambda: zipped(zipfile.ZIP_DEFLATED, large=True), TWO),
    "zip streamed": (lambda: zipped(zipfile.ZIP_DEFLATED, seekable=False), TWO),
    "zip streamed and stored": (lambda: zipped(zipfile.ZIP_STORED, seekable=False), TWO),
    "zip of bzip2": (lambda: zipped(zipfile.ZIP_BZIP2), TWO),
    "zip of bzip2 streamed": (lambda: zipped(zipfile.ZIP_BZIP2, seekable=False), TWO),
    "zip of lzma": (lambda: zipped(zipfile.ZIP_LZMA), []),
    "lzma": (lambda: lzma.compress(TEXT, lzma.FORMAT_ALONE), ONE),
    "tar": (lambda: tarred("w"), TWO),
    "tar of GNU": (lambda: tarred("w", tarfile.GNU_FORMAT), TWO),
    "tar of UNIX v7": (tarred_by_unix_v7, TWO),
    "tar.gz": (lambda: tarred("w:gz"), TWO),
    "tar.xz": (lambda: tarred("w:xz"), TWO),
    "utf-8 with a mark": (lambda: b"\xef\xbb\xbf" + TEXT, [("", b"\xef\xbb\xbf" + TEXT)]),
    "utf-16": (lambda: TEXT.decode().encode("utf-16"), ONE),
    "utf-16-be": (lambda: b"\xfe\xff" + TEXT.decode().encode("utf-16-be"), ONE),
    "utf-16 unmarked": (lambda: TEXT.decode().encode("utf-16-le"), ONE),
    "utf-16-be unmarked": (lambda: TEXT.decode().encode("utf-16-be"), ONE),
    "utf-32": (lambda: TEXT.decode().encode("utf-32"), ONE),
    "utf-16 in gzip": (lambda: gzip.compress(TEXT.decode().encode("utf-16")), ONE),
    "binary": (lambda: bytes(range(256)) * 40, []),
    "binary without NUL": (lambda: bytes(range(1, 256)) * 40, []),
    "compressed binary": (lambda: gzip.compress(bytes(range(256)) * 40), []),
}


@pytest.mark.parametrize("name", WRAPPED)
@pytest.mark.parametrize("chunk", [1 << 20, 4099])
def test_the_text_comes_out(name: str, chunk: int) -> None:
    wrap, expected = WRAPPED[name]
    assert unpacked(wrap(), chunk) == expected


@pytest.mark.parametrize(
    "name",
    [
        "gzip",
        "bzip2",
        "xz",
        "zip deflated",
        "zip64 stored",
        "tar",
        "tar.gz",
        "utf-16",
        "lzma",
        "zip streamed and stored",
    ],
)
def test_a_wrapped_text_in_pieces_of_one_byte_comes_out(name: str) -> None:
    content = WRAPPED[name][0]()[:3000]
    assert unpacked(content, 1) == unpacked(content)


def test_the_bounds_are_those_that_the_clause_tells() -> None:
    told = clause("RC902").text
    assert (_TOTAL, _LAYERS) == (64 << 20, 3)
    assert "three layers deep, and in the first 64 MiB that a file unpacks to" in told


def test_letters_beyond_ascii_become_question_marks() -> None:
    assert unpacked("a\u0394\u4e00b1".encode("utf-16-le").join((b"\xff\xfe", b""))) == [("", b"a??b1")]


def test_what_is_wrapped_too_often_is_passed_over() -> None:
    content = TEXT
    for _ in range(4):
        content = gzip.compress(content)
    assert unpacked(content) == []


def test_what_unpacks_to_more_than_the_bound_is_read_up_to_it() -> None:
    class Counter(Kept):
        size = 0

        def take(self, text: bytes) -> bool:
            self.size += len(text)
            return True

    counter = Counter()
    assert not Unpacker(counter).feed(gzip.compress(b"0.125\n" * (12 << 20), 1))
    assert (60 << 20) < counter.size <= (64 << 20)


@pytest.mark.parametrize("name", ["gzip", "bzip2", "xz", "zip deflated", "zip64 stored", "tar", "tar.gz"])
def test_damage_raises_nothing(name: str) -> None:
    content, draw = WRAPPED[name][0](), random.Random(1)
    for _ in range(40):
        damaged = bytearray(content[: draw.randrange(1, len(content))])
        for _ in range(3):
            damaged[draw.randrange(min(len(damaged), 600))] = draw.randrange(256)
        unpacked(bytes(damaged))


def test_a_cut_stream_gives_what_it_has() -> None:
    packed = gzip.compress(TEXT)
    ((_, text),) = unpacked(packed[: len(packed) // 2])
    assert text
    assert TEXT.startswith(text)


def test_an_encrypted_member_is_passed_over() -> None:
    content = bytearray(zipped(zipfile.ZIP_DEFLATED))
    content[6] |= 1
    assert unpacked(bytes(content)) == []


def test_bytes_of_zlib_without_a_file_format_are_no_text() -> None:
    assert unpacked(zlib.compress(TEXT)) == []


KEY = "password: hunter2!\n" + "".join(f"0.1{at} 0.2{at}\n" for at in range(600))
ENCODINGS = ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")


def wrapped(text: str) -> list[bytes]:
    """Return a text in every form that is read."""
    plain = text.encode()
    packers: list[Callable[[bytes], bytes]] = [gzip.compress, bz2.compress, lzma.compress]
    archives = [packed.tarred({"a.txt": plain}), packed.zipped({"a.txt": plain})]
    return [*map(text.encode, ENCODINGS), *(pack(plain) for pack in packers), *archives]


_TEXTS = st.sampled_from([*wrapped(KEY[:40]), *wrapped(KEY[:600]), *wrapped(KEY)])
_STARTS = st.binary(max_size=8) | st.sampled_from(
    [b"", b"\0", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0", b"a\0", b"\0a"]
)


@given(st.builds(lambda *parts: b"".join(parts), _STARTS, _TEXTS, st.binary(max_size=600)))
@settings(deadline=None)
def test_nothing_is_seen_in_what_is_opaque(content: bytes) -> None:
    if is_opaque(content):
        for scanner in (WordsScanner(), NumbersScanner()):
            scanner.feed(content)
            assert scanner.content() is None


@pytest.mark.parametrize("text", [KEY[:40], KEY])
def test_no_text_is_opaque(text: str) -> None:
    assert not any(map(is_opaque, wrapped(text)))


def test_random_bytes_are_opaque() -> None:
    assert is_opaque(bytes(1) + random.Random(0).randbytes(4000))


@given(st.lists(st.sampled_from([0, 0, 1, 65]), max_size=12).map(bytes))
def test_the_first_bytes_tell_the_form_of_a_text(sample: bytes) -> None:
    assert _form_of(sample) == next((form for form in _FORMS.values() if _is_wide(sample, *form)), None)
