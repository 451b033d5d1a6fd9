"""``open``: a whole tree to ask about, and not one unit of it.

Each question reads the documents of the units as they are now. The registry says the same of a tree that conforms, and
of another one it may say what no longer holds, so that nothing here is taken from it.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from runcheck.convention.documents import RegistryRow
from runcheck.convention.layout import layout
from runcheck.errors import CannotReadError
from runcheck.reading.dataset import LoadedDataset
from runcheck.reading.files import UnitFiles
from runcheck.reading.load import load_from
from runcheck.reading.place import unit_folder
from runcheck.reading.records import UnitFault, UnitRecord, record_of, records
from runcheck.reading.registry_table import require_pyarrow, table_of
from runcheck.reading.run import LoadedRun
from runcheck.tree.locate import is_url, locate
from runcheck.tree.store import LocalStore

if TYPE_CHECKING:
    import pyarrow as pa


def open_tree(root: str | os.PathLike[str] = "artefacts") -> "OpenedTree":
    """Return the tree at ``root``, to ask about its runs and datasets. Nothing is read before something is asked.

    Raises:
        CannotReadError: it is a part of a tree, or on another machine.
        CannotCheckError: there is no tree.
    """
    name = os.fspath(root)
    if is_url(name):
        raise CannotReadError(f"{name}: is on another machine; copy the tree here and open the copy")
    target = locate(name)
    if target.focus:
        raise CannotReadError(f"{name}: is a part of a tree; open its root, {target.root}, or load the unit")
    return OpenedTree(target.root)


class OpenedTree:
    """A tree of datasets and runs. :func:`runcheck.open` makes one."""

    def __init__(self, root: str) -> None:
        """Take the folder of the root, which is one."""
        self._store = LocalStore(root)
        self.faults: dict[str, str] = {}
        """The units that the last question had to pass over, by their paths, and why: their metadata do not hold."""

    @property
    def root(self) -> str:
        """The folder of the tree on this machine."""
        return self._store.folder

    def units(self, kind: str | None = None) -> Iterator[UnitRecord]:
        """Yield what each unit says of itself, in the order of the paths, or those of one kind: dataset or model.

        A unit whose metadata cannot be read is passed over, and is in :attr:`faults`.
        """
        if kind is not None and kind not in layout().kinds:
            raise CannotReadError(f"{kind}: is no kind of unit; there are {', '.join(layout().kinds)}")
        self.faults = {}
        for each in records(self._store, kind):
            if isinstance(each, UnitFault):
                self.faults[each.path] = each.reason
            else:
                yield each

    def record(self, path: str) -> UnitRecord:
        """Return what the unit at ``path`` below the root says of itself.

        Raises:
            CannotReadError: its metadata do not hold.
        """
        found = record_of(self._store, path)
        if isinstance(found, UnitFault):
            raise CannotReadError(f"{self.root}/{path}: {found.reason}")
        return found

    def unit(self, path: str | os.PathLike[str]) -> LoadedRun | LoadedDataset:
        """Return the unit at a path below the root, or at one of this machine, as :func:`runcheck.load` does.

        Raises:
            CannotReadError: there is none, or its metadata do not hold.
        """
        below = os.path.join(self.root, path)
        return load_from(unit_folder(below if os.path.lexists(below) else os.fspath(path)))

    def runs(self) -> "pa.Table":
        """Return a row for each run as an Arrow table, with the columns of the registry.

        Raises:
            MissingLibraryError: pyarrow is not installed.
        """
        return self.table("model", lambda record: record.row)

    def datasets(self) -> "pa.Table":
        """Return a row for each dataset version as an Arrow table, with the columns of the registry.

        Raises:
            MissingLibraryError: pyarrow is not installed.
        """
        return self.table("dataset", lambda record: record.row)

    def metrics(self, units: Iterable[str | os.PathLike[str]] | None = None) -> "pa.Table":
        """Return the rows of the metrics of runs as one Arrow table.

        Its columns are ``unit``, ``step``, ``split``, ``metric`` and ``value``.

        Args:
            units: Which runs, as :meth:`unit` takes them. By default all that have metrics; one whose metrics are
                broken is then passed over, and is in :attr:`faults`.

        Raises:
            CannotReadError: a unit that was named is no run, or has no metrics that can be read.
            MissingLibraryError: pyarrow is not installed.
        """
        from runcheck.reading.metrics_table import joined, with_unit  # noqa: PLC0415 - few questions need it

        require_pyarrow("give metrics as a table")
        if units is None:
            return joined(with_unit(path, table) for path, table in self.metric_tables())
        runs = [self.unit(unit) for unit in units]
        for run in runs:
            if not isinstance(run, LoadedRun):
                raise CannotReadError(f"{run.path}: is a dataset, which has no metrics")
        return joined(
            with_unit(os.path.relpath(run.path, self.root).replace(os.sep, "/"), run.metrics())
            for run in runs
            if isinstance(run, LoadedRun)
        )

    def metric_tables(self) -> "Iterator[tuple[str, pa.Table]]":
        """Yield the metrics of each run that has any, by its path, as ``LoadedRun.metrics`` gives them.

        A run whose metrics are broken is passed over, and is in :attr:`faults`.

        Raises:
            MissingLibraryError: pyarrow is not installed.
        """
        for record in self.units("model"):
            files = UnitFiles(os.path.join(self.root, record.path))
            run = LoadedRun(files, record.metadata)
            if any(files.has(path) for path in layout().roles["metrics"].paths):
                try:
                    yield record.path, run.metrics()
                except CannotReadError as error:
                    self.faults[record.path] = str(error).removeprefix(f"{run.path}/").replace("\n", " ")

    def table(self, kind: str, row_of: Callable[[UnitRecord], RegistryRow]) -> "pa.Table":
        """Return a row for each unit of a kind as an Arrow table, each as ``row_of`` makes it of what the unit says.

        Raises:
            MissingLibraryError: pyarrow is not installed.
        """
        require_pyarrow("give a table")
        table, refused = table_of(row_of(record) for record in self.units(kind))
        self.faults |= dict.fromkeys(refused, "has values in its metadata that no table can hold")
        return table

    def __repr__(self) -> str:
        return f"<OpenedTree {self.root}>"
