"""The envelope of an OCDBT manifest or node: that it is whole, not what it says.

By hand, since TensorStore reads neither the manifests of the single processes nor the nodes of earlier generations when
a checkpoint is restored, and since this much is known without it.
https://google.github.io/tensorstore/kvstore/ocdbt/index.html, sections "Manifest" and "B+tree node".
"""

import struct

MANIFEST = "manifest.ocdbt"
ENVELOPE_BYTES = 1 << 20  # of what is larger only the header is looked at
MANIFEST_MAGIC, NODE_MAGIC = bytes.fromhex("0cdb3a2a"), bytes.fromhex("0cdb20de")
_HEADER, _CHECKSUM = 4 + 8, 4


def envelope_fault(start: bytes, size: int, magic: bytes) -> str | None:
    """Return what is wrong with a manifest or node of ``size`` bytes that begins with ``start``, or None."""
    if len(start) < max(_HEADER + _CHECKSUM, min(size, ENVELOPE_BYTES)):
        return f"is cut short: {len(start)} bytes of {size}"
    if not start.startswith(magic):
        return "does not begin as OCDBT does"
    (length,) = struct.unpack_from("<Q", start, len(magic))
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
