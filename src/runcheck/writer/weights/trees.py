"""The arrays of a tree, as ``jax.tree_util`` walks it, by the names that Orbax gives them."""

import math
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Protocol, TypeGuard

from runcheck.convention.parameters import parameters
from runcheck.errors import InvalidArgumentError


class Array(Protocol):
    """An array of NumPy or JAX."""

    dtype: object
    shape: tuple[int, ...]


def leaves_of(tree: object) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield each leaf of a tree with its path in it.

    The nodes are those that JAX knows, those that a library registered among them; where the script does not use JAX
    there are none but mappings, lists and tuples.

    Raises:
        InvalidArgumentError: JAX cannot walk it, as where the keys of a mapping have no order.
    """
    jax = sys.modules.get("jax")
    if jax is None:
        yield from _plain_leaves(tree, ())
        return
    try:
        leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(f"the tree is none that JAX can walk: {error}") from error
    for path, leaf in leaves:
        yield tuple(jax.tree_util.keystr((key,), simple=True) for key in path), leaf


def count_parameters(tree: object) -> int | None:
    """Return how many numbers stand under ``params``, in arrays and alone, or None where there is none.

    A tree without ``params`` is counted whole.
    """
    sizes: Counter[str] = Counter()
    for path, leaf in leaves_of(tree):
        if is_array(leaf) or isinstance(leaf, int | float):
            sizes["/".join(path)] += _size(leaf) if is_array(leaf) else 1
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


def is_array(leaf: object) -> TypeGuard[Array]:
    """Say whether a leaf has a dtype and a shape."""
    return hasattr(leaf, "dtype") and hasattr(leaf, "shape")


def _size(leaf: Array) -> int:
    """Return how many numbers are stored of an array: of a key of ``jax.random``, those that it is made of."""
    jax = sys.modules.get("jax")
    if jax is not None and isinstance(leaf, jax.Array) and jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return int(jax.random.key_data(leaf).size)
    return math.prod(leaf.shape)
