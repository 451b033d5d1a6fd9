"""A file of a store, read by ranges: in large blocks where it is read on, in small ones where it is sought in.

By hand, where fsspec has files with caches of its own: those ask for the size that the listing told, and let a library
take a read that failed for the end of the file. A range of a path is what every file system of fsspec offers alike.
"""

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# Returns the bytes of a file from the first number to before the second, or fewer where it ends.
Fetch: TypeAlias = Callable[[int, int], bytes]

BLOCK = 4 << 20  # the most that is asked for at once
SOUGHT = 1 << 18  # what is asked for where the file is sought in: a footer, a header, an index
_KEPT = BLOCK + 2 * SOUGHT


class RangedFile(io.RawIOBase):
    """A file of so many bytes. It holds its start and the blocks that were read last, a few MiB together.

    ``failure`` is what the store answered where it gave no bytes.
    """

    def __init__(self, fetch: Fetch, size: int, told: Callable[[OSError], None] = lambda _: None) -> None:
        """Read nothing yet. ``told`` is told of a failure too."""
        super().__init__()
        self.failure: OSError | None = None
        self._fetch, self._size, self._told = fetch, size, told
        self._at = 0
        self._blocks: dict[int, bytes] = {}
        self._next, self._length = 0, SOUGHT  # what follows the last block, and how long that was

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError("before the start of the file")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill the buffer, unless the file ends before."""
        view = memoryview(buffer).cast("B")
        filled = 0
        while filled < len(view) and self._at < self._size:
            start, block = self._block(len(view) - filled)
            part = block[self._at - start : self._at - start + len(view) - filled]
            if not part:
                break
            view[filled : filled + len(part)] = part
            filled += len(part)
            self._at += len(part)
        return filled

    def _block(self, wanted: int) -> tuple[int, bytes]:
        """Return a block with the byte at the position, and where it starts."""
        for start, block in self._blocks.items():
            if start <= self._at < start + len(block):
                return start, block
        start, end = self._range(wanted)
        try:
            block = self._fetch(start, end)
        except OSError as error:
            self.failure = error
            self._told(error)
            raise
        if len(block) < end - start:  # it has become shorter
            self._size = start + len(block)
        self._next, self._length = start + len(block), end - start
        self._keep(start, block)
        return start, block

    def _range(self, wanted: int) -> tuple[int, int]:
        is_read_on = self._at == self._next
        length = min(2 * self._length, BLOCK) if is_read_on and self._at else SOUGHT
        length = max(length, min(wanted, BLOCK))
        start = self._at
        if not is_read_on and start + length > self._size:  # near the end: readers go backwards from there
            start = max(0, self._size - length)
        return start, min(start + length, self._size)

    def _keep(self, start: int, block: bytes) -> None:
        self._blocks.pop(start, None)
        self._blocks[start] = block
        while sum(map(len, self._blocks.values())) > _KEPT:
            oldest = next(at for at in self._blocks if at)  # the start is asked for again and again
            if oldest == start:
                break
            del self._blocks[oldest]
