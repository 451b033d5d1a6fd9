"""TensorBoard event files: the framing, record by record, and the points of the scalars, in one pass.

By hand: TensorBoard's own reader stops at the first bad record without a word, and takes 30 us for a record. Framing:
:mod:`runcheck.convention.tfrecord`; a record holds one Event message (:mod:`runcheck.probes.events.scalars`).
"""

from collections.abc import Callable
from typing import Literal

from runcheck.convention.layout import layout
from runcheck.convention.tfrecord import FOOTER, HEADER, crc32c, masked
from runcheck.probes.contents import Break, EventsContent
from runcheck.probes.events.scalars import NotAnEventError, read_event, texts_in
from runcheck.probes.notes import NOTE_BYTES, Notes
from runcheck.probes.points import BLOCK, OrderedPoints
from runcheck.probes.shapes import Shapes

_MAX_TAG_BYTES = 1024  # a split and a metric are shorter together, so a longer tag is none of theirs
_KNOWN_HEADERS = 4096


class EventsProbe:
    """Reads an event file."""

    def __init__(
        self,
        points: Callable[[str], OrderedPoints] = lambda _: OrderedPoints(),
        restarted: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Start with no record; ``points`` gives a tag its series, ``restarted`` is told of a session's start."""
        self._content = EventsContent()
        self._make_points, self._restarted = points, restarted
        self._by_tag: dict[bytes, OrderedPoints] = {}
        self._shapes = Shapes()
        self._extend = crc32c()
        self._lengths: dict[bytes, int] = {}
        self._parts: list[bytes] = []
        self._held = 0
        self._needed = HEADER.size
        self._offset = 0  # of the next record
        self._long: _LongRecord | None = None
        self._lost = False
        self._collected = 0
        self._notes = Notes()

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        if self._lost:
            return
        self._parts.append(chunk)
        self._held += len(chunk)
        if self._held >= self._needed:
            data = b"".join(self._parts)
            rest = data[self._walk(data) :]
            self._parts, self._held = [rest], len(rest)
            if self._collected > BLOCK + len(self._by_tag):
                self.settle()

    def content(self) -> EventsContent:
        """Return what the records came to."""
        content = self._content
        if self._long is not None:
            self._note("torn", f"is cut short: {self._long.missing:,} of its {self._long.size:,} bytes are missing")
        elif self._held and not self._lost:
            self._note("torn", self._shortage())
        elif not content.records and not content.bad_records:
            self._note("torn", "is missing: the file is empty")
        self.settle()
        content.words = self._notes.content()
        return content

    def _walk(self, data: bytes) -> int:
        """Take every whole record of ``data`` and return where the rest begins."""
        at, start, extend, most = 0, HEADER.size, self._extend, layout().limits.event_bytes
        while not self._lost:
            if self._long is not None:
                at = self._walk_over(data, at, self._long)
                if self._long is not None:
                    break
            head = data[at : at + start]
            size = self._lengths.get(head)
            if size is None:
                if len(head) < start:
                    self._needed = start
                    break
                size = self._length(head)
                if size is None:
                    break
            end = at + start + size
            if size > most:
                self._long = _LongRecord(size, size + FOOTER.size)
                at += start
                continue
            if end + FOOTER.size > len(data):
                self._needed = start + size + FOOTER.size
                break
            content = data[at + start : end]
            at = end + FOOTER.size
            self._take(content if FOOTER.unpack(data[end:at])[0] == masked(extend(0, content)) else None)
            self._offset += start + size + FOOTER.size
        return at

    def _walk_over(self, data: bytes, at: int, record: "_LongRecord") -> int:
        """Take more of a record too long to be held, and return where the rest begins."""
        piece = data[at : at + record.missing - FOOTER.size] if record.missing > FOOTER.size else b""
        record.crc = self._extend(record.crc, piece)
        record.missing -= len(piece)
        at += len(piece)
        self._needed = 1
        if record.missing == FOOTER.size:
            self._needed = FOOTER.size
            if len(data) - at >= FOOTER.size:
                crc = FOOTER.unpack(data[at : at + FOOTER.size])[0]
                self._long = None
                self._take(b"" if crc == masked(record.crc) else None)
                self._offset += HEADER.size + record.size + FOOTER.size
                return at + FOOTER.size
        return at

    def _length(self, head: bytes) -> int | None:
        """Return the length in a record's head, or None where its checksum says that it is none."""
        size, crc = HEADER.unpack(head)
        if masked(self._extend(0, head[:8])) != crc:
            what = "begins with zero bytes" if not any(head) else "has a length that its checksum does not fit"
            self._note("length", what)
            self._lost = True
            return None
        if len(self._lengths) < _KNOWN_HEADERS:
            self._lengths[head] = size
        return int(size)

    def _take(self, content: bytes | None) -> None:
        """Take a record; None stands for one that its checksum does not fit."""
        if content is None:
            self._note("content", "has content that its checksum does not fit")
            return
        if not self._shapes.collect(content):
            try:
                self._parse(content)
            except NotAnEventError as error:
                self._note("event", f"is no event: {error}")
                return
        self._content.records += 1
        self._collected += 1

    def _parse(self, content: bytes) -> None:
        event = read_event(content, self._by_tag)
        if not event.plain and len(content) <= NOTE_BYTES and not self._notes.is_full:
            for text in texts_in(content):
                self._notes.add_text(text)
        if event.restarts:
            self._restart(event.step)
        series = [self._series(each.tag) for each in event.scalars]
        for each, scalar in zip(series, event.scalars, strict=True):
            if each is not None:
                each.steps.append(event.step)
                each.values.append(scalar.value)
        self._collected += len(series)
        if None not in series:
            self._shapes.learn(content, event, [each for each in series if each is not None])

    def _series(self, tag: bytes) -> OrderedPoints | None:
        points = self._by_tag.get(tag)
        if points is None and len(tag) <= _MAX_TAG_BYTES:
            if len(self._by_tag) >= layout().limits.metric_series:
                self._content.unverified = f"more than {layout().limits.metric_series:,} tags in an event file"
                return None
            name = tag.decode("utf-8", "replace")
            points = self._by_tag[tag] = self._content.points[name] = self._make_points(name)
        return points

    def _restart(self, step: int) -> None:
        self.settle()
        for points in self._by_tag.values():
            points.contest(step)
        before = self._content.restarts_from
        self._content.restarts_from = step if before is None else min(before, step)
        self._restarted(step)

    def settle(self) -> None:
        """Take in the points that were collected."""
        self._collected = 0
        for points in self._by_tag.values():
            points.settle()

    def _shortage(self) -> str:
        rest = b"".join(self._parts)
        if len(rest) < HEADER.size:
            return f"is cut short: {len(rest)} of the {HEADER.size} bytes of its head are there"
        size = HEADER.unpack(rest[: HEADER.size])[0]
        whole = HEADER.size + size + FOOTER.size
        return f"is cut short: {len(rest):,} of its {whole:,} bytes are there"

    def _note(self, kind: Literal["torn", "length", "content", "event"], message: str) -> None:
        content = self._content
        if content.first_break is None:
            number = content.records + content.bad_records + 1
            content.first_break = Break(number, self._offset, kind, message)
        content.bad_records += 1


class _LongRecord:
    """A record that is walked over: its size, the bytes still to come, checksum included, and the CRC so far."""

    def __init__(self, size: int, missing: int) -> None:
        self.size, self.missing, self.crc = size, missing, 0
