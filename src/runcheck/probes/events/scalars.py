"""The scalars of an event: protobuf's wire format, as far as they need it.

By hand, since protobuf and the generated classes would be a dependency of 20 MB for four messages, take ten times as
long, and build every histogram and image on the way. Messages: Event (tensorflow/core/util/event.proto), Summary
(framework/summary.proto), TensorProto (framework/tensor.proto), SummaryMetadata with the plugin's name.
"""

import contextlib
import struct
from collections.abc import Collection, Iterator
from typing import Literal, NamedTuple

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_VARINT_BYTES = 10
_SESSION_STARTS = 1
_PLUGIN = b"scalars"
_FLOATS: dict[int, Literal["f", "d"]] = {1: "f", 2: "d"}  # DataType DT_FLOAT, DT_DOUBLE
_SIZES = {"f": 4, "d": 8}
_DEPTH, _LEAST_TEXT = 12, 8  # of messages in messages; bytes
_PRINTED = bytes({*range(32, 256)} - {127}) + b"\t\n\r"
_PACKED, _VALUES_OF = 4, {"f": 5, "d": 6}  # fields tensor_content; float_val, double_val


class NotAnEventError(Exception):
    """The bytes are no Event message."""


class Scalar(NamedTuple):
    """A value of a summary: its tag, and its bytes in the record as :mod:`struct` reads them."""

    tag: bytes
    value: float
    start: int
    code: Literal["f", "d"]


class Event:
    """What of an event there is to know: its step, its scalars, whether a session starts with it.

    ``wall`` and ``step_span`` say where in the record the time and the step stand. An event is ``plain`` if it holds
    nothing but scalars; ``others`` counts the values of its summary that are none.
    """

    __slots__ = ("others", "plain", "restarts", "scalars", "step", "step_span", "wall")

    def __init__(self) -> None:
        """Begin with nothing known."""
        self.step = 0
        self.scalars: list[Scalar] = []
        self.restarts, self.plain = False, True
        self.others = 0
        self.wall: int | None = None
        self.step_span: tuple[int, int] | None = None


class _Field(NamedTuple):
    number: int
    wire: int
    start: int
    end: int


def read_event(content: bytes, known: Collection[bytes]) -> Event:
    """Return the event that ``content`` is.

    A tensor is a scalar where its metadata say so; only the first one of a tag must have metadata, so ``known`` are the
    tags of scalars before it.

    Raises:
        NotAnEventError: it is none.
    """
    event = Event()
    for each in _fields(content, 0, len(content)):
        match each.number, each.wire:
            case 1, 1:
                event.wall = each.start
            case 2, 0:
                event.step = signed(_varint(content, each.start, each.end)[0])
                event.step_span = each.start, each.end
            case 5, 2:
                _read_summary(content, each, known, event)
            case 7, 2:
                event.plain = False
                event.restarts = _number(content, each, 1) == _SESSION_STARTS
            case _:
                event.plain = False
    return event


def texts_in(content: bytes, depth: int = 0) -> Iterator[bytes]:
    """Yield the strings in a message of any kind: of texts, hyperparameters, graphs and what plugins add.

    Which field is a message and which a string, only its description tells; here a string is what can be printed, and
    holds no string itself when read as a message.
    """
    for each in _fields(content, 0, len(content)):
        if each.wire != _BYTES or each.end - each.start < _LEAST_TEXT:
            continue
        part, found = content[each.start : each.end], False
        if depth < _DEPTH:
            with contextlib.suppress(NotAnEventError):
                inner = list(texts_in(part, depth + 1))
                found = bool(inner)
                yield from inner
        if not found and not part.translate(None, _PRINTED):
            yield part


def signed(number: int) -> int:
    """Return what a varint of 64 bits is as an int64."""
    return number - (1 << 64) if number >> 63 else number


def _read_summary(content: bytes, summary: _Field, known: Collection[bytes], event: Event) -> None:
    for each in _inside(content, summary):
        scalar = _scalar(content, each, known) if (each.number, each.wire) == (1, _BYTES) else None
        if scalar is None:
            event.plain = False
            event.others += 1
        else:
            event.scalars.append(scalar)


def _scalar(content: bytes, value: _Field, known: Collection[bytes]) -> Scalar | None:
    """Return a value of a summary where it is a scalar."""
    tag, plugin, kind = b"", None, None
    for each in _inside(content, value):
        match each.number, each.wire:
            case 1, 2:
                tag = content[each.start : each.end]
            case 9, 2:
                plugin = _plugin(content, each)
            case (2, 5) | (3 | 4 | 5 | 6 | 8, 2):  # the members of a oneof: the last one counts
                kind = each
    if kind is None:
        return None
    if kind.number == 2:  # noqa: PLR2004 - simple_value
        return _scalar_at(content, tag, kind.start, "f")
    if kind.number == 8 and (plugin == _PLUGIN or (plugin is None and tag in known)):  # noqa: PLR2004 - tensor
        return _tensor(content, tag, kind)
    return None


def _plugin(content: bytes, metadata: _Field) -> bytes | None:
    name = None
    for each in _inside(content, metadata):
        if (each.number, each.wire) == (1, _BYTES):
            for one in _inside(content, each):
                if (one.number, one.wire) == (1, _BYTES):
                    name = content[one.start : one.end]
    return name


def _tensor(content: bytes, tag: bytes, tensor: _Field) -> Scalar | None:
    """Return the one float of a tensor, which stands in its packed bytes or in its typed values."""
    code = _FLOATS.get(_number(content, tensor, 1))
    if code is None:
        return None
    places = [each for each in _inside(content, tensor) if each.number in (_PACKED, _VALUES_OF[code])]
    if len(places) == 1 and places[0].end - places[0].start == _SIZES[code]:
        return _scalar_at(content, tag, places[0].start, code)
    return None


def _number(content: bytes, message: _Field, number: int) -> int:
    """Return a varint of a message, 0 where it is not there."""
    found = 0
    for each in _inside(content, message):
        if (each.number, each.wire) == (number, _VARINT):
            found = _varint(content, each.start, each.end)[0]
    return found


def _scalar_at(content: bytes, tag: bytes, start: int, code: Literal["f", "d"]) -> Scalar:
    return Scalar(tag, struct.unpack_from(f"<{code}", content, start)[0], start, code)


def _inside(content: bytes, message: _Field) -> Iterator[_Field]:
    return _fields(content, message.start, message.end)


def _fields(content: bytes, start: int, end: int) -> Iterator[_Field]:
    """Yield the fields of a message; a field of bytes without its length."""
    while start < end:
        key, start = _varint(content, start, end)
        number, wire = key >> 3, key & 7
        if wire == _BYTES:
            size, start = _varint(content, start, end)
            stop = start + size
        elif wire == _VARINT:
            _, stop = _varint(content, start, end)
        elif wire in (_FIXED64, _FIXED32):
            stop = start + (8 if wire == _FIXED64 else 4)
        else:
            raise NotAnEventError(f"has a field of wire type {wire}")
        if stop > end or not number or key >> 32:
            raise NotAnEventError(f"has a field {number} that ends beyond its message" if number else "has a field 0")
        yield _Field(number, wire, start, stop)
        start = stop


def _varint(content: bytes, start: int, end: int) -> tuple[int, int]:
    number = 0
    for at in range(start, min(end, start + _VARINT_BYTES)):
        number |= (content[at] & 0x7F) << 7 * (at - start)
        if content[at] < 0x80:  # noqa: PLR2004
            return number & ((1 << 64) - 1), at + 1
    raise NotAnEventError("has a number that does not end")
