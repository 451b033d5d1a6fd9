"""Copies of files of a store on this machine, for libraries that open files themselves."""

import contextlib
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from runcheck.tree.entry import Entry
from runcheck.tree.store import TooLargeError

_BYTES = 16 << 30
_CHUNK = 1 << 20
TOO_LARGE = (
    f"what a library opens by itself is copied here, {_BYTES >> 30} GiB of a folder or file at most, "
    "and half of what is free"
)
_COPYING = threading.Lock()  # one at a time


@contextlib.contextmanager
def copied(members: Mapping[str, Entry], open_: Callable[[Entry], BinaryIO]) -> Iterator[str]:
    """Copy files, by their paths within, to a folder of this machine, which is removed afterwards.

    Raises:
        TooLargeError: they are too large for that.
        OSError: they cannot be read, or written here.
    """
    with _COPYING, tempfile.TemporaryDirectory(prefix="runcheck-") as folder:
        size = sum(entry.size for entry in members.values() if entry.is_file)
        if size > min(_BYTES, shutil.disk_usage(folder).free // 2):
            raise TooLargeError(TOO_LARGE)
        for name, entry in members.items():
            target = Path(folder, name)
            if entry.is_folder:
                target.mkdir(parents=True, exist_ok=True)
        for name, entry in members.items():
            if entry.is_file:
                with open_(entry) as source, Path(folder, name).open("xb") as copy:
                    shutil.copyfileobj(source, copy, _CHUNK)
        yield folder
