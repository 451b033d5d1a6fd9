"""A unit's place in a tree of this machine: brought together in the state folder, and moved there by one rename."""

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from runcheck.convention.unit_paths import path_of_unit
from runcheck.errors import CannotWriteError
from runcheck.publish.sealed import CHECKSUMS, SealedUnit, content_of
from runcheck.reading.files import UnitFiles
from runcheck.reading.unit import metadata_of
from runcheck.tree.entry import Entry, EntryType
from runcheck.tree.state import state_folder
from runcheck.tree.store import LocalStore
from runcheck.tree.walk import entry_at, walk
from runcheck.writer.atomic import sync_folder, sync_tree, whole, write_whole
from runcheck.writer.lock import locked
from runcheck.writer.places import make_folders
from runcheck.writer.recovery.recover import StoredUnit
from runcheck.writer.recovery.recover import publish as bring_up_to_date
from runcheck.writer.recovery.repair import Repair
from runcheck.writer.seal import hash_file

_INCOMING = "incoming"
_CHUNK = 1 << 20


class FolderDestination:
    """The place ``path`` in the tree at ``root``, which is made where it is not there."""

    workers = min(4, os.cpu_count() or 1)

    def __init__(self, root: str, path: str) -> None:
        """Look at nothing yet."""
        self.name = os.path.join(root, path)
        self._root, self._path = os.path.realpath(root), path
        self._folder = os.path.join(self._root, path)
        self._to = self._folder

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock of the unit, which whoever writes it holds."""
        os.makedirs(self._root, exist_ok=True)
        with locked(self._root, f"{self._path.replace('/', '.')}.unit"):
            yield

    def sealed(self, unit: SealedUnit) -> bytes | None:  # noqa: ARG002 - a list here is whole or is none
        """Return the list of the unit that is there whole."""
        slug = os.path.dirname(self._path)
        if any(os.path.islink(f"{self._root}/{each}") for each in (os.path.dirname(slug), slug, self._path)):
            raise CannotWriteError(f"{self.name}: lies behind a link, which is not followed")
        entry = entry_at(self._folder, CHECKSUMS)
        return content_of(LocalStore(self._folder), entry) if entry is not None and entry.is_file else None

    def begin(self, unit: SealedUnit) -> None:
        """Make a folder to bring the files together in, without what is none of them."""
        if os.path.lexists(self._folder) and (not os.path.isdir(self._folder) or os.listdir(self._folder)):
            raise CannotWriteError(
                f"{self.name}: is there and is not sealed, so it is still written or was left; nothing is written "
                "over: finish it or remove it first"
            )
        incoming = os.path.join(state_folder(self._root), _INCOMING)
        self._to = os.path.join(incoming, self._path.replace("/", "."))
        for folder in (incoming, self._to):
            if os.path.islink(folder):
                raise CannotWriteError(f"{folder}: is a link, which is not followed")
            os.makedirs(folder, exist_ok=True)
        for path, entry in list(self._entries()):
            if entry.type is not EntryType.FOLDER and not (entry.is_file and path in unit.sums):
                os.unlink(os.path.join(self._to, path))

    def sizes(self) -> Mapping[str, int]:
        """Return the sizes of the files that are there."""
        return {path: entry.size for path, entry in self._entries() if entry.is_file}

    def sha256(self, path: str) -> str:
        """Return the SHA-256 of a file that is there."""
        return hash_file(os.path.join(self._to, path))

    def put(self, path: str, unit: SealedUnit) -> str:
        """Copy a file of the unit; one of a unit that is whole takes the place of what was damaged at once."""
        above = os.path.dirname(path)
        if above:
            make_folders(self._to, above)
        target = os.path.join(self._to, path)
        if self._to == self._folder:
            with whole(target) as temporary:
                return _copy(unit, path, temporary)
        if os.path.lexists(target):
            os.unlink(target)
        return _copy(unit, path, target)

    def complete(self, unit: SealedUnit) -> None:
        """Write the list, let all of it last through a power cut, and give the folder its name."""
        self._require_own_place()
        write_whole(os.path.join(self._to, CHECKSUMS), unit.listed)
        sync_tree(self._to)
        slug = os.path.dirname(self._path)
        make_folders(self._root, slug)
        os.rename(self._to, self._folder)  # which replaces no folder that holds something
        sync_folder(os.path.dirname(self._folder))
        self._to = self._folder

    def announce(self) -> list[str]:
        """Bring ``latest`` and the registry up to date, as the writer does."""
        files = UnitFiles(self._folder)
        repair = Repair(files)
        bring_up_to_date(StoredUnit(files, self._root, self._path, metadata_of(files)), repair)
        return repair.done

    def _entries(self) -> Iterator[tuple[str, Entry]]:
        """Yield what is there by its path in the unit, a folder of the tools among it, which is none in a unit."""
        above, name = os.path.split(self._to)
        return ((entry.path[len(name) + 1 :], entry) for entry in walk(above, name))

    def _require_own_place(self) -> None:
        """See that the unit says of itself that it belongs here.

        Raises:
            CannotWriteError: it says something else.
        """
        place = path_of_unit(metadata_of(UnitFiles(self._to)))
        if place != self._path:
            shutil.rmtree(self._to)
            raise CannotWriteError(f"{self.name}: is {place} by its metadata; it belongs there")


def _copy(unit: SealedUnit, path: str, target: str) -> str:
    entry = unit.files[path]
    digest = hashlib.sha256()
    with unit.store.open(entry) as source, open(target, "xb") as stream:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            stream.write(chunk)
    return digest.hexdigest()
