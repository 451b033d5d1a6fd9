"""Read a file once: its SHA-256, and what a probe learns from the same bytes."""

import hashlib
import os
import stat

from runcheck.convention.checksums import LFS_POINTER_BYTES, parse_lfs_pointer
from runcheck.probes import Facts, make_probe
from runcheck.tree.entry import Entry

CHUNK = 1 << 20

# A path may have become a link or a pipe since the walk: neither is followed, nor waited for.
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_facts(root: str, entry: Entry, format_: str | None, *, hashed: bool) -> Facts:
    """Return what there is to know of the file ``entry``.

    The digest if ``hashed``, the pointer it is, what the probe of its format found.
    """
    probe = make_probe(format_, entry.path)
    if probe is None and not hashed and entry.size > LFS_POINTER_BYTES:
        return Facts()
    try:
        descriptor = os.open(f"{root}/{entry.path}", _FLAGS)
    except OSError as error:
        return Facts(error=error.strerror or str(error))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return Facts(error="is no longer a regular file")
    with open(descriptor, "rb", buffering=0) as stream:
        digest = hashlib.sha256() if hashed else None
        try:
            first = stream.read(CHUNK)
            pointer = parse_lfs_pointer(first)
            chunk = first
            while chunk:
                if digest is not None:
                    digest.update(chunk)
                if probe is not None and pointer is None:
                    probe.feed(chunk)
                if probe is None and digest is None:
                    break
                chunk = stream.read(CHUNK)
        except OSError as error:
            return Facts(error=error.strerror or str(error))
    content = probe.content() if probe is not None and pointer is None else None
    return Facts(sha256=digest.hexdigest() if digest else None, pointer=pointer, content=content)
