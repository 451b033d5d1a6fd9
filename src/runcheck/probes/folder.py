"""A folder as the probes of folder formats see it: names, sizes, bounded reads, nothing outside of it."""

import os
import stat
from collections.abc import Mapping
from typing import BinaryIO, NamedTuple, Protocol

# A path may have become a link or a pipe since the walk: neither is followed, nor waited for.
FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


POINTERS_INSIDE = "folders with files that are Git LFS pointers; what is in these files was not looked into"


class PointerError(OSError):
    """The file is a Git LFS pointer, and its object is not here."""


class Opener(Protocol):
    """Opens the files of a folder that is not on this machine, by their paths within."""

    failure: OSError | None  # the first time that the store did not answer: what was then seen is no fact

    def __call__(self, path: str) -> BinaryIO:
        """Open a file.

        Raises:
            OSError: it cannot be read.
        """


class Folder(NamedTuple):
    """A folder of one format.

    ``location`` is where it lies, for libraries that open folders themselves; ``files`` has the size in bytes of each
    regular file in it by its path within, ``folders`` the folders in it. Links and devices are in neither. Libraries in
    native code may be let at it where ``is_apart``, in a process of its own, and where no file that they read is among
    ``pointers``: for each of these ``files`` has the size of its object, which is not here. A folder
    that lies on another machine has an ``opener``, and libraries cannot open it themselves.
    """

    location: str
    files: Mapping[str, int]
    folders: frozenset[str] = frozenset()
    is_apart: bool = True
    pointers: frozenset[str] = frozenset()
    opener: Opener | None = None

    def open(self, path: str) -> BinaryIO:
        """Open a file of the folder.

        Raises:
            PointerError: its object is not here.
            OSError: it cannot be read, or is no regular file any more.
        """
        if path in self.pointers:
            raise PointerError(POINTERS_INSIDE)
        return self.opener(path) if self.opener else open_regular(f"{self.location}/{path}")

    def read(self, path: str, limit: int) -> bytes:
        """Return the first ``limit`` bytes of a file.

        Raises:
            OSError: as :meth:`open`.
        """
        with self.open(path) as stream:
            return stream.read(limit)


def open_regular(path: str) -> BinaryIO:
    """Open a regular file to read, and nothing else.

    Raises:
        OSError: it cannot be read, or is none.
    """
    return open(_open_regular(path), "rb", buffering=0)


def read_regular(path: str, size: int) -> bytes:
    """Return the bytes of a regular file of ``size`` bytes, in less time than a stream; one more where it has grown.

    Raises:
        OSError: as :func:`open_regular`.
    """
    descriptor = _open_regular(path)
    try:
        content = os.read(descriptor, size + 1)
        while len(content) < size and (more := os.read(descriptor, size + 1 - len(content))):
            content += more  # a network file system may give less than was asked for
        return content
    finally:
        os.close(descriptor)


def _open_regular(path: str) -> int:
    descriptor = os.open(path, FLAGS)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("is no longer a regular file")
    return descriptor
