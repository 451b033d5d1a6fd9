"""The envelope of an OCDBT manifest: that it is whole, not what it says.

By hand, since Orbax restores without a look at the manifests of the single processes, and since this much is known
without TensorStore. https://google.github.io/tensorstore/kvstore/ocdbt/index.html, section "Manifest".
"""

import struct

MANIFEST = "manifest.ocdbt"
MANIFEST_BYTES = 1 << 20  # of a larger one only the header is looked at
_MAGIC = bytes.fromhex("0cdb3a2a")
_HEADER, _CHECKSUM = 4 + 8, 4


def manifest_fault(start: bytes, size: int) -> str | None:
    """Return what is wrong with a manifest of ``size`` bytes that begins with ``start``, or None."""
    if len(start) < _HEADER + _CHECKSUM:
        return f"is cut short: {size} bytes are no manifest"
    if not start.startswith(_MAGIC):
        return "does not begin as a manifest does"
    (length,) = struct.unpack_from("<Q", start, len(_MAGIC))
    if length != size:
        return f"is {size} bytes long, and says {length}"
    (checksum,) = struct.unpack_from("<I", start, len(start) - _CHECKSUM)
    if size == len(start) and checksum != crc32c(start[:-_CHECKSUM]):
        return "does not have the checksum that it says"
    return None


def _table() -> tuple[int, ...]:
    entries = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)  # noqa: PLW2901 - the remainder of the division
        entries.append(byte)
    return tuple(entries)


_TABLE = _table()


def crc32c(content: bytes) -> int:
    """Return the CRC-32C (RFC 3720, section B.4) of a few bytes."""
    remainder = 0xFFFFFFFF
    for byte in content:
        remainder = _TABLE[(remainder ^ byte) & 0xFF] ^ (remainder >> 8)
    return remainder ^ 0xFFFFFFFF
