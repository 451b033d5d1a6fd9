"""Zarr's metadata documents: what an array is, how its chunks are named and encoded.

By hand, not with zarr-python: opening an array there loads whatever codec its metadata name, numcodecs' pickle and the
entry points of the machine among them, and takes metadata of any size. Sources:
https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html and https://zarr-specs.readthedocs.io/en/latest/v3/core/.
"""

from collections.abc import Mapping
from typing import NamedTuple

from runcheck.probes.zarr.codecs import Codec, codecs_of_v2, codecs_of_v3
from runcheck.probes.zarr.dtypes import item_bytes_of_v2, item_bytes_of_v3
from runcheck.probes.zarr.json import (
    BeyondError,
    BrokenError,
    chunk_shape_of,
    digest_of,
    lengths_of,
    named,
    told,
)


class ArrayMetadata(NamedTuple):
    """What the metadata say of an array.

    ``chunk_shape`` is None for a grid that is not regular. ``item_bytes`` is None where items differ in length or the
    dtype is not known. ``prefix`` and ``separator`` make the keys of the chunks. ``extension`` is what must be
    understood to find the chunks and is not. Of the dtype, the fill value
    and the names of dimensions there are digests, to compare.
    """

    shape: tuple[int, ...]
    chunk_shape: tuple[int, ...] | None
    dtype: str
    item_bytes: int | None
    codecs: tuple[Codec, ...]
    prefix: str
    separator: str
    dtype_digest: bytes
    fill_value: bytes
    dimension_names: bytes = b""
    extension: str | None = None

    def key(self, place: tuple[int, ...]) -> str:
        """Return the key of the chunk at a place of the grid, relative to the array."""
        return self.separator.join([*([self.prefix] if self.prefix else []), *map(str, place)]) or "0"


UNKNOWN = b""  # in place of the digest of attributes that could not be read


class Node(NamedTuple):
    """A group, or an array with its metadata. Of the attributes only a digest is kept."""

    array: ArrayMetadata | None
    attributes: bytes

    def difference(self, other: "Node") -> str | None:
        """Say in what two accounts of one node differ, this one's value first, or None where they agree."""
        mine, theirs = self.array, other.array
        if mine is None or theirs is None:
            if mine is not theirs:
                return "a group, not an array" if mine is None else "an array, not a group"
        elif mine.shape != theirs.shape:
            return f"shape {_shape(mine.shape)}, not {_shape(theirs.shape)}"
        elif mine.chunk_shape != theirs.chunk_shape:
            return f"chunks of {_shape(mine.chunk_shape)}, not {_shape(theirs.chunk_shape)}"
        elif mine.dtype != theirs.dtype:
            return f"dtype {mine.dtype}, not {theirs.dtype}"
        elif mine != theirs:
            return next(words for words, field in _OTHER.items() if getattr(mine, field) != getattr(theirs, field))
        is_same = self.attributes == other.attributes or UNKNOWN in (self.attributes, other.attributes)
        return None if is_same else "other attributes"


# What else of an array may differ, in words, by its field.
_OTHER = {
    "other codecs": "codecs",
    "other keys of its chunks": "prefix",
    "another separator in the keys of its chunks": "separator",
    "another fill value": "fill_value",
    "other names of its dimensions": "dimension_names",
    "other extensions": "extension",
    "another dtype": "dtype_digest",
}


def _shape(shape: tuple[int, ...] | None) -> str:
    return told(str(shape))


# --- Zarr 2 -------------------------------------------------------------------------------------------------------


def group_of_v2(document: Mapping[str, object], attributes: Mapping[str, object]) -> Node:
    """Return the group of a ``.zgroup``.

    Raises:
        BrokenError: it is none.
    """
    _expect(document, "zarr_format", 2)
    return Node(None, digest_of(attributes))


def array_of_v2(document: Mapping[str, object], attributes: Mapping[str, object]) -> Node:
    """Return the array of a ``.zarray``.

    Raises:
        BrokenError: it is none.
    """
    _expect(document, "zarr_format", 2)
    _need(document, "shape", "chunks", "dtype", "compressor", "fill_value", "order")
    shape = lengths_of(document["shape"], "shape")
    _one_of("order", document["order"], "C", "F")
    separator = _one_of("dimension_separator", document.get("dimension_separator", "."), ".", "/")
    array = ArrayMetadata(
        shape=shape,
        chunk_shape=chunk_shape_of(document["chunks"], shape, "chunks"),
        dtype=told(document["dtype"]),
        item_bytes=item_bytes_of_v2(document["dtype"]),
        codecs=codecs_of_v2(document.get("filters"), document["compressor"]),
        prefix="",
        separator=separator,
        dtype_digest=digest_of(document["dtype"]),
        fill_value=digest_of(document["fill_value"]),
    )
    return Node(array, digest_of(attributes))


# --- Zarr 3 -------------------------------------------------------------------------------------------------------

_GROUP_KEYS = frozenset({"zarr_format", "node_type", "attributes", "consolidated_metadata"})
_ARRAY_KEYS = frozenset(
    {
        "zarr_format", "node_type", "attributes", "shape", "data_type", "chunk_grid", "chunk_key_encoding",
        "fill_value", "codecs", "storage_transformers", "dimension_names",
    }
)  # fmt: skip
_FORMAT = 3


def node_of_v3(document: Mapping[str, object]) -> Node:
    """Return the node of a ``zarr.json``.

    Raises:
        BrokenError: it is none.
        BeyondError: it is of a later format.
    """
    format_ = document.get("zarr_format")
    if type(format_) is int and format_ > _FORMAT:
        raise BeyondError(f"Zarr format {format_}")
    _expect(document, "zarr_format", _FORMAT)
    attributes = document.get("attributes", {})
    if not isinstance(attributes, dict):
        raise BrokenError("has attributes that are no object")
    is_group = _one_of("node_type", document.get("node_type"), "array", "group") == "group"
    return Node(None if is_group else _array_of_v3(document), digest_of(attributes))


def extension_of_group(document: Mapping[str, object]) -> str | None:
    """Return what must be understood to read a group and is not."""
    return _extension(document, _GROUP_KEYS)


def _array_of_v3(document: Mapping[str, object]) -> ArrayMetadata:
    _need(document, "shape", "data_type", "chunk_grid", "chunk_key_encoding", "fill_value", "codecs")
    shape = lengths_of(document["shape"], "shape")
    names = document.get("dimension_names")
    if isinstance(names, list) and len(names) != len(shape):
        raise BrokenError(f"names {len(names)} dimensions of {len(shape)}")
    extension = _extension(document, _ARRAY_KEYS)
    grid, options = named(document["chunk_grid"])
    is_regular = grid == "regular"
    chunk_shape = chunk_shape_of(options.get("chunk_shape"), shape, "chunk_shape") if is_regular else None
    keys, options = named(document["chunk_key_encoding"])
    separator = options.get("separator", "." if keys == "v2" else "/")
    if not is_regular:
        extension = extension or f"the Zarr chunk grid {told(grid)!r}"
    if keys in ("default", "v2"):
        _one_of("separator", separator, ".", "/")
    else:
        extension = extension or f"the Zarr chunk keys {told(keys)!r}"
    return ArrayMetadata(
        shape=shape,
        chunk_shape=chunk_shape,
        dtype=told(document["data_type"]),
        item_bytes=item_bytes_of_v3(document["data_type"]),
        codecs=codecs_of_v3(document["codecs"], chunk_shape),
        prefix="" if keys == "v2" else "c",
        separator=told(separator),
        dtype_digest=digest_of(document["data_type"]),
        fill_value=digest_of(document["fill_value"]),
        dimension_names=digest_of(names) if names and names != [None] * len(shape) else b"",
        extension=extension,
    )


def _extension(document: Mapping[str, object], keys: frozenset[str]) -> str | None:
    """Return the first member that a reader must understand and that no specification here has."""
    if document.get("storage_transformers"):
        return "Zarr storage transformers"
    for key, value in document.items():
        if key not in keys and not (isinstance(value, dict) and value.get("must_understand") is False):
            return f"the Zarr extension {told(key)!r}"
    return None


def _need(document: Mapping[str, object], *keys: str) -> None:
    for key in keys:
        if key not in document:
            raise BrokenError(f"lacks {key!r}")


def _expect(document: Mapping[str, object], key: str, value: object) -> None:
    if document.get(key) != value or type(document.get(key)) is not type(value):
        raise BrokenError(f"has not {key!r} {told(value)}" if key in document else f"lacks {key!r}")


def _one_of(key: str, value: object, *values: str) -> str:
    if not isinstance(value, str) or value not in values:
        raise BrokenError(f"has the {key} {told(value)}, which is neither {' nor '.join(map(repr, values))}")
    return value
