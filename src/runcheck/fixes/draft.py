"""What a tree would be like: edits upon what is there, none of them made yet, and the seals of changed units."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TypeVar, cast

from runcheck.convention.checksums import CHECKSUM_LINE, format_checksums
from runcheck.convention.documents import STATUSES, Heartbeat, Metadata, Status
from runcheck.convention.layout import layout
from runcheck.convention.timestamps import now
from runcheck.convention.unit_paths import unit_around, within_unit
from runcheck.convention.validation import violations
from runcheck.errors import CannotReadError, CannotWriteError
from runcheck.fixes.edits import ABSENT, CannotFixError, Edit, place, state, why_not
from runcheck.fixes.stored import digest_of_start, parsed, require_object, state_of, stored, stored_digest
from runcheck.reading.files import UnitFiles
from runcheck.tree.liveness import sign_of_life

CHECKSUMS, METADATA, README = (layout().path(role) for role in ("checksums", "metadata", "readme"))
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Draft:
    """The tree at ``root`` as it would be.

    ``is_daring`` lets a fix rest on a guess. ``needs_registry`` is set where the registry is to be built again, and
    ``registry_refusal`` where it must not be.
    """

    def __init__(self, root: str, *, is_daring: bool = False) -> None:
        """Begin with the tree as it is."""
        self.root = root
        self.is_daring = is_daring
        self.needs_registry = False
        self.registry_refusal: str | None = None
        self._edits: dict[str, Edit] = {}
        self._sums: dict[tuple[str, str], str] = {}  # by unit and path in it: the new digest of what changes
        self._undo: list[Callable[[], object]] = []

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Forget, for a ``with``, what was planned in it where it ends by an error."""
        self._undo = []
        try:
            yield
        except BaseException:
            for undo in reversed(self._undo):
                undo()
            raise

    def edits(self) -> tuple[Edit, ...]:
        """Return every edit, with those of the seals: the lists behind what they list, and last what cannot be undone.

        Raises:
            CannotWriteError: a list was changed since it was found sound.
        """
        units: dict[str, dict[str, str]] = {}
        for (unit, within), sha256 in self._sums.items():
            units.setdefault(unit, {})[within] = sha256
        lists = {path: edit for path, edit in self._edits.items() if path.endswith(f"/{CHECKSUMS}")}
        others = [edit for path, edit in self._edits.items() if path not in lists]
        try:
            lists |= {f"{unit}/{CHECKSUMS}": self._resealed(unit, sums) for unit, sums in units.items()}
        except CannotFixError as error:
            raise CannotWriteError(f"{self.root}: {error}; nothing was changed") from error
        return tuple(sorted((*others, *lists.values()), key=lambda edit: edit.act == "remove"))

    # --- reading ------------------------------------------------------------------------------------------------

    def read(self, path: str) -> bytes | None:
        """Return a document as it would be; None where there is none.

        Raises:
            CannotFixError: it is no regular file, too large, only a pointer of Git LFS, or cannot be read.
        """
        edit = self._edits.get(path)
        if edit is not None:
            return edit.content if edit.act == "write" else None
        return stored(self.root, path)

    def text(self, path: str) -> str:
        """Return a document as a text, "" where there is none.

        Raises:
            CannotFixError: it is none.
        """
        try:
            return (self.read(path) or b"").decode()
        except UnicodeDecodeError as error:
            raise CannotFixError(f"{path} is not UTF-8") from error

    def document(self, path: str) -> dict[str, object]:
        """Return the object that a JSON or YAML document holds.

        Raises:
            CannotFixError: there is none.
        """
        return parsed(path, self.read(path) or b"")

    def metadata(self, unit: str) -> Metadata:
        """Return the metadata of a unit, which are valid.

        Raises:
            CannotFixError: they are not.
        """
        document = self.document(f"{unit}/{METADATA}")
        if next(iter(violations("metadata", document)), None) is not None:
            raise CannotFixError(f"{METADATA} breaks its schema; mend that first")
        return cast("Metadata", document)

    def status(self, unit: str) -> Status | None:
        """Return the status of a unit, None where it cannot be told."""
        with suppress(CannotFixError):
            said = self.document(f"{unit}/{METADATA}").get("status")
            return next((status for status in STATUSES if status == said), None)
        return None

    def files(self, unit: str) -> UnitFiles:
        """Return the files of a unit as they are."""
        return UnitFiles(f"{self.root}/{unit}")

    def require_quiet(self, unit: str) -> None:
        """Refuse a unit that is being written.

        Raises:
            CannotFixError: it is.
        """
        with suppress(CannotReadError):
            beat = self.files(unit).document(layout().path("heartbeat"), "json", "heartbeat")
            if sign := sign_of_life(cast("Heartbeat", beat), now()):
                raise CannotFixError(sign)

    def is_sealed(self, unit: str) -> bool:
        """Say whether a unit has a list."""
        return self.files(unit).has(CHECKSUMS)

    def sums(self, unit: str) -> dict[str, str]:
        """Return the digests of the list of a unit by path.

        Raises:
            CannotFixError: it is no sound list.
        """
        sums: dict[str, str] = {}
        text = self.text(f"{unit}/{CHECKSUMS}")
        for line in text.removesuffix("\n").split("\n") if text else ():
            match = CHECKSUM_LINE.fullmatch(line)
            if match is None or sums.setdefault(match["path"], match["sha256"]) != match["sha256"]:
                raise CannotFixError(f"{CHECKSUMS} of the unit is damaged; mend that first")
        return sums

    def require_listed(self, path: str) -> None:
        """Refuse a file of a sealed unit that is not the one that was sealed: a fix must not seal a damage.

        Raises:
            CannotFixError: it is not.
        """
        unit = unit_around(path)
        if unit is None or not self.is_sealed(unit):
            return
        listed = self.sums(unit).get(within_unit(path))
        present = stored_digest(self.root, path)
        if listed is not None and present is None:
            raise CannotFixError(f"{CHECKSUMS} lists it, and it is gone; restore it from a copy")
        if listed is not None and present != listed:
            raise CannotFixError(f"is not the file that {CHECKSUMS} lists; restore it from a copy first")

    # --- changing -----------------------------------------------------------------------------------------------

    def write(self, path: str, content: bytes | str) -> None:
        """Plan to write a file.

        Raises:
            CannotFixError: the seal of its unit, or what lies there, forbids it.
        """
        new = content.encode() if isinstance(content, str) else content
        old = stored(self.root, path)
        if new == self.read(path):
            return
        self._require_room(path)
        self._plan(Edit(path, "write", state_of(old), new, old=old), hashlib.sha256(new).hexdigest())

    def link(self, path: str, target: str) -> None:
        """Plan to let ``latest`` be a link.

        Raises:
            CannotFixError: it is a folder, or a large file.
        """
        self._require_room(path)
        edit = Edit(path, "link", "", os.fsencode(target))
        before = self._state(edit)
        if before == "no file":
            raise CannotFixError("is a folder or a device, which is not removed; look at what it holds")
        old = stored(self.root, path) if before.startswith("file ") else None
        self._plan(edit._replace(before=before, old=old), None)

    def remove(self, path: str) -> None:
        """Plan to remove a file.

        Raises:
            CannotFixError: it is listed, or no file.
        """
        edit = Edit(path, "remove", "")
        before = self._state(edit)
        if not before.startswith("file "):
            raise CannotFixError("is no regular file")
        unit = unit_around(path)
        if unit is not None and self.is_sealed(unit) and within_unit(path) in self.sums(unit):
            raise CannotFixError(f"{CHECKSUMS} lists it")
        self._plan(edit._replace(before=before), None)

    def mend_end(self, path: str, before: int, size: int, end: bytes, lost: bytes) -> None:
        """Plan to cut a file of ``before`` bytes to ``size``, and to write ``end`` there, in place of ``lost``.

        Raises:
            CannotFixError: the seal of its unit forbids it.
        """
        if path in self._edits:
            return
        unit, new = unit_around(path), None
        if unit is not None and self.is_sealed(unit):
            new = digest_of_start(self.root, path, size, end)
        self._plan(Edit(path, "end", f"size {before}", end, size, lost), new)

    def list_file(self, path: str) -> None:
        """Plan to add a file that is there to the list of its unit.

        Raises:
            CannotFixError: the unit is a dataset, its list is damaged, or the file is not here or cannot be read.
        """
        unit = unit_around(path)
        if unit is None:
            raise CannotFixError("lies in no unit")
        self._require_no_fingerprint(path)
        self.sums(unit)  # a damaged line may have been the one of this very file
        if path not in self._edits:
            require_object(self.root, path)
            self._note(unit, within_unit(path), stored_digest(self.root, path))

    def _plan(self, edit: Edit, new: str | None) -> None:
        if reason := why_not(edit):
            raise CannotFixError(f"{edit.path} {reason}")
        unit = unit_around(edit.path)
        if unit is not None and self.is_sealed(unit) and _is_record(edit.path) and edit.act != "remove":
            within = within_unit(edit.path)
            self._require_no_fingerprint(edit.path)
            self.require_listed(edit.path)
            if edit.before == ABSENT or within in self.sums(unit):
                self._note(unit, within, new)
        self._put(self._edits, edit.path, edit)

    def _note(self, unit: str, within: str, sha256: str | None) -> None:
        """Plan the line of a file in the list of its unit."""
        try:
            within.encode()
        except UnicodeEncodeError as error:
            raise CannotFixError(f"has a name that is not UTF-8, and {CHECKSUMS} is") from error
        if sha256 is not None:
            self._put(self._sums, (unit, within), sha256)

    def _put(self, mapping: dict[_Key, _Value], key: _Key, value: _Value) -> None:
        if key in mapping:
            self._undo.append(partial(mapping.__setitem__, key, mapping[key]))
        else:
            self._undo.append(partial(mapping.__delitem__, key))
        mapping[key] = value

    def _require_no_fingerprint(self, path: str) -> None:
        kind = layout().kind_of_folder(path.partition("/")[0])
        if kind is not None and kind.name == "dataset" and within_unit(path) != METADATA:
            raise CannotFixError(
                "counts in the fingerprint by which runs name this sealed dataset; publish a new version instead"
            )

    def _require_room(self, path: str) -> None:
        temporary = f"{path}.tmp"
        if temporary not in self._edits and os.path.lexists(place(self.root, temporary)):
            raise CannotFixError(f"{temporary.rpartition('/')[2]} is in the way; look at it, then remove it")

    def _resealed(self, unit: str, new: dict[str, str]) -> Edit:
        """Return the edit of the list of a unit that changes the digests of some files and no other."""
        path = f"{unit}/{CHECKSUMS}"
        old = stored(self.root, path)
        return Edit(path, "write", state_of(old), format_checksums(self.sums(unit) | new).encode(), old=old)

    def _state(self, edit: Edit) -> str:
        try:
            return state(self.root, edit)
        except OSError as error:
            raise CannotFixError(f"cannot be read: {error.strerror or error}") from error


def _is_record(path: str) -> bool:
    """Say whether a list of checksums has a file: all but itself, the heartbeat and what is no content."""
    within = within_unit(path)
    return (
        within not in (CHECKSUMS, layout().path("heartbeat")) and within.rpartition("/")[2] not in layout().placeholders
    )
