"""Random changes of bytes, several at once, as fuzzers make them."""

import random
from collections.abc import Callable

_INTERESTING = [
    0,
    1,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    (1 << 63) - 1,
    1 << 63,
    (1 << 64) - 1,
]
_TOKENS = [
    b"null",
    b"NaN",
    b"1e999",
    b"-0",
    b'""',
    b"{}",
    b"[]",
    b"\n",
    b"\xff",
    b"\0" * 8,
    b"../../x",
    b"\xef\xbb\xbf",
]
_TOKENS += [
    b"[" * 500,
    b"9" * 5000,
    b"\\ud800",
    b'"a":1,"a":1,',
    b"- " * 300,
    b"&a *a",
    b"PAR1",
    b"PK\x03\x04",
    b"\x80\x04.",
]
_MOST = 64  # bytes of a stretch


def havoc(content: bytes, rng: random.Random) -> bytes:
    """Return ``content`` after one to eight random changes."""
    changed = bytearray(content)
    for _ in range(1 << rng.randrange(4)):
        rng.choice(_CHANGES)(changed, rng)
    return bytes(changed)


def _flip(content: bytearray, rng: random.Random) -> None:
    if content:
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)


def _set(content: bytearray, rng: random.Random) -> None:
    if content:
        content[rng.randrange(len(content))] = rng.randrange(256)


def _number(content: bytearray, rng: random.Random) -> None:
    width = rng.choice([1, 2, 4, 8])
    number = rng.choice(_INTERESTING) & ((1 << 8 * width) - 1)
    at = rng.randrange(len(content) + 1)
    content[at : at + width] = number.to_bytes(width, rng.choice(["little", "big"]))


def _cut(content: bytearray, rng: random.Random) -> None:
    del content[rng.randrange(len(content) + 1) :]


def _drop(content: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(content) + 1)
    del content[at : at + rng.randrange(1, _MOST)]


def _repeat(content: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(content) + 1)
    stretch = content[at : at + rng.randrange(1, _MOST)]
    content[at:at] = stretch * rng.randrange(1, 20)


def _move(content: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(content) + 1)
    stretch = content[at : at + rng.randrange(1, _MOST)]
    to = rng.randrange(len(content) + 1)
    content[to : to + len(stretch)] = stretch


def _token(content: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(content) + 1)
    content[at:at] = rng.choice(_TOKENS)


_CHANGES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flip,
    _set,
    _number,
    _cut,
    _drop,
    _repeat,
    _move,
    _token,
)
