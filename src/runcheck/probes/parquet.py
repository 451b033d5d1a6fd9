"""Parquet files: rows by the footer, page checksums, and at full depth every page and value."""

from dataclasses import dataclass, replace
from typing import BinaryIO

from runcheck.probes.parquet_decode import check_bounds, check_page, decode, open_parquet
from runcheck.probes.parquet_footer import Footer, ParquetError, UnverifiedError, read_footer
from runcheck.probes.parquet_pages import first_pages, pages


@dataclass(frozen=True, slots=True)
class ParquetContent:
    """What a Parquet file holds.

    ``bare`` are the columns that have pages without a checksum, of those pages that were looked at: the first ones of
    each column chunk, or all. ``unverified`` says what of the file nothing here could look into; the rest stands.
    """

    rows: int | None = None
    columns: int = 0
    bare: frozenset[str] = frozenset()
    error: str | None = None
    unverified: str | None = None


def look_into_parquet(stream: BinaryIO, deep: bool) -> ParquetContent:  # noqa: FBT001 - the form of every such probe
    """Return what the file holds, or why it cannot be read."""
    try:
        import pyarrow as pa  # noqa: PLC0415 - an optional library
    except ImportError:
        return ParquetContent(unverified="needs pyarrow: pip install 'runcheck[parquet]'")
    content = ParquetContent()
    try:
        footer = read_footer(stream)
        content = ParquetContent(footer.rows, len(footer.columns), _bare(stream, footer))
        file = open_parquet(stream)
        if deep:
            bare, decodable, reason = _walk(stream, footer)
            content = replace(content, bare=content.bare | bare, unverified=reason)
            decode(file, footer, decodable)
    except ParquetError as error:
        return replace(content, error=str(error), unverified=None)
    except UnverifiedError as error:
        return replace(content, unverified=str(error))
    except pa.ArrowNotImplementedError as error:
        return replace(content, unverified=f"cannot be read by this pyarrow: {_first_line(error)}")
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # the last of names
        if isinstance(error, OSError) and error.errno is not None:  # of the disk, not of the format
            raise
        return replace(content, error=f"cannot be decoded: {_first_line(error)}", unverified=None)
    return content


def _bare(stream: BinaryIO, footer: Footer) -> frozenset[str]:
    """Return the columns whose chunks begin with a page that has no checksum."""
    return frozenset(
        chunk.column.path
        for group in footer.groups
        for chunk in group.chunks
        for page in first_pages(stream, chunk, footer.start)
        if page.crc is None
    )


def _walk(stream: BinaryIO, footer: Footer) -> tuple[frozenset[str], set[int], str | None]:
    """Verify every page's checksum; return the columns with a page that has none, and those to be decoded.

    The third is why the others are not.
    """
    check_bounds(footer)
    bare: set[str] = set()
    decodable = set(range(len(footer.columns)))
    reason: str | None = None
    for group in footer.groups:
        for number, chunk in enumerate(group.chunks):
            for page in pages(stream, chunk, footer.start):
                if page.crc is None:
                    bare.add(chunk.column.path)
                try:
                    check_page(stream, chunk, page)
                except UnverifiedError as error:
                    reason = str(error)
                    decodable.discard(number)
    return frozenset(bare), decodable, reason


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
