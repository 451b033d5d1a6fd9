"""A split as HDF5: datasets whose first axis are the rows, with a checksum a chunk.

Not compressed: gzip, the one compression that every build of HDF5 reads, is slower than the disk. Files are those of
HDF5 1.10, whose own structures bear checksums, and hold no times, so that the same rows are the same bytes.
"""

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

from runcheck.errors import InvalidArgumentError, MissingLibraryError
from runcheck.writer.datasets.columns import Arrays, Column, write_columns

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from runcheck.writer.datasets.columns import Block

_CHUNK_BYTES = 1 << 20  # as much as the library keeps of a dataset, unless told otherwise


def write_hdf5(path: str, data: Arrays) -> int:
    """Write a new file, and return its rows; see :meth:`runcheck.writer.datasets.dataset.Dataset.write_hdf5`."""
    try:
        import h5py  # noqa: PLC0415
    except ImportError as error:
        raise MissingLibraryError("h5py", "hdf5", "write HDF5") from error

    with _Patient(path, "xb+") as stream:
        with h5py.File(stream, "w", libver=("v110", "v110")) as file:

            def create(column: Column, chunk: tuple[int, ...]) -> "Callable[[Block], None]":
                dataset = file.create_dataset(
                    column.name,
                    (0, *column.row),
                    h5py.string_dtype() if column.is_text else column.dtype,
                    maxshape=(None, *column.row),
                    chunks=chunk,
                    fletcher32=not column.is_text,  # texts lie elsewhere in the file, where no filter is
                    track_times=False,
                )

                def append(block: "Block") -> None:
                    if column.is_text and any("\0" in str(each) for each in block.flat):
                        raise InvalidArgumentError(f"a text of {column.name} holds a NUL, at which one of HDF5 ends")
                    start = len(dataset)
                    dataset.resize(start + len(block), axis=0)
                    dataset[start:] = block
                    stream.raise_error()

                return append

            rows = write_columns(data, "HDF5", _CHUNK_BYTES, create)
        stream.raise_error()
    return rows


class _Patient(io.FileIO):
    """A file that takes what the disk refuses and says so afterwards, since HDF5 crashes where it cannot write."""

    _error: OSError | None = None

    def raise_error(self) -> None:
        """Raise what the disk refused with, if it did."""
        if self._error is not None:
            raise self._error

    def write(self, content: "Buffer") -> int:
        """Write all of it, or remember why not."""
        left = memoryview(content).cast("B")
        size = len(left)
        try:
            while left and self._error is None:
                left = left[super().write(left) :]
        except OSError as error:
            self._error = error
        return size

    def truncate(self, size: int | None = None) -> int:
        """Cut or lengthen the file, or remember why not."""
        try:
            return super().truncate(size)
        except OSError as error:
            self._error = self._error or error
            return size or 0
