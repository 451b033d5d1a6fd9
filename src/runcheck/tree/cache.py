"""What earlier checks of a tree came to, so that what did not change is not read again.

A text is kept by the path that it is about, with a key over everything that it was made from: the identity of each
file (size, times, inode; in a store its version), the question, and the program. Another key is another question, and
there is no answer. What a file system can tell is trusted: damage that changes neither size nor times is found by
``--rehash`` alone.

Two guards are Git's ("Racy Git", Documentation/technical/racy-git.txt): the clock is that of the file system, read off
a file that is touched first, and what was changed so shortly before that a later change might bear the same time is
not kept. A third is our own: every row has a digest, since a broken cache must be dropped and not believed.
"""

import contextlib
import hashlib
import marshal
import os
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

from runcheck.convention.layout import layout
from runcheck.tree.entry import Entry, EntryType
from runcheck.tree.locate import is_url
from runcheck.tree.program import stamp
from runcheck.tree.state import open_own, state_folder

FILE_NAME = "cache-1.sqlite3"  # the number is of the form of its table
_STAMP = "stamp"
_NEVER = 1 << 63  # nanoseconds, which no file is as young as
_RACY_NS = 2 * 10**9  # the coarsest clock of a file system in use, that of FAT
_SECONDS = 1.0  # to wait for another check that writes
_TABLE = "CREATE TABLE IF NOT EXISTS kept (path BLOB PRIMARY KEY, key BLOB, text TEXT, digest BLOB) WITHOUT ROWID"
_DIGEST_BYTES = 16
_PLAIN = 0  # the version of marshal's form in which equal values are equal bytes, shared or not
_FILE, _FOLDER = EntryType.FILE, EntryType.FOLDER


class Cache(Protocol):
    """Remembers texts by the path that they are about."""

    @property
    def is_blank(self) -> bool:
        """Whether nothing can be recalled."""

    def key(self, question: str, entries: Iterable[Entry]) -> bytes | None:
        """Return the key of a question about entries; None where what is learned of them must not be kept."""

    def get(self, path: str, key: bytes) -> str | None:
        """Return the text that was kept for a path with this very key."""

    def keep(self, rows: Mapping[str, tuple[bytes, str]]) -> None:
        """Keep texts, each with its key, by their paths."""

    def close(self) -> None:
        """Let go of what is open: no more will be looked up."""


class NoCache:
    """Remembers nothing."""

    is_blank = True

    def key(self, question: str, entries: Iterable[Entry]) -> None:
        """Return None: nothing is kept."""

    def get(self, path: str, key: bytes) -> None:
        """Return None: nothing was kept."""

    def keep(self, rows: Mapping[str, tuple[bytes, str]]) -> None:
        """Let them go."""

    def close(self) -> None:
        """Do nothing: nothing is open."""


class DiskCache(NamedTuple):
    """Remembers in a database in the state folder of the tree at ``root``.

    ``before_ns`` is the time of the file system at the start, less what its clock may be coarse by. Where ``is_blind``
    nothing is looked up, and what is learned is kept as ever.
    """

    folder: str
    before_ns: int
    is_blind: bool = False

    @property
    def is_blank(self) -> bool:
        """Whether nothing can be recalled: nothing is to be, or this is the first check."""
        return self.is_blind or not os.path.exists(os.path.join(self.folder, FILE_NAME))

    def key(self, question: str, entries: Iterable[Entry]) -> bytes | None:
        """Return the key of a question about entries; None where one changed too shortly ago, or cannot be told."""
        known: list[tuple[object, ...]] = []
        for entry in entries:
            if entry.error is not None or entry.mtime_ns >= self.before_ns or entry.ctime_ns >= self.before_ns:
                return None
            known.append(_identity(entry))
        digest = hashlib.blake2b(stamp(), digest_size=_DIGEST_BYTES)
        digest.update(marshal.dumps((question, known), _PLAIN))  # in a seventh of the time of repr
        return digest.digest()

    def get(self, path: str, key: bytes) -> str | None:
        """Return the text that was kept for a path with this very key."""
        if self.is_blind:
            return None
        try:
            connection = _reading(os.path.join(self.folder, FILE_NAME))
            row = connection.execute("SELECT key, text, digest FROM kept WHERE path = ?", (_encoded(path),)).fetchone()
        except sqlite3.Error:
            self.close()  # of a database that will be made anew
            return None
        match row:
            case (bytes(kept), str(text), bytes(digest)) if kept == key and digest == _digest(path, key, text):
                return text
        return None

    def keep(self, rows: Mapping[str, tuple[bytes, str]]) -> None:
        """Keep texts by their paths. Where that cannot be done nothing is kept, and a broken database is dropped."""
        if not rows:
            return
        name = os.path.join(self.folder, FILE_NAME)
        try:
            self._write(name, rows)
        except sqlite3.OperationalError:  # another check holds it, or the disk is full
            return
        except sqlite3.Error:
            with contextlib.suppress(OSError, sqlite3.Error):
                os.unlink(name)
                self._write(name, rows)

    def close(self) -> None:
        """Close what this process reads with; it is opened again where more is asked."""
        name = os.path.join(self.folder, FILE_NAME)
        for reader in [each for each in _READERS if each[:2] == (name, os.getpid())]:
            _READERS.pop(reader).close()

    def _write(self, name: str, rows: Mapping[str, tuple[bytes, str]]) -> None:
        with contextlib.closing(sqlite3.connect(name, timeout=_SECONDS)) as connection, connection:
            connection.execute(_TABLE)
            connection.executemany(
                "INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?)",
                ((_encoded(path), key, text, _digest(path, key, text)) for path, (key, text) in rows.items()),
            )


class VersionCache(NamedTuple):
    """Remembers of a tree at a URL, in a folder of the user on this machine.

    Only what a store has a version of, as an ETag or a generation, is told from what takes its place; its clock then
    does not matter.
    """

    disk: DiskCache

    @property
    def is_blank(self) -> bool:
        """Whether nothing can be recalled."""
        return self.disk.is_blank

    def key(self, question: str, entries: Iterable[Entry]) -> bytes | None:
        """Return the key of a question about entries; None where the store has no version of one."""
        known = list(entries)
        if any(entry.version is None for entry in known if not entry.is_folder):
            return None
        return self.disk.key(question, known)

    def get(self, path: str, key: bytes) -> str | None:
        """Return the text that was kept for a path with this very key."""
        return self.disk.get(path, key)

    def keep(self, rows: Mapping[str, tuple[bytes, str]]) -> None:
        """Keep texts by their paths."""
        self.disk.keep(rows)

    def close(self) -> None:
        """Close what this process reads with."""
        self.disk.close()


def open_cache(root: str, *, is_blind: bool) -> DiskCache | VersionCache | NoCache:
    """Return the cache of the tree at ``root``; one that remembers nothing where nothing can be written for it."""
    try:
        if is_url(root):
            folder = _user_folder(root)
            os.makedirs(folder, exist_ok=True)
            return VersionCache(DiskCache(folder, _NEVER, is_blind))
        folder = state_folder(root)
        if os.path.islink(os.path.join(folder, FILE_NAME)):
            return NoCache()
        with open_own(os.path.join(folder, _STAMP), os.O_TRUNC) as stream:
            stream.write("The time of this file is that of the last check.\n")
        clock = os.stat(os.path.join(folder, _STAMP)).st_mtime_ns
    except OSError:
        return NoCache()
    return DiskCache(folder, clock - _RACY_NS, is_blind)


class Kept(NamedTuple):
    """What a cache holds: the path of its database, how many texts, and how many bytes on the disk."""

    path: str
    texts: int
    size: int


def look(root: str) -> Kept | None:
    """Return what is remembered of the tree at ``root``; None where that is nothing."""
    path = _database(root)
    if not os.path.isfile(path):
        return None
    try:
        with contextlib.closing(_open(path)) as connection:
            (texts,) = connection.execute("SELECT count(*) FROM kept").fetchone()
    except sqlite3.Error:
        texts = 0
    return Kept(path, texts, os.stat(path).st_size)


def clean(root: str) -> None:
    """Forget all that is remembered of the tree at ``root``.

    Raises:
        OSError: its database cannot be removed.
    """
    os.unlink(_database(root))


def _database(root: str) -> str:
    return os.path.join(_user_folder(root) if is_url(root) else os.path.join(root, layout().state), FILE_NAME)


def _user_folder(url: str) -> str:
    """Return the folder for a tree at a URL: https://specifications.freedesktop.org/basedir-spec/latest/."""
    above = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(above):
        above = os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(above, "runcheck", hashlib.blake2b(_encoded(url), digest_size=_DIGEST_BYTES).hexdigest())


def _identity(entry: Entry) -> tuple[object, ...]:
    path, type_, size, mtime_ns, ctime_ns, inode, target, _, version = entry
    if type_ is _FILE:
        return path, size, mtime_ns, ctime_ns, inode, version
    if type_ is _FOLDER:  # what is in it has entries of its own
        return (path,)
    return path, type_.value, size, mtime_ns, ctime_ns, inode, target


def _digest(path: str, key: bytes, text: str) -> bytes:
    return hashlib.blake2b(b"\0".join((_encoded(path), key, _encoded(text))), digest_size=_DIGEST_BYTES).digest()


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # a name that is not UTF-8 is a text with lone surrogates


# By database, process and thread: a connection serves one at a time, and none after a fork.
_READERS: dict[tuple[str, int, int], sqlite3.Connection] = {}


def _reading(name: str) -> sqlite3.Connection:
    reader = name, os.getpid(), threading.get_ident()
    if reader not in _READERS:
        _READERS[reader] = _open(name)
    return _READERS[reader]


def _open(name: str) -> sqlite3.Connection:
    # https://sqlite.org/uri.html, "The URI Path"; by hand, since urllib takes as long to load as the database
    quoted = name.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    # Another thread may close it, when the check is over.
    connection = sqlite3.connect(f"file:{quoted}?mode=ro", uri=True, timeout=_SECONDS, check_same_thread=False)
    connection.execute("PRAGMA trusted_schema = OFF")  # the file may have come with the tree
    return connection
