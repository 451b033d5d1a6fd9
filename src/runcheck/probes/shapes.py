"""Records that differ in time, step and values only, as those of a loop do, read by one call of :mod:`struct`.

All bytes that say what a record holds (keys, lengths, tags) are compared with those of a record that was parsed, so
what is read is what the parser would read, ten times as fast.
"""

import struct

from runcheck.probes.points import Points
from runcheck.probes.scalars import Event, signed

_MAX_SHAPES = 256
_MAX_BYTES = 16_384  # of a record whose shape is kept
_SIZES = {"f": 4, "d": 8}
_CONTINUES = int.from_bytes(b"\x80" * 10, "little")  # the bit of each byte of a varint but its last


class Shape:
    """What records of one kind have in common."""

    __slots__ = ("add_step", "add_value", "constants", "following", "length", "unpack")

    def __init__(self, content: bytes, places: list[tuple[int, int, str]], points: list[Points]) -> None:
        """Take a record, where in it time, step and values stand, and the series of the values."""
        layout, end = "<", 0
        for start, size, code in places:
            layout += f"{start - end}s{code}"
            end = start + size
        self.length = len(content)
        self.unpack = struct.Struct(f"{layout}{len(content) - end}s").unpack
        self.constants = self.unpack(content)[::2]
        self.add_step = [each.steps.append for each in points]
        self.add_value = [each.values.append for each in points]
        self.following: Shape | None = None


class Shapes:
    """The shapes that a file had so far."""

    def __init__(self) -> None:
        """Start with none."""
        self._by_length: dict[int, list[Shape]] = {}
        self._count = 0
        self._last: Shape | None = None
        self._raw, self._step = b"", 0

    def collect(self, content: bytes) -> bool:
        """Collect the points of a record; say whether a known shape fitted."""
        shape = self._last.following if self._last else None
        if shape is None or shape.length != len(content) or (parts := shape.unpack(content))[::2] != shape.constants:
            found = self._search(content)
            if found is None:
                return False
            shape, parts = found
        raw = parts[3]
        if raw != self._raw:
            step = _step(raw)
            if step is None:
                return False
            self._raw, self._step = raw, step
        step = self._step
        for add_step, add_value, value in zip(shape.add_step, shape.add_value, parts[5::2]):  # noqa: B905 - hot, equal
            add_step(step)
            add_value(value)
        self._last = shape
        return True

    def learn(self, content: bytes, event: Event, points: list[Points]) -> None:
        """Keep the shape of a record, where it holds time, step and scalars in this order and nothing else."""
        if not event.plain or not event.scalars or event.wall is None or event.step_span is None:
            return
        start, end = event.step_span
        places = [(event.wall, 8, "8s"), (start, end - start, f"{end - start}s")]
        places += [(each.start, _SIZES[each.code], each.code) for each in event.scalars]
        if len(content) <= _MAX_BYTES and self._count < _MAX_SHAPES and places == sorted(places):
            self._by_length.setdefault(len(content), []).append(Shape(content, places, points))
            self._count += 1

    def _search(self, content: bytes) -> "tuple[Shape, tuple[bytes, ...]] | None":
        for shape in self._by_length.get(len(content), ()):
            parts = shape.unpack(content)
            if parts[::2] == shape.constants:
                if self._last is not None:
                    self._last.following = shape
                return shape, parts
        return None


def _step(raw: bytes) -> int | None:
    """Return the step of a varint, or None where it ends before all of its bytes."""
    number, size = int.from_bytes(raw, "little"), len(raw)
    if number & _CONTINUES != _CONTINUES >> 8 * (10 - size + 1):
        return None
    step = number & 0x7F
    for place in range(1, size):
        step |= (number >> place) & (0x7F << 7 * place)
    return signed(step & ((1 << 64) - 1))
