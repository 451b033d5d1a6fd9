"""The tree that a checkpoint is restored into: as Orbax takes it, and where a checkpoint does not fit it.

Orbax saves a scalar of NumPy as an array without axes, and restores into no tree that holds one.
"""

from collections.abc import Iterable, Iterator, Sequence
from numbers import Number
from typing import cast

from runcheck.probes.contents import OrbaxContent

_FEW, _EACH_END = 10, 5  # of many names, how many are told


def with_arrays_for_scalars(like: object) -> object:
    """Return ``like`` with an array without axes in the place of each scalar of NumPy."""
    import jax  # noqa: PLC0415 - who restores has loaded it
    import numpy as np  # noqa: PLC0415

    return cast("object", jax.tree.map(lambda leaf: np.asarray(leaf) if isinstance(leaf, np.generic) else leaf, like))


def with_scalars_again(tree: object, like: object) -> object:
    """Return what was restored of a checkpoint with scalars of NumPy where ``like`` has them."""
    import jax  # noqa: PLC0415 - who restores has loaded it
    import numpy as np  # noqa: PLC0415

    if not any(isinstance(leaf, np.generic) for leaf in jax.tree.leaves(like)):
        return tree

    def as_given(leaf: object, restored: object) -> object:
        return restored[()] if isinstance(leaf, np.generic) and isinstance(restored, np.ndarray) else restored

    return cast("object", jax.tree.map(as_given, like, tree))


def misfit_of_restored(tree: object, like: object) -> str | None:
    """Return in words which arrays were restored in another shape than ``like`` has.

    Orbax lets that pass where like has an array or a scalar of NumPy.
    """
    restored = {name: _shape(leaf) for name, leaf in _named(tree)}
    both = ((name, _shape(leaf), restored.get(name)) for name, leaf in _named(like))
    return _in_words((("like has in another shape", _differing(both)),))


def misfit(content: OrbaxContent, like: object) -> str | None:
    """Return in words which arrays of a checkpoint ``like`` lacks, has beyond it, or has in another shape.

    A typed key of ``jax.random`` is stored as the numbers that it is made of, which no shape of keys is compared to.
    """
    wanted = dict(_named(like))
    here = {leaf.name: leaf.shape for leaf in content.leaves}
    there = {*here, *content.unsized}
    if like is None or not there:
        return None
    both = [(name, leaf, here[name]) for name, leaf in wanted.items() if name in here]
    keys = [(name, _numbers_of_keys(leaf), shape) for name, leaf, shape in both if _is_keys(leaf)]
    others = [(name, _shape(leaf), shape) for name, leaf, shape in both if not _is_keys(leaf)]
    return _in_words(
        (
            ("like lacks", sorted(there - wanted.keys())),
            ("like has, and the checkpoint does not,", sorted(wanted.keys() - there)),
            ("like has in another shape", _differing(others)),
            (
                "like has keys of jax.random of another kind or number,",
                [f"{name} of {given} integers, here {shape}" for name, given, shape in keys if given != shape],
            ),
        )
    )


def _differing(shapes: Iterable[tuple[str, tuple[int, ...] | None, tuple[int, ...] | None]]) -> list[str]:
    """Say of each name which shape like has, and which the checkpoint, where both have one."""
    return [
        f"{name} {given}, here {shape}"
        for name, given, shape in shapes
        if given != shape and None not in (given, shape)
    ]


def some_of(each_of: Sequence[object]) -> str:
    """Return values in a line, of many the first and the last."""
    few = [str(each) for each in each_of]
    return ", ".join(few if len(few) <= _FEW else [*few[:_EACH_END], "...", *few[-_EACH_END:]])


def _in_words(parts: Sequence[tuple[str, Sequence[str]]]) -> str | None:
    faults = "; ".join(f"{words} {some_of(each)}" for words, each in parts if each)
    return f"does not fit like: {faults}" if faults else None


def _named(tree: object) -> Iterator[tuple[str, object]]:
    """Yield the leaves of a tree, each with the name that its array has in a checkpoint."""
    import jax  # noqa: PLC0415 - who restores has loaded it

    for key, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
        yield jax.tree_util.keystr(key, simple=True, separator="/"), leaf


def _shape(leaf: object) -> tuple[int, ...] | None:
    """Return the shape of an array or a number, None of what is neither."""
    shape = getattr(leaf, "shape", () if isinstance(leaf, Number) else None)
    return None if shape is None else tuple(shape)


def _is_keys(leaf: object) -> bool:
    import jax  # noqa: PLC0415 - who restores has loaded it

    dtype = getattr(leaf, "dtype", None)
    return dtype is not None and bool(jax.numpy.issubdtype(dtype, jax.dtypes.prng_key))


def _numbers_of_keys(keys: object) -> tuple[int, ...]:
    import jax  # noqa: PLC0415 - who restores has loaded it

    return tuple(jax.eval_shape(jax.random.key_data, keys).shape)
