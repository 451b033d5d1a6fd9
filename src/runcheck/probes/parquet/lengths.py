"""Pages in the encoding DELTA_LENGTH_BYTE_ARRAY: how many lengths they claim before their texts.

By hand, since pyarrow makes room for as many as the bytes say, whatever the header of the page does.
Source: the Parquet format, Encodings.md, "Delta-length byte array" and "Delta encoding".
"""

from typing import BinaryIO

from runcheck.probes.parquet.footer import Chunk, ParquetError
from runcheck.probes.parquet.pages import DATA_V2, Page, read_page

LENGTHS = 16 << 20
_CODECS = {1: "snappy", 2: "gzip", 4: "brotli", 6: "zstd", 7: "lz4_raw"}
_NUMBER_BITS = 64


def check_lengths(stream: BinaryIO, chunk: Chunk, page: Page) -> str | None:
    """See that there are no more lengths than values, and say why where nothing here can see it.

    Raises:
        ParquetError: there are more.
        pyarrow.ArrowException, OSError: the page does not decompress.
    """
    if page.values > LENGTHS:
        return f"has pages of more than {LENGTHS} texts"
    if chunk.codec not in (0, *_CODECS):
        return "has pages in the encoding DELTA_LENGTH_BYTE_ARRAY and an old codec"
    values, numbers = _values_of(stream, chunk, page), []
    at = 0
    for _ in range(3):  # the size of a block, how many miniblocks it has, and how many lengths there are
        number, at = _varint(values, at)
        numbers.append(number)
    if numbers[-1] > page.values:
        where = f"at byte {page.start}, of the column {chunk.column.path!r}"
        raise ParquetError(f"has a page with more lengths than values {where}")
    return None


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while at < len(data) and shift < _NUMBER_BITS:
        number |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:  # noqa: PLR2004 - the last byte of a number
            break
    return number, at


def _values_of(stream: BinaryIO, chunk: Chunk, page: Page) -> bytes:
    """Return the values of a page, decompressed, without the levels before them."""
    stored = read_page(stream, page)
    if page.type == DATA_V2:
        body = stored[page.levels_size :]
        return _decompress(body, page.decoded_size - page.levels_size, chunk.codec) if page.is_compressed else body
    body = _decompress(stored, page.decoded_size, chunk.codec)
    at = 0
    for depth in (chunk.column.repetitions, chunk.column.definitions):
        if depth:
            at += 4 + int.from_bytes(body[at : at + 4], "little")
    return body[at:]


def _decompress(body: bytes, size: int, codec: int) -> bytes:
    if codec == 0:
        return body
    import pyarrow as pa  # noqa: PLC0415 - an optional library

    decompressed: bytes = pa.Codec(_CODECS[codec]).decompress(body, max(size, 0), asbytes=True)
    return decompressed
