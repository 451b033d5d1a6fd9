"""Decode every value of a Parquet file with pyarrow, in memory that does not depend on what the file claims.

A row of 10^9 nulls, or a long text repeated 10^9 times by a dictionary, takes a few bytes in a file, and Arrow makes
arrays of them as a whole. So a column is read in batches of so many rows as its pages allow, by what their headers say;
where no number of rows is safe, it is scanned: its values are decoded one page at a time and made into nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from runcheck.probes.parquet.footer import Chunk, Column, Footer, ParquetError, UnverifiedError
from runcheck.probes.parquet.lengths import check_lengths
from runcheck.probes.parquet.pages import DATA, DATA_V2, DICTIONARY, Page

if TYPE_CHECKING:
    import pyarrow.parquet as pq

PAGE_BYTES = 64 << 20
DICTIONARY_BYTES = 16 << 20  # each entry takes four bytes at least, and a reader holds 16 for it
FREE_VALUES, VALUES_A_BYTE = 2 * 10**9, 100  # of a file of constants, which take no bytes but time
BATCH_BYTES = 16 << 20
NESTED_BYTES = 32 << 20  # a single row may hold all of a row group
_BATCH = 1 << 18
_BUFFER_BYTES = 1 << 20

_BYTE_ARRAY, _FIXED = 6, 7
_DELTA_LENGTH, _DELTA_BYTES = 6, 7
_VALUE_BYTES = 16  # the most of a value of another type


def open_parquet(stream: BinaryIO, texts: Sequence[str] = (), like: "pq.ParquetFile | None" = None) -> "pq.ParquetFile":
    """Open a file of which nothing is read ahead; ``texts`` are read as dictionaries.

    Raises:
        pyarrow.ArrowException, OSError: its footer does not hold.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415 - 45 ms, and an optional library

    metadata = like.metadata if like else None
    return pq.ParquetFile(
        stream, metadata=metadata, read_dictionary=list(texts), pre_buffer=False, buffer_size=_BUFFER_BYTES
    )


def check_count(footer: Footer) -> None:
    """See that decoding comes to an end.

    Raises:
        UnverifiedError: there are too many values.
    """
    values = sum(chunk.values for group in footer.groups for chunk in group.chunks)
    if values > FREE_VALUES + VALUES_A_BYTE * footer.start:
        raise UnverifiedError(f"claims {values} values in {footer.start} bytes")


@dataclass
class Plan:
    """How to read one column: ``rows`` at once, or none at all where it can only be scanned."""

    column: Column
    rows: int = _BATCH
    has_dictionary: bool = False
    unverified: str | None = None
    _sizes: list[tuple[int, int]] = field(default_factory=list)
    _dictionary_size: int = 0

    def take(self, stream: BinaryIO, chunk: Chunk, page: Page) -> None:
        """Take the next page of a chunk.

        Raises:
            ParquetError: it claims what cannot be.
            pyarrow.ArrowException, OSError: it does not decompress.
        """
        most = DICTIONARY_BYTES if page.type == DICTIONARY else PAGE_BYTES
        if page.size > most or page.decoded_size > most:
            self.unverified = f"has pages of more than {most >> 20} MiB"
        elif page.type == DICTIONARY:
            self.has_dictionary, self._dictionary_size = True, page.decoded_size
        elif page.type in (DATA, DATA_V2):
            self._sizes.append((page.values, page.decoded_size))
            if page.encoding == _DELTA_BYTES:
                self.unverified = "has pages in the encoding DELTA_BYTE_ARRAY"
            elif page.encoding == _DELTA_LENGTH:
                self.unverified = check_lengths(stream, chunk, page) or self.unverified

    def end(self, chunk: Chunk) -> None:
        """Take the end of a chunk, and let go of what its pages were."""
        sizes, self._sizes = self._sizes, []
        dictionary_size, self._dictionary_size = self._dictionary_size, 0
        column = self.column
        if column.repetitions:
            largest = dictionary_size if column.type == _BYTE_ARRAY else _width(column)
            size = sum(size for _, size in sizes) + chunk.values * largest
            self.rows = self.rows if size <= NESTED_BYTES else 0
        elif column.type == _BYTE_ARRAY:
            while self.rows and not _fit(sizes, self.rows):
                self.rows //= 4
        else:
            self.rows = min(self.rows, BATCH_BYTES // _width(column))


def decode(stream: BinaryIO, file: "pq.ParquetFile", footer: Footer, plans: Sequence[Plan]) -> None:
    """Decode the columns in every row group, as planned.

    Raises:
        ParquetError: they do not hold the rows of the footer.
        pyarrow.ArrowException, OSError: something does not decode.
    """
    import pyarrow as pa  # noqa: PLC0415 - an optional library

    names = [plan.column.path for plan in plans]
    texts = [plan.column.path for plan in plans if plan.has_dictionary and _is_flat_text(plan.column)]
    of_texts = open_parquet(stream, texts, file)
    scanned: list[int] = []
    for number, plan in enumerate(plans):
        is_text = plan.column.path in texts
        if plan.unverified:
            continue
        if not plan.rows or (is_text and names.count(plan.column.path) > 1):
            scanned.append(number)
            continue
        try:
            rows = _read(of_texts if is_text else file, number, plan.rows, len(footer.groups))
        except pa.ArrowNotImplementedError:  # categories within lists, by a dictionary for each row group
            scanned.append(number)
        else:
            _check_rows(footer, rows)
    if scanned:
        _check_rows(footer, file.reader.scan_contents(scanned, _BATCH))


def _read(file: "pq.ParquetFile", column: int, rows: int, groups: int) -> int:
    read = 0
    for batch in file.reader.iter_batches(rows, list(range(groups)), column_indices=[column], use_threads=False):
        batch.validate(full=True)
        read += batch.num_rows
    return read


def _check_rows(footer: Footer, rows: int) -> None:
    if rows != footer.rows:
        raise ParquetError(f"has {footer.rows} rows by its footer and {rows} in its pages")


def _is_flat_text(column: Column) -> bool:
    return column.type == _BYTE_ARRAY and not column.repetitions


def _width(column: Column) -> int:
    return max(column.width, _VALUE_BYTES) if column.type == _FIXED else _VALUE_BYTES


def _fit(sizes: Sequence[tuple[int, int]], rows: int) -> bool:
    """Say whether the pages that any so many rows touch, one after the other, are small enough together."""
    start = values = size = 0
    for page_values, page_size in sizes:
        values, size = values + page_values, size + page_size
        while values - page_values - sizes[start][0] >= rows:
            values, size, start = values - sizes[start][0], size - sizes[start][1], start + 1
        if size > BATCH_BYTES:
            return False
    return True
