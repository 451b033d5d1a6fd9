"""Parquet files: rows by the footer, page checksums, and at full depth every page and value."""

from typing import BinaryIO

from runcheck.probes.contents import ParquetContent
from runcheck.probes.parquet.decode import Plan, check_count, decode, open_parquet
from runcheck.probes.parquet.footer import Footer, ParquetError, UnverifiedError, read_footer
from runcheck.probes.parquet.pages import first_pages, pages

_READS_MISSING_LISTS = 26  # the first version of pyarrow that does


def look_into_parquet(stream: BinaryIO, deep: bool) -> ParquetContent:  # noqa: FBT001 - the form of every such probe
    """Return what the file holds, or why it cannot be read."""
    try:
        import pyarrow as pa  # noqa: PLC0415 - an optional library
    except ImportError:
        return ParquetContent(unverified="needs pyarrow: pip install 'runcheck[parquet]'")
    content = ParquetContent()
    try:
        footer = read_footer(stream)
        content = ParquetContent(footer.rows, len(footer.columns), _bare(stream, footer), words=footer.words)
        file = open_parquet(stream)
        if deep:
            plans, bare = _walk(stream, footer)
            reason = next((plan.unverified for plan in plans if plan.unverified), None)
            content = content._replace(bare=content.bare | bare, unverified=reason)
            decode(stream, file, footer, plans)
    except ParquetError as error:
        return content._replace(error=str(error), unverified=None)
    except UnverifiedError as error:
        return content._replace(unverified=str(error))
    except pa.ArrowNotImplementedError as error:
        return content._replace(unverified=f"cannot be read by this pyarrow: {_first_line(error)}")
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # the last of names
        if isinstance(error, OSError) and error.errno is not None:  # of the disk, not of the format
            raise
        if _is_fault_of_pyarrow(error, pa.__version__):
            return content._replace(unverified=f"cannot be read by this pyarrow: {_first_line(error)}")
        return content._replace(error=f"cannot be decoded: {_first_line(error)}", unverified=None)
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


def _walk(stream: BinaryIO, footer: Footer) -> tuple[list[Plan], frozenset[str]]:
    """Verify every page's checksum; return how to read each column, and the columns with a page that has none."""
    check_count(footer)
    bare: set[str] = set()
    plans = [Plan(column) for column in footer.columns]
    for group in footer.groups:
        for plan, chunk in zip(plans, group.chunks, strict=True):
            for page in pages(stream, chunk, footer.start):
                if page.crc is None:
                    bare.add(chunk.column.path)
                plan.take(stream, chunk, page)
            plan.end(chunk)
    return plans, frozenset(bare)


def _is_fault_of_pyarrow(error: Exception, version: str) -> bool:
    """Say whether pyarrow may be at fault: it long could not read what it wrote of missing lists of a fixed size."""
    return int(version.partition(".")[0]) < _READS_MISSING_LISTS and "Expected all lists to be of size" in str(error)


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
