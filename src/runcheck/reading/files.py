"""The files of one unit: documents as the probes read them, and paths that are safe to hand to a library."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, NoReturn

from runcheck.convention.checksums import LFS_POINTER_BYTES, parse_lfs_pointer
from runcheck.convention.layout import layout
from runcheck.convention.names import is_unit_relative
from runcheck.convention.schemas import is_known_major
from runcheck.errors import CannotReadError
from runcheck.probes import make_probe
from runcheck.probes.contents import DocumentContent
from runcheck.probes.folder import Folder, open_regular
from runcheck.tree.entry import Entry, EntryType
from runcheck.tree.walk import entry_at, walk

_CHUNK = 1 << 20
_POINTER = "is a Git LFS pointer, and its object is not here; `git lfs pull` brings it"


class UnitFiles:
    """The files of the unit in ``folder``, by their paths in it."""

    def __init__(self, folder: str) -> None:
        """Look at nothing yet."""
        self.folder = folder

    def absolute(self, path: str) -> str:
        """Return a path of the unit as one of this machine."""
        return os.path.join(self.folder, path)

    def has(self, path: str) -> bool:
        """Say whether anything is at ``path``."""
        return entry_at(self.folder, path) is not None

    def is_folder(self, path: str) -> bool:
        """Say whether a folder is at ``path``, not a link to one."""
        entry = entry_at(self.folder, path)
        return entry is not None and entry.is_folder

    def fault(self, path: str, words: str) -> NoReturn:
        """Raise that something is wrong with ``path``."""
        raise CannotReadError(f"{self.absolute(path)}: {words}")

    def file(self, path: str) -> str:
        """Return the path on this machine of a regular file that is here, and not behind a link.

        Raises:
            CannotReadError: it is not there, is something else, or only a pointer of Git LFS stands for it.
        """
        if not self._entry(path).is_file:
            self.fault(path, "is no regular file")
        with self.open(path) as stream:
            if parse_lfs_pointer(stream.read(LFS_POINTER_BYTES + 1)) is not None:
                self.fault(path, _POINTER)
        return self.absolute(path)

    def names(self, path: str) -> list[str]:
        """Return the names of all that is in a folder of the unit, in order; none where it is not there.

        Raises:
            CannotReadError: it is a link, or no folder.
        """
        if not self.has(path):
            return []
        if not self._entry(path).is_folder:
            self.fault(path, "is no folder")
        return [entry.name for entry in walk(self.folder, path, lambda _: False)]

    def subfolder(self, path: str) -> Folder:
        """Return a folder with all files in it, none of them behind a link or a pointer of Git LFS.

        Raises:
            CannotReadError: it is not there, or one of them is.
        """
        if not self._entry(path).is_folder:
            self.fault(path, "is no folder")
        files: dict[str, int] = {}
        folders: set[str] = set()
        for entry in walk(self.folder, path):
            if entry.error is not None:
                self.fault(entry.path, f"cannot be read: {entry.error}")
            if entry.type is EntryType.LINK:
                self.fault(entry.path, "is a link, which is not followed; put there what it leads to")
            within = entry.path.removeprefix(f"{path}/")
            if entry.is_folder:
                folders.add(within)
            elif entry.is_file:
                files[within] = entry.size
                if entry.size <= LFS_POINTER_BYTES:
                    self.file(entry.path)
        return Folder(self.absolute(path), files, frozenset(folders), is_apart=False)

    @contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        """Return, for a ``with``, a regular file to read.

        Raises:
            CannotReadError: it cannot be read.
        """
        try:
            with open_regular(self.absolute(path)) as stream:
                yield stream
        except OSError as error:
            self.fault(path, f"cannot be read: {error.strerror or error}")

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of a file, a mebibyte at a time.

        Raises:
            CannotReadError: it cannot be read.
        """
        with self.open(path) as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk

    def document(self, path: str, format_: str, schema: str | None = None) -> dict[str, object]:
        """Return the object that a JSON or YAML document holds, read as strictly as the linter reads it.

        Raises:
            CannotReadError: it is not there, is no document, or breaks ``schema``.
        """
        probe = make_probe(format_, path)
        if probe is None:
            self.fault(path, "is neither JSON nor YAML by its name")
        self.file(path)
        with self.open(path) as stream:
            left = layout().limits.document_bytes + 1
            while left > 0 and (chunk := stream.read(min(_CHUNK, left))):
                probe.feed(chunk)
                left -= len(chunk)
        content = probe.content()
        if not isinstance(content, DocumentContent) or content.too_large:
            self.fault(path, f"is larger than {layout().limits.document_bytes:,} bytes, as no document is")
        if content.error is not None or not isinstance(content.value, dict):
            line = f"line {content.line}: " if content.line else ""
            self.fault(path, f"{line}{content.error}; mend it, or take it from where it was copied")
        if schema is not None:
            self._check(path, content.value, schema)
        return content.value

    def _check(self, path: str, document: dict[str, object], schema: str) -> None:
        from runcheck.convention.validation import violations  # noqa: PLC0415 - 10 ms that a missing file need not pay

        if not is_known_major(document):
            known = layout().schema_version
            self.fault(path, f"is of schema version {document.get('schema_version')}, and only {known} is known here")
        for violation in violations(schema, document):
            place = f"{violation.pointer}: " if violation.pointer else ""
            self.fault(path, f"{place}{violation.message}; `runcheck {self.folder}` says all that is wrong")

    def _entry(self, path: str) -> Entry:
        """Return the entry of ``path``, which lies in the unit, and of whose folders none is a link."""
        if not is_unit_relative(path):
            self.fault(path, "leads out of the unit")
        above = path.rpartition("/")[0]
        if above:
            self._entry(above)
        entry = entry_at(self.folder, path)
        if entry is None:
            self.fault(path, "is not there")
        if entry.type is EntryType.LINK:
            self.fault(path, "is a link, which is not followed; put there what it leads to")
        return entry
