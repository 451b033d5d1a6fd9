"""Decode every value of a Parquet file with pyarrow, in memory that does not depend on what the file claims.

Arrow tables are never built: a row of 10^9 nulls, or a long text repeated 10^9 times by a dictionary, takes a few bytes
in a file. The column readers give their values in batches instead, and hold a page and a batch. What a page claims of
itself is known from its header, and is held to bounds before.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING, BinaryIO

from runcheck.probes.parquet_footer import Chunk, Footer, ParquetError, UnverifiedError
from runcheck.probes.parquet_pages import DATA, DATA_V2, DICTIONARY, Page, read_page

if TYPE_CHECKING:
    import pyarrow.parquet as pq

PAGE_BYTES = 64 << 20
DICTIONARY_BYTES = 16 << 20  # each entry takes four bytes at least, and a reader holds 16 for it
LENGTHS = 16 << 20
FREE_VALUES, VALUES_A_BYTE = 10**10, 100  # of a file of constants, which take no bytes but time
_BATCH = 1 << 16
_BUFFER_BYTES = 1 << 20

_DELTA_LENGTH, _DELTA_BYTES = 6, 7
_CODECS = {1: "snappy", 2: "gzip", 4: "brotli", 6: "zstd", 7: "lz4_raw"}


def check_bounds(footer: Footer) -> None:
    """See that decoding comes to an end.

    Raises:
        UnverifiedError: there are too many values.
    """
    values = sum(chunk.values for group in footer.groups for chunk in group.chunks)
    if values > FREE_VALUES + VALUES_A_BYTE * footer.start:
        raise UnverifiedError(f"claims {values} values in {footer.start} bytes")


def check_page(stream: BinaryIO, chunk: Chunk, page: Page) -> None:
    """See that the page can be decoded within bounds.

    Raises:
        UnverifiedError: it cannot.
        ParquetError: it claims what cannot be.
        pyarrow.ArrowException, OSError: it does not decompress.
    """
    most = DICTIONARY_BYTES if page.type == DICTIONARY else PAGE_BYTES
    if page.size > most or page.decoded_size > most:
        raise UnverifiedError(f"has pages of more than {most >> 20} MiB")
    if page.type in (DATA, DATA_V2) and page.encoding == _DELTA_BYTES:
        raise UnverifiedError("has pages in the encoding DELTA_BYTE_ARRAY")
    if page.type in (DATA, DATA_V2) and page.encoding == _DELTA_LENGTH:
        _check_lengths(_values_of(stream, chunk, page), page, chunk.column.path)


def decode(file: "pq.ParquetFile", footer: Footer, columns: Collection[int]) -> None:
    """Decode the columns of these numbers in every row group.

    Raises:
        ParquetError: they do not hold the rows of the footer.
        pyarrow.ArrowException, OSError: something does not decode.
    """
    if not columns:
        return
    rows = file.reader.scan_contents(sorted(columns), _BATCH)
    if rows != footer.rows:
        raise ParquetError(f"has {footer.rows} rows by its footer and {rows} in its pages")


def open_parquet(stream: BinaryIO) -> "pq.ParquetFile":
    """Open a file of which nothing is read ahead.

    Raises:
        pyarrow.ArrowException, OSError: its footer does not hold.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415 - 45 ms, and an optional library

    return pq.ParquetFile(stream, pre_buffer=False, buffer_size=_BUFFER_BYTES)


def _check_lengths(values: bytes, page: Page, column: str) -> None:
    """See that there are no more lengths than values: pyarrow makes room for as many as the bytes claim."""
    numbers: list[int] = []
    at = 0
    for _ in range(3):  # of a block, of miniblocks in it, of all lengths
        number = shift = 0
        while at < len(values) and shift < 64:  # noqa: PLR2004 - bits of the number
            number |= (values[at] & 127) << shift
            at, shift = at + 1, shift + 7
            if values[at - 1] < 128:  # noqa: PLR2004 - the last byte of a number
                break
        numbers.append(number)
    if numbers[-1] > page.values:
        raise ParquetError(f"has a page with more lengths than values at byte {page.start}, of the column {column!r}")
    if page.values > LENGTHS:
        raise UnverifiedError(f"has pages of more than {LENGTHS} texts")


def _values_of(stream: BinaryIO, chunk: Chunk, page: Page) -> bytes:
    """Return the values of a page, decompressed, without the levels before them."""
    stored = read_page(stream, page)
    if page.type == DATA_V2:
        levels = page.levels_size
        body = stored[levels:]
        return _decompress(body, page.decoded_size - levels, chunk.codec) if page.is_compressed else body
    body = _decompress(stored, page.decoded_size, chunk.codec)
    at = 0
    for depth in (chunk.column.repetitions, chunk.column.definitions):
        if depth:
            at += 4 + int.from_bytes(body[at : at + 4], "little")
    return body[at:]


def _decompress(body: bytes, size: int, codec: int) -> bytes:
    if codec == 0:
        return body
    import pyarrow as pa  # noqa: PLC0415

    if codec not in _CODECS or size < 0:
        raise UnverifiedError("has pages in the encoding DELTA_LENGTH_BYTE_ARRAY and an old codec")
    decompressed: bytes = pa.Codec(_CODECS[codec]).decompress(body, size, asbytes=True)
    return decompressed
