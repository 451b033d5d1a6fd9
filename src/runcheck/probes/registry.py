"""``runs.parquet``: its rows, read with pyarrow, which seeks in the file and so is no streaming probe."""

from dataclasses import dataclass
from typing import BinaryIO, cast

from runcheck.convention.documents import RegistryRow
from runcheck.convention.schemas import schema

MAX_CELLS = 50_000_000


@dataclass(frozen=True, slots=True)
class RegistryContent:
    """The rows, in the order of the file, or why there are none.

    ``unverified`` says that nothing here could look into it.
    """

    rows: tuple[RegistryRow, ...] = ()
    error: str | None = None
    unverified: str | None = None


def columns() -> dict[str, dict[str, object]]:
    """Return the columns of the registry and the schema of each, in order."""
    return cast("dict[str, dict[str, object]]", schema("registry-row")["properties"])


def look_into_registry(stream: BinaryIO, deep: bool) -> RegistryContent:  # noqa: ARG001, FBT001 - as every such probe
    """Return what a registry holds."""
    return read_registry(stream)


def read_registry(source: str | BinaryIO) -> RegistryContent:
    """Return what the registry file at a path, or in a stream, holds."""
    try:
        import pyarrow as pa  # noqa: PLC0415 - 45 ms, and an optional library
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError:
        return RegistryContent(unverified="needs pyarrow: pip install 'runcheck[parquet]'")
    try:
        with pq.ParquetFile(source, page_checksum_verification=True) as file:
            footer = file.metadata
            if footer.num_rows * footer.num_columns > MAX_CELLS:
                return RegistryContent(unverified=f"has {footer.num_rows:,} rows, more than one read may hold")
            table = file.read()
    except (pa.ArrowException, OSError, ValueError) as error:
        return RegistryContent(error=f"is not a readable Parquet file: {str(error).splitlines()[0]}")
    if len(set(table.column_names)) != len(table.column_names):
        return RegistryContent(error="has a column twice")
    missing = [name for name in columns() if name not in table.column_names]
    if missing:
        return RegistryContent(error=f"lacks the column {missing[0]}")
    unknown = [name for name in table.column_names if name not in columns()]
    if unknown:
        return RegistryContent(error=f"has the unknown column {unknown[0]}")
    try:
        rows = table.to_pylist(maps_as_pydicts="strict")
    except (pa.ArrowException, KeyError, OverflowError, ValueError) as error:  # keys twice, no UTF-8, the year 99999
        return RegistryContent(error=f"has a row that cannot be read: {error}")
    for number, row in enumerate(rows, start=1):
        if not isinstance(row["path"], str):
            return RegistryContent(error=f"has no path in its row {number}")
    return RegistryContent(tuple(cast("RegistryRow", row) for row in rows))
