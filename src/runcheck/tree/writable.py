"""A tree in a store that fsspec reaches, to be written to.

What is written there is whole or not at all in an object store; a file system elsewhere may keep the start of it.
"""

import hashlib
import inspect
from contextlib import suppress
from typing import Any, BinaryIO, Self

from runcheck.tree.remote import RemoteStore, _asked, _lists_all, open_remote
from runcheck.tree.store import Remote

AT_ONCE = 6 << 20  # bytes of a file that go in one request; S3 takes no smaller parts but the last
_PARTS = 9000  # S3 takes 10,000
CONNECTIONS = 8  # each may hold two parts


class WritableStore(RemoteStore):
    """The tree below a root, which may not be there yet, and what puts files into it."""

    @classmethod
    def at(cls, url: str, connections: int = CONNECTIONS) -> Self:
        """Return the store at a URL, whose checksums are not taken for what was read back.

        Raises:
            CannotCheckError: nothing here can reach it.
        """
        store = open_remote(url, Remote(connections, is_trusting=False))
        return cls(store._root, store._files)

    def write(self, path: str, content: bytes, *, is_new: bool = False) -> None:
        """Write a small file; where ``is_new`` it is not written over, as far as the store can tell.

        Raises:
            FileExistsError: it is there, and was to be new.
            OSError: it cannot be written.
        """
        self._make_folder(path)
        can_create = "mode" in inspect.signature(self._files.pipe_file).parameters
        more = {"mode": "create"} if is_new and can_create else {}
        try:
            _asked(self._files.pipe_file, self._place(path), content, **more)
        except OSError:
            if more and self.entry(path) is not None:
                raise FileExistsError(path) from None
            raise

    def send(self, path: str, stream: BinaryIO, size: int) -> str:
        """Write a file of about so many bytes from a stream, and return the SHA-256 of what was sent.

        Raises:
            OSError: it cannot be read, or not be written.
        """
        block = max(AT_ONCE, size // _PARTS)
        content = stream.read(block)
        if len(content) < block:
            self.write(path, content)
            return hashlib.sha256(content).hexdigest()
        self._make_folder(path)
        digest = hashlib.sha256()
        writer = _asked(self._files.open, self._place(path), "wb", block_size=block)
        try:
            while content:
                digest.update(content)
                _asked(writer.write, content)
                content = stream.read(block)
            _asked(writer.close)
        except BaseException:
            _give_up(writer)
            raise
        return digest.hexdigest()

    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""
        if self.is_file(path):
            _asked(self._files.rm_file, self._place(path))

    def _make_folder(self, path: str) -> None:
        """Make the folders of a file where there are such; an object store has none, and might make a bucket."""
        if not _lists_all(self._files):
            _asked(self._files.makedirs, self._place(path).rpartition("/")[0], exist_ok=True)


def _give_up(writer: Any) -> None:  # noqa: ANN401 - fsspec ships no types
    """Leave a file that was not sent whole: without this, S3 would keep its parts, and a later close would end it."""
    with suppress(Exception):
        writer.discard()
    with suppress(Exception):
        writer.closed = True
