"""The arrays of a checkpoint, decoded by TensorStore a chunk at a time, without JAX."""

import hashlib
import io
import math
import os
import re
import struct
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from runcheck.probes.contents import NEEDS_TENSORSTORE
from runcheck.probes.folder import Folder
from runcheck.probes.orbax.ocdbt import crc32c
from runcheck.probes.orbax.tree import NotReadError
from runcheck.probes.orbax.zarr import ZarrArray

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

NEEDS_PYARROW = "arrays in chunks of more than 64 MiB: needs pyarrow: pip install 'runcheck[parquet]'"
NEEDS_RANGES = "needs tensorstore 0.1.81 or newer: pip install --upgrade 'runcheck[tensorstore]'"
HOLDS_LINKS = "holds links or devices, which nothing here follows"
OTHER_CODECS = "arrays in codecs that Orbax does not write"

WHOLE_BYTES = 64 << 20  # a chunk of at most so many bytes is decoded at once; TensorStore holds it about twice
_STEP = 4 << 20
_WORDS = 200
_DETAILS = re.compile(r" \[[a-z_ ]+=")  # what TensorStore adds to a message: [source locations=...]
_NODE = re.compile(r"btreenode:(?P<base>[^:]*):(?P<path>[^:]*):(?P<offset>[0-9]{1,19}):(?P<length>[0-9]{1,19})")
_FLOATS = ("float", "bfloat", "complex")
_SLACK = 1 << 16  # what headers and indices add to a chunk that does not compress
_INDEX = struct.Struct("<QQI")  # of a shard of one chunk: where it starts, its bytes, the checksum of both
_LIMITS = {"cache_pool": {"total_bytes_limit": 0}, "data_copy_concurrency": {"limit": 1}}

# What TensorStore raises for the states of its futures, and KeyError for a value that is not there. A TypeError is no
# such state: it would be a call that this version does not know, and no fault of a checkpoint.
_FAULTS = (ValueError, KeyError, IndexError, OSError, NotImplementedError)


class ArrayFaultError(Exception):
    """Why an array or a store cannot be read, as the end of a sentence."""


class Decoded(NamedTuple):
    """What the numbers of an array are like.

    How many are NaN or infinite; the SHA-256 of all of them in C order, or None where the chunks do not follow one
    another in it.
    """

    nonfinite: int
    digest: str | None


class Store:
    """An open store of an item: its keys, sorted, and what TensorStore is to open its arrays by."""

    def __init__(self, keys: tuple[str, ...], location: str, store: Any, context: Any, *, is_ocdbt: bool) -> None:  # noqa: ANN401 - it has no types
        """Take what TensorStore opened."""
        self.keys, self.location = keys, location
        self._store, self._context, self._is_ocdbt = store, context, is_ocdbt

    def read(self, key: str, limit: int) -> bytes:
        """Return a value of at most ``limit`` bytes.

        Raises:
            ArrayFaultError: it cannot be read, or is longer.
        """
        try:
            if self._is_longer(key, limit):
                raise ArrayFaultError(f"is longer than {limit} bytes")
            return self._range(key, 0, None)
        except _FAULTS as error:
            raise ArrayFaultError(words_of(error, self.location)) from error

    def decode(self, name: str, array: ZarrArray, chunks: Mapping[tuple[int, ...], str]) -> Decoded:
        """Decode the chunks of an array, by their indices, and return what its numbers are like.

        Raises:
            ArrayFaultError: a chunk does not decode to what the array says.
            NotReadError: it is beyond what can be read in bounded memory here.
        """
        try:
            return self._decode(name, array, chunks)
        except _FAULTS as error:
            raise ArrayFaultError(f"does not decode: {words_of(error, self.location)}") from error

    def _decode(self, name: str, array: ZarrArray, chunks: Mapping[tuple[int, ...], str]) -> Decoded:
        if array.is_compressed is None:
            raise NotReadError(OTHER_CODECS)
        opened = self._open(name, 3 if array.prefix else 2)
        if tuple(opened.shape) != array.shape:
            raise ArrayFaultError(f"has the shape {list(opened.shape)}; its document says {list(array.shape)}")
        dtype = opened.dtype.numpy_dtype
        size = math.prod(array.chunk_shape) * dtype.itemsize
        numbers = _Numbers(dtype)
        for index, key in sorted(chunks.items()):
            if size > WHOLE_BYTES:
                self._stream(key, array, numbers, size)
                continue
            if self._is_longer(key, size + size // 64 + _SLACK):
                raise ArrayFaultError(f"does not decode: {key} is far longer than the {size} bytes that it holds")
            place = tuple(
                slice(at * step, min((at + 1) * step, end))
                for at, step, end in zip(index, array.chunk_shape, array.shape, strict=True)
            )
            numbers.take(opened[place].read().result())
        is_whole = len(chunks) == array.chunk_count
        # What is streamed is a chunk as it is stored, also beyond the edge of the array.
        is_exact = size <= WHOLE_BYTES or array.chunk_shape == array.shape
        return numbers.decoded() if is_whole and is_exact and array.is_in_order else Decoded(numbers.nonfinite, None)

    def _open(self, name: str, version: int) -> Any:  # noqa: ANN401 - TensorStore ships no types
        import tensorstore as ts  # noqa: PLC0415

        base = {"driver": "file", "path": f"{self.location}/"}
        path = f"{name}/" if name else ""
        store = (
            {"driver": "ocdbt", "base": base, "path": path}
            if self._is_ocdbt
            else base | {"path": f"{self.location}/{path}"}
        )
        spec = {"driver": "zarr3" if version == 3 else "zarr", "kvstore": store}  # noqa: PLR2004 - the version of Zarr
        return ts.open(spec, open=True, read=True, context=self._context).result()

    def _range(self, key: str, start: int, end: int | None) -> bytes:
        result = self._store.read(key, byte_range=slice(start, end)).result()
        if result.state != "value":
            raise KeyError(f"there is no {key}")
        value: bytes = result.value
        return value

    def _is_longer(self, key: str, size: int) -> bool:
        try:
            return len(self._range(key, size, size + 1)) > 0
        except (ValueError, IndexError):  # the value ends before that byte
            return False

    def _size_of(self, key: str) -> int:
        """Return the length of a value: TensorStore does not tell it without reading all of it."""
        least, most = 0, 1
        while self._is_longer(key, most):
            least, most = most, most * 2
        while least < most:
            middle = (least + most) // 2
            least, most = (middle + 1, most) if self._is_longer(key, middle) else (least, middle)
        return least

    def _stream(self, key: str, array: ZarrArray, numbers: "_Numbers", size: int) -> None:
        """Decode a chunk that is too large to be held, a few bytes at a time."""
        import numpy as np  # noqa: PLC0415

        start, end = 0, self._size_of(key)
        if array.is_sharded:
            tail = self._range(key, max(0, end - _INDEX.size), end)
            if len(tail) != _INDEX.size or _INDEX.unpack(tail)[2] != crc32c(tail[:-4]):
                raise ArrayFaultError(f"does not decode: the index of {key} does not have its checksum")
            start, length, _ = _INDEX.unpack(tail)
            end = min(start + length, end)
        parts = self._parts(key, start, end)
        if array.is_compressed:
            parts = _decompressed(parts)
        decoded = 0
        rest = b""
        for part in parts:
            decoded += len(part)
            if decoded > size:
                break
            part = rest + part  # noqa: PLW2901 - with what was left of the part before
            whole = len(part) - len(part) % numbers.dtype.itemsize
            rest = part[whole:]
            numbers.take(np.frombuffer(part[:whole], numbers.dtype))
        if decoded != size:
            raise ArrayFaultError(
                f"does not decode: {key} holds {'more' if decoded > size else 'less'} than {size} bytes"
            )

    def _parts(self, key: str, start: int, end: int) -> Iterator[bytes]:
        for at in range(start, end, _STEP):
            yield self._range(key, at, min(at + _STEP, end))


def open_store(folder: Folder, item: str, *, is_ocdbt: bool) -> Store:
    """Open the store of the item at ``item`` in a checkpoint ("" for the checkpoint itself), or of a part of it.

    Raises:
        ArrayFaultError: it cannot be opened or listed.
        NotReadError: nothing here can open it.
    """
    try:
        import tensorstore as ts  # noqa: PLC0415
    except ImportError as error:
        raise NotReadError(NEEDS_TENSORSTORE) from error
    if "byte_range" not in (ts.KvStore.read.__doc__ or ""):  # without it every value would be read whole
        raise NotReadError(NEEDS_RANGES)
    if _holds_others(folder.location):
        raise NotReadError(HOLDS_LINKS)
    location = os.path.abspath(f"{folder.location}/{item}")
    base = {"driver": "file", "path": f"{location}/"}
    context = ts.Context(_LIMITS)
    try:
        store = ts.KvStore.open({"driver": "ocdbt", "base": base} if is_ocdbt else base, context=context).result()
        keys = tuple(sorted(key.decode("utf-8", "surrogateescape") for key in store.list().result()))
    except _FAULTS as error:
        raise ArrayFaultError(f"cannot be read: {words_of(error, location)}") from error
    return Store(keys, location, store, context, is_ocdbt=is_ocdbt)


def roots_of(folder: Folder, item: str) -> list[tuple[str, int, int]]:
    """Return where the root of each generation of a store lies: a path in the checkpoint, the first byte, the length.

    Raises:
        ArrayFaultError: the manifest cannot be read.
    """
    import tensorstore as ts  # noqa: PLC0415

    location = os.path.abspath(f"{folder.location}/{item}")
    try:
        base = ts.KvStore.open({"driver": "file", "path": f"{location}/"}).result()
        versions = ts.ocdbt.dump(base).result()["versions"]
    except _FAULTS as error:
        raise ArrayFaultError(f"cannot be read: {words_of(error, location)}") from error
    places = (_NODE.fullmatch(str(version.get("root", {}).get("location", ""))) for version in versions)
    return [
        (f"{item}/{place['base']}{place['path']}", int(place["offset"]), int(place["length"]))
        for place in places
        if place is not None
    ]


def words_of(error: Exception, location: str) -> str:
    """Return what TensorStore said, without where the checkpoint lies and where in its source that was."""
    text = _DETAILS.split(str(error), maxsplit=1)[0].replace(f"{location}/", "").replace(location, "")
    return text[:_WORDS]


def _holds_others(location: str) -> bool:
    """Say whether a folder holds what is neither file nor folder: TensorStore follows links, and waits for pipes."""
    pending = [location]
    while pending:
        with os.scandir(pending.pop()) as listing:
            for item in listing:
                if item.is_dir(follow_symlinks=False):
                    pending.append(item.path)
                elif not item.is_file(follow_symlinks=False):
                    return True
    return False


def _decompressed(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what a frame of Zstandard holds, a few bytes at a time: TensorStore only decodes it at once."""
    try:
        import pyarrow as pa  # noqa: PLC0415
    except ImportError as error:
        raise NotReadError(NEEDS_PYARROW) from error
    with pa.CompressedInputStream(pa.PythonFile(_Parts(parts), mode="r"), "zstd") as stream:
        while part := stream.read(_STEP):
            yield part


class _Parts(io.RawIOBase):
    """A stream of what an iterator yields."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts, self._rest = parts, b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        if not self._rest:
            self._rest = next(self._parts, b"")
        end = len(self._rest) if size < 0 else size
        part, self._rest = self._rest[:end], self._rest[end:]
        return part


class _Numbers:
    """Takes the numbers of an array, part by part."""

    def __init__(self, dtype: "np.dtype[Any]") -> None:
        self.dtype = dtype
        self.nonfinite = 0
        self._digest = hashlib.sha256()

    def take(self, part: "npt.NDArray[Any]") -> None:
        """Take the next ones. Of what is no floating-point number none is NaN."""
        import numpy as np  # noqa: PLC0415

        flat = np.ascontiguousarray(part).reshape(-1)
        self._digest.update(flat.view(np.uint8).data)
        if self.dtype.name.startswith(_FLOATS):
            for at in range(0, flat.size, _STEP):
                self.nonfinite += int(np.count_nonzero(~np.isfinite(flat[at : at + _STEP])))

    def decoded(self) -> Decoded:
        """Return what all of them are like."""
        return Decoded(self.nonfinite, self._digest.hexdigest())
