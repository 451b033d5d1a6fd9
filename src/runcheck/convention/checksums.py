"""``SHA256SUMS`` and the fingerprint of a dataset (spec, chapters 3 and 6). Also what a Git LFS pointer says."""

import hashlib
import re
from collections.abc import Mapping
from typing import NamedTuple

from runcheck.convention.layout import layout

# GNU coreutils, "sha256sum": digits, a space, a space (text) or asterisk (binary), the name.
CHECKSUM_LINE = re.compile(r"(?P<sha256>[0-9a-f]{64}) [ *](?P<path>.+)")

# git-lfs, docs/spec.md, "The Pointer": sorted key-value lines, version first.
LFS_START = b"version https://git-lfs.github.com/spec/"
_LFS_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-[^\n]+\n)*oid sha256:([0-9a-f]{64})\nsize (\d{1,19})\n"
)
LFS_POINTER_BYTES = 1024


class LfsPointer(NamedTuple):
    """What a Git LFS pointer stands for; None in both where the pointer is damaged."""

    sha256: str | None
    size: int | None


def parse_lfs_pointer(content: bytes) -> LfsPointer | None:
    """Return what ``content`` points to, or None where it is no pointer of Git LFS at all."""
    if not content.startswith(LFS_START) or len(content) > LFS_POINTER_BYTES:
        return None
    match = _LFS_POINTER.fullmatch(content)
    return LfsPointer(match[1].decode(), int(match[2])) if match else LfsPointer(None, None)


def format_checksums(sums: Mapping[str, str]) -> str:
    """Return the text of ``SHA256SUMS`` for digests by path, sorted by the bytes of the paths."""
    paths = sorted(sums, key=lambda path: path.encode())
    return "".join(f"{sums[path]}  {path}\n" for path in paths)


def fingerprint(sums: Mapping[str, str]) -> str:
    """Return the fingerprint of a dataset: SHA-256 of its list without the metadata's line."""
    metadata = layout().path("metadata")
    others = {path: sha256 for path, sha256 in sums.items() if path != metadata}
    return digest_of_list(others)


def digest_of_list(sums: Mapping[str, str]) -> str:
    """Return the SHA-256 of the list of these digests by path, which stands for a folder as a whole."""
    return hashlib.sha256(format_checksums(sums).encode()).hexdigest()
