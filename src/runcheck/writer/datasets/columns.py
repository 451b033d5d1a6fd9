"""Arrays by name whose first axis are the rows, on their way into chunks: from memory, from a file, or batch by batch.

No more is held at once than a block of rows and what does not fill a chunk yet.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias, TypeGuard, cast

from runcheck.convention.layout import layout
from runcheck.convention.portable import folded, why_not_portable
from runcheck.errors import InvalidArgumentError
from runcheck.writer.arguments import checked_characters

if TYPE_CHECKING:
    import numpy as np

    Block: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.generic]]

Arrays: TypeAlias = Mapping[str, object] | Iterable[Mapping[str, object]]
"""Arrays by name, which may nest, or an iterable of such batches of rows."""

_BLOCK_BYTES = 8 << 20
_HELD_BYTES = 64 << 20  # of chunks that are not full, over all columns
_TEXT_BYTES = 128  # that a text is taken to have
_OF_ANOTHER_LIBRARY = 2  # as ``numpy.dtype.isbuiltin`` says it: those of ml_dtypes
_LARGEST = {"f": 8, "c": 16}  # bytes of an item; what is larger no two machines have alike
_NOTHING = "there is no array to write; give arrays by name, or batches of them"
_RESERVED = ("zarr.json", "__")  # how names in a Zarr store do not begin


class Column(NamedTuple):
    """One array: its name with ``/`` between groups, its dtype, little-endian, and the shape of a row."""

    name: str
    dtype: "np.dtype[np.generic]"
    row: tuple[int, ...]

    @property
    def is_text(self) -> bool:
        """Say whether the items are texts; the dtype is that of objects then."""
        return self.dtype.kind == "O"


class Sliced(Protocol):
    """What gives rows as an array: of NumPy, in memory or in a file, of JAX, HDF5 or Zarr."""

    dtype: object
    shape: tuple[int, ...]

    def __getitem__(self, rows: slice, /) -> object:
        """Return some rows."""


Create: TypeAlias = "Callable[[Column, tuple[int, ...]], Callable[[Block], object]]"
"""Makes an empty array with chunks of a shape, and returns what appends rows to it."""


def write_columns(data: Arrays, format_: str, chunk_bytes: int, create: Create) -> int:
    """Write every column in chunks of at most so many bytes, and return the number of rows.

    Raises:
        InvalidArgumentError: there is no array, a name or a dtype is none of the format's, or rows do not match.
    """
    pending: dict[str, _Pending] = {}
    rows = 0
    for batch in (data,) if isinstance(data, Mapping) else data:
        arrays = _named(batch)
        rows += rows_of(arrays)
        columns = {name: _column(name, array, format_) for name, array in arrays.items()}
        if not pending:
            _check_names(columns)
            most = min(chunk_bytes, _HELD_BYTES // len(columns))
            pending = {name: _Pending(column, most, create) for name, column in columns.items()}
        _check_same(columns, {name: each.column for name, each in pending.items()})
        for block in blocks(arrays):
            for name, some in block.items():
                pending[name].add(some)
    if not pending:
        raise InvalidArgumentError(_NOTHING)
    for each in pending.values():
        each.close()
    return rows


def rows_of(arrays: Mapping[str, Sliced]) -> int:
    """Return the length of the first axis, which all share.

    Raises:
        InvalidArgumentError: they do not, or there is none.
    """
    if not arrays:
        raise InvalidArgumentError(_NOTHING)
    lengths = {name: array.shape[0] for name, array in arrays.items()}
    check_lengths(lengths)
    return next(iter(lengths.values()))


def check_lengths(lengths: Mapping[str, int]) -> None:
    """Refuse columns that have not as many rows each."""
    if len({*lengths.values()}) > 1:
        shown = ", ".join(f"{name} {length:,}" for name, length in lengths.items())
        raise InvalidArgumentError(f"the arrays have different numbers of rows: {shown}")


def blocks(arrays: Mapping[str, Sliced]) -> Iterator[dict[str, object]]:
    """Yield rows of all arrays together, about 8 MiB at once."""
    width = sum(math.prod(array.shape[1:]) * dtype_of(array).itemsize for array in arrays.values())
    step = max(1, _BLOCK_BYTES // max(1, width))
    for start in range(0, rows_of(arrays), step):
        yield {name: array[start : start + step] for name, array in arrays.items()}


def dtype_of(array: Sliced) -> "np.dtype[np.generic]":
    """Return the dtype of an array as NumPy's.

    Raises:
        TypeError: it is none, as those of PyTorch.
    """
    import numpy as np  # noqa: PLC0415

    return np.dtype(cast("type[np.generic]", array.dtype))


def is_sliced(value: object) -> TypeGuard[Sliced]:
    """Say whether ``value`` gives rows by slices, as arrays of NumPy's dtypes do."""
    if not hasattr(value, "shape") or not hasattr(value, "__getitem__") or hasattr(value, "iloc"):  # pandas has labels
        return False
    try:
        dtype_of(cast("Sliced", value))
    except (AttributeError, TypeError):
        return False
    return True


class _Pending:
    """Rows of one column that do not fill a chunk yet."""

    def __init__(self, column: Column, most: int, create: Create) -> None:
        self.column = column
        self._create = create
        size = _TEXT_BYTES if column.is_text else column.dtype.itemsize
        self._chunk = _chunk_shape((most, *column.row), size, most)
        self._append: Callable[[Block], object] | None = None
        self._parts: list[Block] = []
        self._rows = 0

    def add(self, rows: object) -> None:
        """Take a copy of some rows, since the next batch may come in the same memory, and write what fills chunks."""
        import numpy as np  # noqa: PLC0415

        if isinstance(rows, np.ma.MaskedArray):
            raise InvalidArgumentError(f"{self.column.name} is masked; the mask would be lost, so fill it")
        block = np.array(rows, self.column.dtype)
        for each in block.flat if self.column.is_text else ():
            if not isinstance(each, str):
                raise InvalidArgumentError(f"{self.column.name} holds objects that are no texts")
            checked_characters(each, f"a text of {self.column.name}")
        self._parts.append(block)
        self._rows += len(block)
        if self._rows >= self._chunk[0]:
            whole = self._parts[0] if len(self._parts) == 1 else np.concatenate(self._parts)
            full = self._rows - self._rows % self._chunk[0]
            self._write(whole[:full])
            self._parts, self._rows = [whole[full:].copy()], self._rows - full

    def close(self) -> None:
        """Write the rest."""
        import numpy as np  # noqa: PLC0415

        if self._append is None:
            self._chunk = (max(1, self._rows), *self._chunk[1:])  # a few rows are no larger than they are
        rest = np.concatenate([np.empty((0, *self.column.row), self.column.dtype), *self._parts])
        if len(rest) or self._append is None:
            self._write(rest)

    def _write(self, block: "Block") -> None:
        if self._append is None:
            self._append = self._create(self.column, self._chunk)
        if len(block):
            self._append(block)


def _named(batch: object, prefix: str = "") -> dict[str, Sliced]:
    """Return the arrays of a batch by their names, those in groups with ``/``."""
    if not isinstance(batch, Mapping):
        raise InvalidArgumentError(f"the data are of a {type(batch).__name__}; give arrays by name, or batches of them")
    arrays: dict[str, Sliced] = {}
    for key, value in batch.items():
        name = f"{prefix}{key}"
        found = _named(value, f"{name}/") if isinstance(value, Mapping) else {name: _array(name, value)}
        if arrays.keys() & found.keys():
            raise InvalidArgumentError(f"two arrays are called {next(iter(found))}")
        arrays |= found
    return arrays


def _array(name: str, value: object) -> Sliced:
    import numpy as np  # noqa: PLC0415

    if not is_sliced(value):
        try:
            value = np.asarray(value)
        except (TypeError, ValueError) as error:
            raise InvalidArgumentError(f"{name} is no array: {error}") from error
    array = cast("Sliced", value)
    if not array.shape or 0 in array.shape[1:]:
        raise InvalidArgumentError(f"{name} has the shape {array.shape}; its first axis are rows, which hold something")
    return array


def _column(name: str, array: Sliced, format_: str) -> Column:
    import numpy as np  # noqa: PLC0415

    dtype = dtype_of(array)
    is_known = dtype.isbuiltin != _OF_ANOTHER_LIBRARY and dtype.itemsize <= _LARGEST.get(dtype.kind, 8)
    if dtype.kind in "UTO":
        dtype = np.dtype(object)
    elif dtype.kind not in "biufc" or not is_known:
        raise InvalidArgumentError(f"{name} is {dtype}, which {format_} does not hold; give it {instead_of(dtype)}")
    return Column(name, dtype.newbyteorder("<"), tuple(array.shape[1:]))


def instead_of(dtype: "np.dtype[np.generic]") -> str:
    """Return what to give in place of a dtype, without a value changed."""
    if dtype.kind in "Mm":
        return "as integers, .astype('int64')"
    if dtype.kind in "fc":
        return "as .astype('float64')" if dtype.kind == "f" else "as .astype('complex128')"
    if dtype.kind == "S":
        return "as texts, .astype(str)"
    if "float" in dtype.name:
        return "as .astype('float32'), which has every value of it"
    return "as .astype('int8')" if "int" in dtype.name else "field by field"


def _check_same(columns: Mapping[str, Column], before: Mapping[str, Column]) -> None:
    """Refuse a batch that is not as those before it."""
    if columns.keys() != before.keys():
        raise InvalidArgumentError(f"a batch has {_listed(columns)}, and those before it {_listed(before)}")
    for name, column in columns.items():
        if column != before[name]:
            had, has = (f"{each.dtype} {each.row}" for each in (before[name], column))
            raise InvalidArgumentError(f"{name} has rows of {has} in a batch, and of {had} in those before it")


def _check_names(arrays: Iterable[str]) -> None:
    """Refuse names that are no files on some system, that Zarr keeps for itself, or that are one where case is none."""
    seen: dict[str, str] = {}
    groups = {folded(name[:at]) for name in arrays for at, letter in enumerate(name) if letter == "/"}
    for name in arrays:
        for part in name.split("/"):
            reason = why_not_portable(part) if part.strip(".") else "is empty"
            if part.lower().startswith(_RESERVED) or layout().is_leftover(part):
                reason = "is kept for something else"
            if reason:
                raise InvalidArgumentError(f"an array is called {name!r}, and {part!r} {reason}; give it another name")
        if folded(name) in groups or folded(name) in seen:
            other = seen.get(folded(name), "a group")
            raise InvalidArgumentError(f"an array is called {name!r}, as is {other}; give it another name")
        seen[folded(name)] = repr(name)


def _chunk_shape(shape: tuple[int, ...], itemsize: int, most: int) -> tuple[int, ...]:
    """Return the largest chunk of at most ``most`` bytes that is whole rows, or whole parts of one row."""
    chunk = []
    for axis, length in enumerate(shape):
        inner = itemsize * math.prod(shape[axis + 1 :])
        chunk.append(max(1, min(length, most // inner)))
    return tuple(chunk)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
