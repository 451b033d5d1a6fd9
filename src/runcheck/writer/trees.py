"""The leaves of a tree by their names, as JAX takes it apart: every registered class is a tree, as in a checkpoint."""

from collections.abc import Iterator


def named_leaves(tree: object, separator: str) -> Iterator[tuple[str, object]]:
    """Yield each leaf with the keys above it, joined by ``separator``."""
    import jax  # noqa: PLC0415 - who saves a checkpoint has loaded it

    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        yield jax.tree_util.keystr(path, simple=True, separator=separator), leaf
