"""``runs.parquet``: one row a unit, a function of the units' metadata."""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from runcheck.convention.documents import Metadata, RegistryRow, is_same, registry_row
from runcheck.convention.layout import layout
from runcheck.convention.units import classify
from runcheck.errors import CannotCheckError, CannotWriteError, MissingLibraryError
from runcheck.probes.registry import columns, read_registry
from runcheck.tree.locate import is_url, locate
from runcheck.tree.state import state_folder
from runcheck.tree.walk import walk
from runcheck.writer.lock import locked

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did: the file, how many units it has, and the units whose metadata could not be read."""

    registry: str
    units: int
    passed_over: tuple[str, ...]


def rebuild_registry(root: str) -> Rebuilt:
    """Write the registry of a tree from the metadata of its units.

    Raises:
        CannotCheckError: there is no tree at ``root``.
        CannotWriteError: it is a URL.
        MissingLibraryError: pyarrow is not installed.
    """
    if is_url(root):
        raise CannotWriteError(f"{root}: nothing is written to a URL; build the registry where the tree is written")
    if locate(root).focus:
        raise CannotCheckError(f"{root}: is a part of a tree; name the root of the tree, which holds the registry")
    _require_pyarrow()
    with locked(root, layout().registry):
        rows, passed_over = _rows_of_units(root)
        path = _write(root, rows)
    return Rebuilt(path, len(rows), tuple(passed_over))


def is_registered(root: str, path: str, metadata: Metadata) -> bool:
    """Say whether the registry has the row of the unit at ``path``; without pyarrow nobody can tell, or write it."""
    registry = os.path.join(root, layout().registry)
    content = read_registry(registry) if os.path.exists(registry) else None
    if content is None or content.error or content.unverified:
        return content is not None and not content.error
    row = registry_row(metadata, path)
    return any(is_same(each, row) for each in content.rows if each["path"] == path)


def upsert_row(root: str, path: str, metadata: Metadata) -> None:
    """Put the row of the unit at ``path`` into the registry. One that cannot be read is built again.

    Raises:
        MissingLibraryError: pyarrow is not installed.
    """
    _require_pyarrow()
    with locked(root, layout().registry):
        registry = os.path.join(root, layout().registry)
        content = read_registry(registry) if os.path.exists(registry) else None
        if content is None or content.error or content.unverified:
            rows, _ = _rows_of_units(root)
        else:
            rows = list(content.rows)
        others = [row for row in rows if row["path"] != path]
        _write(root, [*others, registry_row(metadata, path)])


def _rows_of_units(root: str) -> tuple[list[RegistryRow], list[str]]:
    rows: list[RegistryRow] = []
    passed_over: list[str] = []
    for unit in classify(walk(root)).units:
        row = _row_of_unit(root, unit.path)
        if row is None:
            passed_over.append(unit.path)
        else:
            rows.append(row)
    return rows, passed_over


def _row_of_unit(root: str, path: str) -> RegistryRow | None:
    """Return the row of a unit, or None where its metadata cannot be read, are not valid, or do not fit the columns."""
    from runcheck.convention.validation import violations  # noqa: PLC0415 - the writer itself needs no validator

    try:
        with open(os.path.join(root, path, layout().path("metadata")), encoding="utf-8") as stream:
            document: object = json.loads(stream.read(layout().limits.document_bytes))
        if violations("metadata", document):
            return None
    except (OSError, ValueError, RecursionError):
        return None
    row = registry_row(cast("Metadata", document), path)
    return row if _is_storable(row) else None


def _require_pyarrow() -> None:
    try:
        import pyarrow  # noqa: F401, PLC0415
    except ImportError as error:
        raise MissingLibraryError("pyarrow", "parquet", "write the registry") from error


def _write(root: str, rows: Sequence[RegistryRow]) -> str:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    ordered = sorted(rows, key=lambda row: row["path"])
    table = pa.Table.from_pylist([_storable(row) for row in ordered], schema=_arrow_schema())
    path = os.path.join(root, layout().registry)
    temporary = os.path.join(state_folder(root), f"{layout().registry}.tmp")
    with suppress(FileNotFoundError):  # which may be a link
        os.unlink(temporary)
    pq.write_table(table, temporary, write_page_checksum=True)
    os.replace(temporary, path)
    return path


def _is_storable(row: RegistryRow) -> bool:
    """Say whether the columns can hold the row: JSON has integers beyond 64 bits and strings that are not UTF-8."""
    import pyarrow as pa  # noqa: PLC0415

    try:
        pa.Table.from_pylist([_storable(row)], schema=_arrow_schema())
    except (pa.ArrowException, OverflowError, ValueError):
        return False
    return True


def _storable(row: RegistryRow) -> dict[str, object]:
    return {name: list(value.items()) if isinstance(value, dict) else value for name, value in row.items()}


def _arrow_schema() -> "pa.Schema":
    """Return the columns of ``registry-row.schema.json`` as Arrow types."""
    import pyarrow as pa  # noqa: PLC0415

    of_json = {"boolean": pa.bool_(), "integer": pa.int64(), "number": pa.float64(), "string": pa.string()}

    def arrow(schema: dict[str, object]) -> pa.DataType:
        types = schema.get("type", "string")
        name = next(each for each in types if each != "null") if isinstance(types, list) else types
        if name == "object":
            return pa.map_(pa.string(), arrow(cast("dict[str, object]", schema["additionalProperties"])))
        return of_json[str(name)]

    return pa.schema([(name, arrow(schema)) for name, schema in columns().items()])
