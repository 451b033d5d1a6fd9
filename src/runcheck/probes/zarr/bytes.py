"""Compressions and checksums of bytes, undone within bounds.

Sources: RFC 1950 (zlib), RFC 1952 (gzip), RFC 8878 (Zstandard), the header of Blosc
(https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst) and numcodecs for LZ4 and the checksums.
"""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from runcheck.probes.zarr.codecs import Codec
from runcheck.probes.zarr.json import BeyondError

MOST_BYTES = 192 << 20  # of a chunk, encoded and decoded together
_FED, _MADE = 1 << 16, 1 << 20  # of a compressed stream, at once: bzip2 makes 45 MB of 50 bytes
_LZMA_MEMORY = 100 << 20
_CRC_SLICE = 1 << 20
_CHECKSUM_BYTES = 4
_NEEDS = "needs {}: pip install 'runcheck[zarr]'"

Bytes: TypeAlias = bytes | bytearray | memoryview


class DamagedError(Exception):
    """Why a chunk cannot be decoded, as the end of a sentence."""


# --- checksums ----------------------------------------------------------------------------------------------------


def crc32c(data: Bytes) -> int:
    """Return the CRC32C of bytes.

    Raises:
        BeyondError: the library for it is missing.
    """
    try:
        import google_crc32c  # noqa: PLC0415 - only where a chunk has one
    except ImportError as error:
        raise BeyondError(f"a CRC32C {_NEEDS.format('google-crc32c')}") from error
    value, view = 0, memoryview(data)
    for at in range(0, len(view), _CRC_SLICE):  # the library takes bytes alone, and copies of a whole chunk are large
        value = google_crc32c.extend(value, bytes(view[at : at + _CRC_SLICE]))
    return value


_SUMS: Mapping[str, Callable[[Bytes], int]] = {"crc32c": crc32c, "crc32": zlib.crc32, "adler32": zlib.adler32}


def unsealed(codec: Codec, data: Bytes) -> Bytes:
    """Return what a checksum was put to, without it.

    Raises:
        DamagedError: the checksum is of something else.
        BeyondError: nothing here computes it.
    """
    if len(data) < _CHECKSUM_BYTES:
        raise DamagedError(f"is too short for its {codec.name}")
    view = memoryview(data)
    if codec.name not in _SUMS:
        _numcodecs_checks(codec, data)
        return view[:-_CHECKSUM_BYTES]
    at_start = codec.option("location") == "start"
    stored = view[:_CHECKSUM_BYTES] if at_start else view[-_CHECKSUM_BYTES:]
    content = view[_CHECKSUM_BYTES:] if at_start else view[:-_CHECKSUM_BYTES]
    if _SUMS[codec.name](content) != int.from_bytes(stored, "little"):
        raise _does_not_fit(codec)
    return content


def _numcodecs_checks(codec: Codec, data: Bytes) -> None:
    options = {} if codec.name == "fletcher32" else {"initval": codec.option("initval")}
    if codec.name != "fletcher32" and (codec.option("prefix") is not None or type(options["initval"]) is not int):
        raise BeyondError("the Zarr codec 'jenkins_lookup3' with a prefix")
    try:
        _numcodecs(codec.name)(**options).decode(data)
    except (RuntimeError, ValueError, IndexError) as error:
        raise _does_not_fit(codec) from error


def _does_not_fit(codec: Codec) -> DamagedError:
    return DamagedError(f"has a {codec.name} checksum that does not fit its bytes")


# --- compressions -------------------------------------------------------------------------------------------------


def is_compression(codec: Codec) -> bool:
    """Say whether a codec compresses."""
    return codec.name in _STREAMS or codec.name in _BLOCKS


def decompressed(codec: Codec, data: Bytes, size: int | None, *, keep: bool) -> tuple[Bytes, int]:
    """Return what a codec compressed, if it is to be kept, and how many bytes it is.

    ``size`` is how many there should be, where that is known.

    Raises:
        DamagedError: the data are not whole, or hold more than ``size``.
        BeyondError: nothing here decompresses them, or they may be too large.
    """
    if codec.name in _BLOCKS:
        out = _block(codec.name, data, size)
        return out, len(out)
    if codec.name == "lzma" and codec.option("filters") is not None:
        raise BeyondError("the Zarr codec 'lzma' with filters of its own")
    kept, length = bytearray(), 0
    most = MOST_BYTES if size is None or keep else size
    for piece in _pieces(codec, memoryview(data)):
        length += len(piece)
        if size is not None and length > size:
            raise DamagedError(f"holds more than the {size:,} bytes that a chunk of its array has")
        if length > most:
            raise BeyondError(f"Zarr chunks of more than {MOST_BYTES:,} bytes")
        if keep:
            kept += piece
    return kept, length


def _pieces(codec: Codec, data: memoryview) -> Iterator[bytes]:
    """Yield what compressed streams, one behind the other, hold."""
    make, at = _STREAMS[codec.name], 0
    while True:
        stream = make(codec)
        while not stream.eof:
            fed = data[at : at + _FED] if stream.needs_input else b""
            at += len(fed)
            try:
                piece = stream.decompress(fed, _MADE)
            except lzma.LZMAError as error:
                if "emory" in str(error):
                    raise BeyondError("Zarr chunks that take LZMA more memory than is given to it") from error
                raise DamagedError(f"does not decompress with {codec.name}: {error}") from error
            except (zlib.error, OSError, ValueError) as error:
                raise DamagedError(f"does not decompress with {codec.name}: {error}") from error
            if not (piece or fed or stream.eof):
                raise DamagedError(f"ends in the middle of its {codec.name} data")
            yield piece
        at -= len(stream.unused_data)
        if bytes(data[at:]).count(0) == len(data) - at:
            break
    if at != len(data) and codec.name != "gzip":  # gzip pads with zeros
        raise DamagedError(f"has {len(data) - at:,} bytes after its {codec.name} data")


def _lzma(codec: Codec) -> lzma.LZMADecompressor:
    format_ = codec.option("format")
    if format_ not in (lzma.FORMAT_AUTO, lzma.FORMAT_XZ, lzma.FORMAT_ALONE):
        raise BeyondError(f"the Zarr codec 'lzma' of format {format_}")
    return lzma.LZMADecompressor(int(format_), memlimit=_LZMA_MEMORY)


class _Inflate:
    """zlib with the interface that the standard library gives to its other decompressors."""

    def __init__(self, wbits: int) -> None:
        self._stream = zlib.decompressobj(wbits)

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def needs_input(self) -> bool:
        return not self._stream.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def decompress(self, fed: Bytes, most: int) -> bytes:
        return self._stream.decompress(fed or self._stream.unconsumed_tail, most)


_STREAMS: Mapping[str, Callable[[Codec], Any]] = {
    "gzip": lambda _: _Inflate(16 + zlib.MAX_WBITS),
    "zlib": lambda _: _Inflate(zlib.MAX_WBITS),
    "bz2": lambda _: bz2.BZ2Decompressor(),
    "lzma": _lzma,
}


def _block(name: str, data: Bytes, size: int | None) -> bytearray:
    """Return what a block holds that is decompressed at once, with numcodecs, into as many bytes as it should hold."""
    said = _BLOCKS[name](data)
    if said is None and size is None:
        raise BeyondError(f"Zarr chunks whose {name} data do not say their size")
    if None not in (said, size) and said != size:
        raise DamagedError(f"holds {said:,} bytes by its {name} header; a chunk of its array has {size:,}")
    wanted = (said if size is None else size) or 0
    if wanted + len(data) > MOST_BYTES:
        raise BeyondError(f"Zarr chunks of more than {MOST_BYTES:,} bytes")
    out = bytearray(wanted)
    try:
        if out:
            _numcodecs(name)().decode(data, out)
    except (RuntimeError, ValueError) as error:
        raise DamagedError(f"does not decompress with {name}") from error
    return out


def _size_of_zstd(data: Bytes) -> int | None:
    """Return the content size that the header of a Zstandard frame gives: RFC 8878, section 3.1.1.1."""
    if bytes(data[:4]) != b"\x28\xb5\x2f\xfd" or len(data) < 6:  # noqa: PLR2004
        raise DamagedError("does not begin as Zstandard data do")
    flags = data[4]
    flag, is_single = flags >> 6, flags >> 5 & 1
    at = 5 + (1 - is_single) + (0, 1, 2, 4)[flags & 3]
    length = (is_single, 2, 4, 8)[flag]
    if not length:
        return None
    return int.from_bytes(data[at : at + length], "little") + (256 if length == 2 else 0)  # noqa: PLR2004


def _size_of_lz4(data: Bytes) -> int:
    if len(data) <= 4:  # noqa: PLR2004
        raise DamagedError("is too short for LZ4 data")
    return int.from_bytes(data[:4], "little")


def _size_of_blosc(data: Bytes) -> int:
    """Return the content size that the header of a Blosc chunk gives.

    It has two bytes of versions, flags, the size of an item, and four bytes each for the size of the content, of a
    block, and of the whole.
    """
    whole = int.from_bytes(data[12:16], "little")
    if len(data) < 16 or whole != len(data):  # noqa: PLR2004
        raise DamagedError(f"has {len(data):,} bytes, and {whole:,} by its Blosc header")
    return int.from_bytes(data[4:8], "little")


_BLOCKS: Mapping[str, Callable[[Bytes], int | None]] = {
    "zstd": _size_of_zstd,
    "lz4": _size_of_lz4,
    "blosc": _size_of_blosc,
}


def _numcodecs(name: str) -> Callable[..., Any]:
    """Return a codec of numcodecs, by a name that stands here, never by one that a file gives."""
    try:
        import numcodecs  # noqa: PLC0415 - loads NumPy, where there are such chunks
    except ImportError as error:
        raise BeyondError(f"a Zarr chunk in {name} {_NEEDS.format('numcodecs')}") from error
    codecs: dict[str, Callable[..., Any]] = {
        "zstd": numcodecs.Zstd,
        "lz4": numcodecs.LZ4,
        "blosc": numcodecs.Blosc,
        "fletcher32": numcodecs.Fletcher32,
        "jenkins_lookup3": numcodecs.JenkinsLookup3,
    }
    return codecs[name]
