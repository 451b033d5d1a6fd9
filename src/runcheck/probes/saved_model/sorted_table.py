"""LevelDB's table format, as TensorFlow indexes its checkpoints: keys in order, each with a value, in checked blocks.

By hand, since what reads it is TensorFlow, at 600 MB. Source: leveldb's doc/table_format.md, and table/format.cc and
table/block.cc for the trailer of a block and the prefixes of keys. Every block's checksum is verified.
"""

from collections.abc import Iterator
from typing import BinaryIO

from runcheck.convention.tfrecord import masked_crc32c
from runcheck.probes.bounded import read_exactly

MAX_KEY = 4096
MAX_BLOCKS = 10_000  # of one table; TensorFlow fills 256 KiB of each

_FOOTER = 48
_MAGIC = 0xDB4775248B80FB57.to_bytes(8, "little")
_TRAILER = 5  # how the block is compressed, and its masked CRC-32C
_SNAPPY = 1
_MAX_VARINT = 10


class BadTableError(Exception):
    """The table is damaged: why, as the end of a sentence."""


class UnreadTableError(Exception):
    """The table may be sound, and nothing here reads it: why, as the end of a sentence."""


def read_table(stream: BinaryIO, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield every key of a table of ``size`` bytes, with its value, in order.

    Raises:
        BadTableError: the table is damaged.
        UnreadTableError: nothing here reads its blocks.
    """
    if size < _FOOTER:
        raise BadTableError(f"is cut short: it has {size} bytes, less than its footer")
    footer = _exactly(stream, size - _FOOTER, _FOOTER)
    if not footer.endswith(_MAGIC):
        raise BadTableError("does not end as a table does; it may be cut short")
    handles = _Bytes(footer[: -len(_MAGIC)])
    blocks = [(handles.varint(), handles.varint()) for _ in ("metaindex", "index")]
    if footer[handles.at : -len(_MAGIC)].strip(b"\0"):
        raise BadTableError("has more than zeros in the padding of its footer")
    _block(stream, size, *blocks[0])  # it says nothing in a table of TensorFlow
    last: bytes | None = None
    for number, (_, handle) in enumerate(_entries(_block(stream, size, *blocks[1]))):
        if number == MAX_BLOCKS:
            raise UnreadTableError(f"has more than {MAX_BLOCKS:,} blocks")
        place = _Bytes(handle)
        for key, value in _entries(_block(stream, size, place.varint(), place.varint())):
            if last is not None and key <= last:
                raise BadTableError(f"has its keys out of order at {key[:100]!r}")
            last = key
            yield key, value


def _block(stream: BinaryIO, size: int, offset: int, length: int) -> bytes:
    if offset + length + _TRAILER > size - _FOOTER:
        raise BadTableError(f"has a block of {length:,} bytes at byte {offset:,}, beyond its end")
    content = _exactly(stream, offset, length + _TRAILER)
    compression, stored = content[length], int.from_bytes(content[length + 1 :], "little")
    if masked_crc32c(content[: length + 1]) != stored:
        raise BadTableError(f"has a block at byte {offset:,} whose checksum is not that of its bytes")
    if compression == _SNAPPY:
        raise UnreadTableError("is compressed with Snappy, which TensorFlow wrote before 1.2")
    if compression:
        raise BadTableError(f"has a block at byte {offset:,} in the unknown compression {compression}")
    return content[:length]


def _entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the entries of a block: each key shares a prefix with the one before it."""
    if len(block) < 4:  # noqa: PLR2004 - the count of restarts
        raise BadTableError("has a block without its count of restarts")
    restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 - 4 * restarts
    if end < 0:
        raise BadTableError(f"has a block that promises {restarts:,} restarts, beyond its start")
    found, key = _Bytes(block[:end]), b""
    while found.at < end:
        shared, own, length = found.varint(), found.varint(), found.varint()
        if shared > len(key) or shared + own > MAX_KEY:
            raise BadTableError("has a key that shares more than there is, or is too long")
        key = key[:shared] + found.take(own)
        yield key, found.take(length)


def _exactly(stream: BinaryIO, offset: int, length: int) -> bytes:
    stream.seek(offset)
    return read_exactly(stream, length, BadTableError)


class _Bytes:
    """Bytes read from the front."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.at = 0

    def varint(self) -> int:
        value = 0
        for index, byte in enumerate(self._content[self.at : self.at + _MAX_VARINT]):
            value |= (byte & 0x7F) << 7 * index
            if byte < 0x80:  # noqa: PLR2004 - no other follows
                self.at += index + 1
                return value
        raise BadTableError("has a number that does not end")

    def take(self, length: int) -> bytes:
        taken = self._content[self.at : self.at + length]
        if len(taken) != length:
            raise BadTableError("has an entry that goes beyond its block")
        self.at += length
        return taken
