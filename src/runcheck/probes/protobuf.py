"""Protobuf's wire format, walked in a stream without holding it.

By hand, since protobuf's own parser takes a message only whole in memory, and a model may be larger than that. Source:
protobuf.dev, "Encoding". A walk reads keys and lengths and seeks over what is large, so that it costs what a model has
of fields and not of bytes.
"""

from collections.abc import Iterator, Mapping
from typing import BinaryIO, NamedTuple, TypeAlias

MAX_FIELDS = 1_000_000  # of one file: a model of 50,000 nodes has about as many, and they take some seconds
MAX_DEPTH = 100  # as protobuf's own parsers have it

_WINDOW = 1 << 16
_VARINT_BYTES = 10
_MORE = 0x80  # in a byte of a number: another follows
_CONTINUED = bytes(range(_MORE, 256))
VARINT, FIXED64, LEN, FIXED32 = 0, 1, 2, 5

# What a field holds: a number, bytes, packed numbers, or a message by its name.
FieldType: TypeAlias = str
# The fields of each message, by its name: number -> name and type.
Messages: TypeAlias = Mapping[str, Mapping[int, tuple[str, FieldType]]]

_WIRES: Mapping[FieldType, tuple[int, ...]] = {
    "varint": (VARINT,),
    "fixed64": (FIXED64,),
    "fixed32": (FIXED32,),
    "bytes": (LEN,),
    "varints": (LEN, VARINT),  # a writer may pack repeated numbers or not
    "fixed64s": (LEN, FIXED64),
    "fixed32s": (LEN, FIXED32),
}


class DamagedError(Exception):
    """The bytes are no message: why, as the end of a sentence about the file."""


class BeyondBoundError(Exception):
    """The message may be sound, and is larger than one check walks: what it has, as the end of "messages with"."""


class Field(NamedTuple):
    """One field of a message: its number, its wire type, its value if it is a number, and where its bytes lie."""

    number: int
    wire: int
    value: int
    start: int
    end: int


class Wire:
    """A stream seen through one window that moves forwards."""

    def __init__(self, stream: BinaryIO, size: int, *, max_fields: int = MAX_FIELDS) -> None:
        """See the first ``size`` bytes of ``stream``."""
        self._stream = stream
        self._size = size
        self._start = 0
        self._held = b""
        self._fields_left = max_fields

    def read(self, start: int, end: int) -> bytes:
        """Return the bytes from ``start`` to ``end``, which the caller has bounded.

        Raises:
            DamagedError: the file is shorter than it was.
        """
        if not self._start <= start <= end <= self._start + len(self._held):
            self._fill(start, max(_WINDOW, end - start))
        found = self._held[start - self._start : end - self._start]
        if len(found) != end - start:
            raise DamagedError("became shorter while it was read")
        return found

    def fields(self, start: int, end: int) -> Iterator[Field]:
        """Yield the fields of the message that lies from ``start`` to ``end``.

        Raises:
            DamagedError: it is none.
            BeyondBoundError: it has more fields than one check walks.
        """
        at = start
        while at < end:
            self._fields_left -= 1
            if self._fields_left < 0:
                raise BeyondBoundError(f"more than {MAX_FIELDS:,} fields")
            key, at = self.varint(at, end)
            number, wire = key >> 3, key & 7
            value = 0
            if wire == VARINT:
                value, after = self.varint(at, end)
            elif wire == LEN:
                length, at = self.varint(at, end)
                after = at + length
            elif wire in (FIXED32, FIXED64):
                after = at + (4 if wire == FIXED32 else 8)
            else:
                raise DamagedError(f"has a field of the wire type {wire}, which no message has, before byte {at}")
            if number == 0 or number >= 1 << 29:
                raise DamagedError(f"has a field with the number {number} before byte {at}")
            if after > end:
                raise DamagedError(f"has a field of {after - at:,} bytes at byte {at}, where {end - at:,} are left")
            yield Field(number, wire, value, at, after)
            at = after

    def varint(self, at: int, end: int) -> tuple[int, int]:
        """Return the number at ``at``, modulo 2^64, and where it ends.

        Raises:
            DamagedError: there is none before ``end``.
        """
        index = at - self._start
        if 0 <= index < len(self._held) and at < end and self._held[index] < _MORE:
            return self._held[index], at + 1
        if not 0 <= index < len(self._held) - _VARINT_BYTES:
            self._fill(at, _WINDOW)
            index = 0
        value = shift = 0
        for byte in self._held[index : index + min(_VARINT_BYTES, end - at)]:
            value |= (byte & ~_MORE) << shift
            shift += 7
            if byte < _MORE:
                return value & 0xFFFF_FFFF_FFFF_FFFF, at + shift // 7
        raise DamagedError(f"has a number that does not end at byte {at}")

    def _fill(self, start: int, length: int) -> None:
        self._stream.seek(start)
        self._start, self._held = start, b""
        wanted = min(length, self._size - start)
        while wanted > len(self._held):  # a raw stream may give less than asked for
            more = self._stream.read(wanted - len(self._held))
            if not more:
                break
            self._held += more


class Walker:
    """Walks messages by a table of their fields. Fields that the table does not know are walked over."""

    def __init__(self, wire: Wire, messages: Messages) -> None:
        """Walk what ``wire`` shows, by the table ``messages``."""
        self._wire = wire
        self._messages = messages
        self._depth = 0

    def fields(self, message: str, start: int, end: int) -> Iterator[tuple[str, FieldType, Field]]:
        """Yield the known fields of a message, each with its name and type.

        Raises:
            DamagedError: it is no message, or a field has another wire type than its type has.
            BeyondBoundError: it has more fields than one check walks.
        """
        table = self._messages[message]
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise DamagedError(f"nests messages more than {MAX_DEPTH} deep")
        for field in self._wire.fields(start, end):
            known = table.get(field.number)
            if known is None:
                continue
            if field.wire not in _WIRES.get(known[1], (LEN,)):
                raise DamagedError(
                    f"has the field {known[0]} of {message} in the wire type {field.wire} before byte {field.end}"
                )
            yield known[0], known[1], field
        self._depth -= 1

    def check(self, type_: FieldType, field: Field) -> None:
        """Walk over a field of a type, and over all that is in it.

        Raises:
            DamagedError: as :meth:`fields`.
            BeyondBoundError: as :meth:`fields`.
        """
        if type_ in self._messages:
            for _, inner, each in self.fields(type_, field.start, field.end):
                self.check(inner, each)
        elif type_ in _WIRES:
            self.count(type_, field)

    def count(self, type_: FieldType, field: Field) -> int:
        """Return how many numbers a field holds.

        Raises:
            DamagedError: they do not end with the field.
        """
        if field.wire != LEN or type_ == "bytes":
            return 1
        length = field.end - field.start
        if type_ == "varints":
            return self._count_varints(field)
        size = 4 if type_ == "fixed32s" else 8
        if length % size:
            raise DamagedError(f"has {length:,} bytes of packed numbers of {size} bytes at byte {field.start}")
        return length // size

    def numbers(self, field: Field, limit: int) -> list[int]:
        """Return the packed or single varints of a field, which must be at most ``limit``.

        Raises:
            DamagedError: they do not end with the field, or are more.
        """
        if field.wire != LEN:
            return [field.value]
        found: list[int] = []
        at = field.start
        while at < field.end:
            value, at = self._wire.varint(at, field.end)
            found.append(value)
            if len(found) > limit:
                raise DamagedError(f"has more than {limit} numbers at byte {field.start}")
        return found

    def text(self, field: Field, limit: int) -> str:
        """Return the first ``limit`` bytes of a field as text."""
        return self._wire.read(field.start, min(field.end, field.start + limit)).decode("utf-8", "replace")

    def _count_varints(self, field: Field) -> int:
        count, last = 0, 0
        for start in range(field.start, field.end, _WINDOW):
            chunk = self._wire.read(start, min(field.end, start + _WINDOW))
            count += len(chunk.translate(None, _CONTINUED))
            last = chunk[-1]
        if last >= _MORE:
            raise DamagedError(f"has a number that does not end at byte {field.end}")
        return count


def messages(text: str) -> Messages:
    """Return the table that ``text`` writes: a line a message, its name, then ``number name type`` with commas."""
    table: dict[str, dict[int, tuple[str, FieldType]]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, _, fields = line.partition(":")
        members = table.setdefault(name, {})
        for field in fields.split(","):
            number, field_name, type_ = field.split()
            members[int(number)] = (field_name, type_)
    return table
