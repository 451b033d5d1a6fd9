"""One path below the root, as the file system tells it."""

from enum import Enum
from typing import NamedTuple


class EntryType(Enum):
    """What a path is to the file system."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    SPECIAL = "special"


_FILE, _FOLDER = EntryType.FILE, EntryType.FOLDER  # looked up at every entry, several times


class Entry(NamedTuple):
    """A path below the root with its identity, but no content.

    ``path`` is relative, with ``/``. ``size`` is in bytes, the times in nanoseconds. ``target`` is where a link
    points. ``error`` says why the path could not be looked at; such an entry has no identity. ``version`` is what a
    store calls just this content of the path, as the ETag of an object; a file system has none.
    """

    path: str
    type: EntryType
    size: int = 0
    mtime_ns: int = 0
    ctime_ns: int = 0
    inode: int = 0
    target: str | None = None
    error: str | None = None
    version: str | None = None

    @property
    def is_file(self) -> bool:
        """Whether the path is a regular file."""
        return self.type is _FILE

    @property
    def is_folder(self) -> bool:
        """Whether the path is a folder."""
        return self.type is _FOLDER

    @property
    def name(self) -> str:
        """The last segment of the path."""
        return self.path.rpartition("/")[2]
