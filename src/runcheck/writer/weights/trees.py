"""The arrays of a tree, as ``jax.tree_util`` walks it, by the names that Orbax gives them."""

import math
import sys
from collections.abc import Iterator, Mapping
from typing import Protocol, TypeGuard

from runcheck.convention.parameters import parameters
from runcheck.errors import InvalidArgumentError

_NO_NUMBERS = frozenset("SUMmO")
_MOST_BYTES = {"f": 8, "c": 16}
_HINT = "give arrays alone, as nnx.state(model) and eqx.filter(model, eqx.is_array) do"


class Array(Protocol):
    """An array of NumPy or JAX."""

    dtype: object
    shape: tuple[int, ...]


def leaves_of(tree: object) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield each leaf of a tree with its path in it.

    The nodes are those that JAX knows, those that a library registered among them; where the script does not use JAX
    there are none but mappings, lists and tuples.
    """
    jax = sys.modules.get("jax")
    if jax is None:
        yield from _plain_leaves(tree, ())
        return
    for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
        yield tuple(jax.tree_util.keystr((key,), simple=True) for key in path), leaf


def arrays_of(tree: object) -> Iterator[tuple[tuple[str, ...], Array]]:
    """Yield each array of a tree with its path in it. What is no array is passed over."""
    for path, leaf in leaves_of(tree):
        if _is_array(leaf):
            yield path, leaf


def refuse_what_orbax_does_not_save(tree: object) -> None:
    """Refuse a tree that holds functions, as a model of Equinox does, or arrays of NumPy that are not of numbers.

    Orbax would learn of these arrays while it writes, which is too late for the step.

    Raises:
        InvalidArgumentError: one of its leaves is such a thing.
    """
    for path, leaf in leaves_of(tree):
        if not _is_array(leaf):
            if callable(leaf):
                raise InvalidArgumentError(f"{'/'.join(path)} of the tree is a function, which is no array; {_HINT}")
        elif _is_not_of_numbers(leaf.dtype):
            raise InvalidArgumentError(f"{'/'.join(path)} of the tree is of {leaf.dtype}, which Orbax does not save")


def _is_not_of_numbers(dtype: object) -> bool:
    """Say whether a dtype is one of NumPy's that TensorStore lacks: texts, times, objects, records, extended floats."""
    kind, size = getattr(dtype, "kind", ""), getattr(dtype, "itemsize", 0)
    return kind in _NO_NUMBERS or bool(getattr(dtype, "names", None)) or size > _MOST_BYTES.get(kind, size)


def count_parameters(tree: object) -> int | None:
    """Return how many numbers the arrays under ``params`` hold, or None where there is no array.

    A tree without ``params`` is counted whole.
    """
    sizes = {"/".join(path): _size(leaf) for path, leaf in arrays_of(tree)}
    return sum(sizes[name] for name in parameters(sizes)) if sizes else None


def _plain_leaves(tree: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from _plain_leaves(value, (*path, str(key)))
    elif isinstance(tree, list | tuple):
        names = getattr(tree, "_fields", range(len(tree)))
        yield from _plain_leaves(dict(zip(map(str, names), tree, strict=True)), path)
    else:
        yield path, tree


def _is_array(leaf: object) -> TypeGuard[Array]:
    return hasattr(leaf, "dtype") and hasattr(leaf, "shape")


def _size(leaf: Array) -> int:
    """Return how many numbers are stored of an array: of a key of ``jax.random``, those that it is made of."""
    jax = sys.modules.get("jax")
    if jax is not None and isinstance(leaf, jax.Array) and jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return int(jax.random.key_data(leaf).size)
    return math.prod(leaf.shape)
