"""What Orbax does not save, found before it is asked to.

It learns of most of this while its threads are at work already: of some too late for the step, and of all too late to
leave nothing on the disk.
"""

import numbers
from collections.abc import Iterator

from runcheck.errors import InvalidArgumentError
from runcheck.writer.arguments import checked_characters
from runcheck.writer.log.kept_arrays import is_deleted
from runcheck.writer.log.scalars import is_on_device
from runcheck.writer.weights.trees import is_array, leaves_of

_NO_NUMBERS = frozenset("SUMmO")
_MOST_BYTES = {"f": 8, "c": 16}
_INTEGERS = range(-(1 << 63), 1 << 64)
_HINT = "give arrays alone, as nnx.state(model) and eqx.filter(model, eqx.is_array) do"


def refuse_what_orbax_does_not_save(tree: object) -> None:
    """Refuse a tree without arrays, or one that holds what is none, or arrays that are not of numbers or not there.

    Raises:
        InvalidArgumentError: Orbax would not save the tree, or exchange its arrays.
    """
    leaves = list(leaves_of(tree))
    if not leaves:
        raise InvalidArgumentError("the tree holds no array to save")
    for path, leaf in leaves:
        checked_characters(".".join(path), "the name of an array")
        for why in _reasons(path, leaf):
            raise InvalidArgumentError(f"{'/'.join(path)} of the tree {why}" if path else f"the tree {why}")
    seen: dict[str, tuple[str, ...]] = {}
    for path, _ in leaves:
        if seen.setdefault(name := ".".join(path), path) is not path:
            raise InvalidArgumentError(f"two arrays of the tree are {name} to Orbax, which saves only one: rename one")


def _reasons(path: tuple[str, ...], leaf: object) -> Iterator[str]:
    """Yield why a leaf is not saved, the reason to tell first."""
    if not isinstance(leaf, int | float) and not hasattr(leaf, "__array__"):
        what = "a function" if callable(leaf) else f"of type {type(leaf).__name__}"
        yield f"is {what}, which is no array; {_HINT}"
    if not path and (isinstance(leaf, numbers.Number) or is_on_device(leaf)):
        yield 'is one array; give it a name, as in {"params": array}'
    if isinstance(leaf, int) and leaf not in _INTEGERS:
        yield "is an integer of more than 64 bits"
    if is_array(leaf):
        if 0 in leaf.shape:
            yield f"has the shape {tuple(leaf.shape)}, and Orbax saves no empty array"
        if _is_not_of_numbers(leaf.dtype):
            yield f"is of {leaf.dtype}, which Orbax does not save"
        if is_deleted(leaf):
            yield "is deleted, as what was donated to a step is; save what the step returned"


def _is_not_of_numbers(dtype: object) -> bool:
    """Say whether a dtype is one of NumPy's that TensorStore lacks: texts, times, objects, records, extended floats."""
    kind, size = getattr(dtype, "kind", ""), getattr(dtype, "itemsize", 0)
    return kind in _NO_NUMBERS or bool(getattr(dtype, "names", None)) or size > _MOST_BYTES.get(kind, size)
