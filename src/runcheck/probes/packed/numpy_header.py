"""The headers of ``.npy`` files: dtype, shape, order (NEP 1, ``numpy/lib/format.py``).

By hand, for NumPy is no dependency, and a header that Python would evaluate is checked for its form first.
"""

import ast
import math
import re
from dataclasses import dataclass

from runcheck.probes.packed import NUMPY_MAGIC
from runcheck.probes.packed.forward import BrokenError, Forward

MAX_HEADER = 1 << 16
MAX_NESTING = 32
MAX_AXES = 64  # of NumPy
MAX_ITEM = 1 << 40

# What a header may be made of: literals without a sign, so that only brackets nest.
_LITERALS = re.compile(
    r"(?>(?:'(?>(?:[^'\\\n]++|\\.)*)'|\"(?>(?:[^\"\\\n]++|\\.)*)\"|[\s(){}\[\],:]++|[0-9]{1,19}L?|True|False|None)*)"
)
_LONG = re.compile(r"(?<=[0-9])L\b")  # as Python 2 wrote integers
_CODE = re.compile(r"[<>|=]?([?a-zA-Z])([0-9]{0,12})(?:\[[^\]]{1,32}\])?")
_NAMES = {
    "b1": "bool",
    "i": "int",
    "u": "uint",
    "f": "float",
    "c": "complex",
    "M8": "datetime64",
    "m8": "timedelta64",
    "S": "bytes",
    "a": "bytes",
    "U": "str",
    "V": "void",
    "O": "object",
}


@dataclass(frozen=True, slots=True)
class Dtype:
    """A dtype: NumPy's name for it, the bytes of an item, and the fields of objects in it (empty: the item itself)."""

    name: str
    size: int
    objects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the bytes of an array.

    ``is_plain`` says that these are as a machine of today holds the array in memory: in C order, little-endian.
    """

    dtype: Dtype
    shape: tuple[int, ...]
    is_plain: bool

    @property
    def size(self) -> int:
        """The bytes of the array."""
        return math.prod(self.shape) * self.dtype.size


def read_header(source: Forward) -> Header:
    """Take the header of an array from where its magic begins.

    Raises:
        BrokenError: it is none.
    """
    version = source.take(len(NUMPY_MAGIC) + 2)[-2]
    if version not in (1, 2, 3):
        raise BrokenError(f"is of the version {version} of its format, which does not exist")
    count = int.from_bytes(source.take(2 if version == 1 else 4), "little")
    if count > MAX_HEADER:
        raise BrokenError(f"has a header of {count:,} bytes")
    text = source.take(count).decode("utf-8" if version == 3 else "latin-1", "replace")  # noqa: PLR2004
    value = _literal(text)
    shape = value.get("shape") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(shape, tuple) or set(value) != {"descr", "fortran_order", "shape"}:
        raise BrokenError("has a header that is none")
    if len(shape) > MAX_AXES or not all(type(each) is int for each in shape):
        raise BrokenError("has a shape that is none")
    descr = value["descr"]
    is_plain = not value["fortran_order"] and isinstance(descr, str) and not descr.startswith(">")
    return Header(_dtype(descr), shape, is_plain)


def _literal(text: str) -> object:
    nesting = deepest = 0
    for each in text:
        nesting += (each in "([{") - (each in ")]}")
        deepest = max(deepest, nesting)
    if deepest > MAX_NESTING or not _LITERALS.fullmatch(text):
        raise BrokenError("has a header that is none")
    try:
        return ast.literal_eval(_LONG.sub("", text.strip()))
    except (ValueError, SyntaxError, TypeError) as error:  # an unhashable key is a TypeError
        raise BrokenError("has a header that is none") from error


def _dtype(descr: object) -> Dtype:
    if isinstance(descr, str):
        return _plain(descr)
    if isinstance(descr, tuple) and len(descr) == 2:  # noqa: PLR2004 - a dtype, and the shape of one item
        return _repeated(_dtype(descr[0]), descr[1])
    if not isinstance(descr, list):
        raise BrokenError("has a dtype that is none")
    size, objects = 0, list[str]()
    for field in descr:
        if not isinstance(field, tuple) or len(field) not in (2, 3):
            raise BrokenError("has a dtype that is none")
        name = field[0][-1] if isinstance(field[0], tuple) and field[0] else field[0]
        inner = _dtype(field[1])
        if len(field) == 3:  # noqa: PLR2004 - name, dtype, shape
            inner = _repeated(inner, field[2])
        size += inner.size
        objects += [f"{name}.{each}" if each else str(name) for each in inner.objects]
    return Dtype("structured", size, tuple(objects))


def _repeated(dtype: Dtype, shape: object) -> Dtype:
    axes = shape if isinstance(shape, tuple) else (shape,)
    if len(axes) > MAX_AXES or not all(type(each) is int for each in axes):
        raise BrokenError("has a dtype that is none")
    size = dtype.size * math.prod(each for each in axes if isinstance(each, int))
    if size > MAX_ITEM:
        raise BrokenError("has a dtype that is none")
    return Dtype(dtype.name, size, dtype.objects)


def _plain(descr: str) -> Dtype:
    match = _CODE.fullmatch(descr)
    if match is None:
        raise BrokenError("has a dtype that is none")
    code, digits = match[1], match[2]
    if code == "O":
        return Dtype("object", 8, ("",))
    code, digits = ("b", "1") if code == "?" else (code, digits)
    size = int(digits or (1 if code in "biu" else 0))
    name = _NAMES.get(f"{code}{digits}") or _NAMES.get(code)
    if name is None or size > MAX_ITEM:
        raise BrokenError("has a dtype that is none")
    if code in "iufc":
        return Dtype(f"{name}{size * 8}", size)
    return Dtype(name, size * 4 if code == "U" else size)
