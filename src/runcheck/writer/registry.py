"""``runs.parquet``: one row a unit, a function of the units' documents."""

import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runcheck.convention.documents import Metadata, RegistryRow
from runcheck.convention.layout import layout
from runcheck.convention.registry import is_same
from runcheck.errors import CannotCheckError, CannotWriteError
from runcheck.probes.registry import read_registry, read_table
from runcheck.reading.columns import column
from runcheck.reading.records import UnitFault, record_with, records
from runcheck.reading.registry_table import arrow_schema, require_pyarrow, table_of
from runcheck.tree.locate import is_url, locate
from runcheck.tree.state import state_folder
from runcheck.tree.store import LocalStore
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
    require_pyarrow("write the registry")
    with locked(root, layout().registry):
        table, passed_over = _table_of_units(root)
        path = _write(root, table)
    return Rebuilt(path, table.num_rows, tuple(sorted(passed_over)))


def is_registered(root: str, path: str, metadata: Metadata) -> bool:
    """Say whether the registry has the row of the unit at ``path``; without pyarrow nobody can tell, or write it."""
    registry = os.path.join(root, layout().registry)
    content = read_registry(registry) if os.path.exists(registry) else None
    if content is None or content.error or content.unverified:
        return content is not None and not content.error
    row = record_with(LocalStore(root), path, metadata).row
    return any(is_same(each, row) for each in content.rows if each["path"] == path)


def upsert_row(root: str, path: str, metadata: Metadata) -> None:
    """Put the row of the unit at ``path`` into the registry. One that cannot be read is built again.

    Raises:
        MissingLibraryError: pyarrow is not installed.
    """
    require_pyarrow("write the registry")
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    with locked(root, layout().registry):
        others = _rows(root)
        row, _ = table_of([record_with(LocalStore(root), path, metadata).row])
        own = column([path], pa.string())[0]
        whole = pa.concat_tables([others.filter(pc.not_equal(others["path"], own)), row])
        _write(root, whole.sort_by("path"))


def drop_rows(root: str, paths: Collection[str]) -> None:
    """Take the rows of units that are gone out of the registry. One that cannot be read is built again.

    Raises:
        MissingLibraryError: pyarrow is not installed.
    """
    require_pyarrow("write the registry")
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    with locked(root, layout().registry):
        rows = _rows(root)
        gone = column(list(paths), pa.string())
        _write(root, rows.filter(pc.invert(pc.is_in(rows["path"], value_set=gone))))


def _rows(root: str) -> "pa.Table":
    """Return the rows of the registry; where it is not there or cannot be read, those that it should have."""
    registry = os.path.join(root, layout().registry)
    stored = read_table(registry, arrow_schema()) if os.path.exists(registry) else None
    return _table_of_units(root)[0] if stored is None else stored


def _table_of_units(root: str) -> "tuple[pa.Table, list[str]]":
    """Return the rows of all units, in order, and the paths of those units that make none."""
    passed_over: list[str] = []

    def rows() -> Iterator[RegistryRow]:
        for record in records(LocalStore(root)):
            if isinstance(record, UnitFault):
                passed_over.append(record.path)
            else:
                yield record.row

    table, refused = table_of(rows())
    return table.sort_by("path"), passed_over + refused


def _write(root: str, table: "pa.Table") -> str:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    path = os.path.join(root, layout().registry)
    temporary = os.path.join(state_folder(root), f"{layout().registry}.tmp")
    with suppress(FileNotFoundError):  # which may be a link
        os.unlink(temporary)
    with pa.OSFile(os.fsencode(temporary), "wb") as file:  # a path as text may be a URL to pyarrow, and must be UTF-8
        pq.write_table(table, file, write_page_checksum=True)
    os.replace(temporary, path)
    return path
