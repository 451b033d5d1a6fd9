"""Arrays as bytes in a text: base64, 85 or 32, or hexadecimal; of bare floats, of ``.npy``, or of files of arrays.

Nothing is unpickled. The bytes of compressed pictures are told from floats by the exponents: those of floats that a
network learns lie close together, those of anything compressed everywhere. Format of ``.npy``: NEP 1; of safetensors:
its README, "Format".
"""

import base64
import binascii
import math
import re
import struct
import sys
import zlib
from array import array
from collections.abc import Iterator
from typing import NamedTuple

from runcheck.convention.patterns import late

LEAST = 512  # characters: 96 numbers of float32
HELD = 1 << 18  # characters of a blob that are looked at
_CHARACTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-="
_OF_BASE85 = _CHARACTERS + b"!#$%&()*;<>?@^`{|}~"  # as RFC 1924, Git and Python's b85encode write it
_ENDS = b"\r\n\\"  # of a line, or of one that is escaped
_BETWEEN = b"\\ \t\n\r\f\v"  # the lines of a blob
_OF_BLOB64 = _CHARACTERS + _BETWEEN
_STRIDE, _PIECE, _LONG_PIECE, _KINDS = LEAST // 2, 24, 200, 6  # a blob fills one stride at least
_BLOB64 = late(rb"(?>(?:[A-Za-z0-9+/_-]{24,}+(?:\\r)?(?:\\n)?\s{0,16}+)+)[A-Za-z0-9+/_-]*+={0,2}+")
# One that base64 goes on in, too: without line ends, each of its characters is one of base85.
_BLOB85 = late(
    rb"(?<![0-9A-Za-z!#$%%&()*+/;<=>?@^_`{|}~-])[0-9A-Za-z!#$%%&()*+/;<=>?@^_`{|}~-]{512,}+|%b" % _BLOB64.pattern
)
_HEX = late(rb"(?:0x)?([0-9a-fA-F]++)")
_BASE32 = late(rb"[A-Z2-7]++={0,6}+")
_ONLY_BASE85 = late(rb"[!#$%&()*;<>?@^`{|}~]")
_WRAPS = late(rb"\\[rn]|\s++")
_NUMBERS = 4096
_LEAST_NUMBERS = 96
_LIKELY = (1e-10, 1e2)  # magnitudes of what a network learns
_LEARNT = {"float32": 0.9, "float64": 0.9, "bfloat16": 0.9, "float16": 0.995}  # share of the values that lie there
_KNOWN = (
    (b"\x93NUMPY", "npy"),
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
    (b"PK\x03\x04", "zip"),
    (b"\x80\x04\x95", "pickle"),
    (b"\x80\x02", "pickle"),
    (b"\x80\x05\x95", "pickle"),
    (b"\x80\x03", "pickle"),
)
# Pictures, fonts, sounds and documents: what a notebook or a page embeds.
_OTHER = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"RIFF",
    b"%PDF",
    b"wOF",
    b"OTTO",
    b"\0\1\0\0",
    b"<svg",
    b"<?xml",
    b"ID3",
    b"OggS",
)


class Blob(NamedTuple):
    """Bytes in a text: how they are written, what they hold, and the first numbers."""

    encoding: str
    format: str
    count: int  # type: ignore[assignment] # of numbers, where a tuple counts its members
    values: "array[float]"


def blobs_in(text: bytes, *, goes_on: bool) -> Iterator[re.Match[bytes]]:
    """Return what may be a blob in a text, or the rest of one that ``goes_on`` in it."""
    if goes_on:
        return _BLOB85.finditer(text)
    may_hold = False
    for at in range(0, len(text) - _PIECE + 1, _STRIDE):
        piece = text[at : at + _PIECE]
        other = piece.translate(None, _OF_BASE85)
        # A line may end in it; prose has a space. A line of dashes has one kind of character.
        if (other and (other[0] not in _ENDS or other.strip(_BETWEEN))) or len(set(piece)) <= _KINDS:
            continue
        may_hold = may_hold or not text[at : at + _STRIDE].translate(None, _OF_BLOB64)
        # Programs have many short pieces of the characters of base85.
        if not text[at : at + _LONG_PIECE].translate(None, _OF_BASE85):
            return _BLOB85.finditer(text)
    return _BLOB64.finditer(text) if may_hold else iter(())


def decode(text: bytes, length: int) -> Blob | None:
    """Return what the blob that begins with ``text`` holds, and is ``length`` characters long; None: no array."""
    unread = length - len(text)
    for encoding, packed, whole in _decoded(_WRAPS.sub(b"", text), unread):
        content, size = _inflated(packed, whole)
        if content.startswith(_OTHER) or not content:
            continue
        if found := _array(content, size):
            format_, count, values = found
            return Blob(encoding, format_, count, values)
    return None


def _decoded(text: bytes, unread: int) -> Iterator[tuple[str, bytes, int]]:
    if hexadecimal := _HEX.fullmatch(text):
        digits = hexadecimal[1]
        content = bytes.fromhex(digits[: len(digits) // 2 * 2].decode("ascii"))
        yield "hexadecimal", content, len(content) + unread // 2
        return
    if _BASE32.fullmatch(text):
        yield "base32", base64.b32decode(text[: len(text) // 8 * 8]), len(text) * 5 // 8 + unread * 5 // 8
        return
    if _ONLY_BASE85.search(text):
        try:
            content = base64.b85decode(text[: len(text) // 5 * 5])
        except ValueError:
            return
        yield "base85", content, len(content) + unread * 4 // 5
        return
    plain = text.replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=")
    plain = plain[: len(plain) - (len(plain) % 4 == 1)]
    try:
        content = binascii.a2b_base64(plain + b"=" * (-len(plain) % 4))
    except binascii.Error:
        return
    yield "base64", content, len(content) + unread * 3 // 4


def _inflated(content: bytes, size: int) -> tuple[bytes, int]:
    """Return what gzip or zlib made of floats, as far as it is here, or the content as it is."""
    if not content.startswith((b"\x1f\x8b\x08", b"\x78\x01", b"\x78\x9c", b"\x78\xda")):
        return content, size
    try:
        inflated = zlib.decompressobj(47).decompress(content, HELD)
    except zlib.error:
        return content, size
    return inflated, len(inflated)


def _array(content: bytes, size: int) -> tuple[str, int, "array[float]"] | None:
    known = next((name for magic, name in _KNOWN if content.startswith(magic)), None)
    if known == "npy" and len(content) > 128:  # noqa: PLR2004
        start = 10 + struct.unpack_from("<H", content, 8)[0]
        if found := _floats(content[start:], size - start):
            return f"npy of {found[0]}", *found[1:]
        return None
    known = "safetensors" if _is_safetensors(content) else known
    if known:
        within = _floats_within(content)
        return known, size // 4 if within else 0, within
    return _floats(content, size)


def _floats_within(content: bytes) -> "array[float]":
    """Return floats from the middle of a file of arrays, where they stand plain in it."""
    middle = len(content) // 2
    found = (_floats(content[middle + at : middle + at + 4 * _LEAST_NUMBERS * 8], 0) for at in range(8))
    return next((each[2] for each in found if each), array("d"))


def _is_safetensors(content: bytes) -> bool:
    return content[8:10] == b'{"' and struct.unpack_from("<Q", content)[0] < 100_000_000  # noqa: PLR2004


def _floats(content: bytes, size: int) -> tuple[str, int, "array[float]"] | None:
    """Return bytes as floats of the type that gives them likely values, if one does."""
    for name, width in (("bfloat16", 2), ("float32", 4), ("float64", 8), ("float16", 2)):
        values = _as_floats(content[: _NUMBERS * width], name, width)
        whole = [each for each in values if each]
        if name == "bfloat16" and not any(values[::2]):  # each is the upper half of a float32
            continue
        likely = sum(_LIKELY[0] < abs(each) < _LIKELY[1] for each in whole)
        if len(whole) >= _LEAST_NUMBERS and likely >= _LEARNT[name] * len(whole) and len(set(whole)) > len(whole) // 8:
            return name, size // width, array("d", (each if abs(each) < _LIKELY[1] else math.nan for each in values))
    return None


def _as_floats(content: bytes, name: str, width: int) -> list[float]:
    count = len(content) // width
    content = content[: count * width]
    if name == "float16":
        return [each if math.isfinite(each) else 1e9 for each in struct.unpack(f"<{count}e", content)]
    if name == "bfloat16":
        content = b"".join(b"\0\0" + content[at : at + 2] for at in range(0, len(content), 2))
    numbers = array("d" if width == 8 else "f", content)  # noqa: PLR2004
    if sys.byteorder == "big":
        numbers.byteswap()
    return [each if math.isfinite(each) else 1e9 for each in numbers]
