"""``latest``: a link where the file system has links, else a text file."""

import contextlib
import errno
import os

from runcheck.convention.layout import layout
from runcheck.convention.versions import newest
from runcheck.probes.folder import open_regular
from runcheck.writer.atomic import write_whole

# By a file system that may well have links. Windows knows of no quotas.
_REFUSED = (getattr(errno, "EDQUOT", errno.ENOSPC), errno.EIO, errno.ENOSPC, errno.EROFS)


def read_latest(slug: str) -> str | None:
    """Return the version that ``latest`` in the folder of a slug names, or None where there is none."""
    path = os.path.join(slug, layout().latest)
    with contextlib.suppress(OSError):
        return os.readlink(path)
    with contextlib.suppress(OSError), open_regular(path) as stream:  # anything may be there: a pipe, other bytes
        return stream.read(300).decode("utf-8", "replace").strip()
    return None


def update_latest(slug: str, version: str) -> bool:
    """Let ``latest`` name ``version``, unless it names a newer one that is there; return whether it was changed."""
    current = read_latest(slug)
    is_there = current is not None and os.path.isdir(os.path.join(slug, current))
    if current is not None and is_there and newest([current, version]) == current:
        return False
    put_latest(os.path.join(slug, layout().latest), version)
    return True


def put_latest(path: str, version: str) -> None:
    """Let ``path`` be a link to ``version``, or a text file with it where there are no links, whole or not at all."""
    temporary = f"{path}.tmp"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary)
    try:
        os.symlink(version, temporary)
    except (OSError, NotImplementedError) as error:
        if isinstance(error, OSError) and error.errno in _REFUSED:
            raise
        write_whole(path, f"{version}\n")
    else:
        try:
            os.replace(temporary, path)
        except OSError:
            os.unlink(temporary)
            raise
