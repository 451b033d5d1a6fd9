"""Numbers in texts of any format and disguise: how many, of what form, in what order."""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from runcheck.probes.numbers.blobs import HELD, LEAST, blobs_in, decode
from runcheck.probes.numbers.rows import RowReader, Rows
from runcheck.probes.numbers.tables import Table, TableSketch
from runcheck.probes.unpacked import Unpacker

_BLOCK = 1 << 16
_STRETCH = 1 << 10
_READ_ALL = 1 << 18  # bytes of a text are read as rows whatever words are among them; later on, few may be
_READ = 1 << 24  # bytes of rows are read one by one; later on, where they change
_COST = 60_000  # lines, likewise
_LOOKS, _AGAIN = 8, 32  # kinds of rows that are known by their looks, of which one in so many is read again
_OPEN = 128  # tables of single rows that more may come to
_KEPT = 256
_CRUMB = 64  # numbers: fewer are gathered from all over the text
_EDGE = 400  # bytes before numbers that may name them
_DIGITS, _LETTERS = b"0123456789", b"abcdfghijklmnopqrstuvwxyzABCDFGHIJKLMNOPQRSTUVWXYZ"


class NumbersContent(NamedTuple):
    """What the numbers of a text are like: its tables, and together all the numbers in tables too small to tell.

    ``labels`` has how many of the latter stand under which label.
    """

    tables: tuple[Table, ...] = ()
    crumbs: Table | None = None
    labels: Mapping[str, int] = {}


class NumbersScanner:
    """Looks at the bytes of any file; at those of a text, or of a compressed one, for as long as it is one."""

    def __init__(self) -> None:
        """Begin at the start of a file."""
        self._unpacker = Unpacker(self)
        self._tables = _Tables()
        self._reader = RowReader(self._tables.take)
        self._blob: _Blob | None = None
        self._held = self._before = b""
        self._line = 1
        self._read = 0
        self._seen: list[tuple[float, ...]] = []
        self._alike = 0

    def feed(self, chunk: bytes) -> bool:
        """Take the next bytes, and say whether more are wanted."""
        return self._unpacker.feed(chunk)

    def content(self) -> NumbersContent | None:
        """Return what was seen; None where the file is no text, or one without numbers."""
        self._unpacker.close()
        self._close()
        content = self._tables.close()
        return content if content.tables or content.crumbs else None

    def begin(self, name: str) -> None:  # noqa: ARG002
        """Take what follows as a text of its own, with this name in its archive."""
        self._close()
        self._reader = RowReader(self._tables.take)
        self._before = b""
        self._line = 1

    def take(self, text: bytes) -> bool:
        """Take the next bytes of a text, and say whether more are wanted."""
        text = self._held + text if self._held else text
        start = 0
        while len(text) - start > _BLOCK:
            end = _cut(text, start)
            self._block(text[start:end])
            start = end
        self._held = text[start:]
        return True

    def _close(self) -> None:
        if self._held:
            self._block(self._held)
            self._held = b""
        self._end_blob()
        self._reader.close()

    def _block(self, block: bytes) -> None:
        block = self._without_blobs(block)
        gap = start = 0
        while start < len(block):
            end = start
            while end < len(block) and self._is_dense(block[end : end + _STRETCH]):
                end += _STRETCH
            if end > start:
                from_, end = max(gap, start - _STRETCH), end + _STRETCH
                self._gap(block[gap:from_])
                self._numbers(block[from_:end], whole=from_ == 0 and end >= len(block))
                gap = end
            start = max(end, start + _STRETCH)
        self._gap(block[gap:])

    def _gap(self, text: bytes) -> None:
        if text:
            self._line += text.count(b"\n")
            self._before = text[-_EDGE:]

    def _is_dense(self, text: bytes) -> bool:
        digits = len(text) - len(text.translate(None, _DIGITS))
        if digits * 10 < len(text):
            return False
        if self._read < _READ_ALL:
            return True
        return len(text) - len(text.translate(None, _LETTERS)) <= digits // (2 if self._reader.cost < _COST else 10)

    def _numbers(self, text: bytes, *, whole: bool) -> None:
        lines = text.count(b"\n")
        if _is_of_numbers(text):
            if self._before:
                self._reader.gap(self._before.rpartition(b"\n\n")[2], self._line)
                self._before = b""
            if whole and self._is_passed_over(text, lines):
                rows = lines - text.endswith(b"\n")
                self._tables.pass_over(rows if self._reader.depth == 0 else text.count(b"]") or text.count(b","))
                self._reader.pass_over(lines)
            else:
                self._read += len(text)
                self._reader.feed(text)
        else:
            self._before = text[-_EDGE:]
        self._line += lines

    def _is_passed_over(self, text: bytes, lines: int) -> bool:
        """Say whether there were very many rows already, and these look like the last that were read."""
        if self._read < _READ and self._reader.cost < _COST:
            return False
        size = len(text) / _STRETCH
        look = (lines / size, text.count(b"-") / size, text.count(b",") / size, text.count(b".") / size)
        for seen in self._seen:
            if all(abs(a - b) <= 4 + b / 4 for a, b in zip(look, seen, strict=True)):
                self._alike += 1
                return self._alike % _AGAIN != 0
        self._seen = [look, *self._seen[:_LOOKS]]
        return False

    def _without_blobs(self, block: bytes) -> bytes:
        """Take the blobs out of a block, and return the rest of it, with as many lines."""
        kept, end = [], 0
        for match in blobs_in(block, goes_on=self._blob is not None):
            begins, reaches = self._blob is None or match.start() > 0, match.end() == len(block)
            if begins and match.end() - match.start() < LEAST and not reaches:
                continue
            kept.append(block[end : match.start()])
            end = match.end()
            if begins:
                self._end_blob()
                self._blob = _Blob(
                    block[max(0, match.start() - _EDGE // 2) : match.start()], self._line_at(block, match.start())
                )
            assert self._blob is not None
            self._blob.add(match[0])
            if not reaches:
                self._end_blob()
            elif self._blob.length < LEAST and len(block) == len(match[0]):
                pass
            kept.append(b"\n" * match[0].count(b"\n") or b" ")
        if end == 0:
            self._end_blob()
        return b"".join(kept) + block[end:] if kept else block

    def _line_at(self, block: bytes, at: int) -> int:
        return self._line + block.count(b"\n", 0, at)

    def _end_blob(self) -> None:
        if self._blob is not None and self._blob.length >= LEAST:
            self._tables.add_blob(self._blob)
        self._blob = None


def _cut(text: bytes, start: int) -> int:
    """Return where a block ends: before a line, or between two numbers."""
    limit = start + _BLOCK
    line = text.rfind(b"\n", limit - _BLOCK // 8, limit)
    if line > start:
        return line
    between = max(text.rfind(b" ", limit - _STRETCH, limit), text.rfind(b",", limit - _STRETCH, limit))
    return between if between > start else limit


_ADJACENT = re.compile(rb"[0-9.]['\"\s,;|&\[\](){}]{1,40}+[-+.]?+[0-9]")
_DECIMAL = re.compile(rb"\.[0-9]{3}")


def _is_of_numbers(text: bytes) -> bool:
    """Say whether number follows number, or many have decimals: not so in documents with dates and hashes."""
    return _are_as_many(_ADJACENT.finditer(text), 6) or _are_as_many(_DECIMAL.finditer(text), 32)


def _are_as_many(matches: Iterator[re.Match[bytes]], count: int) -> bool:
    return sum(1 for _ in islice(matches, count)) == count  # in rows of numbers the first line has them


class _Blob:
    """A blob while it is read."""

    def __init__(self, before: bytes, line: int) -> None:
        words = re.findall(rb"[A-Za-z_][A-Za-z0-9_./]*", before)
        self.label = b"/".join(words[-6:]).decode("ascii")
        self.line = line
        self.length = 0
        self.start = bytearray()

    def add(self, text: bytes) -> None:
        self.length += len(text)
        self.start += text[: max(0, HELD - len(self.start))]


class _Tables:
    """The tables of a file: rows of one length under one label."""

    def __init__(self) -> None:
        self._open: dict[tuple[object, ...], TableSketch] = {}
        self._current: tuple[object, ...] = ()
        self._closed: list[Table] = []
        self._crumbs = TableSketch("", 1, 0)
        self._crumb_labels: dict[str, int] = {}

    def take(self, rows: Rows) -> None:
        length = len(rows.values) // rows.rows
        key = (rows.label, rows.depth, length, bool(rows.words))
        if key != self._current:
            last = self._open.get(self._current)
            if last is not None and last.run > 1:
                self._close(self._open.pop(self._current))
            self._current = key
        sketch = self._open.get(key)
        if sketch is None:
            if len(self._open) >= _OPEN:
                self._close(self._open.pop(next(iter(self._open))))
            word = rows.words[0][:40].decode("utf-8", "replace") if rows.words else ""
            label = "/".join(filter(None, (rows.label, word)))
            sketch = self._open[key] = TableSketch(label, rows.line, length, rows.header)
        sketch.add(rows.values, rows.rows, rows.tokens, worded=bool(rows.words))

    def pass_over(self, rows: int) -> None:
        """Count as many rows more of the table that is being read."""
        sketch = self._open.get(self._current)
        if sketch is not None and sketch.columns:
            sketch.rows += rows
            sketch.count += rows * sketch.columns

    def add_blob(self, blob: _Blob) -> None:
        found = decode(bytes(blob.start), blob.length)
        if found is not None and len(self._closed) < _KEPT:
            sketch = TableSketch(blob.label, blob.line, found.count)
            sketch.add(found.values, 1, ())
            sketch.count = found.count
            self._closed.append(sketch.table(f"{found.encoding} {found.format}"))

    def close(self) -> NumbersContent:
        for sketch in self._open.values():
            self._close(sketch)
        self._open.clear()
        crumbs = self._crumbs.table() if self._crumbs.count else None
        return NumbersContent(tuple(self._closed), crumbs, self._crumb_labels)

    def _close(self, sketch: TableSketch) -> None:
        if sketch.count < _CRUMB:
            self._crumbs.add(sketch.sample(), sketch.rows, ())
            self._crumbs.digits += sketch.digits[:4]
            if sketch.label in self._crumb_labels or len(self._crumb_labels) < _KEPT:
                self._crumb_labels[sketch.label] = self._crumb_labels.get(sketch.label, 0) + sketch.count
        elif len(self._closed) < _KEPT:
            self._closed.append(sketch.table())
