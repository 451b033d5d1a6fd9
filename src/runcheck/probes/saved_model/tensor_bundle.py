"""TensorFlow's tensor bundles, in which a SavedModel keeps its variables: an index, and the files of their bytes.

By hand, since TensorFlow is 600 MB. Source: tensorflow/core/protobuf/tensor_bundle.proto, and BundleReader and
WriteStringTensor in tensorflow/core/util/tensor_bundle/tensor_bundle.cc.
"""

import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import BinaryIO

from runcheck.convention.tfrecord import crc32c, crc32c_by_table, masked
from runcheck.probes.contents import Tensor
from runcheck.probes.folder import Folder
from runcheck.probes.protobuf import BeyondBoundError, DamagedError, Field, Walker, Wire, messages
from runcheck.probes.saved_model.sorted_table import BadTableError, UnreadTableError, read_table

MAX_INDEX_BYTES = 16 << 20  # about 150,000 variables
MAX_ENTRIES = 200_000
MAX_RANK = 254  # TensorFlow's own
MAX_STRINGS = 1_000_000
SLOW_CRC_BYTES = 64 << 20  # some seconds without google-crc32c

_CHUNK = 1 << 20
_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
_SLICE = "\0"  # begins the key of a part of a variable
_STRING, _RESOURCE, _VARIANT = 7, 20, 21
_SIGN = 1 << 63
_VARINT_BITS = 70

# NumPy's name (and that of ml_dtypes) and the bytes of each DataType (types.proto); 0 where it has no fixed size.
DTYPES: Mapping[int, tuple[str, int]] = {
    1: ("float32", 4),
    2: ("float64", 8),
    3: ("int32", 4),
    4: ("uint8", 1),
    5: ("int16", 2),
    6: ("int8", 1),
    _STRING: ("str", 0),
    8: ("complex64", 8),
    9: ("int64", 8),
    10: ("bool", 1),
    11: ("int8", 1),
    12: ("uint8", 1),
    13: ("int32", 4),
    14: ("bfloat16", 2),
    15: ("int16", 2),
    16: ("uint16", 2),
    17: ("uint16", 2),
    18: ("complex128", 16),
    19: ("float16", 2),
    22: ("uint32", 4),
    23: ("uint64", 8),
    24: ("float8_e5m2", 1),
    25: ("float8_e4m3fn", 1),
}

MESSAGES = messages("""
BundleHeaderProto: 1 num_shards varint, 2 endianness varint, 3 version VersionDef
VersionDef: 1 producer varint, 2 min_consumer varint, 3 bad_consumers varints
BundleEntryProto: 1 dtype varint, 2 shape TensorShapeProto, 3 shard_id varint, 4 offset varint, 5 size varint
BundleEntryProto: 6 crc32c fixed32, 7 slices TensorSliceProto
TensorShapeProto: 2 dim Dim, 3 unknown_rank varint
Dim: 1 size varint, 2 name bytes
TensorSliceProto: 1 extent Extent
Extent: 1 start varint, 2 length varint
""")


class BadBundleError(Exception):
    """The bundle is damaged: why, as the end of a sentence about the folder it lies in."""


@dataclass(slots=True)
class _Entry:
    name: str
    dtype: int = 0
    shape: list[int] = field(default_factory=list)
    shard: int = 0
    offset: int = 0
    size: int = 0
    crc: int = 0
    slices: int = 0


def read_bundle(folder: Folder, prefix: str, *, deep: bool) -> list[Tensor]:
    """Return the variables of the bundle at ``prefix``; ``deep`` holds their bytes against their checksums.

    Raises:
        BadBundleError: it is damaged.
        BeyondBoundError: it may be sound, and nothing here can tell.
    """
    index = f"{prefix}.index"
    size = folder.files[index]
    if size > MAX_INDEX_BYTES:
        raise BeyondBoundError(f"an index of variables of more than {MAX_INDEX_BYTES >> 20} MiB")
    try:
        with folder.open(index) as stream:
            shards, entries = _entries(stream, size)
    except (BadTableError, DamagedError) as error:
        raise BadBundleError(f"has the index {index}, which {error}") from error
    except UnreadTableError as error:
        raise BeyondBoundError(f"an index of variables that {error}") from error
    paths = [f"{prefix}.data-{shard:05d}-of-{shards:05d}" for shard in range(shards)]
    for entry in entries:
        _judge_place(entry, paths, folder.files)
    _judge_overlaps(entries)
    if deep:
        _judge_bytes(folder, paths, entries)
    return [
        Tensor(_shown(entry), tuple(entry.shape), DTYPES[entry.dtype][0] if entry.dtype in DTYPES else str(entry.dtype))
        for entry in entries
        if entry.dtype != _STRING and not entry.name.startswith(_SLICE)
    ]


def _entries(stream: BinaryIO, size: int) -> tuple[int, list[_Entry]]:
    """Return how many files hold the bytes, and the entries of the index."""
    shards, entries = 0, []
    for number, (key, value) in enumerate(read_table(stream, size)):
        if number > MAX_ENTRIES:
            raise BeyondBoundError(f"more than {MAX_ENTRIES:,} variables")
        if number == 0:
            if key:
                raise DamagedError("lacks its header")
            shards = _shards(value)
        else:
            entries.append(_entry(key.decode("utf-8", "replace"), value))
    if not shards:
        raise DamagedError("names no file of data")
    return shards, entries


def _shards(value: bytes) -> int:
    shards = 0
    walker = Walker(Wire(io.BytesIO(value), len(value)), MESSAGES)
    for name, type_, each in walker.fields("BundleHeaderProto", 0, len(value)):
        if name == "num_shards":
            shards = each.value
        elif name == "endianness" and each.value:
            raise BeyondBoundError("variables of a big-endian machine")
        else:
            walker.check(type_, each)
    if shards > MAX_ENTRIES:
        raise DamagedError(f"promises {shards:,} files of data")
    return shards


def _entry(name: str, value: bytes) -> _Entry:
    entry = _Entry(name)
    walker = Walker(Wire(io.BytesIO(value), len(value)), MESSAGES)
    for field_name, type_, each in walker.fields("BundleEntryProto", 0, len(value)):
        match field_name:
            case "dtype":
                entry.dtype = each.value
            case "shape":
                entry.shape = shape_of(walker, each)
            case "shard_id":
                entry.shard = each.value
            case "offset":
                entry.offset = each.value
            case "size":
                entry.size = each.value
            case "crc32c":
                entry.crc = int.from_bytes(value[each.start : each.end], "little")
            case _:
                entry.slices += 1
                walker.check(type_, each)
    return entry


def shape_of(walker: Walker, shape: Field) -> list[int]:
    """Return the dimensions of a TensorShapeProto; an unknown one is -1.

    Raises:
        DamagedError: it is none.
    """
    dims: list[int] = []
    for name, _, each in walker.fields("TensorShapeProto", shape.start, shape.end):
        if name == "dim":
            size = 0
            for inner, _, dim in walker.fields("Dim", each.start, each.end):
                size = dim.value if inner == "size" else size
            dims.append(-1 if size >= _SIGN else size)
            if len(dims) > MAX_RANK:
                raise DamagedError(f"has a shape of more than {MAX_RANK} dimensions")
    return dims


def _judge_place(entry: _Entry, paths: list[str], sizes: Mapping[str, int]) -> None:
    """Hold an entry against the file that it lies in, and its size against its shape and type."""
    if entry.slices:  # its slices have entries of their own
        return
    label = f"the variable {_shown(entry)!r}"
    if entry.shard >= len(paths):
        raise BadBundleError(f"has {label} in data file {entry.shard} of {len(paths)}")
    path = paths[entry.shard]
    if path not in sizes:
        raise BadBundleError(f"lacks {path}, which holds {label}")
    if entry.offset + entry.size > sizes[path]:
        raise BadBundleError(
            f"has {path} cut short: {label} ends at byte {entry.offset + entry.size:,} and the file at {sizes[path]:,}"
        )
    size = DTYPES.get(entry.dtype, ("", 0))[1]
    if -1 in entry.shape or (size and math.prod(entry.shape) * size != entry.size):
        raise BadBundleError(
            f"holds {entry.size:,} bytes for {label} of the shape {tuple(entry.shape[:8])}, which does not fit"
        )


def _judge_overlaps(entries: list[_Entry]) -> None:
    placed = sorted((each.shard, each.offset, each.size, _shown(each)) for each in entries if each.size)
    for (shard, offset, size, name), (next_shard, next_offset, _, next_name) in pairwise(placed):
        if shard == next_shard and offset + size > next_offset:
            raise BadBundleError(f"has the variables {name!r} and {next_name!r} over the same bytes")


def _judge_bytes(folder: Folder, paths: list[str], entries: list[_Entry]) -> None:
    """Hold the bytes of every variable against its checksum, in the order that they lie in, where they are here."""
    there = [path not in folder.pointers for path in paths]
    checked = [
        each for each in entries if not each.slices and each.dtype not in (_RESOURCE, _VARIANT) and there[each.shard]
    ]
    if crc32c() is crc32c_by_table and sum(each.size for each in checked) > SLOW_CRC_BYTES:
        raise BeyondBoundError(
            f"more than {SLOW_CRC_BYTES >> 20} MiB of variables, whose checksums need google-crc32c: "
            "pip install 'runcheck[events]'"
        )
    if sum(math.prod(each.shape) for each in checked if each.dtype == _STRING) > MAX_STRINGS:
        raise BeyondBoundError(f"more than {MAX_STRINGS:,} strings in their variables")
    checked.sort(key=lambda each: (each.shard, each.offset))
    for shard, own in groupby(checked, key=lambda each: each.shard):
        with folder.open(paths[shard]) as stream:
            for each in own:
                crc = _crc(stream, each)
                if crc is None or masked(crc) != each.crc:
                    raise BadBundleError(
                        f"has bytes in {paths[shard]} other than those that {_shown(each)!r} was saved with"
                    )


def _crc(stream: BinaryIO, entry: _Entry) -> int | None:
    stream.seek(entry.offset)
    if entry.dtype == _STRING:
        return _crc_of_strings(_chunks(stream, entry.size), math.prod(entry.shape))
    crc = 0
    for chunk in _chunks(stream, entry.size):
        crc = crc32c()(crc, chunk)
    return crc


def _crc_of_strings(chunks: Iterator[bytes], count: int) -> int | None:
    """Return the checksum of strings: their lengths count as fixed-size numbers, and stand as varints."""
    crc, value, shift, left = 0, 0, 0, count
    for chunk in chunks:
        at = 0
        while left and at < len(chunk):
            value = (value | (chunk[at] & 0x7F) << shift) % (1 << 64)
            shift += 7
            if chunk[at] < 0x80:  # noqa: PLR2004 - no other byte follows
                crc = crc32c()(crc, value.to_bytes(4 if value < 1 << 32 else 8, "little"))
                value, shift, left = 0, 0, left - 1
            elif shift >= _VARINT_BITS:
                return None
            at += 1
        crc = crc32c()(crc, chunk[at:])
    return crc


def _chunks(stream: BinaryIO, size: int) -> Iterator[bytes]:
    while size and (chunk := stream.read(min(size, _CHUNK))):
        size -= len(chunk)
        yield chunk


def _shown(entry: _Entry) -> str:
    return entry.name.removesuffix(_VALUE)[:100]
