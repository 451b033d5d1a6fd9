"""Rows of the registry as an Arrow table: the columns of ``registry-row.schema.json``, in its order and its types."""

from collections.abc import Iterable
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any, cast

from runcheck.convention.documents import RegistryRow
from runcheck.convention.timestamps import parse_timestamp
from runcheck.errors import MissingLibraryError
from runcheck.probes.registry import columns

if TYPE_CHECKING:
    import pyarrow as pa


def require_pyarrow(purpose: str) -> None:
    """See that pyarrow is there.

    Raises:
        MissingLibraryError: it is not.
    """
    try:
        import pyarrow  # noqa: F401, PLC0415
    except ImportError as error:
        raise MissingLibraryError("pyarrow", "parquet", purpose) from error


def table_of(rows: Iterable[RegistryRow]) -> "tuple[pa.Table, list[str]]":
    """Return rows as a table, and the paths of those that its columns cannot hold.

    JSON has integers beyond 64 bits and strings that are not UTF-8.
    """
    held = list(rows)
    table = _table(held)
    if table is not None:
        return table, []
    sound = [row for row in held if _table([row]) is not None]
    kept = {row["path"] for row in sound}
    table = _table(sound)
    return arrow_schema().empty_table() if table is None else table, [
        row["path"] for row in held if row["path"] not in kept
    ]


def _table(rows: list[RegistryRow]) -> "pa.Table | None":
    """Return rows as a table; None where its columns cannot hold one of them."""
    import pyarrow as pa  # noqa: PLC0415

    columns_of = []
    try:
        for field in arrow_schema():
            values = [row[field.name] for row in rows]  # type: ignore[literal-required]
            columns_of.append(_column(values, field.type))
    except (pa.ArrowException, OverflowError, ValueError):
        return None
    return pa.Table.from_arrays(columns_of, schema=arrow_schema())


def _column(values: list[Any], type_: "pa.DataType") -> "pa.Array":
    import pyarrow as pa  # noqa: PLC0415

    if pa.types.is_map(type_):
        ends = accumulate(map(len, values), initial=0)
        keys = pa.array((key for each in values for key in each), type_.key_type)
        items = pa.array((item for each in values for item in each.values()), type_.item_type)
        return pa.MapArray.from_arrays(pa.array(ends, pa.int32()), keys, items)
    if pa.types.is_timestamp(type_):
        values = [None if text is None else parse_timestamp(text) for text in values]
    return pa.array(values, type_)


@cache
def arrow_schema() -> "pa.Schema":
    """Return the columns of the registry as Arrow types."""
    import pyarrow as pa  # noqa: PLC0415

    of_json = {"boolean": pa.bool_(), "integer": pa.int64(), "number": pa.float64(), "string": pa.string()}

    def arrow(schema: dict[str, object]) -> pa.DataType:
        types = schema.get("type", "string")
        name = next(each for each in types if each != "null") if isinstance(types, list) else types
        if schema.get("format") == "date-time":
            return pa.timestamp("us", tz="UTC")
        if name == "object":
            return pa.map_(pa.string(), arrow(cast("dict[str, object]", schema["additionalProperties"])))
        return of_json[str(name)]

    return pa.schema([(name, arrow(schema)) for name, schema in columns().items()])
