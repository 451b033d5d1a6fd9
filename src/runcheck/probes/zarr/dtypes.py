"""How many bytes an item takes in each dtype that Zarr metadata name.

Sources: https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html, "Data type encoding", and
https://zarr-specs.readthedocs.io/en/latest/v3/data-types/index.html with the extensions that zarr-python writes.
"""

import re
from collections.abc import Mapping
from math import prod

_MAX_ITEM = 1 << 40  # any more is beyond every chunk
_MAX_FIELDS = 10_000

# NumPy's array protocol: byte order, kind, size, and the unit of a time.
_V2 = re.compile(r"[<>|=]?([biufcmMSUV])([0-9]{1,12})(?:\[[0-9A-Za-z/]*\])?")
_BYTES_A_CHARACTER = 4

_V3: Mapping[str, int] = {
    "bool": 1, "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4, "int64": 8, "uint64": 8,
    "float16": 2, "bfloat16": 2, "float32": 4, "float64": 8, "complex64": 8, "complex128": 16,
    "numpy.datetime64": 8, "numpy.timedelta64": 8,
}  # fmt: skip
_OF_LENGTH = frozenset({"fixed_length_utf32", "null_terminated_bytes", "raw_bytes"})
_OF_FIELDS = frozenset({"structured", "struct"})
_RAW = re.compile(r"r([0-9]{1,12})")


def item_bytes_of_v2(dtype: object) -> int | None:
    """Return the size of an item of a Zarr 2 dtype, or None where items differ in length or it is not known."""
    if isinstance(dtype, str):
        match = _V2.fullmatch(dtype)
        if match is None:
            return None
        size = int(match[2]) * (_BYTES_A_CHARACTER if match[1] == "U" else 1)
        return size if size <= _MAX_ITEM else None
    if not isinstance(dtype, list) or not 0 < len(dtype) <= _MAX_FIELDS:
        return None
    return _sum([_field_of_v2(field) for field in dtype])


def _field_of_v2(field: object) -> int | None:
    match field:
        case [str(), inner]:
            return item_bytes_of_v2(inner)
        case [str(), inner, list(shape)] if all(type(each) is int and 0 <= each <= _MAX_ITEM for each in shape):
            size = item_bytes_of_v2(inner)
            return None if size is None or len(shape) > _MAX_FIELDS else _sum([size * prod(shape)])
    return None


def item_bytes_of_v3(dtype: object) -> int | None:
    """Return the size of an item of a Zarr 3 dtype, or None where items differ in length or it is not known."""
    if isinstance(dtype, str):
        if raw := _RAW.fullmatch(dtype):
            return None if int(raw[1]) % 8 else int(raw[1]) // 8
        return _V3.get(dtype)
    match dtype:
        case {"name": str(name), "configuration": {"length_bytes": int(length)}} if name in _OF_LENGTH:
            return length if 0 <= length <= _MAX_ITEM else None
        case {"name": str(name), "configuration": {"fields": list(fields)}} if name in _OF_FIELDS:
            if 0 < len(fields) <= _MAX_FIELDS:
                return _sum([_field_of_v3(field) for field in fields])
        case {"name": str(name)}:
            return _V3.get(name)
    return None


def _field_of_v3(field: object) -> int | None:
    match field:
        case [str(), inner] | {"name": str(), "data_type": inner}:
            return item_bytes_of_v3(inner)
    return None


def _sum(sizes: list[int | None]) -> int | None:
    known = [size for size in sizes if size is not None]
    total = sum(known)
    return total if len(known) == len(sizes) and total <= _MAX_ITEM else None
