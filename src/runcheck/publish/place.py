"""A unit's place in a store: files go to their keys, the list last, and a note says whose they are until then."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from runcheck.convention.documents import Metadata
from runcheck.convention.layout import layout
from runcheck.convention.timestamps import format_timestamp, now
from runcheck.convention.versions import newest
from runcheck.errors import CannotWriteError
from runcheck.probes.latest import version_in
from runcheck.publish.sealed import CHECKSUMS, SealedUnit, content_of, sha256_of
from runcheck.publish.shadow import registered
from runcheck.tree.writable import CONNECTIONS, WritableStore

_NOTE_BYTES = 4096


class StoreDestination:
    """The place ``path`` in the tree of ``store``."""

    workers = CONNECTIONS

    def __init__(self, store: WritableStore, path: str, metadata: Metadata) -> None:
        """Look at nothing yet."""
        self._store, self._path, self._metadata = store, path, metadata
        self._note = f"{layout().state}/incoming/{path.replace('/', '.')}.json"
        self._is_torn = False

    @property
    def name(self) -> str:
        """The URL of the place."""
        return f"{self._store.name}/{self._path}"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold nothing: a store has no locks. The note, and the list that is written where none is, stand for one."""
        yield

    def sealed(self, unit: SealedUnit) -> bytes | None:
        """Return the list of the unit that is there whole; the start of ours, which was interrupted, is none."""
        entry = self._store.entry(f"{self._path}/{CHECKSUMS}")
        if entry is None or not entry.is_file:
            return None
        listed = content_of(self._store, entry)
        self._is_torn = listed != unit.listed and unit.listed.startswith(listed) and self._noted() == _digest(unit)
        return None if self._is_torn else listed

    def begin(self, unit: SealedUnit) -> None:
        """Note whose files are brought."""
        if self._is_own(unit):
            return
        strange = next((entry.path for entry in self._store.walk(self._path) if entry.is_file), None)
        if strange is not None:
            raise CannotWriteError(
                f"{self.name}: is there and is not sealed, as {strange[len(self._path) + 1 :]} in it tells; nothing is "
                "written over: remove it first, or publish a new version"
            )
        note = {CHECKSUMS: _digest(unit), "begun_at": format_timestamp(now())}
        try:
            self._store.write(
                self._note, (json.dumps(note) + "\n").encode(), is_new=not self._store.is_file(self._note)
            )
        except FileExistsError:
            self._is_own(unit)

    def sizes(self) -> Mapping[str, int]:
        """Return the sizes of the files that are there."""
        start = len(self._path) + 1
        return {entry.path[start:]: entry.size for entry in self._store.walk(self._path) if entry.is_file}

    def sha256(self, path: str) -> str:
        """Return the SHA-256 of a file that is there, or an empty text where there is none."""
        entry = self._store.entry(f"{self._path}/{path}")
        return sha256_of(self._store, entry) if entry is not None and entry.is_file else ""

    def put(self, path: str, unit: SealedUnit) -> str:
        """Send a file of the unit."""
        entry = unit.files[path]
        with unit.store.open(entry) as stream:
            return self._store.send(f"{self._path}/{path}", stream, entry.size)

    def complete(self, unit: SealedUnit) -> None:
        """Write the list where none is, and read it back."""
        self._is_own(unit)
        strange = sorted(set(self.sizes()) - {CHECKSUMS, *unit.sums, *unit.signatures})
        if strange:
            raise CannotWriteError(f"{self.name}/{strange[0]}: is there and in no list; remove it, and run it again")
        with suppress(FileExistsError):
            self._store.write(f"{self._path}/{CHECKSUMS}", unit.listed, is_new=not self._is_torn)
        if self.sealed(unit) != unit.listed:
            raise CannotWriteError(f"{self.name}/{CHECKSUMS}: is another one when it is read back")

    def announce(self) -> list[str]:
        """Bring ``latest`` and the registry up to date, and remove the note."""
        done = []
        if self._metadata["status"] == "completed" and self._update_latest():
            done.append(f"let {layout().latest} name {self._metadata['version']}")
        done += registered(self._store, self._path, self._metadata)
        self._store.remove(self._note)
        return done

    def _is_own(self, unit: SealedUnit) -> bool:
        """Say whether the note is of this unit, not whether there is one.

        Raises:
            CannotWriteError: it is of another.
        """
        noted = self._noted()
        if noted not in (None, _digest(unit)):
            raise CannotWriteError(
                f"{self.name}: another version is being brought there, or was; if nobody does so any more, remove "
                f"{self.name} and {self._store.name}/{self._note}"
            )
        return noted is not None

    def _noted(self) -> str | None:
        """Return of which list the note is; None where there is none, or none that was written whole."""
        entry = self._store.entry(self._note)
        if entry is None or not entry.is_file or entry.size > _NOTE_BYTES:
            return None
        try:
            note: object = json.loads(self._store.content(entry))
        except (ValueError, RecursionError):
            return None
        digest = note.get(CHECKSUMS) if isinstance(note, dict) else None
        return digest if isinstance(digest, str) else None

    def _update_latest(self) -> bool:
        """Let ``latest`` name this version, unless it names a newer one that is there; it is a text file in a store."""
        slug, _, version = self._path.rpartition("/")
        entry = self._store.entry(f"{slug}/{layout().latest}")
        current = None
        if entry is not None and entry.is_file:
            with self._store.open(entry) as stream:
                current = version_in(stream)
        is_there = current is not None and self._store.is_file(f"{slug}/{current}/{layout().path('metadata')}")
        if current == version or (is_there and newest(filter(None, (current, version))) == current):
            return False
        self._store.write(f"{slug}/{layout().latest}", f"{version}\n".encode())
        return True


def _digest(unit: SealedUnit) -> str:
    return hashlib.sha256(unit.listed).hexdigest()
