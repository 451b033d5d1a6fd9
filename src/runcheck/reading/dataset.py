"""A dataset version, given back."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from runcheck.convention.documents import Split
from runcheck.convention.layout import layout
from runcheck.errors import CannotReadError, MissingLibraryError
from runcheck.probes import format_of
from runcheck.reading.arrays import read_hdf5, read_zarr
from runcheck.reading.unit import LoadedUnit

if TYPE_CHECKING:
    import pyarrow as pa

    from runcheck.reading.arrays import Array

_READERS = {"hdf5": read_hdf5, "zarr": read_zarr}


class LoadedDataset(LoadedUnit):
    """A dataset version that was written. :func:`runcheck.load` makes one."""

    @property
    def splits(self) -> Mapping[str, Split]:
        """The files of each split, by its name, and how many rows they have together."""
        return self.metadata["splits"]

    @property
    def fingerprint(self) -> str | None:
        """What changes if and only if a file of the dataset does; None of one that is not finished."""
        return self.metadata.get("fingerprint")

    def files(self, split: str) -> list[str]:
        """Return the paths on this machine of the files and stores of a split.

        Raises:
            CannotReadError: there is no such split, or an object of Git LFS is not here.
        """
        if split not in self.splits:
            known = ", ".join(self.splits) or "none"
            self._files.fault(layout().path("metadata"), f"has no split {split!r}; there is {known}")
        return [
            self._files.subfolder(path).location if self._files.is_folder(path) else self._files.file(path)
            for path in self.splits[split]["files"]
        ]

    def table(self, split: str) -> "pa.Table":
        """Return the rows of a split that is kept as Parquet, as an Arrow table.

        The checksums of its pages are compared, where it has them.

        Raises:
            CannotReadError: there is no such split, it is kept in another format, is damaged, has more or fewer rows
                than the metadata say, or an object of Git LFS is not here.
            MissingLibraryError: pyarrow is not installed.
        """
        paths = self.files(split)
        for path in paths:
            if format_of(path, b"") != "parquet":
                raise CannotReadError(f"{path}: is not Parquet; arrays() reads HDF5 and Zarr")
        try:
            import pyarrow as pa  # noqa: PLC0415
            from pyarrow import parquet  # noqa: PLC0415
        except ImportError as error:
            raise MissingLibraryError("pyarrow", "parquet", "read Parquet") from error
        tables = []
        for path in paths:
            try:
                # Not read_table, which takes names of folders for columns and a folder for a file.
                with (
                    pa.OSFile(os.fsencode(path)) as stream,
                    parquet.ParquetFile(stream, page_checksum_verification=True) as file,
                ):
                    tables.append(file.read())
            except (pa.ArrowException, OSError) as error:
                raise CannotReadError(f"{path}: cannot be read: {error}") from error
        return self._whole(split, paths, tables)

    def arrays(self, split: str) -> "dict[str, Array]":
        """Return the arrays of a split that is kept as HDF5 or Zarr, in memory, by their names with ``/`` for groups.

        The checksums of their chunks are compared, where they have them. Arrays of several files are joined along the
        rows.

        Raises:
            CannotReadError: there is no such split, it is kept in another format, is damaged, refers to what lies
                outside, holds pickled objects, has more or fewer rows than the metadata say, or an object of Git LFS
                is not here.
            MissingLibraryError: h5py or zarr is not installed.
        """
        parts = []
        for path in self.files(split):
            within = os.path.relpath(path, self._files.folder).replace(os.sep, "/")
            format_ = "zarr" if os.path.isdir(path) else format_of(path, b"")
            if format_ not in _READERS:
                raise CannotReadError(f"{path}: is neither HDF5 nor Zarr; table() reads Parquet")
            parts.append(_READERS[format_](self._files, within))
        return self._joined(split, parts)

    def _joined(self, split: str, parts: "list[dict[str, Array]]") -> "dict[str, Array]":
        where = self._files.absolute(self.splits[split]["files"][0]) if parts else self.path
        if any(part.keys() != parts[0].keys() for part in parts):
            raise CannotReadError(f"{where}: the files of {split} have different arrays")
        arrays = parts[0] if parts else {}
        if len(parts) > 1:
            import numpy as np  # noqa: PLC0415 - what read the arrays has loaded it

            try:
                arrays = {
                    name: np.concatenate([part[name] for part in parts]) if array.shape else array
                    for name, array in arrays.items()
                }
            except ValueError as error:
                raise CannotReadError(f"{where}: the files of {split} have different arrays: {error}") from error
        lengths, rows = {len(array) for array in arrays.values() if array.shape}, self.splits[split]["rows"]
        if len(lengths) == 1 and lengths != {rows}:
            words = f"has {lengths.pop():,} rows, and the metadata say {rows:,} of {split}"
            raise CannotReadError(f"{where}: {words}; `runcheck {self.path}` says what else was changed")
        return arrays

    def _whole(self, split: str, paths: list[str], tables: "list[pa.Table]") -> "pa.Table":
        import pyarrow as pa  # noqa: PLC0415

        try:
            table = pa.concat_tables(tables)
        except pa.ArrowException as error:
            raise CannotReadError(f"{paths[0]}: the files of {split} have different columns: {error}") from error
        rows = self.splits[split]["rows"]
        if table.num_rows != rows:
            words = f"has {table.num_rows:,} rows, and the metadata say {rows:,} of {split}"
            raise CannotReadError(f"{paths[0]}: {words}; `runcheck {self.path}` says what else was changed")
        return table
