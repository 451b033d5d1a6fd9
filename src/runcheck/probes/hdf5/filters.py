"""The filters of an HDF5 dataset, undone as far as it takes to know how many bytes come of a chunk.

By hand, since the library has no bound: its deflate makes room for whatever a chunk inflates to, its fletcher32 reads
beyond a chunk of three bytes, and a filter that is not built in it loads as a plugin, by its number.
"""

import zlib
from collections.abc import Sequence
from math import prod

CHUNK_BYTES = 32 << 20
STORED_BYTES = CHUNK_BYTES + (1 << 16)  # what does not compress grows a little
LZF_BYTES = 1 << 20  # 3 bytes of it may become 264
REFERENCE_BYTES = 16  # a length of 4 bytes, an address of 8, a number of 4

_DEFLATE, _SHUFFLE, _FLETCHER32, _SCALEOFFSET, _LZF = 1, 2, 3, 6, 32000
_NAMES = {4: "szip", 5: "nbit", 32001: "blosc", 32004: "lz4", 32008: "bitshuffle", 32015: "zstd", 32026: "blosc2"}
_CHECKSUM_BYTES = 4


class Hdf5Error(ValueError):
    """Why a dataset is damaged; the text follows "that"."""


class UnverifiedError(Exception):
    """Why nothing here decodes a dataset that may be sound."""


class Pipeline:
    """The filters of one dataset, whose elements have ``itemsize`` bytes in the file."""

    def __init__(
        self, filters: Sequence[tuple[int, int, tuple[int, ...]]], itemsize: int, chunk: Sequence[int]
    ) -> None:
        """Take the filters in the order in which they were applied.

        Raises:
            Hdf5Error: they do not fit the chunks.
            UnverifiedError: the library is not known to keep within bounds with them.
        """
        self.filters = [code for code, *_ in filters]
        self._bytes = prod(chunk) * itemsize
        if self._bytes > CHUNK_BYTES:
            raise UnverifiedError(f"has chunks of more than {CHUNK_BYTES >> 20} MiB")
        for code, _, values in filters:
            if code not in (_DEFLATE, _SHUFFLE, _FLETCHER32, _SCALEOFFSET, _LZF):
                raise UnverifiedError(f"needs the filter {_NAMES.get(code, code)}")
            if code == _SCALEOFFSET and (values[2:3] != (prod(chunk),) or values[4:5] != (itemsize,)):
                raise Hdf5Error("has a filter for other elements than its chunks have")
        if len(set(self.filters)) != len(self.filters):
            raise UnverifiedError("has a filter twice")

    def undo(self, raw: bytes, mask: int, *, is_partial: bool) -> bytes:
        """Return the elements of a chunk, or nothing where only the library can undo its filters, and within bounds.

        Bits of ``mask`` say which filters were not applied; to a ``partial`` chunk, at an edge, none may have been.

        Raises:
            Hdf5Error: it has not as many bytes as it should.
            UnverifiedError: it may have any number.
        """
        try:
            return self._undo(raw, mask)
        except Hdf5Error:
            if is_partial and len(raw) == self._bytes:
                raise UnverifiedError("has chunks at its edges that may be stored without its filters") from None
            raise

    def _undo(self, raw: bytes, mask: int) -> bytes:
        is_shuffled = False
        for number, code in reversed(list(enumerate(self.filters))):
            if mask >> number & 1:
                continue
            if code == _FLETCHER32:
                if len(raw) <= _CHECKSUM_BYTES:
                    raise Hdf5Error("has a chunk too small for its checksum")
                raw = raw[:-_CHECKSUM_BYTES]
            elif code == _SHUFFLE:
                is_shuffled = True  # no more, no fewer bytes
            elif code == _DEFLATE and not is_shuffled:
                raw = self._inflate(raw)
            elif code == _DEFLATE or {_FLETCHER32, _DEFLATE} & set(self.filters[:number]):
                raise UnverifiedError("has its filters in an unusual order")
            elif code == _LZF and len(raw) > LZF_BYTES:
                raise UnverifiedError(f"has chunks of more than {LZF_BYTES >> 20} MiB in LZF")
            else:
                return b""
        if len(raw) != self._bytes:
            raise Hdf5Error(f"has a chunk of {len(raw)} bytes instead of {self._bytes}")
        return b"" if is_shuffled else raw

    def _inflate(self, raw: bytes) -> bytes:
        most = self._bytes + STORED_BYTES - CHUNK_BYTES  # what a filter before it may have added
        inflater = zlib.decompressobj()
        try:
            inflated = inflater.decompress(raw, most)
        except zlib.error as error:
            raise Hdf5Error(f"does not inflate: {error}") from None
        if inflater.unconsumed_tail:
            raise Hdf5Error("has a chunk that inflates beyond its size")
        return inflated
