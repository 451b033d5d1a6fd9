"""Files that are there whole or not at all."""

import contextlib
import errno
import os

_NOT_OFFERED = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EACCES, errno.EBADF)


def write_whole(path: str, text: str) -> None:
    """Write ``text`` to ``path`` so that a crash leaves the old file or the new one.

    A temporary beside it is written, synced, and renamed over it; where that fails it is taken away again.
    """
    temporary = f"{path}.tmp"
    try:
        with open(temporary, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    sync_folder(os.path.dirname(path))


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
