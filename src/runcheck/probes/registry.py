"""``runs.parquet``: its rows, read with pyarrow, which seeks in the file and so is no streaming probe.

A text that stands in every row takes a few bytes in the file and gigabytes in memory. So the texts are read as
dictionaries, one row group after the other, and made into rows only where what they come to is bounded.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO, cast

from runcheck.convention.documents import RegistryRow
from runcheck.convention.registry import shared
from runcheck.convention.schemas import schema
from runcheck.convention.timestamps import format_timestamp
from runcheck.probes.contents import RegistryContent
from runcheck.probes.parquet.decode import Plan
from runcheck.probes.parquet.footer import Footer, ParquetError, UnverifiedError, read_footer
from runcheck.probes.parquet.pages import pages

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
MAX_CELLS = 10_000_000
MAX_BYTES = 256 << 20
_ROWS = 1000  # that are made into Python's own values at a time
_TOO_MUCH = "more than one read may hold"
_UNREADABLE = "is not a readable Parquet file"


class _RowError(Exception):
    """Why there is a row that is none, as the end of a sentence."""


def columns() -> dict[str, dict[str, object]]:
    """Return the columns of the registry and the schema of each, in order."""
    return cast("dict[str, dict[str, object]]", schema("registry-row")["properties"])


def read_registry(path: str) -> RegistryContent:
    """Return what the registry file at ``path`` holds."""
    try:
        with open(path, "rb") as stream:
            return look_into_registry(stream, deep=True)
    except OSError as error:
        return RegistryContent(error=f"{_UNREADABLE}: {error.strerror or error}")


def look_into_registry(stream: BinaryIO, deep: bool) -> RegistryContent:  # noqa: ARG001, FBT001 - as every such probe
    """Return what a registry holds."""
    try:
        import pyarrow as pa  # noqa: PLC0415 - 45 ms, and an optional library
    except ImportError:
        return RegistryContent(unverified="needs pyarrow: pip install 'runcheck[parquet]'")
    try:
        footer = read_footer(stream)
        _check_pages(stream, footer)
        with _open(stream) as file:
            error = _columns_error(file.schema_arrow.names)
            rows = () if error else tuple(shared(_rows(file)))
    except UnverifiedError as reason:
        return RegistryContent(unverified=str(reason))
    except ParquetError as reason:
        return RegistryContent(error=f"{_UNREADABLE}: it {reason}")
    except (pa.ArrowException, OSError, UnicodeDecodeError) as reason:  # the last of names
        return RegistryContent(error=f"{_UNREADABLE}: {str(reason).splitlines()[0]}")
    except _RowError as reason:
        return RegistryContent(error=str(reason))
    return RegistryContent(error=error) if error else RegistryContent(rows)


def read_table(path: str, schema: "pa.Schema") -> "pa.Table | None":
    """Return the registry at ``path`` as a table of ``schema``; None where it cannot be read as one."""
    import pyarrow as pa  # noqa: PLC0415

    try:
        with open(path, "rb") as stream:
            _check_pages(stream, read_footer(stream))
            with _open(stream) as file:
                if _columns_error(file.schema_arrow.names):
                    return None
                groups = [group.select(schema.names).cast(schema) for group in _groups(file)]
        nothing = pa.Table.from_arrays([pa.nulls(0, field.type) for field in schema], schema=schema)  # without pandas
        table = pa.concat_tables([nothing, *groups])
        table.validate(full=True)
    except (UnverifiedError, ParquetError, pa.ArrowException, OSError, UnicodeDecodeError):
        return None
    return None if table["path"].null_count else table


def _check_pages(stream: BinaryIO, footer: Footer) -> None:
    """See that what the pages say of their sizes is no more than one read may hold.

    Raises:
        ParquetError: a page claims what cannot be.
        UnverifiedError: it is more.
    """
    if sum(chunk.values for group in footer.groups for chunk in group.chunks) > MAX_CELLS:
        raise UnverifiedError(f"has {footer.rows:,} rows, {_TOO_MUCH}")
    size = footer.start
    for group in footer.groups:
        for chunk in group.chunks:
            plan = Plan(chunk.column)
            for page in pages(stream, chunk, footer.start):
                plan.take(stream, chunk, page)
                size += page.decoded_size
            if plan.unverified:
                raise UnverifiedError(plan.unverified)
    if size > MAX_BYTES:
        raise UnverifiedError(f"holds more than {MAX_BYTES >> 20} MiB, {_TOO_MUCH}")


def _open(stream: BinaryIO) -> "pq.ParquetFile":
    """Open the file with its texts as dictionaries: a long one may stand in every row and only once in the file.

    It is read whole before: from a file Arrow reads in a thread of its own, and where the interpreter ends just then,
    as that of a training script may, the process is aborted.
    """
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    stream.seek(0)
    whole = pa.BufferReader(stream.read())
    metadata = pq.read_metadata(whole)
    leaves = [metadata.schema.column(number) for number in range(metadata.num_columns)]
    texts = [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY"]
    return pq.ParquetFile(whole, metadata=metadata, read_dictionary=texts, page_checksum_verification=True)


def _columns_error(names: list[str]) -> str | None:
    if len(set(names)) != len(names):
        return "has a column twice"
    missing = [name for name in columns() if name not in names]
    if missing:
        return f"lacks the column {missing[0]}"
    unknown = [name for name in names if name not in columns()]
    return f"has the unknown column {unknown[0]}" if unknown else None


def _decoded_bytes(array: "pa.Array") -> int:
    """Return how many bytes the values take without dictionaries."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    if isinstance(array, pa.ExtensionArray):
        return _decoded_bytes(array.storage)
    if isinstance(array, pa.DictionaryArray):
        return pc.sum(pc.binary_length(array.dictionary).take(array.indices)).as_py() or 0
    if isinstance(array, pa.MapArray):
        return _decoded_bytes(array.keys) + _decoded_bytes(array.items)
    if isinstance(array, pa.StructArray):
        return sum(_decoded_bytes(child) for child in array.flatten())
    return _decoded_bytes(array.flatten()) if pa.types.is_nested(array.type) else array.nbytes


def _rows(file: "pq.ParquetFile") -> Iterator[RegistryRow]:
    """Yield the rows, of which few are not yet ``shared`` at a time.

    Raises:
        UnverifiedError: they come to more than one read may hold.
    """
    first = 1
    for group in _groups(file):
        for at in range(0, group.num_rows, _ROWS):
            yield from _rows_of(group.slice(at, _ROWS), first + at)
        first += group.num_rows


def _groups(file: "pq.ParquetFile") -> "Iterator[pa.Table]":
    """Yield the row groups with their texts as dictionaries.

    Raises:
        UnverifiedError: the values come to more than one read may hold.
    """
    room = MAX_BYTES
    for number in range(file.num_row_groups):
        group = file.read_row_group(number, use_threads=False)
        room -= sum(_decoded_bytes(chunk) for column in group.columns for chunk in column.chunks)
        if room < 0:
            raise UnverifiedError(f"holds more than {MAX_BYTES >> 20} MiB, {_TOO_MUCH}")
        yield group


def _rows_of(group: "pa.Table", first: int) -> list[RegistryRow]:
    """Return the rows of a part of the file, the first of which has the number ``first``.

    Raises:
        _RowError: one of them cannot be read, or has no path.
    """
    import pyarrow as pa  # noqa: PLC0415

    try:
        columns_of = [[value for chunk in column.chunks for value in _values(chunk)] for column in group.itercolumns()]
    except (pa.ArrowException, KeyError, OverflowError, ValueError) as error:  # keys twice, no UTF-8, the year 99999
        raise _RowError(f"has a row that cannot be read: {error}") from error
    names = group.column_names
    for number, path in enumerate(columns_of[names.index("path")], start=first):
        if not isinstance(path, str):
            raise _RowError(f"has no path in its row {number}")
    return [cast("RegistryRow", dict(zip(names, values, strict=True))) for values in zip(*columns_of, strict=True)]


def _values(array: "pa.Array") -> list[object]:
    """Return the values as rows have them: a map as a dictionary, a moment as the metadata write it.

    Raises:
        KeyError: a key stands twice in a map.
    """
    import pyarrow as pa  # noqa: PLC0415

    if isinstance(array, pa.MapArray):
        ends, is_there = array.offsets.to_pylist(), array.is_valid().to_pylist()
        start, length = ends[0], ends[-1] - ends[0]
        keys, items = _values(array.keys.slice(start, length)), _values(array.items.slice(start, length))
        return [
            _map(keys[at - start : end - start], items[at - start : end - start]) if valid else None
            for at, end, valid in zip(ends, ends[1:], is_there, strict=False)
        ]
    if isinstance(array, pa.DictionaryArray):
        return _values(array.cast(array.type.value_type))
    if pa.types.is_timestamp(array.type):
        return [_moment(count, array.type) for count in array.cast(pa.int64()).to_pylist()]
    values: list[object] = array.to_pylist()
    return values


def _map(keys: list[object], items: list[object]) -> dict[object, object]:
    members = dict(zip(keys, items, strict=True))
    if len(members) != len(keys):
        raise KeyError("a key stands twice in a map")
    return members


def _moment(count: int | None, of: "pa.TimestampType") -> str | None:
    """Return a moment, by hand: pyarrow's own conversion imports pandas where that is installed, half a second."""
    if count is None:
        return None
    moment = _EPOCH + timedelta(microseconds=count * 1_000_000 // _PER_SECOND[of.unit])
    return format_timestamp(moment) if of.tz else moment.replace(tzinfo=None).isoformat()
