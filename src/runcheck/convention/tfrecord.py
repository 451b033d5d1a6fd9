"""TFRecord, the framing of TensorBoard's event files, alike for the writer and the probe.

A record is its length (8 bytes, little-endian), the masked CRC-32C of these 8 bytes, the content, and the masked
CRC-32C of the content (tensorflow/core/lib/io/record_writer.h). The checksum is by hand where google-crc32c is not
installed, since the standard library has no CRC-32C and neither writer nor probe may need more than it.
"""

import struct
import warnings
from collections.abc import Callable
from functools import cache

HEADER = struct.Struct("<QI")
FOOTER = struct.Struct("<I")

_MASK_DELTA = 0xA282EAD8


def record(content: bytes) -> bytes:
    """Return ``content`` framed."""
    length = len(content).to_bytes(8, "little")
    return HEADER.pack(len(content), masked_crc32c(length)) + content + FOOTER.pack(masked_crc32c(content))


def masked_crc32c(content: bytes) -> int:
    """Return the CRC-32C of ``content``, masked."""
    return masked(crc32c()(0, content))


def masked(crc: int) -> int:
    """Mask a CRC as TFRecord does, so that a CRC over content that holds CRCs stays sound."""
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF


@cache
def crc32c() -> Callable[[int, bytes], int]:
    """Return the fastest function here that extends the CRC-32C of what came before, 0 at first, by further bytes."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns where it is as slow as the table below
            import google_crc32c  # noqa: PLC0415 - only where event files are
    except ImportError:
        return crc32c_by_table
    extend: Callable[[int, bytes], int] = google_crc32c.extend
    return extend if google_crc32c.implementation == "c" else crc32c_by_table


def crc32c_by_table(crc: int, content: bytes) -> int:
    """Extend a CRC-32C with nothing but the standard library, some 10 MB a second."""
    crc, table = crc ^ 0xFFFFFFFF, _table()
    for byte in content:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


@cache
def _table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)  # Castagnoli, reflected (RFC 3720, appendix B.4)
        table.append(crc)
    return tuple(table)
