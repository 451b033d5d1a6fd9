"""Walk a local tree into entries, without following a link and without leaving the root."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from runcheck.convention.layout import layout
from runcheck.tree.entry import Entry, EntryType

NEVER_ENTERED = ".git"
_FOLDER, _SPECIAL = EntryType.FOLDER, EntryType.SPECIAL
_TYPES = {stat.S_IFREG: EntryType.FILE, stat.S_IFDIR: _FOLDER, stat.S_IFLNK: EntryType.LINK}
_made = Entry._make  # of all nine fields, in half the time


def walk(root: str, path: str = "", enter: Callable[[Entry], bool] = lambda _: True) -> Iterator[Entry]:
    """Yield every entry below ``path`` in ``root``, folders before what they hold, names in order.

    Only the folders that ``enter`` says yes to are entered. What cannot be read is an entry with an error; what
    vanishes meanwhile, as in a run that is being written, is none. The state folder of the tools is passed over in the
    root, ``.git`` everywhere.
    """
    return in_order(partial(_folder, root), path, enter)


def in_order(
    entries_in: Callable[[str], Iterable[Entry]], path: str, enter: Callable[[Entry], bool]
) -> Iterator[Entry]:
    """Yield every entry below ``path``, each folder before what ``entries_in`` says that it holds."""
    pending = [iter(entries_in(path))]
    while pending:
        for entry in pending[-1]:
            yield entry
            if entry.type is _FOLDER and entry.error is None and enter(entry):
                pending.append(iter(entries_in(entry.path)))
                break
        else:
            pending.pop()


def entry_at(root: str, path: str) -> Entry | None:
    """Return the entry of what is at ``path`` in ``root``, of a link without its target, or None."""
    try:
        status = os.lstat(f"{root}/{path}")
    except OSError:
        return None
    return _entry_of(path, status, None)


def folders_in(folder: str) -> list[str]:
    """Return the names of the folders in ``folder``, in order; none where it cannot be listed."""
    try:
        with os.scandir(folder) as listing:
            return sorted(item.name for item in listing if item.is_dir(follow_symlinks=False))
    except OSError:
        return []


def _folder(root: str, path: str) -> list[Entry]:
    prefix = f"{path}/" if path else ""
    try:
        with os.scandir(f"{root}/{path}" if path else root) as listing:
            found = list(_entries(listing, prefix))
    except OSError as error:
        if path and isinstance(error, FileNotFoundError):
            return []
        return [Entry(path, EntryType.FOLDER, error=error.strerror or str(error))]
    if not path:
        found = [entry for entry in found if entry.path != layout().state]
    if all(entry.path.isascii() for entry in found):
        found.sort()  # by their paths, which differ
    else:
        found.sort(key=lambda entry: os.fsencode(entry.path))
    return found


def _entries(listing: Iterable[os.DirEntry[str]], prefix: str) -> Iterator[Entry]:
    for item in listing:
        name = item.name
        if name == NEVER_ENTERED:
            continue
        try:
            status = item.stat(follow_symlinks=False)
            target = os.readlink(item.path) if stat.S_ISLNK(status.st_mode) else None
        except FileNotFoundError:
            continue
        except OSError as error:
            yield Entry(prefix + name, EntryType.SPECIAL, error=error.strerror or str(error))
        else:
            yield _entry_of(prefix + name, status, target)


def _entry_of(path: str, status: os.stat_result, target: str | None) -> Entry:
    type_ = _TYPES.get(stat.S_IFMT(status.st_mode), _SPECIAL)
    times = status.st_mtime_ns, status.st_ctime_ns
    return _made((path, type_, status.st_size, *times, status.st_ino, target, None, None))
