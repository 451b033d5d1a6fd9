"""Rows of the registry as an Arrow table: the columns of ``registry-row.schema.json``, in its order and its types."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from runcheck.convention.documents import RegistryRow
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


def table_of(rows: Iterable[RegistryRow]) -> "pa.Table":
    """Return rows as a table.

    Raises:
        pyarrow.ArrowException: the columns cannot hold one of them.
        OverflowError: as well.
        ValueError: as well.
    """
    import pyarrow as pa  # noqa: PLC0415

    return pa.Table.from_pylist([_storable(row) for row in rows], schema=arrow_schema())


def is_storable(row: RegistryRow) -> bool:
    """Say whether the columns can hold the row: JSON has integers beyond 64 bits and strings that are not UTF-8."""
    import pyarrow as pa  # noqa: PLC0415

    try:
        table_of([row])
    except (pa.ArrowException, OverflowError, ValueError):
        return False
    return True


def _storable(row: RegistryRow) -> dict[str, object]:
    return {name: list(value.items()) if isinstance(value, dict) else value for name, value in row.items()}


def arrow_schema() -> "pa.Schema":
    """Return the columns of the registry as Arrow types."""
    import pyarrow as pa  # noqa: PLC0415

    of_json = {"boolean": pa.bool_(), "integer": pa.int64(), "number": pa.float64(), "string": pa.string()}

    def arrow(schema: dict[str, object]) -> pa.DataType:
        types = schema.get("type", "string")
        name = next(each for each in types if each != "null") if isinstance(types, list) else types
        if name == "object":
            return pa.map_(pa.string(), arrow(cast("dict[str, object]", schema["additionalProperties"])))
        return of_json[str(name)]

    return pa.schema([(name, arrow(schema)) for name, schema in columns().items()])
