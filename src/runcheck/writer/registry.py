"""``runs.parquet``: one row a unit, a function of the units' metadata."""

import os
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

from runcheck.convention.documents import Metadata, RegistryRow, is_same, registry_row
from runcheck.convention.layout import layout
from runcheck.errors import CannotCheckError, CannotWriteError
from runcheck.probes.registry import read_registry
from runcheck.reading.records import UnitFault, records
from runcheck.reading.registry_table import is_storable, require_pyarrow, table_of
from runcheck.tree.locate import is_url, locate
from runcheck.tree.state import state_folder
from runcheck.tree.store import LocalStore
from runcheck.writer.lock import locked


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
    require_pyarrow("write the registry")
    with locked(root, layout().registry):
        others = [row for row in _rows(root) if row["path"] != path]
        _write(root, [*others, registry_row(metadata, path)])


def drop_rows(root: str, paths: Collection[str]) -> None:
    """Take the rows of units that are gone out of the registry. One that cannot be read is built again.

    Raises:
        MissingLibraryError: pyarrow is not installed.
    """
    require_pyarrow("write the registry")
    with locked(root, layout().registry):
        rows = _rows(root)
        left = [row for row in rows if row["path"] not in paths]
        if len(left) != len(rows):
            _write(root, left)


def _rows(root: str) -> list[RegistryRow]:
    """Return the rows of the registry; where it is not there or cannot be read, those that it should have."""
    registry = os.path.join(root, layout().registry)
    content = read_registry(registry) if os.path.exists(registry) else None
    if content is None or content.error or content.unverified:
        return _rows_of_units(root)[0]
    return list(content.rows)


def _rows_of_units(root: str) -> tuple[list[RegistryRow], list[str]]:
    rows: list[RegistryRow] = []
    passed_over: list[str] = []
    for record in records(LocalStore(root)):
        if isinstance(record, UnitFault) or not is_storable(record.row):
            passed_over.append(record.path)
        else:
            rows.append(record.row)
    return rows, passed_over


def _write(root: str, rows: Sequence[RegistryRow]) -> str:
    import pyarrow.parquet as pq  # noqa: PLC0415

    table = table_of(sorted(rows, key=lambda row: row["path"]))
    path = os.path.join(root, layout().registry)
    temporary = os.path.join(state_folder(root), f"{layout().registry}.tmp")
    with suppress(FileNotFoundError):  # which may be a link
        os.unlink(temporary)
    pq.write_table(table, temporary, write_page_checksum=True)
    os.replace(temporary, path)
    return path
