"""The nodes of a Zarr store, from every metadata document in it: groups, arrays, and whether the documents agree."""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from runcheck.convention.layout import layout
from runcheck.probes.contents import ZarrFault as Fault
from runcheck.probes.folder import Folder
from runcheck.probes.zarr.json import BeyondError, BrokenError, load, told
from runcheck.probes.zarr.metadata import (
    UNKNOWN,
    Node,
    array_of_v2,
    extension_of_group,
    group_of_v2,
    node_of_v3,
)

_ARRAY_2, _GROUP_2, _ATTRIBUTES_2, _CONSOLIDATED_2, _NODE_3 = ".zarray", ".zgroup", ".zattrs", ".zmetadata", "zarr.json"
DOCUMENTS = frozenset({_ARRAY_2, _GROUP_2, _ATTRIBUTES_2, _CONSOLIDATED_2, _NODE_3})
_GROUP_DOCUMENT = {2: _GROUP_2, 3: _NODE_3}

MAX_FAULTS = 50


@dataclass(slots=True)
class Seen:
    """What is wrong in a store, the first of it, and what nothing here looks into.

    What is not certain is not counted, and takes no place of what is.
    """

    faults: list[Fault] = field(default_factory=list)
    fault_count: int = 0
    beyond: set[str] = field(default_factory=set)

    def fault(self, path: str, message: str, *, is_certain: bool = True) -> None:
        """Take a fault."""
        self.fault_count += is_certain
        if sum(fault.is_certain == is_certain for fault in self.faults) < MAX_FAULTS:
            self.faults.append(Fault(path, message, is_certain))


class Hierarchy:
    """The nodes of a store. A node of None has metadata that tell nothing."""

    def __init__(self, folder: Folder, seen: Seen) -> None:
        """Read every document of the folder."""
        self._folder = folder
        self._seen = seen
        self._of: dict[int, dict[str, Node | None]] = {2: {}, 3: {}}
        self._consolidated: list[str] = []
        self._owners: dict[str, str | None] = {}
        for path in folder.files:
            self._take(path)
        self.nodes: dict[str, Node | None] = {**self._of[2], **self._of[3]}
        self._check_formats()
        self._check_parents()
        self._paths = {format_: sorted(nodes) for format_, nodes in self._of.items()}
        for path in self._consolidated:
            self._check_consolidated(path)

    def owner(self, folder: str) -> str | None:
        """Return the path of the nearest node above or at a folder."""
        passed = []
        while folder not in self._owners:
            if folder in self.nodes or not folder:
                self._owners[folder] = folder if folder in self.nodes else None
                break
            passed.append(folder)
            folder = folder.rpartition("/")[0]
        for each in passed:
            self._owners[each] = self._owners[folder]
        return self._owners[folder]

    # --- reading ---

    def _take(self, path: str) -> None:
        folder, _, name = path.rpartition("/")
        if name == _NODE_3:
            self._of[3][folder] = self._node_of_v3(path)
        elif name in (_ARRAY_2, _GROUP_2):
            if folder in self._of[2]:
                self._seen.fault(path, f"stands beside {_ARRAY_2}: a node is an array or a group")
            else:
                self._of[2][folder] = self._node_of_v2(path, folder)
        elif name == _CONSOLIDATED_2:
            self._consolidated.append(path)
        elif name == _ATTRIBUTES_2 and not any(_join(folder, each) in self._folder.files for each in _V2_NODES):
            self._seen.fault(path, f"is of no node: neither {_ARRAY_2} nor {_GROUP_2} is beside it")

    def _load(self, path: str) -> dict[str, object] | None:
        """Return a document, or None where there is none to be had, which is then said.

        That a file cannot be read at all is said of each file of a unit.
        """
        try:
            limit = min(self._folder.files[path], layout().limits.document_bytes)
            return load(self._folder.read(path, limit + 1))
        except BrokenError as error:
            self._seen.fault(path, str(error))
        except BeyondError as error:
            self._seen.beyond.add(str(error))
        except OSError:
            pass
        return None

    def _node_of_v3(self, path: str) -> Node | None:
        document = self._load(path)
        if document is None:
            return None
        try:
            node = node_of_v3(document)
        except BrokenError as error:
            self._seen.fault(path, str(error))
            return None
        except BeyondError as error:
            self._seen.beyond.add(str(error))
            return None
        if node.array is None:
            if extension := extension_of_group(document):
                self._seen.beyond.add(extension)
            if document.get("consolidated_metadata") is not None:
                self._consolidated.append(path)
        return node

    def _node_of_v2(self, path: str, folder: str) -> Node | None:
        beside = _join(folder, _ATTRIBUTES_2)
        attributes = self._load(beside) if beside in self._folder.files else {}
        document = self._load(path)
        if document is None:
            return None
        try:
            node = _node_of_v2({path.rpartition("/")[2]: document, _ATTRIBUTES_2: attributes or {}})
        except BrokenError as error:
            self._seen.fault(path, str(error))
            return None
        return node if attributes is not None else Node(node.array, UNKNOWN)

    # --- agreement ---

    def _check_formats(self) -> None:
        """A store may be in both formats at once, while it is moved from one to the other; both must say the same."""
        for path in self._of[2].keys() & self._of[3].keys():
            old, new = self._of[2][path], self._of[3][path]
            if old is None or new is None:
                continue
            shapes = [node.array.shape if node.array else None for node in (old, new)]
            if shapes[0] != shapes[1]:
                was, is_ = ("a group" if shape is None else f"of shape {told(str(shape))}" for shape in shapes)
                self._seen.fault(_join(path, _NODE_3), f"says it is {is_}; Zarr 2's metadata beside it say {was}")

    def _check_parents(self) -> None:
        """Readers go from group to group: they do not find what lies below a folder without metadata."""
        if not self.nodes:
            self._seen.fault("", f"has no metadata: neither {_NODE_3} nor {_ARRAY_2} nor {_GROUP_2}")
        for format_, nodes in self._of.items():
            named: set[str] = set()
            for path in nodes:
                above = path
                while above:
                    above = above.rpartition("/")[0]
                    if above in named:
                        break
                    if above not in nodes:
                        named.add(above)
                        lacks = f"lacks {_GROUP_DOCUMENT[format_]}, so that no reader comes to {path!r} in it"
                        self._seen.fault(above, lacks)
                        continue
                    if (node := nodes[above]) is not None and node.array is not None:
                        self._seen.fault(path, f"is a node inside of the array {above!r}")
                    break

    def _check_consolidated(self, path: str) -> None:
        """What is repeated in one document must be what stands in each: readers take the copy."""
        document = self._load(path)
        if document is None:
            return
        base, _, name = path.rpartition("/")
        format_ = 3 if name == _NODE_3 else 2
        copies = _copies_of_v3(document) if name == _NODE_3 else _copies_of_v2(document)
        if copies is None:
            self._seen.beyond.add("consolidated metadata of a kind that is not Zarr's own")
            return
        nodes = self._of[format_]
        for name, make in copies.items():
            at = _join(base, name)
            try:
                copy = make()
            except BrokenError as error:
                self._seen.fault(path, f"holds a copy of {told(name)!r} that {error}")
                continue
            except BeyondError as error:
                self._seen.beyond.add(str(error))
                continue
            if at not in nodes:
                self._seen.fault(path, f"names {told(name)!r}, which is not there")
            elif (node := nodes[at]) is not None and (difference := copy.difference(node)):
                self._seen.fault(path, f"says of {told(name)!r}: {difference}")
        for at in _below(self._paths[format_], base):
            if (name := at.removeprefix(f"{base}/") if base else at) not in copies:
                self._seen.fault(path, f"does not name {told(name)!r}, which is there")


_V2_NODES = (_ARRAY_2, _GROUP_2)


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder and name else folder or name


def _below(paths: list[str], base: str) -> list[str]:
    """Return which of the sorted ``paths`` lie below ``base``."""
    if not base:
        return [path for path in paths if path]
    return paths[bisect_left(paths, f"{base}/") : bisect_left(paths, f"{base}0")]  # 0 comes after /


def _copies_of_v2(document: Mapping[str, object]) -> dict[str, Callable[[], Node]] | None:
    metadata = document.get("metadata")
    if document.get("zarr_consolidated_format") != 1 or not isinstance(metadata, dict):
        return None
    documents: dict[str, dict[str, object]] = {}
    for key, value in metadata.items():
        folder, _, name = key.rpartition("/")
        documents.setdefault(folder, {})[name] = value
    return {folder: partial(_node_of_v2, each) for folder, each in documents.items()}


def _copies_of_v3(document: Mapping[str, object]) -> dict[str, Callable[[], Node]] | None:
    match document["consolidated_metadata"]:
        case {"kind": "inline", "metadata": dict(metadata)}:
            return {str(name): partial(_node_of_v3, each) for name, each in metadata.items()}
    return None


def _node_of_v2(documents: Mapping[str, object]) -> Node:
    """Return the node that its documents describe, by their names."""
    attributes = documents.get(_ATTRIBUTES_2, {})
    for name, make in ((_ARRAY_2, array_of_v2), (_GROUP_2, group_of_v2)):
        document = documents.get(name)
        if isinstance(document, dict) and isinstance(attributes, dict):
            return make(document, attributes)
    raise BrokenError("is of no node")


def _node_of_v3(document: object) -> Node:
    if not isinstance(document, dict):
        raise BrokenError("is no object")
    return node_of_v3(document)
