"""The codecs that Zarr metadata name, in one form for both versions of the format.

Sources: https://zarr-specs.readthedocs.io/en/latest/v3/codecs/index.html for Zarr 3, and for Zarr 2 the codecs of
numcodecs (https://numcodecs.readthedocs.io), which zarr-python also writes into Zarr 3 as ``numcodecs.<id>``.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from runcheck.probes.zarr.json import BrokenError, chunk_shape_of, digest_of, named, told

Option: TypeAlias = str | int | bool | None

# What of each codec's configuration tells how its bytes are read, with the defaults; a level of compression does not.
_OPTIONS: Mapping[str, Mapping[str, Option]] = {
    "bytes": {"endian": None},
    "transpose": {},
    "delta": {"dtype": None, "astype": None},
    "fixedscaleoffset": {"dtype": None, "astype": None},
    "quantize": {"dtype": None, "astype": None},
    "astype": {"encode_dtype": None, "decode_dtype": None},
    "bitround": {},
    "shuffle": {},
    "packbits": {},
    "vlen-utf8": {},
    "vlen-bytes": {},
    "crc32c": {"location": "end"},
    "crc32": {"location": "start"},
    "adler32": {"location": "start"},
    "fletcher32": {},
    "jenkins_lookup3": {"initval": 0, "prefix": None},
    "gzip": {},
    "zlib": {},
    "bz2": {},
    "lzma": {"format": 1, "check": -1, "filters": None},
    "zstd": {"checksum": False},
    "lz4": {},
    "blosc": {},
}
# Of these Zarr 3 speaks by their own names; of the others as numcodecs.<id>.
_OF_V3 = frozenset({"bytes", "transpose", "crc32c", "gzip", "zstd", "blosc", "vlen-utf8", "vlen-bytes", "zlib"})
_PREFIX = "numcodecs."
_TO_BYTES = frozenset({"bytes", "vlen-utf8", "vlen-bytes"})

# Those that notice a flipped bit: checksums, and compressions that carry one of the content in their own format
# (gzip: RFC 1952, CRC32; zlib: RFC 1950, ADLER32; bzip2: a CRC a block).
_WITH_CHECKSUM = frozenset({"crc32c", "crc32", "adler32", "fletcher32", "jenkins_lookup3", "gzip", "zlib", "bz2"})
_XZ, _NO_CHECK = 1, 0
_MAX_CODECS = 64


class Sharding(NamedTuple):
    """The codec that packs the chunks of a shard of ``shape`` before or behind an index of where each lies."""

    shape: tuple[int, ...]
    chunk_shape: tuple[int, ...]
    codecs: tuple["Codec", ...]
    index_codecs: tuple["Codec", ...]
    index_at_start: bool

    @property
    def counts(self) -> tuple[int, ...]:
        """How many chunks a shard has along each axis."""
        return tuple(whole // chunk if chunk else 0 for whole, chunk in zip(self.shape, self.chunk_shape, strict=True))


class Codec(NamedTuple):
    """A codec: its id in numcodecs, and what of its configuration tells how to read; of one unknown here a digest."""

    name: str
    options: tuple[tuple[str, Option], ...] = ()
    sharding: Sharding | None = None
    is_known: bool = True

    @property
    def has_checksum(self) -> bool:
        """Whether a reader notices a flipped bit by it."""
        if self.sharding is not None:
            return any(codec.has_checksum for codec in self.sharding.codecs)
        if not self.is_known:
            return False
        if self.name == "lzma":
            return self.option("format") == _XZ and self.option("check") != _NO_CHECK
        return self.name in _WITH_CHECKSUM or (self.name == "zstd" and self.option("checksum") is True)

    def option(self, name: str) -> Option:
        """Return a value of its configuration."""
        return dict(self.options)[name]


def codecs_of_v2(filters: object, compressor: object) -> tuple[Codec, ...]:
    """Return the codecs of a Zarr 2 array in the order of encoding.

    Raises:
        BrokenError: they are none.
    """
    listed = filters or []
    if not isinstance(listed, list) or len(listed) > _MAX_CODECS:
        raise BrokenError("has filters that are no list of codecs")
    codecs = []
    for each in [*listed, *([] if compressor is None else [compressor])]:
        if not isinstance(each, dict) or not isinstance(name := each.get("id"), str):
            raise BrokenError(f"has a codec without an id: {told(each)}")
        codecs.append(_codec(name, each, known=True))
    return tuple(codecs)


def codecs_of_v3(listed: object, shape: tuple[int, ...] | None, *, depth: int = 0) -> tuple[Codec, ...]:
    """Return the codecs of a Zarr 3 array in the order of encoding; ``shape`` is that of a chunk, if it is known.

    Raises:
        BrokenError: they are none.
    """
    if not isinstance(listed, list) or not listed or len(listed) > _MAX_CODECS or depth > _MAX_CODECS:
        raise BrokenError("has no list of codecs")
    codecs = []
    for each in listed:
        name, configuration = named(each)
        if name == "sharding_indexed" and shape is not None:
            codecs.append(Codec(name, sharding=_sharding(configuration, shape, depth)))
            continue
        if name == "transpose" and shape is not None:
            shape = _transposed(configuration.get("order"), shape)
        bare = name.removeprefix(_PREFIX)
        codecs.append(_codec(bare, configuration, known=name in _OF_V3 or name.startswith(_PREFIX)))
    makers = [codec.name for codec in codecs if codec.sharding or codec.name in _TO_BYTES]
    if all(codec.is_known for codec in codecs) and len(makers) != 1:
        raise BrokenError(f"has {len(makers)} codecs that make bytes of an array, not one")
    return tuple(codecs)


def _codec(name: str, configuration: Mapping[str, object], *, known: bool) -> Codec:
    if not known or name not in _OPTIONS:
        return Codec(told(name), (("digest", digest_of(configuration).hex()),), is_known=False)
    return Codec(
        name, tuple((key, _option(configuration.get(key, default))) for key, default in _OPTIONS[name].items())
    )


def _option(value: object) -> Option:
    return value if isinstance(value, int | None) else told(value)


def _sharding(configuration: Mapping[str, object], shape: tuple[int, ...], depth: int) -> Sharding:
    chunk_shape = chunk_shape_of(configuration.get("chunk_shape"), shape, "chunk_shape in its shards")
    if any(chunk and length % chunk for length, chunk in zip(shape, chunk_shape, strict=True)):
        raise BrokenError(f"has shards of {told(list(shape))}, which chunks of {told(list(chunk_shape))} do not fill")
    at = configuration.get("index_location", "end")
    if at not in ("start", "end"):
        raise BrokenError(f"has an index_location that is neither 'start' nor 'end': {told(at)}")
    return Sharding(
        shape=shape,
        chunk_shape=chunk_shape,
        codecs=codecs_of_v3(configuration.get("codecs"), chunk_shape, depth=depth + 1),
        index_codecs=codecs_of_v3(configuration.get("index_codecs"), None),
        index_at_start=at == "start",
    )


def _transposed(order: object, shape: tuple[int, ...]) -> tuple[int, ...]:
    axes = range(len(shape))
    if order in ("C", "F"):  # of early drafts
        return shape if order == "C" else shape[::-1]
    if not isinstance(order, list) or not all(type(each) is int for each in order) or sorted(order) != list(axes):
        raise BrokenError(f"transposes {len(shape)} axes by {told(order)}")
    return tuple(shape[each] for each in order)


def without_checksum(codecs: Sequence[Codec]) -> bool:
    """Say whether no codec notices a flipped bit, as far as all of them are known."""
    return all(_is_known_throughout(codec) and not codec.has_checksum for codec in codecs)


def _is_known_throughout(codec: Codec) -> bool:
    return codec.is_known and (codec.sharding is None or all(map(_is_known_throughout, codec.sharding.codecs)))
