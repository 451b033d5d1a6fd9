"""Where a tree lies: the seam between what reads trees and the file system, or the object store, that holds one."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol, Self

from runcheck.probes.folder import Folder, Opener, open_regular, read_regular
from runcheck.tree.entry import Entry
from runcheck.tree.walk import entry_at, folders_in, walk

if TYPE_CHECKING:
    from concurrent.futures import Executor

CONNECTIONS = 16


class Remote(NamedTuple):
    """How trees elsewhere are read: by so many requests at once, and ``is_trusting`` the checksums that stores have."""

    connections: int = CONNECTIONS
    is_trusting: bool = True


class Store(Protocol):
    """Lists a tree and opens its files. It can be pickled. Paths are relative to the root of the tree."""

    @property
    def name(self) -> str:
        """What reports call the tree: its path or its URL, without secrets."""

    @property
    def folder(self) -> str | None:
        """Where the tree lies on this machine; None where it does not."""

    @property
    def worktree(self) -> str | None:
        """The folder that Git is asked about; None where no repository can hold the tree."""

    @property
    def large(self) -> int:
        """From how many bytes on a file is worth a thread of its own."""

    def walk(self, path: str = "", enter: Callable[[Entry], bool] | None = None) -> Iterator[Entry]:
        """Yield every entry below ``path``, as :func:`runcheck.tree.walk.walk` does."""

    def entry(self, path: str) -> Entry | None:
        """Return the entry of what is at ``path``, or None where there is nothing.

        Raises:
            OSError: the store did not answer.
        """

    def folders(self, path: str) -> list[str]:
        """Return the names of the folders in the folder at ``path``, in order; none where it cannot be listed."""

    def open(self, entry: Entry) -> BinaryIO:
        """Open a regular file to read it from its start, and nothing else.

        Raises:
            OSError: it cannot be read, or is none.
        """

    def content(self, entry: Entry) -> bytes:
        """Return the bytes of a small regular file: one or more than its entry says where it has grown since.

        Raises:
            OSError: as :meth:`open`.
        """

    def apart(self, entry: Entry, stream: BinaryIO) -> AbstractContextManager[Callable[[], BinaryIO]]:
        """Return, for a ``with``, what opens a file in another process; ``stream`` is that file, open here."""

    def opener(self, path: str, members: Mapping[str, Entry]) -> Opener | None:
        """Return what opens the files of a folder by their paths within; None where they lie on this machine."""

    def apart_folder(
        self, folder: Folder, members: Mapping[str, Entry], *, by_library: bool
    ) -> AbstractContextManager[Folder]:
        """Return, for a ``with``, a folder as another process can read it, and as a library there opens it by itself.

        Raises:
            TooLargeError: it cannot be brought here.
            OSError: it cannot be read.
        """

    def sha256(self, entry: Entry) -> str | None:
        """Return the SHA-256 of a file that the store itself vouches for; None where it has none."""

    def pool(self) -> "AbstractContextManager[Executor]":
        """Return, for a ``with``, threads that read files side by side."""

    def for_unit(self) -> Self:
        """Return the store for the reading of one unit, of which what was read once may be remembered."""

    def close(self) -> None:
        """Let go of what is under way: the check is over, or is given up."""


class TooLargeError(Exception):
    """What cannot be brought to this machine, as a reason for what was not verified."""


class LocalStore(NamedTuple):
    """The tree in the folder ``folder`` of this machine."""

    folder: str
    large: int = 4 << 20  # hashing lets go of the interpreter

    @property
    def name(self) -> str:
        """The path of the folder."""
        return self.folder

    @property
    def worktree(self) -> str:
        """The folder."""
        return self.folder

    def walk(self, path: str = "", enter: Callable[[Entry], bool] | None = None) -> Iterator[Entry]:
        """Yield every entry below ``path``."""
        return walk(self.folder, path, enter or (lambda _: True))

    def entry(self, path: str) -> Entry | None:
        """Return the entry of what is at ``path``, or None where there is nothing."""
        return entry_at(self.folder, path)

    def folders(self, path: str) -> list[str]:
        """Return the names of the folders in the folder at ``path``."""
        return folders_in(f"{self.folder}/{path}" if path else self.folder)

    def open(self, entry: Entry) -> BinaryIO:
        """Open a regular file."""
        return open_regular(f"{self.folder}/{entry.path}")

    def content(self, entry: Entry) -> bytes:
        """Return the bytes of a small file."""
        return read_regular(f"{self.folder}/{entry.path}", entry.size)

    def apart(self, entry: Entry, stream: BinaryIO) -> nullcontext[Callable[[], BinaryIO]]:  # noqa: ARG002
        """Return what opens a file in another process."""
        return nullcontext(partial(open_regular, f"{self.folder}/{entry.path}"))

    def opener(self, path: str, members: Mapping[str, Entry]) -> None:
        """Return None: the files are here."""

    def apart_folder(
        self,
        folder: Folder,
        members: Mapping[str, Entry],  # noqa: ARG002 - they are here already
        *,
        by_library: bool,  # noqa: ARG002
    ) -> nullcontext[Folder]:
        """Return the folder."""
        return nullcontext(folder)

    def sha256(self, entry: Entry) -> None:
        """Return None: a file system vouches for nothing."""

    def pool(self) -> "Executor":
        """Return as many threads as there are cores."""
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - small files need none

        return ThreadPoolExecutor(os.cpu_count())

    def for_unit(self) -> Self:
        """Return this: the system remembers what it read."""
        return self

    def close(self) -> None:
        """Do nothing: nothing is under way."""
