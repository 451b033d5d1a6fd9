"""The footer of a Parquet file: what it says of rows, columns and where their chunks lie, held against the file.

By hand, on ``thrift.py``, which says why. Source: the Parquet format, parquet.thrift and README, "File format".
"""

import os
from collections.abc import Iterator
from itertools import pairwise
from typing import BinaryIO, NamedTuple, cast

from runcheck.probes.notes import Notes
from runcheck.probes.parquet.thrift import Struct, ThriftBudgetError, ThriftError, ThriftReader, Wanted
from runcheck.probes.words import WordsContent

MAGIC, ENCRYPTED = b"PAR1", b"PARE"
FOOTER_BYTES = 16 << 20
FOOTER_VALUES = 1_000_000  # a reader in C++ holds up to 120 bytes for each
_ARROW = "ARROW:schema"  # a message of Arrow as base64, which repeats the metadata
_TAIL = 8  # the length of the footer, and the magic again

_UNION: Wanted = {1: "first", 2: "second"}
_COLUMN: Wanted = {
    1: "type",
    4: "codec",
    5: "num_values",
    7: "total_compressed_size",
    9: "data_page_offset",
    11: "dictionary_page_offset",
}
_CHUNK: Wanted = {
    1: "file_path",
    3: ("meta_data", _COLUMN),
    8: ("crypto_metadata", _UNION),
    9: "encrypted_column_metadata",
}
_ELEMENT: Wanted = {1: "type", 2: "type_length", 3: "repetition_type", 4: "name", 5: "num_children"}
_ROW_GROUP: Wanted = {1: ("columns", _CHUNK), 3: "num_rows"}
_KEY_VALUE: Wanted = {1: "key", 2: "value"}
_FOOTER: Wanted = {
    2: ("schema", _ELEMENT),
    3: "num_rows",
    4: ("row_groups", _ROW_GROUP),
    5: ("key_value_metadata", _KEY_VALUE),
    8: ("encryption_algorithm", _UNION),
}

_REQUIRED, _REPEATED = 0, 2


class ParquetError(ValueError):
    """Why a file is no sound Parquet file; the text ends a sentence."""


class UnverifiedError(Exception):
    """Why nothing here looks into a file that may be sound."""


class Column(NamedTuple):
    """A leaf of the schema: its path with dots, its physical type, and the width of a value where the type has one.

    The last two say on how many levels above it a value may be missing, and repeat.
    """

    path: str
    type: int
    width: int
    definitions: int
    repetitions: int


class Chunk(NamedTuple):
    """The pages of one column in one row group: where they lie, how many values they hold, in which codec."""

    column: Column
    start: int
    end: int
    data_start: int
    values: int
    codec: int


class RowGroup(NamedTuple):
    """A row group: how many rows, and a chunk for each column."""

    rows: int
    chunks: tuple[Chunk, ...]


class Footer(NamedTuple):
    """What a footer says. ``start`` is where it lies in the file.

    ``words`` are those of its key-value metadata that do not belong into a published tree.
    """

    rows: int
    start: int
    columns: tuple[Column, ...]
    groups: tuple[RowGroup, ...]
    words: WordsContent | None


def read_footer(stream: BinaryIO) -> Footer:
    """Return the footer of the file, where it agrees with itself and with the file's size.

    Raises:
        ParquetError: it is not whole, or it claims what cannot be.
        UnverifiedError: it is encrypted, or beyond a bound.
    """
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    head = stream.read(len(MAGIC))
    if size < len(MAGIC) + _TAIL or head not in (MAGIC, ENCRYPTED):
        raise ParquetError("is no Parquet file" if size else "is empty")
    stream.seek(size - _TAIL)
    tail = stream.read(_TAIL)
    if tail[4:] not in (MAGIC, ENCRYPTED):
        raise ParquetError("is cut short: it does not end as a Parquet file does")
    if tail[4:] == ENCRYPTED:
        raise UnverifiedError("is encrypted")
    length = int.from_bytes(tail[:4], "little")
    start = size - _TAIL - length
    if start < len(MAGIC):
        raise ParquetError(f"has a footer of {length} bytes, more than the file has")
    if length > FOOTER_BYTES:
        raise UnverifiedError(f"has a footer of more than {FOOTER_BYTES >> 20} MiB")
    stream.seek(start)
    return _footer(stream.read(length), start)


def _footer(data: bytes, start: int) -> Footer:
    try:
        fields = ThriftReader(data, FOOTER_VALUES).struct(_FOOTER)
    except ThriftError as error:
        raise ParquetError(f"has a broken footer: it {error}") from None
    except ThriftBudgetError:
        raise UnverifiedError(f"has a footer of more than {FOOTER_VALUES} values") from None
    if fields.get("encryption_algorithm"):
        raise UnverifiedError("is encrypted")
    columns = tuple(_leaves(_structs(fields, "schema")))
    groups = tuple(
        _row_group(number, each, columns, start) for number, each in enumerate(_structs(fields, "row_groups"))
    )
    rows, of_groups = _count(fields, "num_rows"), sum(group.rows for group in groups)
    if rows != of_groups:
        raise ParquetError(f"has {rows} rows by its footer and {of_groups} in its row groups")
    _check_apart(groups)
    return Footer(rows, start, columns, groups, _words(fields))


def _words(fields: Struct) -> WordsContent | None:
    notes = Notes()
    for each in _structs(fields, "key_value_metadata") if "key_value_metadata" in fields else ():
        if (name := _text(each, "key")) != _ARROW:
            notes.add(name, _text(each, "value"))
    return notes.content()


def _leaves(elements: list[Struct]) -> Iterator[Column]:
    """Yield the leaves of the schema, which is flattened depth first: each element says how many children follow."""
    if not elements:
        raise ParquetError("has no schema")
    open_: list[tuple[int, str, int, int]] = [(_children(elements[0]), "", 0, 0)]
    for element in elements[1:]:
        while open_ and open_[-1][0] == 0:
            open_.pop()
        if not open_:
            raise ParquetError("has a schema whose elements do not add up")
        left, above, definitions, repetitions = open_.pop()
        open_.append((left - 1, above, definitions, repetitions))
        path = above + _text(element, "name")
        definitions += element.get("repetition_type", _REQUIRED) != _REQUIRED
        repetitions += element.get("repetition_type") == _REPEATED
        if "num_children" in element and "type" not in element:
            open_.append((_children(element), f"{path}.", definitions, repetitions))
        else:
            width = _count(element, "type_length") if "type_length" in element else 0
            yield Column(path, _int(element, "type"), width, definitions, repetitions)
    if any(left for left, *_ in open_):
        raise ParquetError("has a schema whose elements do not add up")


def _children(element: Struct) -> int:
    return _count(element, "num_children") if "num_children" in element else 0


def _row_group(number: int, fields: Struct, columns: tuple[Column, ...], end: int) -> RowGroup:
    rows, chunks = _count(fields, "num_rows"), _structs(fields, "columns")
    if len(chunks) != len(columns):
        raise ParquetError(f"has {len(chunks)} column chunks in row group {number} for {len(columns)} columns")
    return RowGroup(
        rows,
        tuple(_chunk(number, each, column, rows, end) for each, column in zip(chunks, columns, strict=True)),
    )


def _chunk(number: int, fields: Struct, column: Column, rows: int, end: int) -> Chunk:
    where = f"column {column.path!r} of row group {number}"
    if fields.get("crypto_metadata") or fields.get("encrypted_column_metadata"):
        raise UnverifiedError("has encrypted columns")
    if fields.get("file_path"):
        raise UnverifiedError("keeps its columns in other files")
    meta = fields.get("meta_data")
    if not isinstance(meta, dict):
        raise ParquetError(f"says nothing of {where}")
    values, size = _count(meta, "num_values"), _count(meta, "total_compressed_size")
    data_start, dictionary = _int(meta, "data_page_offset"), 0
    if "dictionary_page_offset" in meta:
        dictionary = _int(meta, "dictionary_page_offset")
    # Some writers say 0 where there is no dictionary, and one writes 0 for the data of a column without values.
    start = min(filter(None, (dictionary, data_start)), default=0)
    if values and (start < len(MAGIC) or start + size > end or not start <= data_start < start + size):
        raise ParquetError(f"places {where} outside of the file's data")
    if not column.repetitions and values != rows:
        raise ParquetError(f"has {values} values in {where}, which has {rows} rows")
    if values < rows:
        raise ParquetError(f"has {values} values in {where}, fewer than its {rows} rows")
    if _int(meta, "type") != column.type:
        raise ParquetError(f"has another type in {where} than in its schema")
    return Chunk(column, start, start + size, data_start, values, _int(meta, "codec"))


def _check_apart(groups: tuple[RowGroup, ...]) -> None:
    """Two chunks never share bytes; where an offset was damaged they often do."""
    chunks = sorted(
        (chunk for group in groups for chunk in group.chunks if chunk.values), key=lambda chunk: chunk.start
    )
    for one, other in pairwise(chunks):
        if one.end > other.start:
            raise ParquetError(f"has overlapping chunks of the columns {one.column.path!r} and {other.column.path!r}")


def _structs(fields: Struct, name: str) -> list[Struct]:
    values = fields.get(name)
    if not isinstance(values, list) or not all(isinstance(each, dict) for each in values):
        raise ParquetError(f"has a broken footer: {name} is no list of structs")
    return cast("list[Struct]", values)


def _int(fields: Struct, name: str) -> int:
    value = fields.get(name)
    if not isinstance(value, int):
        raise ParquetError(f"has a broken footer: {name} is no number")
    return value


def _count(fields: Struct, name: str) -> int:
    value = _int(fields, name)
    if value < 0:
        raise ParquetError(f"has a broken footer: {name} is {value}")
    return value


def _text(fields: Struct, name: str) -> str:
    value = fields.get(name)
    return value.decode(errors="backslashreplace") if isinstance(value, bytes) else ""
