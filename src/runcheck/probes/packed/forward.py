"""Bytes read forwards: of part of a file, or of what a decompressor makes of them. Never more than a budget allows.

By hand, for ``gzip``, ``bz2.open`` and ``zipfile`` promise no bound: they skip by decompressing, for as long as it
takes, and an archive of a few kB may hold terabytes.
"""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, Protocol

CHUNK = 1 << 16
FIRST = 1 << 10  # many members are looked at no further than their first bytes
MAX_DICTIONARY = 1 << 26  # bytes of memory that an LZMA stream may ask for


class BrokenError(Exception):
    """The bytes are not what they should be. Its text is the end of a sentence about the file."""


class UnendedError(BrokenError):
    """The file ends within a line, after the bytes ``begin`` of it."""

    def __init__(self, begin: bytes) -> None:
        """Take what there is of the line."""
        super().__init__("is cut short")
        self.begin = begin


class BoundError(Exception):
    """To look further would cost more than it may. Its text is the end of a sentence about the file."""


class Budget:
    """What looking into one file may cost, whatever lies in it."""

    def __init__(self, *, deep: bool) -> None:
        """Allow what takes some seconds, or where ``deep`` what takes some minutes."""
        self._inflated = (16 << 30) if deep else (256 << 20)
        self._opcodes = 500_000_000 if deep else 5_000_000
        self._members = 200_000
        self._names = 20_000

    def inflate(self, count: int) -> None:
        """Spend bytes that come out of a decompressor."""
        self._inflated -= count
        if self._inflated < 0:
            raise BoundError("holds more compressed data than one look may take")

    def walk(self, count: int) -> None:
        """Spend opcodes of pickles."""
        self._opcodes -= count
        if self._opcodes < 0:
            raise BoundError("holds a pickle of more opcodes than one look may take")

    def name(self) -> None:
        """Spend a name that is kept."""
        self._names -= 1
        if self._names < 0:
            raise BoundError("imports more names than one look may keep")

    def enter(self) -> None:
        """Spend a member of an archive."""
        self._members -= 1
        if self._members < 0:
            raise BoundError("holds more members than one look may take")


class Forward:
    """Bytes from chunks, with a look ahead; ``skip`` may have a faster way than reading."""

    def __init__(self, chunks: Iterator[bytes], jump: Callable[[int], int] | None = None) -> None:
        """Take chunks that are not empty. ``jump`` passes over bytes and returns how many there were."""
        self._chunks = chunks
        self._jump = jump
        self._held = b""
        self._at = 0
        self._before = 0

    @property
    def position(self) -> int:
        """How many bytes were taken or passed over."""
        return self._before + self._at

    def byte(self) -> int | None:
        """Return the next byte, or None at the end."""
        at = self._at
        if at >= len(self._held):
            if not self._refill():
                return None
            at = 0
        self._at = at + 1
        return self._held[at]

    def peek(self, count: int) -> bytes:
        """Return the next ``count`` bytes, or fewer at the end, without taking them."""
        while len(self._held) - self._at < count and (chunk := next(self._chunks, b"")):
            self._before += self._at
            self._held, self._at = self._held[self._at :] + chunk, 0
        return self._held[self._at : self._at + count]

    def take(self, count: int) -> bytes:
        """Return the next ``count`` bytes, a number that the caller has bounded.

        Raises:
            BrokenError: there are fewer.
        """
        end = self._at + count
        if end <= len(self._held):  # by far the most
            taken, self._at = self._held[self._at : end], end
            return taken
        taken = self.peek(count)
        if len(taken) < count:
            raise BrokenError("is cut short")
        self._at += count
        return taken

    def line(self, limit: int) -> tuple[bytes, bool]:
        """Take a line; return its first ``limit`` bytes without the line feed, and whether that is all of it.

        Raises:
            UnendedError: no line feed comes.
        """
        begin, whole = b"", True
        while self._at < len(self._held) or self._refill():
            end = self._held.find(b"\n", self._at)
            part = self._held[self._at : end if end >= 0 else len(self._held)]
            whole = whole and len(begin) + len(part) <= limit
            begin += part[: limit - len(begin)]
            self._at = end + 1 if end >= 0 else len(self._held)
            if end >= 0:
                return begin, whole
        raise UnendedError(begin)

    def skip(self, count: int) -> int:
        """Pass over ``count`` bytes, and return how many there were."""
        passed = min(count, len(self._held) - self._at)
        self._at += passed
        if passed < count and self._jump is not None:
            jumped = self._jump(count - passed)
            self._before += jumped
            return passed + jumped
        while passed < count and self._refill():
            self._at = min(count - passed, len(self._held))
            passed += self._at
        return passed

    def feed(self, count: int, sink: Callable[[bytes], object]) -> int:
        """Give ``count`` bytes to ``sink``, and return how many there were."""
        passed = 0
        while passed < count and (self._at < len(self._held) or self._refill()):
            part = self._held[self._at : self._at + count - passed]
            self._at += len(part)
            passed += len(part)
            sink(part)
        return passed

    def rest(self) -> Iterator[bytes]:
        """Yield what is left in chunks."""
        while self._at < len(self._held) or self._refill():
            part = self._held[self._at :]
            self._at = len(self._held)
            yield part

    def _refill(self) -> bool:
        self._before += len(self._held)
        self._held, self._at = next(self._chunks, b""), 0
        return bool(self._held)


class Window:
    """Part of a file, which reads and seeks as if it were all of it."""

    def __init__(self, stream: BinaryIO, start: int, size: int) -> None:
        """Show ``size`` bytes of a stream from ``start`` on, both within it."""
        self._stream = stream
        self._start = start
        self.size = size

    def at(self, offset: int, count: int) -> bytes:
        """Return ``count`` bytes at ``offset``, or fewer at the end, and none outside of the part."""
        if not 0 <= offset < self.size:
            return b""
        self._stream.seek(self._start + offset)
        return _read(self._stream, max(0, min(count, self.size - offset)))

    def part(self, start: int, size: int) -> "Window":
        """Return part of this part."""
        start = min(start, self.size)
        return Window(self._stream, self._start + start, min(size, self.size - start))

    def forward(self, offset: int = 0) -> Forward:
        """Return the bytes from ``offset`` on, forwards."""
        place = [offset]

        def chunks() -> Iterator[bytes]:
            count = FIRST
            while chunk := self.at(place[0], count):
                place[0] += len(chunk)
                yield chunk
                count = min(count * 4, CHUNK)

        def jump(count: int) -> int:
            passed = min(count, self.size - place[0])
            place[0] += passed
            return passed

        return Forward(chunks(), jump)


class Decompressor(Protocol):
    """What the decompressors of the standard library have in common."""

    @property
    def eof(self) -> bool:
        """Whether the compressed stream has ended."""

    @property
    def needs_input(self) -> bool:
        """Whether no more comes out before more goes in."""

    @property
    def unused_data(self) -> bytes:
        """What came after the end."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Take compressed bytes, and return up to ``max_length`` others."""


class Deflate:
    """``zlib`` in the form of the other decompressors."""

    def __init__(self, wbits: int) -> None:
        """Read raw deflate (-15), zlib (15) or gzip (31)."""
        self._machine = zlib.decompressobj(wbits)
        self._full = False

    @property
    def eof(self) -> bool:
        """Whether the compressed stream has ended."""
        return self._machine.eof

    @property
    def needs_input(self) -> bool:
        """Whether no more comes out before more goes in."""
        return not self._machine.unconsumed_tail and not self._full

    @property
    def unused_data(self) -> bytes:
        """What came after the end."""
        return self._machine.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Take compressed bytes, and return up to ``max_length`` others."""
        made = self._machine.decompress(self._machine.unconsumed_tail + data, max_length)
        self._full = len(made) >= max_length
        return made


def gzip_machine() -> Decompressor:
    """Return a decompressor of gzip."""
    return Deflate(31)


def zlib_machine() -> Decompressor:
    """Return a decompressor of zlib's own format."""
    return Deflate(15)


def deflate_machine() -> Decompressor:
    """Return a decompressor of deflate without header."""
    return Deflate(-15)


def bzip2_machine() -> Decompressor:
    """Return a decompressor of bzip2."""
    return bz2.BZ2Decompressor()


def lzma_machine() -> Decompressor:
    """Return a decompressor of xz, and of the older lzma."""
    return lzma.LZMADecompressor(memlimit=MAX_DICTIONARY)


def inflate(source: Forward, make: Callable[[], Decompressor], budget: Budget) -> Forward:
    """Return what comes out of decompressing ``source``: one stream, or several one after the other."""
    return Forward(_inflate(source, make, budget))


def _inflate(source: Forward, make: Callable[[], Decompressor], budget: Budget) -> Iterator[bytes]:
    machine, chunks, limit = make(), source.rest(), FIRST
    given = next(chunks, b"")
    while given:
        made = _decompress(machine, given, limit)
        while made or not (machine.eof or machine.needs_input):
            budget.inflate(len(made) or 1)
            if made:
                yield made
            limit = CHUNK
            made = b"" if machine.eof else _decompress(machine, b"", limit)
        if machine.eof:
            given = machine.unused_data or next(chunks, b"")
            if not given.strip(b"\0"):  # padding
                return
            machine = make()
        else:
            given = next(chunks, b"")
    if not machine.eof:
        raise BrokenError("is cut short in its compressed data")


def _decompress(machine: Decompressor, given: bytes, limit: int) -> bytes:
    try:
        return machine.decompress(given, limit)
    except (zlib.error, lzma.LZMAError, OSError, ValueError, EOFError) as error:
        raise BrokenError(f"does not decompress: {error}") from error


def _read(stream: BinaryIO, count: int) -> bytes:
    """Read exactly ``count`` bytes, but for the end: a raw stream may return fewer."""
    parts: list[bytes] = []
    while count and (part := stream.read(count)):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
