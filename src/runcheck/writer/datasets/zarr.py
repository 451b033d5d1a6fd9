"""A split as a Zarr 3 store: a group of arrays whose first axis are the rows, with a checksum a chunk.

Every chunk is written, also one of zeros, so that one which is gone is missed. There are no consolidated metadata:
the specification of Zarr 3 has none.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from runcheck.errors import MissingLibraryError
from runcheck.writer.datasets.columns import Arrays, Column, write_columns

if TYPE_CHECKING:
    from runcheck.writer.datasets.columns import Block

_CHUNK_BYTES = 8 << 20  # each is a file


def write_zarr(path: str, data: Arrays) -> int:
    """Write a new store, and return its rows; see :meth:`runcheck.writer.datasets.dataset.Dataset.write_zarr`."""
    try:
        import zarr  # noqa: PLC0415
        from zarr.codecs import Crc32cCodec, ZstdCodec  # noqa: PLC0415
    except ImportError as error:
        raise MissingLibraryError("zarr", "zarr", "write Zarr") from error

    group = zarr.open_group(path, mode="w-", zarr_format=3)

    def create(column: Column, chunk: tuple[int, ...]) -> "Callable[[Block], object]":
        array = group.create_array(
            column.name,
            shape=(0, *column.row),
            chunks=chunk,
            dtype="string" if column.is_text else column.dtype,
            compressors=[ZstdCodec(), Crc32cCodec()],
            config={"write_empty_chunks": True},
        )
        if column.is_text:
            return lambda block: array.append(block.astype(array.dtype))
        append: Callable[[Block], object] = array.append
        return append

    return write_columns(data, "Zarr", _CHUNK_BYTES, create)
