"""A split as Parquet, with a checksum a page: from a table, columns, or batch by batch."""

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias, Union

from runcheck.errors import InvalidArgumentError, MissingLibraryError
from runcheck.writer.arguments import checked_text
from runcheck.writer.datasets.columns import blocks, check_lengths, dtype_of, instead_of, is_sliced

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

Rows: TypeAlias = Union["pa.Table", "pa.RecordBatch", "pa.RecordBatchReader", Mapping[str, object]]
"""A table of Arrow or of pandas, or columns by name."""

_GROUP_BYTES = 64 << 20  # of a row group in memory


def write_parquet(path: str, data: Rows | Iterable[Rows]) -> int:
    """Write a new file, and return its rows; see :meth:`runcheck.writer.datasets.dataset.Dataset.write_parquet`."""
    try:
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError as error:
        raise MissingLibraryError("pyarrow", "parquet", "write Parquet") from error
    tables = _tables(data)
    first = next(tables, None)
    if first is None:
        raise InvalidArgumentError("there is no table to write; give one, be it without rows")
    rows = 0
    with (
        pa.OSFile(os.fsencode(path), "wb") as file,  # a path as text must be UTF-8 to pyarrow
        _writer(file, first.schema) as writer,
    ):
        for group in _groups(first, tables):
            writer.write_table(group)
            rows += group.num_rows
    return rows


def _writer(file: "pa.NativeFile", schema: "pa.Schema") -> "pq.ParquetWriter":
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        return pq.ParquetWriter(file, schema, compression="zstd", write_page_checksum=True)
    except pa.ArrowNotImplementedError as error:
        raise InvalidArgumentError(f"Parquet does not hold a column: {error}") from error


def _groups(first: "pa.Table", tables: "Iterator[pa.Table]") -> "Iterator[pa.Table]":
    """Yield all rows, in tables that are worth a row group each."""
    import pyarrow as pa  # noqa: PLC0415

    held = [first]
    for table in tables:
        if not table.schema.equals(first.schema):
            told = "; ".join(" ".join(str(each.schema).split("\n")[:9]) for each in (table, first))
            raise InvalidArgumentError(f"a batch has other columns than those before it: {told}")
        if sum(each.nbytes for each in held) >= _GROUP_BYTES:
            yield pa.concat_tables(held)
            held = []
        held.append(table.replace_schema_metadata(first.schema.metadata))
    yield pa.concat_tables(held)


def _tables(data: object) -> "Iterator[pa.Table]":
    import pyarrow as pa  # noqa: PLC0415

    if isinstance(data, pa.Table):
        yield data
    elif isinstance(data, pa.RecordBatch):
        yield pa.Table.from_batches([data])
    elif isinstance(data, Mapping):
        yield from _of_columns(data)
    elif hasattr(data, "iloc"):
        yield _of_pandas(data)
    elif hasattr(data, "__arrow_c_stream__"):
        reader = pa.RecordBatchReader.from_stream(data)
        yield reader.schema.empty_table()
        yield from (pa.Table.from_batches([batch]) for batch in reader)
    elif isinstance(data, Iterable) and not isinstance(data, str | bytes) and not hasattr(data, "dtype"):
        for each in data:
            yield from _tables(each)
    else:
        raise InvalidArgumentError(f"the rows are a {type(data).__name__}; give a table, columns by name, or batches")


def _of_pandas(frame: object) -> "pa.Table":
    """Return a frame as a table, with its index if it says something: pandas numbers rows with one without a name."""
    import pyarrow as pa  # noqa: PLC0415

    is_named = any(name is not None for name in getattr(getattr(frame, "index", None), "names", ()))
    try:
        return pa.Table.from_pandas(frame, preserve_index=is_named)
    except (TypeError, ValueError) as error:  # those of Arrow are such
        why = " ".join(map(str, error.args))
        raise InvalidArgumentError(f"the frame cannot be kept as Parquet: {why}") from error


def _of_columns(columns: Mapping[str, object]) -> "Iterator[pa.Table]":
    """Yield columns as tables: arrays by and by, since they may lie in files, and all else at once."""
    import pyarrow as pa  # noqa: PLC0415

    for name in columns:
        checked_text(name, "the name of a column")
    arrays = {name: column for name, column in columns.items() if is_sliced(column) and column.shape}
    is_whole = any(dtype_of(each).hasobject or hasattr(each, "mask") for each in arrays.values())
    if arrays.keys() != columns.keys() or not arrays or is_whole:
        whole = {name: _column(name, column) for name, column in columns.items()}
        check_lengths({name: len(column) for name, column in whole.items()})
        yield pa.table(whole)
        return
    yield pa.table({name: _column(name, column[:0]) for name, column in arrays.items()})  # there may be no block
    for block in blocks(arrays):
        yield pa.table({name: _column(name, column) for name, column in block.items()})


def _column(name: str, column: object) -> "pa.Array":
    """Return a column of Arrow; a row of an array is a list of fixed size, and so on for each axis.

    Raises:
        InvalidArgumentError: Arrow has nothing for it.
    """
    import pyarrow as pa  # noqa: PLC0415

    shape: tuple[int, ...] = getattr(column, "shape", ())
    if 0 in shape[1:]:
        raise InvalidArgumentError(f"the column {name} has the shape {shape}; its rows hold nothing")
    try:
        if not (shape or is_sliced(column)):
            return pa.array(column)  # a list, say, which needs no NumPy
        import numpy as np  # noqa: PLC0415

        if hasattr(column, "mask"):
            if len(shape) > 1:
                raise InvalidArgumentError(f"the column {name} is masked, and the mask would be lost: fill it")
            return pa.array(column)
        if len(shape) > 1:
            column = np.asarray(column)
            values = pa.array(column.reshape(-1))
            for length in reversed(shape[1:]):
                values = pa.FixedSizeListArray.from_arrays(values, length)
            return values
        return pa.array(np.asarray(column) if is_sliced(column) else column)
    except (pa.ArrowException, TypeError, ValueError) as error:
        why = _why_not_held(dtype_of(column)) if is_sliced(column) else ""
        raise InvalidArgumentError(f"the column {name} {why or f'cannot be kept as Parquet: {error}'}") from error


def _why_not_held(dtype: "np.dtype[np.generic]") -> str:
    """Return in words that Arrow has nothing for a dtype and what to give, for it tells a number; "" where it has."""
    import numpy as np  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415

    try:
        pa.array(np.empty(0, dtype))
    except pa.ArrowException:
        return f"is {dtype}, which Parquet does not hold; give it {_instead_of(dtype)}"
    return ""


def _instead_of(dtype: "np.dtype[np.generic]") -> str:
    """Return what to give in place of a dtype that Arrow has nothing for."""
    if dtype.kind == "c":
        return "as two columns, its .real and its .imag"
    if dtype.kind in "mM":  # of a unit that is neither s nor ms, us or ns
        return f"as .astype('{dtype.kind}8[s]')"
    return instead_of(dtype) if dtype.isnative else f"as .astype('{dtype.name}'), in the byte order of this machine"
