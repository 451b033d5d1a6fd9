"""Columns of Arrow out of Python's own values, made of their bytes.

``pyarrow.array`` would do, but imports pandas where that is installed: half a second, for each run that begins.
"""

from array import array
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import pyarrow as pa

_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_EXACT = 1 << 53  # beyond it not every integer is a double


def column(values: Sequence[object], type_: "pa.DataType") -> "pa.Array":
    """Return values, or None for those that are missing, as a column of a type that the registry has.

    Raises:
        OverflowError: an integer has more than 64 bits.
        TypeError: a value is none of the type.
        ValueError: a text is no UTF-8, an integer no double, or a double no integer.
    """
    import pyarrow as pa  # noqa: PLC0415

    there = [value is not None for value in values]
    if pa.types.is_map(type_):
        maps = cast("Sequence[Mapping[str, object]]", values)
        keys = column([key for each in maps for key in each], type_.key_type)
        items = column([item for each in maps for item in each.values()], type_.item_type)
        ends = array("i", accumulate(map(len, maps), initial=0))
        offsets = pa.Array.from_buffers(pa.int32(), len(ends), [None, pa.py_buffer(ends)], null_count=0)
        return pa.MapArray.from_arrays(offsets, keys, items)
    buffers: list[array[int] | array[float] | bytes]
    if pa.types.is_string(type_):
        texts = [b"" if value is None else str.encode(cast("str", value)) for value in values]
        buffers = [array("i", accumulate(map(len, texts), initial=0)), b"".join(texts)]
    elif pa.types.is_boolean(type_):
        buffers = [_bits([_truth(value) for value in values])]
    elif pa.types.is_floating(type_):
        buffers = [array("d", map(_double, values))]
    elif pa.types.is_timestamp(type_):
        times = cast("Sequence[datetime | None]", values)
        buffers = [array("q", [0 if time is None else (time - _EPOCH) // _MICROSECOND for time in times])]
    else:
        buffers = [array("q", map(_whole, values))]
    laid = [pa.py_buffer(each) for each in (_bits(there), *buffers)]
    return pa.Array.from_buffers(type_, len(values), laid, null_count=there.count(False))


def _truth(value: object) -> bool:
    if not isinstance(value, bool | None):
        raise TypeError(f"{value!r} is no boolean")
    return value is True


def _whole(value: object) -> int:
    if isinstance(value, bool):
        raise TypeError(f"{value} is no integer")
    if isinstance(value, float):  # 1.0 is an integer to JSON Schema
        if not value.is_integer():
            raise ValueError(f"{value} is no integer")
        return int(value)
    return 0 if value is None else cast("int", value)


def _double(value: object) -> float:
    if isinstance(value, int) and abs(value) > _EXACT:
        raise ValueError(f"{value} is no double")
    return 0.0 if value is None else cast("float", value)


def _bits(flags: list[bool]) -> bytes:
    """Return flags as bits, the first one the lowest of the first byte."""
    number = int("".join("01"[flag] for flag in reversed(flags)) or "0", 2)
    return number.to_bytes((len(flags) + 7) // 8, "little")
