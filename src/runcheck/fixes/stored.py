"""The files of a tree as they are, which a fix starts from: read whole and within bounds, or refused."""

import hashlib
import os

from runcheck.convention.checksums import LFS_START
from runcheck.convention.layout import layout
from runcheck.fixes.edits import ABSENT, CannotFixError, digest, place
from runcheck.probes import make_probe
from runcheck.probes.contents import DocumentContent
from runcheck.probes.folder import open_regular, read_regular

_CHECKSUMS = layout().path("checksums")
_MAX_LIST = 32 << 20  # bytes of a list that is rewritten
_POINTER = "is a Git LFS pointer; `git lfs pull` brings the file"


def stored(root: str, path: str) -> bytes | None:
    """Return the bytes of a document of the tree at ``root``; None where there is none.

    Raises:
        CannotFixError: it is no regular file, too large, only a pointer of Git LFS, or cannot be read.
    """
    limit = _MAX_LIST if path.endswith(f"/{_CHECKSUMS}") else layout().limits.document_bytes
    target = place(root, path)
    try:
        size = os.lstat(target).st_size
        if size > limit:
            raise CannotFixError(f"{path} is larger than {limit:,} bytes")
        content = read_regular(target, size)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(path, error) from error
    if content.startswith(LFS_START):
        raise CannotFixError(f"{path} {_POINTER}")
    return content


def require_object(root: str, path: str) -> None:
    """Refuse a file that is only a pointer of Git LFS, of any size.

    Raises:
        CannotFixError: it is one, or cannot be read.
    """
    try:
        with open_regular(place(root, path)) as stream:
            start = stream.read(len(LFS_START))
    except OSError as error:
        raise _unreadable(path, error) from error
    if start == LFS_START:
        raise CannotFixError(_POINTER)


def stored_digest(root: str, path: str) -> str | None:
    """Return the SHA-256 of a file, None where there is none.

    Raises:
        CannotFixError: it cannot be read.
    """
    try:
        return digest(place(root, path))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(path, error) from error


def digest_of_start(root: str, path: str, size: int, end: bytes) -> str:
    """Return the SHA-256 of the first ``size`` bytes of a file and ``end`` behind them.

    Raises:
        CannotFixError: it cannot be read.
    """
    sha256 = hashlib.sha256()
    try:
        with open_regular(place(root, path)) as stream:
            while size > 0 and (chunk := stream.read(min(1 << 20, size))):
                sha256.update(chunk)
                size -= len(chunk)
    except OSError as error:
        raise _unreadable(path, error) from error
    sha256.update(end)
    return sha256.hexdigest()


def state_of(content: bytes | None) -> str:
    """Return the state of a file that holds ``content``, as edits have it."""
    return ABSENT if content is None else f"file {hashlib.sha256(content).hexdigest()}"


def parsed(path: str, content: bytes) -> dict[str, object]:
    """Return the object that the bytes of a JSON or YAML document hold.

    Raises:
        CannotFixError: they hold none.
    """
    probe = make_probe("document", path)
    if probe is None:
        raise CannotFixError(f"{path} is neither JSON nor YAML by its name")
    probe.feed(content)
    found = probe.content()
    if not isinstance(found, DocumentContent) or not isinstance(found.value, dict):
        raise CannotFixError(f"{path} is no document that can be read; mend that first")
    return found.value


def _unreadable(path: str, error: OSError) -> CannotFixError:
    return CannotFixError(f"{path} cannot be read: {error.strerror or error}")
