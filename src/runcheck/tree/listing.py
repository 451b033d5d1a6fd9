"""What a store lists, as entries: keys become paths, and what they imply becomes folders.

An object store has keys and no folders. A key may be what no path below a root can be; then it is an entry with an
error, which no file of the tree is, and is never opened.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeAlias

from runcheck.tree.entry import Entry, EntryType
from runcheck.tree.walk import NEVER_ENTERED

Info: TypeAlias = Mapping[str, object]  # what fsspec tells of a path: its name, type, size, and what the store adds

NO_PATH = "its key cannot be a path below a root: it has an empty segment, '.', '..', or what the store reads otherwise"
BOTH = "is a file, and a folder of files too, which no file system can hold"
NO_SIZE = "the store does not tell its size"
_VERSIONS = ("ETag", "etag", "generation", "versionId", "VersionId", "content_md5")
_TIMES = ("LastModified", "last_modified", "mtime", "updated", "created")
_OF_S3FS = "?versionId="  # s3fs takes what follows for a version, and reads another object


def entries_of(infos: Iterable[Info], folder: str, path: str) -> list[Entry]:
    """Return what a listing of ``folder`` in a store holds, which is at ``path`` in the tree.

    Folders come before what they hold, names in the order of their bytes. What lies deeper may be listed too. An empty
    object whose key ends with a slash marks a folder.
    """
    prefix = f"{path}/" if path else ""
    found: dict[str, Entry] = {}
    for info in infos:
        name = str(info["name"])
        is_folder = info["type"] == "directory" or (name.endswith("/") and not info.get("size"))
        is_itself = name == folder or (name == f"{folder}/" and is_folder and info["type"] != "directory")
        if is_itself or not name.startswith(f"{folder}/"):
            continue
        below = name[len(folder) + 1 :]
        parts = (below.removesuffix("/") if is_folder else below).split("/")
        if NEVER_ENTERED in parts:
            continue
        sound = next((at for at, part in enumerate(parts) if not _is_segment(part)), len(parts))
        for at in range(1, min(sound + 1, len(parts))):
            _add(found, Entry(prefix + "/".join(parts[:at]), EntryType.FOLDER))
        if sound < len(parts):
            _add(found, Entry(prefix + (below or "/"), EntryType.SPECIAL, error=NO_PATH))
        else:
            _add(found, _entry(prefix + "/".join(parts), info, is_folder=is_folder))
    return sorted(found.values(), key=_in_order)


def entry_of(path: str, info: Info) -> Entry:
    """Return the entry of what a store tells of one path."""
    return _entry(path, info, is_folder=info["type"] == "directory")


def _in_order(entry: Entry) -> list[bytes]:
    return [part.encode("utf-8", "surrogatepass") for part in entry.path.split("/")]


def _is_segment(part: str) -> bool:
    return part not in ("", ".", "..") and "\0" not in part and _OF_S3FS not in part


def _add(found: dict[str, Entry], entry: Entry) -> None:
    """Add an entry; where it is both a file and a folder, one that says so."""
    before = found.get(entry.path)
    if before is None:
        found[entry.path] = entry
    elif before.type is not entry.type:
        found[entry.path] = Entry(entry.path, EntryType.FOLDER, error=BOTH)


def _entry(path: str, info: Info, *, is_folder: bool) -> Entry:
    if is_folder:
        return Entry(path, EntryType.FOLDER)
    if info["type"] != "file":
        return Entry(path, EntryType.SPECIAL)
    size = info.get("size")
    if not isinstance(size, int):
        return Entry(path, EntryType.SPECIAL, error=NO_SIZE)
    version = next((str(info[name]) for name in _VERSIONS if info.get(name)), None)
    return Entry(path, EntryType.FILE, size, _nanoseconds(info), version=version)


def _nanoseconds(info: Info) -> int:
    """Return when a path was last written to, as near as the store tells it; 0 where it does not."""
    time = next((info[name] for name in _TIMES if info.get(name)), None)
    if isinstance(time, str):
        try:
            time = datetime.fromisoformat(time)
        except ValueError:
            return 0
    if isinstance(time, datetime):
        time = time.timestamp()
    return int(time * 1e9) if isinstance(time, int | float) else 0
