"""Parquet files written by hand, byte by byte: what no library writes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

Value: TypeAlias = "int | bytes | list[Value] | dict[int, Value]"

PLAIN, RLE, DELTA_BINARY_PACKED, DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY, RLE_DICTIONARY = 0, 3, 5, 6, 7, 8
INT32, INT64, BYTE_ARRAY, FIXED = 1, 2, 6, 7
REQUIRED, OPTIONAL, REPEATED = 0, 1, 2


class Long(int):
    """An integer of 64 bits: readers insist on the type that a field has."""


def varint(number: int) -> bytes:
    """Encode a natural number."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def zigzag(number: int) -> bytes:
    """Encode an integer."""
    return varint(number << 1 if number >= 0 else (-number << 1) - 1)


def thrift(fields: dict[int, Value]) -> bytes:
    """Encode a struct of integers, binaries, lists and structs in the Thrift compact protocol."""
    out, last = b"", 0
    for number, value in sorted(fields.items()):
        type_, encoded = _encoded(value)
        out += (
            bytes([(number - last) << 4 | type_]) if number - last < 16 else bytes([type_]) + zigzag(number)
        ) + encoded
        last = number
    return out + b"\0"


def _encoded(value: Value) -> tuple[int, bytes]:
    if isinstance(value, bool):
        return (1 if value else 2), b""
    if isinstance(value, int):
        return 6 if isinstance(value, Long) else 5, zigzag(value)
    if isinstance(value, bytes):
        return 8, varint(len(value)) + value
    if isinstance(value, dict):
        return 12, thrift(value)
    of = _encoded(value[0])[0] if value else 12
    size = bytes([len(value) << 4 | of]) if len(value) < 15 else bytes([0xF0 | of]) + varint(len(value))
    return 9, size + b"".join(_encoded(each)[1] for each in value)


def rle(value: int, count: int, width: int) -> bytes:
    """Encode ``count`` times one number of ``width`` bits."""
    return varint(count << 1) + value.to_bytes((width + 7) // 8, "little")


def levels(value: int, count: int, width: int = 1) -> bytes:
    """Encode the levels of a page of the first version."""
    encoded = rle(value, count, width)
    return len(encoded).to_bytes(4, "little") + encoded


def data_page(body: bytes, values: int, encoding: int = PLAIN, decoded: int | None = None, **more: Value) -> bytes:
    """Return a page of data of the first version."""
    header: dict[int, Value] = {
        1: 0,
        2: len(body) if decoded is None else decoded,
        3: len(body),
        5: {1: values, 2: encoding, 3: RLE, 4: RLE},
    }
    return thrift({**header, **{int(k[1:]): v for k, v in more.items()}}) + body


def dictionary_page(body: bytes, values: int, decoded: int | None = None) -> bytes:
    """Return a dictionary page."""
    return thrift({1: 2, 2: len(body) if decoded is None else decoded, 3: len(body), 7: {1: values, 2: PLAIN}}) + body


@dataclass
class Column:
    """A column of one chunk: its pages, and what the footer says of it."""

    pages: bytes
    values: int
    type: int = INT32
    repetition: int = REQUIRED
    dictionary: int = 0  # bytes of the dictionary page before the data
    codec: int = 0
    width: int | None = None
    encodings: Sequence[int] = (PLAIN, RLE)
    name: bytes = b"x"
    meta: dict[int, Value] = field(default_factory=dict)  # fields of the column's metadata that are changed
    chunk: dict[int, Value] = field(default_factory=dict)


def parquet(*columns: Column, rows: int, groups: int = 1, **footer: Value) -> bytes:
    """Return a file of one row group (or the same one said several times)."""
    out = b"PAR1"
    chunks: list[Value] = []
    schema: list[Value] = [{4: b"schema", 5: len(columns)}]
    for column in columns:
        start = len(out)
        out += column.pages
        meta: dict[int, Value] = {
            1: column.type,
            2: list(column.encodings),
            3: [column.name],
            4: column.codec,
            5: Long(column.values),
            6: Long(len(column.pages)),
            7: Long(len(column.pages)),
            9: Long(start + column.dictionary),
        }
        if column.dictionary:
            meta[11] = Long(start)
        chunks.append({2: Long(start), 3: {**meta, **column.meta}, **column.chunk})
        element: dict[int, Value] = {1: column.type, 3: column.repetition, 4: column.name}
        schema.append({**element, 2: column.width} if column.width is not None else element)
    group: Value = {1: chunks, 2: Long(len(out)), 3: Long(rows)}
    fields: dict[int, Value] = {1: 2, 2: schema, 3: Long(rows * groups), 4: [group] * groups}
    encoded = thrift({**fields, **{int(k[1:]): v for k, v in footer.items()}})
    return out + encoded + len(encoded).to_bytes(4, "little") + b"PAR1"
