"""State dictionaries of PyTorch: names, shapes and storages of the tensors in a pickle's value.

The functions and their arguments are those of ``torch/_utils.py``, the storages those of ``torch/serialization.py``.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from runcheck.probes.contents import Tensor
from runcheck.probes.packed.pickle_values import LOST, Global, Listed, Made, Mapped, Persistent

MAX_TENSORS = 100_000
MAX_VISITED = 300_000
MAX_AXES = 64
MAX_DEPTH = 32
MAX_NAME = 2_000
MAX_NUMBER = 1 << 62

# NumPy's word for what a storage is of, and the bytes of one.
_STORAGES = {
    "torch.DoubleStorage": ("float64", 8),
    "torch.FloatStorage": ("float32", 4),
    "torch.HalfStorage": ("float16", 2),
    "torch.BFloat16Storage": ("bfloat16", 2),
    "torch.LongStorage": ("int64", 8),
    "torch.IntStorage": ("int32", 4),
    "torch.ShortStorage": ("int16", 2),
    "torch.CharStorage": ("int8", 1),
    "torch.ByteStorage": ("uint8", 1),
    "torch.BoolStorage": ("bool", 1),
    "torch.ComplexDoubleStorage": ("complex128", 16),
    "torch.ComplexFloatStorage": ("complex64", 8),
    "torch.QInt8Storage": ("qint8", 1),
    "torch.QUInt8Storage": ("quint8", 1),
    "torch.QInt32Storage": ("qint32", 4),
    "torch.QUInt4x2Storage": ("quint4x2", 1),
    "torch.QUInt2x4Storage": ("quint2x4", 1),
    "torch.storage.UntypedStorage": ("uint8", 1),
    "torch.UntypedStorage": ("uint8", 1),
}
_ITEM_SIZES = {"float64": 8, "complex64": 8, "complex128": 16, "float32": 4, "uint64": 8, "uint32": 4, "uint16": 2}
_REBUILT = ("torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor", "torch._utils._rebuild_qtensor")
_REBUILT_WITH_TYPE = "torch._utils._rebuild_tensor_v3"
_WRAPPED = ("torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state")
_TYPED = "torch._tensor._rebuild_from_type_v2"
_SCRIPT = "__torch__."
_PACKED_BITS = ("quint4x2", "quint2x4")


@dataclass(frozen=True, slots=True)
class Storage:
    """The bytes that tensors are views of: their key, and how many there must be."""

    key: str
    size: int


@dataclass(slots=True)
class TorchValues:
    """The tensors of a value and the storages they need; ``error`` where a tensor reaches beyond its storage."""

    tensors: list[Tensor] = field(default_factory=list)
    storages: dict[str, Storage] = field(default_factory=dict)
    error: str | None = None
    whole: bool = True


def tensors_in(value: object) -> TorchValues:
    """Return what is known of the tensors in a pickle's value, named by the keys above them with dots between."""
    found = TorchValues()
    for visited, (name, leaf) in enumerate(_leaves(value, "", MAX_DEPTH)):
        if visited > MAX_VISITED or len(found.tensors) >= MAX_TENSORS or leaf is LOST:
            found.whole = False
            break
        if isinstance(leaf, Made):
            _take(found, name, leaf)
    if isinstance(value, Made) and not found.tensors and not _is_script(value):
        found.whole = False  # an object, of which only its own code knows the parts
    return found


def _is_script(value: object) -> bool:
    """Say whether this is a module of TorchScript, whose attributes are its state."""
    return isinstance(value, Made) and isinstance(value.function, Global) and value.function.name.startswith(_SCRIPT)


def _leaves(value: object, name: str, depth: int) -> Iterator[tuple[str, object]]:
    if isinstance(value, Made) and _is_script(value):
        value = value.state
    if isinstance(value, Mapped | Listed | tuple):
        if not depth or len(name) > MAX_NAME:
            yield name, LOST
            return
        items = (
            value.items if isinstance(value, Mapped) else enumerate(value.items if isinstance(value, Listed) else value)
        )
        yield name, None
        for key, item in items:
            word = str(key) if isinstance(key, str | int) else "?"
            yield from _leaves(item, f"{name}.{word}" if name else word, depth - 1)
    else:
        yield name, value


def _take(found: TorchValues, name: str, made: Made) -> None:
    function, arguments = made.function, made.arguments
    for _ in range(MAX_DEPTH):
        if not isinstance(function, Global) or not isinstance(arguments, tuple) or not arguments:
            return
        if function.name in _WRAPPED:
            inner = arguments[0]
            if not isinstance(inner, Made):
                return
            function, arguments = inner.function, inner.arguments
        elif function.name == _TYPED and len(arguments) > 2:  # noqa: PLR2004 - function, type, arguments
            function, arguments = arguments[0], arguments[2]
        else:
            break
    if isinstance(function, Global) and function.name in (*_REBUILT, _REBUILT_WITH_TYPE):
        _tensor(found, name, function.name, arguments)


def _tensor(found: TorchValues, name: str, function: str, arguments: object) -> None:
    if not isinstance(arguments, tuple) or len(arguments) < 4:  # noqa: PLR2004 - storage, offset, size, stride
        found.whole = False
        return
    typed = _storage(arguments[0])
    offset, shape, strides = arguments[1], _numbers(arguments[2]), _numbers(arguments[3])
    if typed is None or not isinstance(offset, int) or shape is None or strides is None or len(shape) != len(strides):
        found.whole = False
        return
    storage, dtype, item = typed
    if function == _REBUILT_WITH_TYPE and len(arguments) > 6:  # noqa: PLR2004 - the dtype is the seventh
        given = arguments[6]
        dtype = given.name.removeprefix("torch.") if isinstance(given, Global) else "?"
        item = _ITEM_SIZES.get(dtype, 1)  # a lower bound for what is not listed
    found.storages.setdefault(storage.key, storage)
    found.tensors.append(Tensor(name, shape, dtype))
    reach = offset + sum((length - 1) * stride for length, stride in zip(shape, strides, strict=True)) + 1
    if math.prod(shape) and reach * item > storage.size and dtype not in _PACKED_BITS and found.error is None:
        found.error = f"has a tensor {name} that reaches beyond its storage"


def _storage(value: object) -> tuple[Storage, str, int] | None:
    """Return a storage, what it is of in NumPy's words and the bytes of one."""
    identifier = value.identifier if isinstance(value, Persistent) else None
    if not isinstance(identifier, tuple) or len(identifier) < 5 or identifier[0] != "storage":  # noqa: PLR2004
        return None
    kind, key, _, count = identifier[1:5]
    dtype, item = _STORAGES.get(kind.name, ("?", 0)) if isinstance(kind, Global) else ("?", 0)
    if not item or not isinstance(key, str) or not isinstance(count, int) or not 0 <= count < MAX_NUMBER:
        return None
    return Storage(key, count * item), dtype, item


def _numbers(value: object) -> tuple[int, ...] | None:
    """Return a shape, which may be wrapped in ``torch.Size``."""
    if isinstance(value, Made) and isinstance(value.arguments, tuple) and len(value.arguments) == 1:
        value = value.arguments[0]
    if isinstance(value, Listed):
        value = tuple(value.items)
    if not isinstance(value, tuple):
        return None
    numbers = tuple(each for each in value if isinstance(each, int) and 0 <= each < MAX_NUMBER)
    return numbers if len(numbers) == len(value) <= MAX_AXES else None
