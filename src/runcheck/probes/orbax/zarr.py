"""An array of a checkpoint as its Zarr document describes it, and which of its chunks are stored.

Zarr versions 2 and 3 as far as Orbax writes them (https://zarr-specs.readthedocs.io): by hand, since the arrays lie in
a key-value store that only TensorStore opens, or beside one another without a group.
"""

import math
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from runcheck.probes.orbax.tree import TreeError, parse_json, sizes

DOCUMENTS = (".zarray", "zarr.json")
DOCUMENT_BYTES = 1 << 20
_KINDS = {"f": "float", "i": "int", "u": "uint", "c": "complex"}
_V2_DTYPE = re.compile(r"[<>|](?P<kind>[fiuc])(?P<bytes>[0-9]{1,2})")


class ZarrArray(NamedTuple):
    """An array: its shape, that of a stored chunk, its dtype in NumPy's words, and what stands in a chunk's key.

    ``is_compressed`` is None where the chunks are in codecs that Orbax does not write; ``is_sharded`` chunks are those
    of version 3, with an index at the end.
    """

    shape: tuple[int, ...]
    chunk_shape: tuple[int, ...]
    dtype: str
    prefix: str
    separator: str
    is_compressed: bool | None
    is_sharded: bool

    @property
    def chunk_count(self) -> int:
        """How many chunks the array has."""
        return math.prod(-(-size // chunk) for size, chunk in zip(self.shape, self.chunk_shape, strict=True))

    @property
    def is_in_order(self) -> bool:
        """Whether the chunks, one behind the other, are the array in C order: none divides an axis but the first."""
        return all(part >= size for part, size in zip(self.chunk_shape[1:], self.shape[1:], strict=True))

    def chunks(self, folder: str, keys: Iterable[str]) -> dict[tuple[int, ...], str]:
        """Return those of the ``keys`` below ``folder`` that name chunks of the array, by the indices of the chunks."""
        found: dict[tuple[int, ...], str] = {}
        for key in keys:
            index = self._index(key.removeprefix(folder))
            if index is not None:
                found[index] = key
        return found

    def _index(self, key: str) -> tuple[int, ...] | None:
        rest = key.removeprefix(self.prefix)
        if not self.shape:
            return () if rest == ("" if self.prefix else "0") else None
        if not key.startswith(self.prefix) or (self.prefix and not rest.startswith(self.separator)):
            return None
        parts = (rest[len(self.separator) :] if self.prefix else rest).split(self.separator)
        if len(parts) != len(self.shape) or not all(each.isascii() and each.isdigit() for each in parts):
            return None
        index = tuple(int(each) if len(each) < 20 else -1 for each in parts)  # noqa: PLR2004 - beyond 64 bits
        fits = all(0 <= at * chunk < size for at, chunk, size in zip(index, self.chunk_shape, self.shape, strict=True))
        return index if fits else None


def parse_array(document: bytes) -> ZarrArray:
    """Return the array that ``.zarray`` or ``zarr.json`` describes.

    Raises:
        TreeError: it describes none.
    """
    match parse_json(document):
        case {"zarr_format": 2, "shape": shape, "chunks": chunks, "dtype": str(dtype), **rest}:
            whole, parts = _grid(shape, chunks)
            separator = _separator(rest.get("dimension_separator", "."))
            return ZarrArray(whole, parts, _of_v2(dtype), "", separator, _v2_compressed(dtype, rest), is_sharded=False)
        case {
            "zarr_format": 3,
            "shape": shape,
            "data_type": str(dtype),
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunks}},
            "chunk_key_encoding": {"name": "default", **encoding},
            "codecs": codecs,
        }:
            whole, parts = _grid(shape, chunks)
            match encoding.get("configuration"):
                case {"separator": given}:
                    separator = _separator(given)
                case _:
                    separator = "/"
            compressed, sharded = _v3_compressed(codecs, list(parts))
            return ZarrArray(whole, parts, dtype, "c", separator, compressed, sharded)
        case _:
            raise TreeError("does not describe an array as Orbax writes it")


def _grid(shape: object, chunks: object) -> tuple[tuple[int, ...], tuple[int, ...]]:
    whole, parts = sizes(shape, 0), sizes(chunks, 1)
    if whole is None or parts is None or len(whole) != len(parts):
        raise TreeError("describes an array whose shape or chunks are none")
    return whole, parts


def _separator(value: object) -> str:
    if value not in (".", "/"):
        raise TreeError("separates the numbers of its chunks by what is no separator")
    return str(value)


def _v2_compressed(dtype: str, document: Mapping[object, object]) -> bool | None:
    if dtype.startswith(">") or document.get("filters") or document.get("order", "C") != "C":
        return None
    match document.get("compressor"):
        case None:
            return False
        case {"id": "zstd"}:
            return True
        case _:
            return None


def _v3_compressed(codecs: object, chunk: list[int]) -> tuple[bool | None, bool]:
    """Return whether chunks are compressed, and whether they are shards of one chunk, as Orbax writes them."""
    sharded = False
    match codecs:
        case [{"name": "sharding_indexed", "configuration": {"chunk_shape": inner, "codecs": within, **rest}}]:
            if inner != chunk or rest.get("index_location", "end") != "end":
                return None, True
            codecs, sharded = within, True
    match codecs:
        case [{"name": "bytes", **order}]:
            return (False if _is_little(order) else None), sharded
        case [{"name": "bytes", **order}, {"name": "zstd"}]:
            return (True if _is_little(order) else None), sharded
        case _:
            return None, sharded


def _is_little(codec: Mapping[object, object]) -> bool:
    match codec.get("configuration"):
        case {"endian": "big"}:
            return False
        case _:
            return True


def _of_v2(dtype: str) -> str:
    """Return the name that NumPy has for a dtype of version 2; those beyond NumPy stand by their names there."""
    if dtype == "|b1":
        return "bool"
    place = _V2_DTYPE.fullmatch(dtype)
    return f"{_KINDS[place['kind']]}{int(place['bytes']) * 8}" if place else dtype
