"""The text in a file, whatever it is wrapped in: UTF-16 or 32, gzip, bzip2, xz, lzma, a zip or a tar, one in another.

The archives are taken apart here by hand, since the file passes by once, as a stream, and must not cost more than a
bound: ``zipfile`` seeks, and ``tarfile`` reads on for as long as the archive says. Formats: RFC 1952 (gzip),
APPNOTE.TXT 6.3 sections 4.3.7, 4.3.9 and 4.5.3 (zip), POSIX.1-1988 ustar and its forerunner of UNIX v7 (tar).
"""

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

from runcheck.probes.packed import BZIP2_START, GZIP, OLD_LZMA, TAR_MAGIC, XZ, ZIP_STARTS

TEXT = 8000  # bytes of a text have no NUL, as Git has it
START = 512  # bytes tell what a file is; a tar's first header is as long
_STEP = 1 << 18  # bytes that are unpacked at once
_TOTAL = 1 << 26  # bytes that are unpacked of one file, all layers together
_LAYERS = 3  # a zip in a tar in a gzip, and no more
_XZ_MEMORY = 80 << 20  # xz -9 needs 65 MiB
_CONTROLS = bytes({*range(1, 32)} - {*b"\t\n\v\f\r\b\x1b"})
_ZIP64 = 0xFFFFFFFF  # a size of 32 bits that stands elsewhere in 64
_ZIP = ZIP_STARTS[0]  # an empty one, which the other begins, holds no text
_PACKED = _ZIP, GZIP, BZIP2_START, XZ, OLD_LZMA
_ZIP_END = b"PK\x07\x08"  # of a member whose size stands behind it
_OPEN = _STORED, _DEFLATED, _IN_BZIP2 = 0, 8, 12  # the ways to pack a member of a zip that can be followed to its end
_SUM = slice(148, 156)  # of the header of a tar, which counts as spaces in it
# Longer marks first: UTF-32's begins with UTF-16's. The bytes of ASCII stand at an offset in each unit.
_MARKS = (
    (b"\xff\xfe\0\0", 4, 0),
    (b"\0\0\xfe\xff", 4, 3),
    (b"\xff\xfe", 2, 0),
    (b"\xfe\xff", 2, 1),
)
_BEGIN_MARKS = tuple(mark for mark, _, _ in _MARKS)
# Where the first bytes of each form are zero: the bytes of a unit, and the offset of ASCII in it.
_ZEROS = bytes([0] + [1] * 255)
_FORMS = {
    b"\1\0\1\0": (2, 0),
    b"\0\1\0\1": (2, 1),
    b"\1\0\0\0": (4, 0),
    b"\0\0\0\1": (4, 3),
    b"\1\0": (2, 0),
    b"\0\1": (2, 1),
}


def is_opaque(start: bytes) -> bool:
    """Say whether no text is in a file, by its first bytes: all of it, or more than :data:`START`.

    An :class:`Unpacker` would hand nothing on. Most binary files are told so by a few of their bytes.
    """
    return (
        b"\0" in start[:TEXT]
        and not _is_packed(start)
        and not start.startswith(_BEGIN_MARKS)
        and (b"\0" not in start[:START] or _form_of(start[:START]) is None)
    )


class TextSink(Protocol):
    """Takes texts: of the file, or of each file in it."""

    def begin(self, name: str) -> None:
        """Take what follows as a text of its own: the file in an archive with this name."""

    def take(self, text: bytes) -> bool:
        """Take the next bytes of the text, and say whether more are wanted."""


class _Spent(Exception):  # noqa: N818
    pass


class _Budget:
    def __init__(self) -> None:
        self._left = _TOTAL

    def spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise _Spent


class Unpacker:
    """Hands the text in a file to ``sink``. What is no text, or damaged, or beyond the bounds is passed over."""

    def __init__(self, sink: TextSink, layers: int = _LAYERS, budget: _Budget | None = None) -> None:
        """Begin at the start of a file."""
        self._sink = sink
        self._layers = layers
        self._budget = budget or _Budget()
        self._start = b""
        self._take: Callable[[bytes], bool] | None = None
        self._opened: _Stream | _Members | None = None

    def feed(self, chunk: bytes) -> bool:
        """Take the next bytes, and say whether more are wanted."""
        if self._take is None:
            self._start += chunk
            if len(self._start) < START:
                return True
            return self._begin()
        return self._guarded(chunk)

    def close(self) -> None:
        """Take the end of a file shorter than its start."""
        if self._take is None and self._start:
            self._begin()
        if self._opened is not None:
            self._opened.close()

    def _begin(self) -> bool:
        start, self._start = self._start, b""
        self._take = self._layer(start)
        return self._guarded(start)

    def _guarded(self, chunk: bytes) -> bool:
        try:
            return self._take is not None and self._take(chunk)
        except (_Spent, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, struct.error):
            self._take = _nothing  # bz2 raises OSError and ValueError, and EOFError past its end
            return False

    def _layer(self, start: bytes) -> Callable[[bytes], bool]:
        packed = _is_packed(start)
        if packed and not self._layers:
            return _nothing
        if start.startswith(_ZIP):
            return self._open(_Zip(self._member, self._budget))
        if _is_tar(start):
            return self._open(_Tar(self._member, self._budget))
        if packed:
            kind = next(each for each in (GZIP, BZIP2_START, XZ, OLD_LZMA) if start.startswith(each))
            return self._open(_Stream(self._member(None), self._budget, kind))
        for mark, width, offset in _MARKS:
            if start.startswith(mark):
                return _Wide(self._text, width, offset, skip=len(mark)).feed
        sample = start[:START]
        if b"\0" not in sample:
            printed = len(sample.translate(None, _CONTROLS))
            return self._text if printed >= 0.98 * len(sample) else _nothing
        form = _form_of(sample)
        return _nothing if form is None else _Wide(self._text, *form).feed

    def _open(self, layer: "_Stream | _Members") -> Callable[[bytes], bool]:
        self._opened = layer
        return layer.feed

    def _text(self, chunk: bytes) -> bool:
        return b"\0" not in chunk and self._sink.take(chunk)

    def _member(self, name: str | None) -> "Unpacker":
        """Return what takes a file within this one, a member of an archive where it has a name."""
        if name is not None:
            self._sink.begin(name)
        return Unpacker(self._sink, self._layers - 1, self._budget)


def _nothing(chunk: bytes) -> bool:  # noqa: ARG001
    return False


def _is_packed(start: bytes) -> bool:
    return start.startswith(_PACKED) or _is_tar(start)


def _is_tar(start: bytes) -> bool:
    """Say whether a file, or a member, begins with the header of a tar: old ones have no mark, but its sum."""
    if start.startswith(*TAR_MAGIC):
        return True
    digits = start[_SUM].strip(b" \0")
    if not digits or digits.translate(None, b"01234567") or len(start) < START or any(start[257:START]):
        return False
    return int(digits, 8) == sum(start[:START]) - sum(start[_SUM]) + len(start[_SUM]) * ord(" ")


def _form_of(sample: bytes) -> tuple[int, int] | None:
    """Return the bytes of a unit of a text without a mark, and the offset of ASCII in it; None: it is no such text."""
    form = _FORMS.get(sample[: 4 if len(sample) >= 4 else 2].translate(_ZEROS))  # noqa: PLR2004
    return form if form is not None and _is_wide(sample, *form) else None


def _is_wide(sample: bytes, width: int, offset: int) -> bool:
    units = len(sample) // width * width
    zeros = [sample[at:units:width].count(0) for at in range(width)]
    return units > 0 and zeros[offset] == 0 and all(n == units // width for at, n in enumerate(zeros) if at != offset)


class _Wide:
    """Text of units of two or four bytes: the bytes of ASCII are kept, and all else becomes a question mark."""

    def __init__(self, take: Callable[[bytes], bool], width: int, offset: int, skip: int = 0) -> None:
        self._take, self._width, self._offset, self._skip = take, width, offset, skip
        self._rest = b""

    def feed(self, chunk: bytes) -> bool:
        data = self._rest + chunk[self._skip :]
        self._skip = 0
        whole = len(data) // self._width * self._width
        self._rest = data[whole:]
        low, high = data[self._offset : whole : self._width], data[self._width - 1 - self._offset : whole : self._width]
        if high.count(0) < len(high):
            low = bytes(each if not other else 63 for each, other in zip(low, high, strict=True))
        return self._take(low.replace(b"\0", b"?"))


class _Inflater:
    """One compressed stream. What follows its end is in ``rest``."""

    def __init__(self, kind: bytes) -> None:
        self._zlib = zlib.decompressobj({GZIP: 31}.get(kind, -15)) if kind in (GZIP, _ZIP) else None
        self._other = (
            bz2.BZ2Decompressor()
            if kind == BZIP2_START
            else lzma.LZMADecompressor(lzma.FORMAT_AUTO, memlimit=_XZ_MEMORY)
        )
        self.ended = False
        self.rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what ``data`` unpacks to, a step at a time."""
        if self._zlib is not None:
            while data and not self._zlib.eof:
                yield self._zlib.decompress(data, _STEP)
                data = self._zlib.unconsumed_tail
            self.ended, self.rest = self._zlib.eof, self._zlib.unused_data
            return
        yield self._other.decompress(data, _STEP)
        while not self._other.eof and not self._other.needs_input:
            yield self._other.decompress(b"", _STEP)
        self.ended, self.rest = self._other.eof, self._other.unused_data


class _Stored:
    """A member of a zip as it is, up to what tells the size of one that was begun without. The end is in ``rest``."""

    def __init__(self) -> None:
        self._held = b""
        self.ended = False
        self.rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what of ``data`` is of the member for sure."""
        data = self._held + data
        at = data.find(_ZIP_END)
        self.ended = at >= 0
        if at < 0:
            at = max(0, len(data) - len(_ZIP_END) + 1)
        self._held = self.rest = data[at:]
        yield data[:at]


class _Stream:
    """A file of one compressed stream, or of several in a row."""

    def __init__(self, inner: Unpacker, budget: _Budget, kind: bytes) -> None:
        self._inner, self._budget, self._kind = inner, budget, kind
        self._inflater = _Inflater(kind)

    def feed(self, chunk: bytes) -> bool:
        """Take the next bytes."""
        while chunk:
            for text in self._inflater.feed(chunk):
                self._budget.spend(len(text))
                if not self._inner.feed(text):
                    return False
            if not self._inflater.ended:
                return True
            chunk = self._inflater.rest
            self._inflater = _Inflater(self._kind)
        return True

    def close(self) -> None:
        """Take the end."""
        self._inner.close()


class _Members:
    """An archive: headers in turn with the bytes of a member. Subclasses read the headers."""

    def __init__(self, member: Callable[[str], Unpacker], budget: _Budget) -> None:
        self._member, self._budget = member, budget
        self._held = b""
        self._inner: Unpacker | None = None
        self._left = 0  # bytes of the member that are to come, where no stream says its own end
        self._inflater: _Inflater | _Stored | None = None

    def feed(self, chunk: bytes) -> bool:
        """Take the next bytes."""
        self._held += chunk
        while self._held:
            if self._inflater is not None:
                self._inflate(self._inflater)
            elif self._left:
                part, self._held = self._held[: self._left], self._held[self._left :]
                self._left -= len(part)
                self._hand(part)
            else:
                self.close()
                size = self._header()
                if size is None:
                    return True
                self._held = self._held[size:]
        return True

    def close(self) -> None:
        """Take the end of a member."""
        if self._inner is not None:
            self._inner.close()
            self._inner = None

    def _header(self) -> int | None:
        """Read a header, if it is all there, and return its size."""
        raise NotImplementedError

    def _inflate(self, inflater: "_Inflater | _Stored") -> None:
        data, self._held = self._held, b""
        for text in inflater.feed(data):
            self._budget.spend(len(text))
            self._hand(text)
        if inflater.ended:
            self._inflater, self._held = None, inflater.rest

    def _hand(self, part: bytes) -> None:
        if self._inner is not None and not self._inner.feed(part):
            self._inner = None


class _Zip(_Members):
    """A zip, from its local headers. Nothing follows a member of unknown size that is not deflated."""

    def _header(self) -> int | None:
        start = self._held.find(_ZIP)
        if start < 0:
            self._held = self._held[-3:]
            return None
        self._held = self._held[start:]
        if len(self._held) < 30:  # noqa: PLR2004
            return None
        flags, method = struct.unpack_from("<HH", self._held, 6)
        packed, _, name_bytes, extra_bytes = struct.unpack_from("<IIHH", self._held, 18)
        size: int = 30 + name_bytes + extra_bytes
        if len(self._held) < size:
            return None
        name = self._held[30 : 30 + name_bytes].decode("utf-8", "replace")
        if packed == _ZIP64:
            packed = _zip64_size(self._held[30 + name_bytes : size])
        is_open = bool(flags & 8)  # its size is not known yet
        if flags & 1 or (is_open and method not in _OPEN):
            raise _Spent
        self._inner = self._member(name) if method in _OPEN else None
        if method == _STORED and is_open:
            self._inflater = _Stored()
        elif method in (_DEFLATED, _IN_BZIP2):
            self._inflater = _Inflater(BZIP2_START if method == _IN_BZIP2 else _ZIP)
        else:
            self._left = packed
        return size


def _zip64_size(extra: bytes) -> int:
    """Return the packed size from the extra field 1 of zip64."""
    while len(extra) >= 4:  # noqa: PLR2004
        kind, size = struct.unpack_from("<HH", extra)
        if kind == 1 and size >= 16:  # noqa: PLR2004
            return int(struct.unpack_from("<Q", extra, 12)[0])
        extra = extra[4 + size :]
    raise _Spent


class _Tar(_Members):
    """A tar, from its headers."""

    _padding = 0

    def _header(self) -> int | None:
        if len(self._held) < self._padding + START:
            return None
        header = self._held[self._padding : self._padding + START]
        size = self._padding + START
        self._padding = 0
        if not _is_tar(header):  # the end, or no header
            raise _Spent
        self._left = int(header[124:136].strip(b" \0") or b"0", 8)
        self._padding = -self._left % START
        if header[156:157] in (b"0", b"\0"):
            self._inner = self._member(header[:100].rstrip(b"\0").decode("utf-8", "replace"))
        return size
