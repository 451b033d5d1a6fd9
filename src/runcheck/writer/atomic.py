"""Files and folders that are there whole or not at all."""

import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

_NOT_OFFERED = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EACCES, errno.EBADF)


@contextmanager
def whole(path: str) -> Iterator[str]:
    """Give, for a ``with``, the path of a temporary to write a file or a folder at, which takes the name ``path`` then.

    A crash leaves the old file or the new one, and maybe the temporary, which the next write removes; a link of that
    name is not followed. After an error the old one is there and the temporary is not.
    """
    temporary = f"{path}.tmp"
    _remove(temporary)
    try:
        yield temporary
        sync_tree(temporary)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            _remove(temporary)
        raise
    sync_folder(os.path.dirname(path))


def write_whole(path: str, content: str | bytes) -> None:
    """Write a file whole or not at all, a text as UTF-8."""
    with whole(path) as temporary, open(temporary, "xb") as stream:
        stream.write(content.encode() if isinstance(content, str) else content)


def rewrite(path: str, content: str | bytes) -> None:
    """Write a file whole or not at all, with the permissions of the one that was there."""
    with whole(path) as temporary:
        with open(temporary, "xb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
        if os.path.isfile(path) and not os.path.islink(path):
            shutil.copymode(path, temporary)


def write_json(path: str, document: Mapping[str, object]) -> None:
    """Write a JSON document to ``path``, whole or not at all."""
    write_whole(path, json_text(document))


def json_text(document: Mapping[str, object]) -> str:
    """Return a JSON document as it is written."""
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def sync_tree(path: str) -> None:
    """Make a file, or a folder and all below it, last through a power cut; its name is its folder's matter."""
    if not os.path.isdir(path):
        _sync_file(path)
    for above, _, files in os.walk(path):
        for name in files:
            _sync_file(os.path.join(above, name))
        sync_folder(above)


def sync_folder(path: str) -> None:
    """Make the names in a folder last through a power cut, where the system lets a folder be synced."""
    try:
        descriptor = os.open(path or ".", os.O_RDONLY)
    except OSError:  # Windows opens no folders
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NOT_OFFERED:  # some network file systems sync no folders
            raise
    finally:
        os.close(descriptor)


def _sync_file(path: str) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)
