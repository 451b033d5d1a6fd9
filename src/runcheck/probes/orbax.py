"""Orbax checkpoints, as their JSON tells them: no array is opened, and no library is needed."""

from dataclasses import dataclass

from runcheck.convention.layout import layout
from runcheck.probes.folder import Folder
from runcheck.probes.orbax_tree import METADATA, SHARDING, ItemTree, TreeError, parse_tree
from runcheck.probes.tensors import Tensor

_DEFAULT_ITEM = "default"  # what a CheckpointManager names the item of a step that has only one


@dataclass(frozen=True, slots=True)
class OrbaxContent:
    """A checkpoint.

    ``leaves`` are the arrays whose shapes are known, each named by its path in the tree with ``/`` between; before it
    stands the name of the item where a step of a CheckpointManager has several. A dtype is "" where the array itself
    was not looked at. ``unsized`` are the names of arrays whose shapes only depth ``deep`` tells: NumPy's, and those
    that several devices held.
    """

    leaves: tuple[Tensor, ...] = ()
    unsized: tuple[str, ...] = ()
    unverified: str | None = None


def look_into_checkpoint(folder: Folder, deep: bool) -> OrbaxContent:  # noqa: ARG001, FBT001
    """Return what a checkpoint holds.

    Raises:
        OSError: a file of it cannot be read.
    """
    leaves: list[Tensor] = []
    unsized: list[str] = []
    for path in sorted(folder.files):
        item, _, name = path.rpartition("/")
        if name == METADATA:
            try:
                tree = _tree(folder, item)
            except TreeError:
                continue
            for leaf in tree.leaves:
                full = "/".join((*(item.split("/") if item not in ("", _DEFAULT_ITEM) else ()), *leaf.path))
                if leaf.is_array and leaf.shape is not None:
                    leaves.append(Tensor(full, leaf.shape, ""))
                elif leaf.is_array:
                    unsized.append(full)
    return OrbaxContent(tuple(leaves), tuple(unsized))


def _tree(folder: Folder, item: str) -> ItemTree:
    prefix = f"{item}/" if item else ""
    limit = layout().limits.document_bytes
    metadata = folder.read(f"{prefix}{METADATA}", limit)
    sharding = folder.read(f"{prefix}{SHARDING}", limit) if f"{prefix}{SHARDING}" in folder.files else None
    return parse_tree(metadata, sharding)
