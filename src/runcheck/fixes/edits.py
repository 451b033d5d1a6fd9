"""An edit of one path of a tree: what is there now, and what shall be; it is made whole, or not at all."""

import hashlib
import os
import stat
from typing import Literal, NamedTuple, TypeAlias

from runcheck.convention.layout import layout
from runcheck.convention.names import is_unit_relative
from runcheck.convention.unit_paths import UNIT_DEPTH, unit_around, within_unit
from runcheck.convention.versions import scheme_of
from runcheck.errors import CannotWriteError
from runcheck.probes.folder import open_regular
from runcheck.writer.atomic import rewrite, sync_folder
from runcheck.writer.latest import put_latest
from runcheck.writer.places import make_folders

Act: TypeAlias = Literal["write", "link", "remove", "end"]

ABSENT = "absent"
# Of a unit, what an edit may change: documents and lists. Never data, checkpoints, exports, events or plots.
_MAY_WRITE = frozenset({"metadata", "checksums", "readme", "config", "summary"})
_CHUNK = 1 << 20


class CannotFixError(Exception):
    """What was found cannot be mended without harm: the reason."""


class Edit(NamedTuple):
    """What is done to ``path``, relative to the root.

    ``before`` is the state that it was planned for, as :func:`state` has it. ``content`` is what is written, the target
    of a link, or what is put behind the first ``size`` bytes of a file whose end is mended. ``old`` is what is lost by
    it, to be shown and to be taken back.
    """

    path: str
    act: Act
    before: str
    content: bytes = b""
    size: int = 0
    old: bytes | None = None

    @property
    def after(self) -> str:
        """The state of the path once it is done."""
        match self.act:
            case "write":
                return f"file {hashlib.sha256(self.content).hexdigest()}"
            case "link":
                return f"link {os.fsdecode(self.content)}"
            case "end":
                return f"size {self.size + len(self.content)}"
            case _:
                return ABSENT


def place(root: str, path: str) -> str:
    """Return a path of the tree as one of this machine; no folder on the way there is a link.

    Raises:
        CannotFixError: one is, or it leads out of the tree.
    """
    if not is_unit_relative(path):
        raise CannotFixError("leads out of the tree")
    above = root
    for part in path.split("/")[:-1]:
        above = f"{above}/{part}"
        try:
            is_folder = stat.S_ISDIR(os.lstat(above).st_mode)
        except FileNotFoundError:
            break
        if not is_folder:
            raise CannotFixError(f"lies behind {part}, which is a link or no folder, and is not followed")
    return f"{root}/{path}"


def state(root: str, edit: Edit) -> str:
    """Return the state of the path of an edit: of a file its digest, or its size where its end is mended.

    Raises:
        CannotFixError: it lies behind a link.
        OSError: it cannot be read.
    """
    target = place(root, edit.path)
    try:
        status = os.lstat(target)
    except FileNotFoundError:
        return ABSENT
    if stat.S_ISLNK(status.st_mode):
        return f"link {os.readlink(target)}"
    if not stat.S_ISREG(status.st_mode):
        return "no file"
    return f"size {status.st_size}" if edit.act == "end" else f"file {digest(target)}"


def digest(target: str) -> str:
    """Return the SHA-256 of a regular file.

    Raises:
        OSError: it cannot be read.
    """
    sha256 = hashlib.sha256()
    with open_regular(target) as stream:
        while chunk := stream.read(_CHUNK):
            sha256.update(chunk)
    return sha256.hexdigest()


def why_not(edit: Edit) -> str | None:
    """Return why an edit must not be made, whoever planned it; None where it may.

    This is the one place that holds the promise that data, checkpoints and the values of metrics are never touched.
    """
    unit, parts = unit_around(edit.path), edit.path.split("/")
    if not is_unit_relative(edit.path):
        return "leads out of the tree"
    if unit is None:
        is_latest = len(parts) == UNIT_DEPTH and parts[-1] == layout().latest
        is_latest &= layout().kind_of_folder(parts[0]) is not None
        if is_latest and edit.act in ("link", "write"):
            return None if _names_version(edit) else "would name no version"
        is_attributes = edit.path == ATTRIBUTES and edit.act == "write"
        return None if is_attributes else "is not the fixes' to change"
    kind = layout().kind_of_folder(parts[0])
    role = layout().role_of(within_unit(edit.path), kind.name if kind else "")
    name = role.name if role else None
    match edit.act:
        case "write":
            may = name in _MAY_WRITE or (name == "extra" and edit.before == ABSENT)
        case "end":
            may = name == "metrics" and _ends_a_line(edit)
        case "remove":
            may = name == "heartbeat" or (parts[-1].endswith(TEMPORARY) and name in (None, "extra"))
        case _:
            may = False
    return None if may else f"is {name or 'of no role'}, which a fix does not touch"


def _names_version(edit: Edit) -> bool:
    return scheme_of(edit.content.decode("utf-8", "replace").removesuffix("\n")) is not None


def _ends_a_line(edit: Edit) -> bool:
    """Say whether an edit of metrics takes no more than a torn line from their end, and adds no more than its end."""
    before = edit.before.removeprefix("size ")
    if not before.isdecimal() or edit.content not in (b"", b"\n"):
        return False
    return 0 <= edit.size <= int(before) <= edit.size + layout().limits.line_bytes


ATTRIBUTES = ".gitattributes"
TEMPORARY = ".tmp"


def require_writable(root: str, edit: Edit) -> None:
    """Refuse an edit in a folder that nobody may write in, before anything is changed.

    Raises:
        CannotWriteError: it is one.
        CannotFixError: it lies behind a link.
    """
    target = place(root, edit.path)
    folder = os.path.dirname(target)
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    is_writable = os.access(target, os.W_OK) if edit.act == "end" else os.access(folder, os.W_OK | os.X_OK)
    if not is_writable:
        raise CannotWriteError(f"{target}: cannot be written; its permissions do not let you, so nothing was changed")


def make(root: str, edit: Edit) -> None:
    """Make an edit. What a crash leaves is the old or the new.

    Raises:
        OSError: it cannot be made.
        CannotFixError: it lies behind a link.
    """
    target = place(root, edit.path)
    match edit.act:
        case "write":
            unit = unit_around(edit.path)
            if unit is not None and "/" in within_unit(edit.path):
                make_folders(f"{root}/{unit}", os.path.dirname(within_unit(edit.path)))
            rewrite(target, edit.content)
        case "link":
            put_latest(target, os.fsdecode(edit.content))
            sync_folder(os.path.dirname(target))
        case "remove":
            os.unlink(target)
            sync_folder(os.path.dirname(target))
        case "end":
            _require_torn(target, edit.size)
            _mend_end(target, edit.size, edit.content)


def undo(root: str, edit: Edit) -> None:
    """Take an edit back that was made.

    Raises:
        OSError: it cannot be taken back.
    """
    target = place(root, edit.path)
    if edit.act == "end":
        _mend_end(target, edit.size, edit.old or b"")
    elif edit.before == ABSENT:
        os.unlink(target)
    elif edit.before.startswith("link "):
        put_latest(target, edit.before.removeprefix("link "))
    elif edit.old is not None:
        rewrite(target, edit.old)


def _require_torn(target: str, size: int) -> None:
    """Refuse to cut more of a file than a last line that no line feed ends."""
    with open_regular(target) as stream:
        stream.seek(size)
        if b"\n" in stream.read(layout().limits.line_bytes):
            raise CannotFixError(f"{target} ends with whole lines, which a fix does not cut")


def _mend_end(target: str, size: int, end: bytes) -> None:
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(target, flags)
    try:
        os.ftruncate(descriptor, size)
        if end:
            os.lseek(descriptor, size, os.SEEK_SET)
            os.write(descriptor, end)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
