"""The folder that a run is adopted from: listed once, its files read within bounds, no link followed."""

import os
from collections.abc import Iterator

from runcheck.adopt.values import is_unicode
from runcheck.convention.layout import layout
from runcheck.conventions.documents import OwnJsonProbe, OwnYamlProbe
from runcheck.errors import CannotReadError
from runcheck.tree.entry import Entry
from runcheck.tree.store import LocalStore

_CHUNK = 1 << 20
_MOST_TEXT = 1 << 20
CHECKPOINT_MARK = "_CHECKPOINT_METADATA"  # of Orbax


class Source:
    """A folder and its regular files by their paths in it."""

    def __init__(self, folder: str) -> None:
        """List the folder.

        Raises:
            CannotReadError: there is no such folder.
        """
        if not os.path.isdir(folder):
            raise CannotReadError(f"{folder}: there is no such folder")
        self.folder = os.path.realpath(folder)
        self.name = os.path.basename(self.folder).encode(errors="replace").decode()
        self.store = LocalStore(self.folder)
        self.entries: dict[str, Entry] = {entry.path: entry for entry in self.store.walk()}
        self.files = {path: entry for path, entry in self.entries.items() if _is_sound(entry) and entry.is_file}
        # Links, devices, what cannot be read, and names that are not UTF-8.
        self.unreadable = [path for path, entry in self.entries.items() if not _is_sound(entry)]

    @classmethod
    def alone(cls, folder: str, name: str) -> "Source":
        """Return a folder of which only one file is looked at: it may hold a thousand runs."""
        source = cls.__new__(cls)
        source.folder, source.name = folder, os.path.basename(folder)
        source.store = LocalStore(folder)
        entry = source.store.entry(name)
        source.entries = {name: entry} if entry is not None else {}
        source.files = {path: each for path, each in source.entries.items() if each.is_file}
        return source

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of a file.

        Raises:
            CannotReadError: it cannot be read.
        """
        try:
            with self.store.open(self.files[path]) as stream:
                while chunk := stream.read(_CHUNK):
                    yield chunk
        except OSError as error:
            raise CannotReadError(f"{self.folder}/{path}: cannot be read: {error.strerror or error}") from error

    def document(self, path: str) -> dict[str, object]:
        """Return the object in a JSON or YAML document; an empty one where there is no such file.

        Raises:
            CannotReadError: it is none.
        """
        if path not in self.files:
            return {}
        if self.files[path].size > layout().limits.document_bytes:
            raise CannotReadError(f"{self.folder}/{path}: is too large")
        probe = OwnJsonProbe() if path.endswith(".json") else OwnYamlProbe()
        for chunk in self.chunks(path):
            probe.feed(chunk)
        content = probe.content()
        if content.error or content.too_large or not isinstance(content.value, dict):
            reason = content.error or ("is too large" if content.too_large else "holds no object at its top")
            raise CannotReadError(f"{self.folder}/{path}: {reason}")
        return content.value

    def text(self, path: str) -> str | None:
        """Return a short text; None where there is no such file, or it is long or none."""
        if path not in self.files or self.files[path].size > _MOST_TEXT:
            return None
        try:
            return b"".join(self.chunks(path)).decode("utf-8")
        except UnicodeDecodeError:
            return None

    def checkpoints(self) -> dict[int, str]:
        """Return the folders of Orbax checkpoints by their steps: named by a number, with the mark of Orbax in them.

        Of several with one step it is the first by its path. One that cannot be copied whole is none.
        """
        steps: dict[int, str] = {}
        for folder in self._marked():
            if not any(path.startswith(f"{folder}/") for path in self.unreadable):
                steps.setdefault(int(folder.rpartition("/")[2]), folder)
        return steps

    def checkpoints_left(self) -> list[str]:
        """Return the folders of checkpoints that are not taken."""
        taken = self.checkpoints().values()
        return [folder for folder in self._marked() if folder not in taken]

    def _marked(self) -> list[str]:
        marks = (path.rpartition("/") for path in sorted(self.files))
        folders = (folder for folder, _, name in marks if name == CHECKPOINT_MARK)
        return [each for each in folders if (step := each.rpartition("/")[2]).isascii() and step.isdigit()]

    def below(self, folder: str) -> list[Entry]:
        """Return what lies in a folder."""
        return [entry for path, entry in self.entries.items() if path.startswith(f"{folder}/")]


def _is_sound(entry: Entry) -> bool:
    return (entry.is_file or entry.is_folder) and entry.error is None and is_unicode(entry.path)
