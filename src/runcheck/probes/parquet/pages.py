"""The pages of a column chunk: their headers, and whether the checksums in them hold.

By hand, on ``thrift.py``: pyarrow verifies page checksums where there are any and does not tell whether there are.
Source: the Parquet format, parquet.thrift, PageHeader: ``crc`` is the CRC-32 of gzip over the page as it is stored,
after compression and without its header, for pages of every type.
"""

import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from runcheck.probes.parquet.footer import Chunk, ParquetError
from runcheck.probes.parquet.thrift import (
    Struct,
    ThriftBudgetError,
    ThriftError,
    ThriftReader,
    ThriftShortError,
    Wanted,
)

DATA, DICTIONARY, DATA_V2 = 0, 2, 3
_ABOUT = {DATA: "data", DICTIONARY: "dictionary", DATA_V2: "data_v2"}
_V1: Wanted = {1: "num_values", 2: "encoding"}
_V2: Wanted = {
    1: "num_values",
    4: "encoding",
    5: "definition_levels",
    6: "repetition_levels",
    7: "is_compressed",
}
_HEADER: Wanted = {
    1: "type",
    2: "uncompressed_page_size",
    3: "compressed_page_size",
    4: "crc",
    5: ("data", _V1),
    7: ("dictionary", {1: "num_values"}),
    8: ("data_v2", _V2),
}
_HEADER_VALUES = 1000
_FIRST_READ = 256  # bytes; a header without long statistics has 20 to 60
_HEADER_BYTES = 16 << 20  # as Arrow allows
_PIECE = 1 << 20


class Page(NamedTuple):
    """A page: what its header says, and where its bytes lie."""

    type: int
    start: int
    size: int
    decoded_size: int
    crc: int | None
    values: int
    encoding: int | None
    levels_size: int  # before the values, where the header says so
    is_compressed: bool


def first_pages(stream: BinaryIO, chunk: Chunk, end: int) -> Iterator[Page]:
    """Yield the dictionary page, where there is one, and the first page of data.

    Raises:
        ParquetError: there is no page.
    """
    for start in dict.fromkeys((chunk.start, chunk.data_start)) if chunk.values else ():
        yield _page(stream, chunk, start, end)


def pages(stream: BinaryIO, chunk: Chunk, end: int) -> Iterator[Page]:
    """Yield each page of the chunk, with its checksum verified.

    Raises:
        ParquetError: the pages do not hold the values that the chunk is to have, or a checksum is wrong.
    """
    position, left = chunk.start, chunk.values
    while left > 0:
        page = _page(stream, chunk, position, end)
        if page.crc is not None and _crc(stream, page) != page.crc:
            raise ParquetError(
                f"has a page with a wrong checksum at byte {page.start}, of the column {chunk.column.path!r}"
            )
        yield page
        position = page.start + page.size
        left -= page.values if page.type in (DATA, DATA_V2) else 0
    if left < 0:
        raise ParquetError(f"has more values in the pages of the column {chunk.column.path!r} than its footer says")


def read_page(stream: BinaryIO, page: Page) -> bytes:
    """Return the bytes of the page as they are stored."""
    stream.seek(page.start)
    return stream.read(page.size)


def _page(stream: BinaryIO, chunk: Chunk, start: int, end: int) -> Page:
    where = f"at byte {start}, of the column {chunk.column.path!r}"
    fields, size = _header(stream, start, end, where)
    page = _page_of(fields, start + size)
    if page is None or page.start + page.size > end:
        raise ParquetError(f"has a page whose header is broken {where}")
    return page


def _header(stream: BinaryIO, start: int, end: int, where: str) -> tuple[Struct, int]:
    """Return the fields of a page header, and how many bytes it has. It is read in growing pieces: it has no length."""
    length = _FIRST_READ
    while True:
        length = min(length, _HEADER_BYTES, end - start)
        stream.seek(start)
        reader = ThriftReader(stream.read(length), _HEADER_VALUES)
        try:
            return reader.struct(_HEADER), reader.position
        except ThriftShortError:
            if length >= min(_HEADER_BYTES, end - start):
                raise ParquetError(f"has a page whose header is cut short {where}") from None
            length *= 16
        except (ThriftError, ThriftBudgetError):
            raise ParquetError(f"has a page whose header is broken {where}") from None


def _page_of(fields: Struct, start: int) -> Page | None:
    type_, size, crc = fields.get("type"), _natural(fields, "compressed_page_size"), fields.get("crc")
    decoded_size = _natural(fields, "uncompressed_page_size")
    if not isinstance(type_, int) or size is None or decoded_size is None:
        return None
    about = fields.get(_ABOUT.get(type_, ""), {})
    if not isinstance(about, dict):
        return None
    values = _natural(about, "num_values")
    if type_ in _ABOUT and values is None:
        return None
    if type_ == DICTIONARY and (values or 0) > decoded_size:  # each takes a byte at least
        return None
    return Page(
        type=type_,
        start=start,
        size=size,
        decoded_size=decoded_size,
        crc=crc & 0xFFFFFFFF if isinstance(crc, int) else None,
        values=values or 0,
        encoding=_natural(about, "encoding"),
        levels_size=(_natural(about, "definition_levels") or 0) + (_natural(about, "repetition_levels") or 0),
        is_compressed=about.get("is_compressed") != 0,
    )


def _crc(stream: BinaryIO, page: Page) -> int:
    stream.seek(page.start)
    crc, left = 0, page.size
    while left and (piece := stream.read(min(left, _PIECE))):
        crc = zlib.crc32(piece, crc)
        left -= len(piece)
    return crc


def _natural(fields: Struct, name: str) -> int | None:
    value = fields.get(name)
    return value if isinstance(value, int) and value >= 0 else None
