"""Orbax checkpoints: whether they were committed, their trees, and at depth ``deep`` their arrays.

The layout is that of Orbax 0.11.20 to 0.12: a step is one item, or has a folder for each of its items. An item is a
tree with ``_METADATA``; its arrays lie in an OCDBT store, which only TensorStore reads, or each in a folder of its own.
"""

from collections.abc import Iterator

from runcheck.convention.layout import layout
from runcheck.probes.contents import OrbaxContent
from runcheck.probes.contents import OrbaxFault as Fault
from runcheck.probes.folder import Folder
from runcheck.probes.orbax.item import Item
from runcheck.probes.orbax.tree import METADATA, ItemTree, Leaf, NotReadError, TreeError, parse_json, read_document
from runcheck.probes.orbax.zarr import DOCUMENTS

COMMIT = "_CHECKPOINT_METADATA"
_COMMITTED = "commit_success.txt"  # newer versions leave it in every folder; its words count for nothing
NO_TREE = "checkpoints without a tree of arrays"

# The handlers whose items are trees, by the last of their names, and the one whose item is an array; that one wrote no
# tree before Orbax 0.12.
_TREES = frozenset(
    ("StandardCheckpointHandler", "PyTreeCheckpointHandler", "BasePyTreeCheckpointHandler", "PyTreeHandler")
)
_ARRAY = "ArrayCheckpointHandler"
_ONE_ARRAY = ItemTree((Leaf(("checkpoint",), "jax.Array", None, None),), use_ocdbt=False)


def look_into_checkpoint(folder: Folder, deep: bool) -> OrbaxContent:  # noqa: FBT001 - as every probe of a folder
    """Return what a checkpoint holds.

    Raises:
        OSError: a file of it cannot be read.
    """
    if all(path.rpartition("/")[2] in layout().placeholders for path in folder.files):
        return OrbaxContent(uncommitted=(Fault("", "holds no file"),))
    uncommitted: list[Fault] = []
    broken_tree: list[Fault] = []
    reasons: set[str] = set()
    handlers: dict[str, str] | None = None
    try:
        handlers = _handlers(folder, uncommitted)
    except NotReadError as error:
        reasons.add(str(error))
    items = list(_items(folder, handlers, uncommitted, broken_tree))
    for item in items:
        item.look(deep=deep)
    for item in items:
        uncommitted += item.uncommitted
        broken_tree += item.broken_tree
    reasons.update(reason for item in items for reason in item.unverified)
    if not (items or uncommitted or broken_tree or reasons):
        reasons.add(NO_TREE)
    several = sum(bool(item.tensors or item.unsized) for item in items) > 1
    prefixes = [f"{item.root}/" if several and item.root else "" for item in items]
    named = list(zip(prefixes, items, strict=True))
    return OrbaxContent(
        leaves=tuple(each._replace(name=prefix + each.name) for prefix, item in named for each in item.tensors),
        unsized=tuple(prefix + name for prefix, item in named for name in item.unsized),
        uncommitted=tuple(uncommitted),
        broken_tree=tuple(broken_tree),
        doubts=tuple(fault for item in items for fault in item.doubts),
        broken_arrays=tuple(fault for item in items for fault in item.broken_arrays),
        nonfinite=tuple(each._replace(name=prefix + each.name) for prefix, item in named for each in item.nonfinite)
        if deep
        else None,
        unverified="; ".join(sorted(reasons)) or None,
    )


def _handlers(folder: Folder, uncommitted: list[Fault]) -> dict[str, str]:
    """Return the handler of each item by its folder, as far as the proof of the commit names them."""
    try:
        document = parse_json(read_document(folder, COMMIT))
    except TreeError as error:
        uncommitted.append(Fault(COMMIT, str(error)))
        return {}
    match document:
        case {"commit_timestamp_nsecs": int(time)} if time > 0 and time is not True:
            pass
        case _:
            uncommitted.append(Fault(COMMIT, "has no time of commit"))
    match document:
        case {"item_handlers": str(handler)}:
            return {"": _last(handler)}
        case {"item_handlers": dict(handlers)}:
            return {name: _last(handler) for name, handler in handlers.items() if isinstance(handler, str)}
        case _:
            return {}


def _items(
    folder: Folder, handlers: dict[str, str] | None, uncommitted: list[Fault], broken_tree: list[Fault]
) -> Iterator[Item]:
    """Yield the items that are trees; of those that the proof of the commit names each must be there."""
    roots = {_above(path) for path in folder.files if path.rpartition("/")[2] == METADATA}
    single = {
        _above(_above(path))
        for path in folder.files
        if path.rpartition("/")[2] in DOCUMENTS and _above(path).rpartition("/")[2] == _ONE_ARRAY.leaves[0].name
    }
    for name, handler in (handlers or {}).items():
        below = f"{name}/" if name else ""
        if name and not any(path.startswith(below) and not path.endswith(f"/{_COMMITTED}") for path in folder.files):
            uncommitted.append(Fault(COMMIT, f"names the item {name}, of which there is no file"))
        elif name not in roots and (handler in _TREES or (handler == _ARRAY and name not in single)):
            broken_tree.append(Fault(below + METADATA, "is missing"))
            single.discard(name)
    if handlers == {} and not (roots or uncommitted):
        broken_tree.append(Fault(METADATA, "is missing"))
    yield from (Item(folder, root) for root in sorted(roots))
    yield from (Item(folder, root, _ONE_ARRAY) for root in sorted(single - roots))


def _above(path: str) -> str:
    return path.rpartition("/")[0]


def _last(handler: str) -> str:
    return handler.rpartition(".")[2]
