"""A sealed unit in a store: its list, which says what belongs to it, and the files that the list names."""

import hashlib
import io
from collections.abc import Mapping
from typing import NamedTuple

from runcheck.convention.checksums import LFS_POINTER_BYTES, parse_lfs_pointer
from runcheck.convention.layout import layout
from runcheck.convention.names import is_unit_relative
from runcheck.errors import CannotReadError
from runcheck.probes.checksums import ChecksumsProbe
from runcheck.tree.entry import Entry
from runcheck.tree.store import Store

CHECKSUMS = layout().path("checksums")
_CHUNK = 1 << 20
_MOST = 256 << 20  # bytes of a list: two million files


class SealedUnit(NamedTuple):
    """A unit at ``path`` of a tree: the bytes of its list, the digests that it says, and its files by path within."""

    store: Store
    path: str
    listed: bytes
    sums: Mapping[str, str]
    files: Mapping[str, Entry]

    @property
    def name(self) -> str:
        """Its path or its URL."""
        return f"{self.store.name}/{self.path}"

    @property
    def signatures(self) -> list[str]:
        """The files that sign what is sealed, which no list has."""
        return [path for path in self.files if layout().is_unlisted(path) and path != CHECKSUMS]

    @property
    def beside(self) -> list[str]:
        """The files that are no part of what is sealed: placeholders, and what nobody listed."""
        return [path for path in self.files if path not in self.sums and not layout().is_unlisted(path)]

    def sha256(self, path: str) -> str:
        """Return the SHA-256 of a file as it is here.

        Raises:
            OSError: it cannot be read.
        """
        return sha256_of(self.store, self.files[path])

    def is_pointer(self, path: str) -> bool:
        """Say whether a file is a pointer of Git LFS, whose object is not here."""
        entry = self.files[path]
        return entry.size <= LFS_POINTER_BYTES and parse_lfs_pointer(self.store.content(entry)) is not None


def sealed_unit(store: Store, path: str) -> SealedUnit:
    """Return the sealed unit at ``path`` in a store.

    Raises:
        CannotReadError: it is not sealed, its list is none, or a file of the list is not there.
    """
    name = f"{store.name}/{path}"
    files: dict[str, Entry] = {}
    try:
        for entry in store.walk(path):
            if entry.error is not None:
                raise CannotReadError(f"{store.name}/{entry.path}: cannot be read: {entry.error}")
            if entry.is_file:
                files[entry.path.removeprefix(f"{path}/")] = entry
        if CHECKSUMS not in files:
            raise CannotReadError(f"{name}: is not sealed: it has no {CHECKSUMS}, so nobody can tell what is whole")
        listed = content_of(store, files[CHECKSUMS])
    except OSError as error:
        raise CannotReadError(f"{name}: cannot be read: {error.strerror or error}") from error
    sums = listed_sums(listed, name)
    missing = [each for each in sums if each not in files]
    if missing:
        more = f", and {len(missing) - 1:,} more" if missing[1:] else ""
        raise CannotReadError(f"{name}/{missing[0]}: is not there, and {CHECKSUMS} lists it{more}")
    return SealedUnit(store, path, listed, sums, files)


def sha256_of(store: Store, entry: Entry) -> str:
    """Return the SHA-256 of a file, of its bytes as the store gives them.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    with store.open(entry) as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def content_of(store: Store, entry: Entry) -> bytes:
    """Return the bytes of a list.

    Raises:
        OSError: it cannot be read, or is larger than any list.
    """
    if entry.size > _MOST:
        raise OSError(f"{entry.name} has {entry.size:,} bytes, as no list has")
    with store.open(entry) as stream:
        content = io.BytesIO()
        while chunk := stream.read(_CHUNK):
            content.write(chunk)
            if content.tell() > _MOST:
                raise OSError(f"{entry.name} grows")
    return content.getvalue()


def listed_sums(listed: bytes, name: str) -> dict[str, str]:
    """Return the digests by path that the bytes of a list say; ``name`` is what messages call its unit.

    Raises:
        CannotReadError: it is none.
    """
    probe = ChecksumsProbe()
    if listed:
        probe.feed(listed)
    content = probe.content()
    sums = content.sums()
    wrong = next((f"line {line} {fault}" for line, fault in content.unread), None) or next(
        (f"lists {path!r}" for path in sums if not is_unit_relative(path) or path == CHECKSUMS), None
    )
    if wrong is None and layout().path("metadata") not in sums:
        wrong = f"does not list {layout().path('metadata')}"
    if wrong is None and len(sums) != len(content.listed):
        wrong = "lists a path twice"
    if wrong is not None:
        raise CannotReadError(f"{name}/{CHECKSUMS}: {wrong}, as no list of a sealed unit does")
    return sums
