"""Decode every byte of an HDF5 file's datasets, in memory that does not depend on what the file claims.

The library reads a chunk as a whole and lets a filter make of it as much as it likes: a chunk of 8 bytes may inflate to
gigabytes. So the chunks are held to bounds as they lie in the file first, and then read in small pieces.
"""

from array import array
from collections.abc import Iterator, Sequence
from itertools import product
from math import prod
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from runcheck.probes.hdf5.filters import (
    CHUNK_BYTES,
    REFERENCE_BYTES,
    STORED_BYTES,
    Hdf5Error,
    Pipeline,
    UnverifiedError,
)

if TYPE_CHECKING:
    import h5py
    import numpy as np

    Dtype: TypeAlias = np.dtype[np.generic]

HEAP_BYTES = 32 << 20
CHUNKS, CLAIMED_CHUNKS = 1_000_000, 10_000_000
_PIECE_BYTES = 16 << 20
_TEXTS = 1 << 16  # references to texts that are looked at together
_HEAP_HEADER_BYTES = 16
_HEAP_MAGIC = b"GCOL"

_Selection: TypeAlias = tuple[slice, ...]


class Decoder:
    """Decodes the datasets of one file of ``size`` bytes."""

    def __init__(self, stream: BinaryIO, size: int, file: "h5py.File") -> None:
        """Take the file, and its bytes."""
        self._stream = stream
        self._size = size
        self._base = file.userblock_size
        self._addresses = file.id.get_create_plist().get_sizes()[0]
        self._left = size
        self._left_of_texts = size

    def decode(
        self, dataset: "h5py.h5d.DatasetID", plist: "h5py.h5p.PropDCID", dtype: "Dtype", shape: tuple[int, ...]
    ) -> None:
        """Decode a dataset that lies in the file itself.

        Raises:
            Hdf5Error: it claims what cannot be.
            UnverifiedError: a bound is reached.
            OSError, RuntimeError, ValueError: as h5py says that it does not decode.
        """
        import h5py  # noqa: PLC0415

        if 0 in shape or not dataset.get_storage_size():
            return
        if dtype.itemsize > CHUNK_BYTES:
            raise UnverifiedError(f"has elements of more than {CHUNK_BYTES >> 20} MiB")
        of_text = _is_of_text(dtype)
        reader = h5py.Dataset(dataset)
        if plist.get_layout() == h5py.h5d.CHUNKED:
            filters = [plist.get_filter(number)[:3] for number in range(plist.get_nfilters())]
            itemsize = REFERENCE_BYTES if of_text else dtype.itemsize
            self._chunks(reader, Pipeline(filters, itemsize, plist.get_chunk()), of_text=of_text)
        else:
            self._whole(reader, of_text=of_text)

    def _whole(self, dataset: "h5py.Dataset", *, of_text: bool) -> None:
        """Read a dataset that lies in one piece: within the file, or compact, in its own header."""
        stored, offset = dataset.id.get_storage_size(), dataset.id.get_offset()
        if offset is not None:
            self._take(offset, stored)
        if not of_text:
            for selection in _pieces(dataset.shape, dataset.dtype.itemsize, _PIECE_BYTES):
                dataset[selection]
            return
        if offset is None:
            raise UnverifiedError("has texts in the header of a dataset")
        for selection in _pieces(dataset.shape, 1, _TEXTS):
            count = prod(each.stop - each.start for each in selection)
            self._stream.seek(offset)
            references = self._stream.read(count * REFERENCE_BYTES)
            offset += count * REFERENCE_BYTES
            self._texts(dataset, selection, references)

    def _chunks(self, dataset: "h5py.Dataset", pipeline: "Pipeline", *, of_text: bool) -> None:
        for start, mask, offset, stored in self._stored(dataset):
            self._take(offset, stored)
            selection = tuple(
                slice(at, min(at + length, end))
                for at, length, end in zip(start, dataset.chunks, dataset.shape, strict=True)
            )
            is_partial = any(each.stop - each.start < n for each, n in zip(selection, dataset.chunks, strict=True))
            if of_text:
                raw = dataset.id.read_direct_chunk(start)[1]
                self._texts(dataset, selection, pipeline.undo(raw, mask, is_partial=is_partial))
            else:
                if pipeline.filters:
                    pipeline.undo(dataset.id.read_direct_chunk(start)[1], mask, is_partial=is_partial)
                dataset[selection]

    def _stored(self, dataset: "h5py.Dataset") -> Iterator[tuple[tuple[int, ...], int, int, int]]:
        """Yield where each stored chunk starts, its mask of filters that were not applied, its place and size."""
        rank = len(dataset.shape)
        claimed = prod(-(-length // of_chunk) for length, of_chunk in zip(dataset.shape, dataset.chunks, strict=True))
        if claimed > CLAIMED_CHUNKS:  # some indices are gone through as a whole, whatever is stored
            raise UnverifiedError(f"claims more than {CLAIMED_CHUNKS} chunks")
        numbers = array("Q")

        def take(chunk: "h5py.h5d.StoreInfo") -> bool | None:
            numbers.extend((*chunk.chunk_offset, chunk.filter_mask, chunk.byte_offset or 0, chunk.size))
            return True if len(numbers) > CHUNKS * (rank + 3) else None

        dataset.id.chunk_iter(take)
        if len(numbers) > CHUNKS * (rank + 3):
            raise UnverifiedError(f"has more than {CHUNKS} chunks")
        for at in range(0, len(numbers), rank + 3):
            start, (mask, offset, stored) = numbers[at : at + rank], numbers[at + rank : at + rank + 3]
            if stored > STORED_BYTES:
                raise UnverifiedError(f"has chunks of more than {CHUNK_BYTES >> 20} MiB")
            if any(each >= end for each, end in zip(start, dataset.shape, strict=True)):
                raise Hdf5Error("has a chunk outside of its shape")
            yield tuple(start), mask, offset, stored

    def _texts(self, dataset: "h5py.Dataset", selection: _Selection, references: bytes) -> None:
        """Read texts, so many at once as their lengths allow."""
        if not references:
            raise UnverifiedError("has texts whose filters nothing here undoes")
        lengths = self._lengths(references, dataset.dtype)
        longest = max(lengths, default=0)
        self._left_of_texts -= sum(lengths)
        if longest > HEAP_BYTES:  # while what holds it is smaller
            raise Hdf5Error("claims a text longer than the place that holds it")
        if self._left_of_texts < 0:
            raise UnverifiedError("has texts of more bytes than the file")
        at_once = max(1, _PIECE_BYTES // max(longest, 1)) if sum(lengths) > _PIECE_BYTES else _TEXTS
        shape = tuple(each.stop - each.start for each in selection)
        for piece in _pieces(shape, 1, at_once):
            dataset[
                tuple(
                    slice(of.start + each.start, of.start + each.stop)
                    for of, each in zip(selection, piece, strict=True)
                )
            ]

    def _lengths(self, references: bytes, dtype: "Dtype") -> list[int]:
        """Return the lengths in bytes of texts or arrays of variable length; the library makes room for them."""
        import h5py  # noqa: PLC0415
        import numpy as np  # noqa: PLC0415

        if self._addresses != 8:  # noqa: PLR2004 - bytes, as almost every file has it
            raise UnverifiedError("has texts by addresses that are not of 8 bytes")
        layout = np.dtype([("length", "<u4"), ("address", "<u8"), ("number", "<u4")])
        table = np.frombuffer(references, layout, len(references) // REFERENCE_BYTES)
        for address in np.unique(table["address"][table["address"] != 0]).tolist():
            self._check_heap(address)
        of_array = h5py.check_vlen_dtype(dtype)
        size = 1 if of_array is None or of_array is str or of_array is bytes else of_array.itemsize
        return [length * size for length in table["length"].tolist()]

    def _check_heap(self, address: int) -> None:
        """See that a collection of texts is whole: in a broken one the library goes round for ever.

        Source: HDF5 File Format Specification, III.E, "Disk Format: Level 1E - Global Heap".
        """
        self._stream.seek(min(self._base + address, self._size))
        header = self._stream.read(_HEAP_HEADER_BYTES)
        size = int.from_bytes(header[8:], "little")
        if header[:4] != _HEAP_MAGIC or size > self._size:
            raise Hdf5Error("has texts whose place in the file is damaged")
        if size > HEAP_BYTES:
            raise UnverifiedError(f"has texts of more than {HEAP_BYTES >> 20} MiB")
        heap, at = header + self._stream.read(size - _HEAP_HEADER_BYTES), _HEAP_HEADER_BYTES
        while at + _HEAP_HEADER_BYTES <= size:
            number, length = (
                int.from_bytes(heap[at : at + 2], "little"),
                int.from_bytes(heap[at + 8 : at + 16], "little"),
            )
            taken = _HEAP_HEADER_BYTES + (length + 7) // 8 * 8 if number else length  # number 0 is the free space
            if taken < _HEAP_HEADER_BYTES or at + taken > size:
                raise Hdf5Error("has texts whose place in the file is damaged")
            at += taken

    def _take(self, offset: int, stored: int) -> None:
        """Count bytes of the file that are read: no two datasets share any, so that reading comes to an end."""
        if offset + stored > self._size:
            raise Hdf5Error("goes on beyond the end of the file")
        self._left -= stored
        if self._left < 0:
            raise Hdf5Error("lies where others lie too")


def _is_of_text(dtype: "Dtype") -> bool:
    """Say whether elements are texts or arrays of variable length.

    Raises:
        UnverifiedError: such are within something else.
    """
    import h5py  # noqa: PLC0415

    if not dtype.hasobject or h5py.check_ref_dtype(dtype) is not None:
        return False
    of_array = h5py.check_vlen_dtype(dtype)
    if h5py.check_string_dtype(dtype) is None and (of_array is None or getattr(of_array, "hasobject", False)):
        raise UnverifiedError("has types of variable length within others")
    return True


def _pieces(shape: Sequence[int], itemsize: int, most: int) -> Iterator[_Selection]:
    """Yield selections that cover ``shape`` in the order of the elements, none of more than ``most`` bytes."""
    axis, inner = len(shape) - 1, itemsize
    while axis > 0 and inner * shape[axis] <= most:
        inner *= shape[axis]
        axis -= 1
    if axis < 0:
        yield ()
        return
    step = max(1, most // inner)
    rest = tuple(slice(0, length) for length in shape[axis + 1 :])
    for outer in product(*(range(length) for length in shape[:axis])):
        for start in range(0, shape[axis], step):
            piece = slice(start, min(start + step, shape[axis]))
            yield (*(slice(at, at + 1) for at in outer), piece, *rest)
