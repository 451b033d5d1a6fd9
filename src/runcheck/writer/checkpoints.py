"""Checkpoints, written by Orbax in the background, and exports of weights."""

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from runcheck.convention.parameters import parameters
from runcheck.errors import MissingLibraryError
from runcheck.writer.atomic import write_whole

if TYPE_CHECKING:
    import numpy as np
    from orbax.checkpoint import StandardCheckpointer


_COMMIT_SENTENCE = "commit_success.txt"


class CheckpointWriter:
    """Saves trees of arrays, a folder a step. Orbax is imported at the first save."""

    def __init__(self) -> None:
        """Start without a checkpoint."""
        self._checkpointer: StandardCheckpointer | None = None
        self._folders: list[str] = []
        self.steps: list[int] = []

    def save(self, folder: str, step: int, tree: object) -> None:
        """Start saving ``tree`` as ``folder/<step>``.

        Arrays are copied before this returns, and written afterwards.

        Raises:
            MissingLibraryError: Orbax is not installed.
        """
        if self._checkpointer is None:
            try:
                import orbax.checkpoint as ocp  # noqa: PLC0415
            except ImportError as error:
                raise MissingLibraryError("orbax-checkpoint", "orbax", "save checkpoints") from error
            self._checkpointer = ocp.StandardCheckpointer()
        target = os.path.join(os.path.abspath(folder), str(step))
        self._checkpointer.save(target, tree)
        self._folders.append(target)
        self.steps.append(step)

    def close(self) -> None:
        """Wait until every checkpoint is committed."""
        if self._checkpointer is not None:
            self._checkpointer.wait_until_finished()
            self._checkpointer.close()
            self._checkpointer = None
            for folder in self._folders:
                _forget_machine(folder)


def _forget_machine(checkpoint: str) -> None:
    """Take the absolute path out of the sentence that Orbax leaves in a committed checkpoint.

    That the file is there counts, not its words.
    """
    path = os.path.join(checkpoint, _COMMIT_SENTENCE)
    if not os.path.isfile(path):
        return
    with open(path, encoding="utf-8") as stream:
        sentence = stream.read()
    write_whole(path, sentence.replace(checkpoint, os.path.basename(checkpoint)))


def count_parameters(tree: object) -> int | None:
    """Return how many numbers the arrays under ``params`` hold, or None where there is no array.

    A tree without ``params`` is counted whole.
    """
    sizes = {name: int(leaf.size) for name, leaf in _leaves(tree, "", "/")}
    return sum(sizes[name] for name in parameters(sizes)) if sizes else None


def export_safetensors(path: str, tree: object) -> None:
    """Write the arrays of ``tree`` as safetensors, each named by its path in the tree with dots.

    Raises:
        MissingLibraryError: safetensors or NumPy is not installed.
    """
    try:
        import numpy as np  # noqa: PLC0415
        from safetensors.numpy import save_file  # noqa: PLC0415
    except ImportError as error:
        raise MissingLibraryError("safetensors", "safetensors", "export weights") from error
    save_file({name: np.ascontiguousarray(leaf) for name, leaf in _leaves(tree, "", ".")}, path)


def _leaves(
    tree: object, prefix: str, separator: str
) -> "Iterator[tuple[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]]":
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from _leaves(value, f"{prefix}{separator}{key}" if prefix else str(key), separator)
    elif isinstance(tree, list | tuple):
        names = getattr(tree, "_fields", range(len(tree)))
        yield from _leaves(dict(zip(map(str, names), tree, strict=True)), prefix, separator)
    elif hasattr(tree, "dtype") and hasattr(tree, "shape"):
        yield prefix, tree  # type: ignore[misc]
