"""Records that differ in time, step and values only, as those of a loop do, read by one call of :mod:`struct`.

All bytes that say what a record holds (keys, lengths, tags) are compared with those of a record that was parsed, so
what is read is what the parser would read, ten times as fast.
"""

import struct
from collections.abc import Callable
from typing import Any

from runcheck.probes.events.scalars import Event, signed
from runcheck.probes.points import Points

_MAX_BYTES = 1 << 22  # of the records whose shapes are kept, all together
_MAX_FORMATS = 8  # of records of one length
_SIZES = {"f": 4, "d": 8}
_CONTINUES = int.from_bytes(b"\x80" * 10, "little")  # the bit of each byte of a varint but its last

# What struct gives back: the constant bytes, and between them the time, the step and the values.
_Parts = tuple[Any, ...]
_Unpack = Callable[[bytes], _Parts]


class _Shape:
    """What records of one kind have in common."""

    __slots__ = ("add_step", "add_value", "constants", "following", "length", "unpack")

    def __init__(self, length: int, unpack: _Unpack, constants: _Parts, points: list[Points]) -> None:
        self.length, self.unpack, self.constants = length, unpack, constants
        self.add_step = [each.steps.append for each in points]
        self.add_value = [each.values.append for each in points]
        self.following: _Shape | None = None  # the shape of the record that came after one of this shape


class Shapes:
    """The shapes that a file had so far."""

    def __init__(self) -> None:
        """Start with none."""
        self._by_length: dict[int, dict[str, tuple[_Unpack, dict[_Parts, _Shape]]]] = {}
        self._bytes = 0
        self._last: _Shape | None = None
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
        if places != sorted(places) or self._bytes + len(content) > _MAX_BYTES:
            return
        formats = self._by_length.setdefault(len(content), {})
        format_ = _format(places, len(content))
        if format_ not in formats:
            if len(formats) == _MAX_FORMATS:
                return
            formats[format_] = struct.Struct(format_).unpack, {}
        unpack, shapes = formats[format_]
        constants = unpack(content)[::2]
        shapes[constants] = _Shape(len(content), unpack, constants, points)
        self._bytes += len(content)

    def _search(self, content: bytes) -> tuple[_Shape, _Parts] | None:
        for unpack, shapes in self._by_length.get(len(content), {}).values():
            parts = unpack(content)
            shape = shapes.get(parts[::2])
            if shape is not None:
                if self._last is not None:
                    self._last.following = shape
                return shape, parts
        return None


def _format(places: list[tuple[int, int, str]], length: int) -> str:
    """Return the format of a record in which these places, start, size and code, stand between constant bytes."""
    layout, end = "<", 0
    for start, size, code in places:
        layout += f"{start - end}s{code}"
        end = start + size
    return f"{layout}{length - end}s"


def _step(raw: bytes) -> int | None:
    """Return the step of a varint, or None where it ends before all of its bytes."""
    number, size = int.from_bytes(raw, "little"), len(raw)
    if number & _CONTINUES != _CONTINUES >> 8 * (10 - size + 1):
        return None
    step = number & 0x7F
    for place in range(1, size):
        step |= (number >> place) & (0x7F << 7 * place)
    return signed(step & ((1 << 64) - 1))
