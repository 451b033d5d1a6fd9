"""Rows of the registry as an Arrow table: the columns of ``registry-row.schema.json``, in its order and its types."""

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, cast

from runcheck.convention.documents import RegistryRow
from runcheck.convention.timestamps import parse_timestamp
from runcheck.errors import MissingLibraryError
from runcheck.probes.registry import columns
from runcheck.reading.columns import column

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
            if pa.types.is_timestamp(field.type):
                values = [None if text is None else parse_timestamp(text) for text in values]
            columns_of.append(column(values, field.type))
    except (OverflowError, TypeError, ValueError):
        return None
    return pa.Table.from_arrays(columns_of, schema=arrow_schema())


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
