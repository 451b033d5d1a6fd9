"""Decode chunks of Zarr arrays, within bounds, to see that each holds as many bytes as its array says.

By hand over the standard library and three decompressors of numcodecs that are named here, not with zarr-python or
TensorStore: neither bounds what a chunk expands to, zarr-python looks codecs up by the names in the metadata (pickle
among them), and numcodecs itself reads, without a word, a Blosc chunk that lost its last bytes or an LZ4 chunk that
holds fewer than it was asked for. What is not known here is not decoded, and said to be so.
"""

import sys
from array import array
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import product
from math import prod
from typing import BinaryIO, NamedTuple

from runcheck.probes.zarr.bytes import MOST_BYTES, Bytes, DamagedError, crc32c, decompressed, is_compression, unsealed
from runcheck.probes.zarr.codecs import Codec, Sharding
from runcheck.probes.zarr.dtypes import item_bytes_of_v2
from runcheck.probes.zarr.json import BeyondError

_MOST_INDEX = 32 << 20  # of the index of a shard
_EMPTY = 2**64 - 1
_WORD = 8
_CRC = 4

# Codecs that change bytes and not their number, or their number by a rule, whatever the bytes are.
_PLAIN = ("bytes", "transpose", "bitround")  # a reader takes these bytes as they are
_CAST = {"delta": ("dtype", "astype"), "fixedscaleoffset": ("dtype", "astype"), "quantize": ("dtype", "astype")}
_CAST["astype"] = ("decode_dtype", "encode_dtype")
_BY_SIZE = frozenset({*_PLAIN, *_CAST, "shuffle"})
_SEALS = frozenset({"crc32c", "crc32", "adler32", "fletcher32", "jenkins_lookup3"})
_VLEN = frozenset({"vlen-utf8", "vlen-bytes"})


class Extent(NamedTuple):
    """A range of bytes in a file, or in a decoded shard."""

    stream: BinaryIO
    start: int
    size: int

    def read(self, at: int, length: int) -> bytes:
        """Return bytes of the range.

        Raises:
            DamagedError: the file has become shorter.
            OSError: it cannot be read.
        """
        self.stream.seek(self.start + at)
        read = self.stream.read(length)
        if len(read) != length:
            raise DamagedError("has become shorter since its folder was listed")
        return read


def exact_size(codecs: Sequence[Codec], items: int, item_bytes: int | None) -> int | None:
    """Return how many bytes a chunk of so many items has, where none of its codecs compresses."""
    if item_bytes is None or not all(codec.is_known for codec in codecs):
        return None
    return _sizes(codecs, items * item_bytes)[-1]


def expect_size(size: int, wanted: int | None) -> None:
    """Compare the size of a chunk with what it must be.

    Raises:
        DamagedError: it is another.
    """
    if wanted not in (None, size):
        raise DamagedError(f"has {size:,} bytes; a chunk of its array has {wanted:,}")


def decode(extent: Extent, codecs: Sequence[Codec], items: int, item_bytes: int | None) -> None:
    """Decode a chunk of so many items, and keep nothing of it.

    Raises:
        DamagedError: it does not decode to its items.
        BeyondError: nothing here decodes it, or it is too large.
        OSError: the file cannot be read.
    """
    reading = _reading(codecs, item_bytes)
    sizes = _sizes(codecs, None if item_bytes is None else items * item_bytes)
    for codec, size in zip(codecs, sizes[1:], strict=True):
        if codec.name in _CAST and size is None:
            raise BeyondError(f"the Zarr codec {codec.name!r} with a dtype of unknown size")
    expect_size(extent.size, sizes[-1])
    if not reading:
        return
    sharding = codecs[-1].sharding
    if sharding is not None:
        _decode_shard(extent, sharding, item_bytes)
        return
    if extent.size > MOST_BYTES:
        raise BeyondError(f"Zarr chunks of more than {MOST_BYTES:,} bytes")
    data: Bytes = extent.read(0, extent.size)
    for at in reversed(reading):
        data, length = _undone(codecs[at], data, sizes[at], items, item_bytes, keep=at != reading[0])
        if None not in (length, sizes[at]) and length != sizes[at]:
            raise DamagedError(f"holds {length:,} bytes; a chunk of its array has {sizes[at]:,}")


def _undone(
    codec: Codec, data: Bytes, size: int | None, items: int, item_bytes: int | None, *, keep: bool
) -> tuple[Bytes, int | None]:
    """Return the bytes before a codec encoded them, if they are to be kept, and how many; None where that says all."""
    if is_compression(codec):
        return decompressed(codec, data, size, keep=keep)
    if codec.name in _SEALS:
        content = unsealed(codec, data)
        return content, len(content)
    if codec.sharding is not None:
        _decode_shard(Extent(BytesIO(data), 0, len(data)), codec.sharding, item_bytes)
    elif codec.name in _VLEN:
        _read_strings(data, items, text=codec.name == "vlen-utf8")
    else:
        return b"", _unpacked_bits(data)
    return b"", None


def _reading(codecs: Sequence[Codec], item_bytes: int | None) -> list[int]:
    """Return which codecs are undone by reading, not by reckoning; the rest come before the first of them."""
    unknown = next((codec.name for codec in codecs if not codec.is_known), None)
    if unknown is not None:
        raise BeyondError(f"the Zarr codec {unknown!r}")
    if item_bytes is None and not any(codec.name in _VLEN or codec.sharding for codec in codecs):
        raise BeyondError("a Zarr dtype of unknown size")
    reading = [at for at, codec in enumerate(codecs) if codec.name not in _BY_SIZE]
    for codec in codecs[reading[0] :] if reading else ():
        if codec.name in _BY_SIZE and codec.name not in _PLAIN:
            raise BeyondError(f"the Zarr codec {codec.name!r} after {codecs[reading[0]].name!r}")
    return reading


def _sizes(codecs: Sequence[Codec], raw: int | None) -> list[int | None]:
    """Return how many bytes there are before each codec encodes, and after the last; None where it depends on them."""
    sizes = [raw]
    for codec in codecs:
        sizes.append(None if sizes[-1] is None else _encoded_size(codec, sizes[-1]))
    return sizes


def _encoded_size(codec: Codec, size: int) -> int | None:
    if codec.name in _SEALS:
        return size + _CRC
    if codec.name == "packbits":
        return -(-size // 8) + 1
    if codec.name in _CAST:
        before, after = (codec.option(name) for name in _CAST[codec.name])
        one, other = item_bytes_of_v2(before), item_bytes_of_v2(before if after is None else after)
        return size // one * other if one and other else None
    return size if codec.name in _BY_SIZE else None


# --- shards -------------------------------------------------------------------------------------------------------


def inner_chunks(extent: Extent, sharding: Sharding) -> Iterator[tuple[tuple[int, ...], Extent | None]]:
    """Yield the place of each chunk in a shard, and where it lies; None for one that the index says is empty.

    Raises:
        DamagedError: the index is not whole.
        BeyondError: nothing here reads it, or it is too large.
        OSError: the file cannot be read.
    """
    counts = sharding.counts
    words = _index(extent, sharding, prod(counts))
    used = words.itemsize * len(words)
    for at, place in enumerate(product(*map(range, counts))):
        start, size = words[2 * at], words[2 * at + 1]
        if start == size == _EMPTY:
            yield place, None
            continue
        used += size
        if start + size > extent.size:
            raise DamagedError(f"lists its chunk {place} beyond its end")
        if used > extent.size:
            raise DamagedError("lists more bytes of chunks than it has")
        yield place, Extent(extent.stream, extent.start + start, size)


def _index(extent: Extent, sharding: Sharding, chunks: int) -> "array[int]":
    names = [codec.name for codec in sharding.index_codecs]
    if names not in (["bytes"], ["bytes", "crc32c"]):
        raise BeyondError(f"Zarr shards with an index in {' and '.join(names)}")
    sealed = len(names) > 1
    length = 2 * _WORD * chunks + (_CRC if sealed else 0)
    if length > _MOST_INDEX:
        raise BeyondError(f"Zarr shards with an index of more than {_MOST_INDEX:,} bytes")
    if length > extent.size:
        raise DamagedError(f"has {extent.size:,} bytes; the index of its {chunks:,} chunks alone has {length:,}")
    raw = extent.read(0 if sharding.index_at_start else extent.size - length, length)
    if sealed and crc32c(raw[:-_CRC]) != int.from_bytes(raw[-_CRC:], "little"):
        raise DamagedError("has an index that its CRC32C does not fit")
    words = array("Q")
    words.frombytes(raw[: 2 * _WORD * chunks])
    if (sharding.index_codecs[0].option("endian") == "big") != (sys.byteorder == "big"):
        words.byteswap()
    return words


def _decode_shard(extent: Extent, sharding: Sharding, item_bytes: int | None) -> None:
    for place, inner in inner_chunks(extent, sharding):
        if inner is not None:
            try:
                decode(inner, sharding.codecs, prod(sharding.chunk_shape), item_bytes)
            except DamagedError as error:
                raise DamagedError(f"in its chunk {place} {error}") from error


# --- texts, byte strings and bits ---------------------------------------------------------------------------------


def _read_strings(data: Bytes, items: int, *, text: bool) -> None:
    """Read what numcodecs' VLenUTF8 and VLenBytes write: the number of items, then each with its length before it."""
    end = len(data)
    if end < _CRC or int.from_bytes(data[:4], "little") != items:
        raise DamagedError(f"does not hold the {items:,} strings of a chunk of its array")
    at = 4
    for number in range(items):
        start = at + 4
        at = start + int.from_bytes(data[start - 4 : start], "little")
        if start > end or at > end:
            raise DamagedError(f"ends in its string {number:,} of {items:,}")
        if text:
            try:
                str(data[start:at], "utf-8")
            except UnicodeDecodeError as error:
                raise DamagedError(f"has a string that is not UTF-8, at {number:,} of {items:,}") from error
    if at != end:
        raise DamagedError(f"has {end - at:,} bytes after its last string")


def _unpacked_bits(data: Bytes) -> int:
    """Return how many booleans numcodecs' PackBits unpacks: the first byte says how many of the last bits are none."""
    if not data or data[0] > 7:  # noqa: PLR2004
        raise DamagedError("does not say how many bits it holds")
    return (len(data) - 1) * 8 - data[0]
