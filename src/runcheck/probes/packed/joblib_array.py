"""Arrays in the pickles of joblib: how many bytes stand between the opcodes.

joblib writes a wrapper, and behind the opcode that builds it a byte of padding, the padding and the array as it is
(``joblib/numpy_pickle.py``, ``NumpyArrayWrapper.read_array``). Objects are a pickle of their own there.
"""

import math
import re
from dataclasses import dataclass

from runcheck.probes.packed.pickle_values import Global, Listed, Made, Mapped

MAX_AXES = 64  # of NumPy
_CODE = re.compile(r"[A-Za-z][0-9]{1,9}")
_DTYPE = Global("numpy.dtype")
_ITEM_SIZE, _FLAGS = 5, 7  # of the state of a dtype
_HAS_OBJECTS = 1


@dataclass(frozen=True, slots=True)
class InlineArray:
    """An array between opcodes: its bytes, whether padding comes before, whether it is a pickle."""

    size: int
    padded: bool
    has_objects: bool


def array_of(state: object) -> InlineArray | None:
    """Return the array that a wrapper with this state stands for, or None where it cannot be told."""
    if not isinstance(state, Mapped):
        return None
    known = {key: value for key, value in state.items if isinstance(key, str)}
    shape, dtype = known.get("shape"), known.get("dtype")
    if not isinstance(dtype, Made) or dtype.function != _DTYPE or not isinstance(dtype.arguments, tuple):
        return None
    if isinstance(shape, Listed):
        shape = tuple(shape.items)
    if not isinstance(shape, tuple) or len(shape) > MAX_AXES or not dtype.arguments:
        return None
    lengths = [each for each in shape if isinstance(each, int) and each >= 0]
    code, more = dtype.arguments[0], dtype.state if isinstance(dtype.state, tuple) else ()
    if len(lengths) != len(shape) or not isinstance(code, str) or not _CODE.fullmatch(code):
        return None
    flags, item = more[_FLAGS] if len(more) > _FLAGS else 0, int(code[1:])
    if code[0] in "USV":
        given = more[_ITEM_SIZE] if len(more) > _ITEM_SIZE else None
        if not isinstance(given, int) or given < 0:
            return None
        item = given
    has_objects = code[0] == "O" or bool(isinstance(flags, int) and flags & _HAS_OBJECTS)
    return InlineArray(math.prod(lengths) * item, "numpy_array_alignment_bytes" in known, has_objects)
