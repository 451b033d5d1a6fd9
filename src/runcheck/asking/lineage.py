"""What a unit was made from, and what was made from it: one graph, from the metadata of a whole tree."""

import os
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Literal, NamedTuple, TypeAlias

from runcheck.asking.show import Agreement
from runcheck.convention.documents import SIDECAR_SUFFIX, Metadata, Provenance
from runcheck.convention.layout import layout
from runcheck.convention.units import classify, is_above_units
from runcheck.convention.words import without_secrets
from runcheck.reading.records import UnitFault, metadata_at
from runcheck.reading.resolve import resolve
from runcheck.tree.store import LocalStore, Store

NodeKind: TypeAlias = Literal["dataset", "model", "external", "synthetic", "export", "unknown"]
DATA, EXPORT = "data", "export"  # relations that are no links of the metadata


class Node(NamedTuple):
    """A unit, what lies outside of the tree, or an export.

    ``name`` is the path below the root, or what the metadata call a source outside. ``fault`` says why nothing more is
    known of it: it is not in the tree, or its metadata cannot be told.
    """

    name: str
    kind: NodeKind
    status: str | None = None
    fault: str | None = None


class Edge(NamedTuple):
    """That ``target`` was made from ``source``, and by which relation: ``data``, a link of the metadata, ``export``.

    ``data`` says whether the source is still what it was, where a fingerprint was noted.
    """

    source: str
    target: str
    relation: str
    data: Agreement | None = None


class Lineage(NamedTuple):
    """A unit with all that it was made from, and all that was made from it.

    The nodes are by name. ``up`` are the edges to what it was made from, the nearest first, ``down`` those to what was
    made from it. ``cycles`` are units that lead back to themselves, or lie between some that do.
    """

    unit: str
    nodes: dict[str, Node]
    up: tuple[Edge, ...]
    down: tuple[Edge, ...]
    cycles: tuple[str, ...]


def lineage(unit: str | os.PathLike[str], root: str | os.PathLike[str] = "artefacts") -> Lineage:
    """Return the lineage of a unit: :func:`runcheck.reading.resolve.resolve` says which one is meant.

    Raises:
        CannotReadError: there is no such unit.
    """
    place = resolve(unit, root)
    store = LocalStore(place.root)
    graph = Graph()
    for address in classify(store.walk("", is_above_units)).units:
        graph.add(address.path, metadata_at(store, address.path))
    if place.path not in graph:  # a folder of a unit that lies in no tree
        graph.add(place.path, metadata_at(store, place.path))
    up = _reached(place.path, graph.sources, lambda edge: edge.source)
    down = _reached(place.path, graph.targets, lambda edge: edge.target)
    exports = {}
    for path in dict.fromkeys((place.path, *(edge.target for edge in down))):
        for name in _exports(store, path):
            exports[name] = Node(name, "export")
            down.append(Edge(path, name, EXPORT))
    names = dict.fromkeys((place.path, *(name for edge in (*up, *down) for name in (edge.source, edge.target))))
    return Lineage(
        place.path,
        {name: exports.get(name) or graph.node(name) for name in names},
        tuple(map(graph.judged, up)),
        tuple(map(graph.judged, down)),
        _cycles({*up, *down}),
    )


class Graph:
    """What all units of a tree say that they were made from."""

    def __init__(self) -> None:
        """Start without a unit."""
        self.sources: dict[str, list[Edge]] = {}
        """The edges to what a unit was made from, by the unit."""
        self.targets: dict[str, list[Edge]] = {}
        """The same edges by what they start from."""
        self._nodes: dict[str, Node] = {}
        self._fingerprints: dict[str, str | None] = {}
        self._stated: dict[Edge, str] = {}

    def add(self, path: str, metadata: Metadata | UnitFault) -> None:
        """Take in a unit."""
        if isinstance(metadata, UnitFault):
            self._nodes[path] = Node(path, "unknown", fault=metadata.reason)
            return
        self._nodes[path] = Node(path, metadata["kind"], metadata["status"])
        self._fingerprints[path] = metadata.get("fingerprint")
        data = metadata["data_provenance"]
        source = _name(data)
        edge = Edge(source, path, DATA)
        if data["kind"] == "artefact":
            self._stated[edge] = data["fingerprint"]
        else:
            self._nodes.setdefault(source, Node(source, data["kind"]))
        links = [Edge(target, path, relation) for relation, target in metadata.get("links", {}).items()]
        self.sources[path] = [edge, *links]
        for each in self.sources[path]:
            self.targets.setdefault(each.source, []).append(each)

    def __contains__(self, name: str) -> bool:
        """Say whether anything is known of a unit."""
        return name in self._nodes

    def node(self, name: str) -> Node:
        """Return what is known of a unit, or of what lies outside of the tree."""
        return self._nodes.get(name) or Node(name, "unknown", fault="is not in the tree")

    def judged(self, edge: Edge) -> Edge:
        """Return an edge with whether its source is still what it was."""
        stated = self._stated.get(edge)
        if stated is None:
            return edge
        if edge.source not in self:
            return edge._replace(data="missing")
        now = self._fingerprints.get(edge.source)
        return edge._replace(data="unknown" if now is None else "same" if now == stated else "different")


def _name(data: Provenance) -> str:
    if data["kind"] == "artefact":
        return data["path"]
    if data["kind"] == "external":
        named = str(without_secrets(data.get("source", "")))
        return f"external data{named and f': {named}'}"
    return f"synthetic data, seed {data['seed']}"


def _reached(start: str, edges_of: Mapping[str, list[Edge]], end_of: Callable[[Edge], str]) -> list[Edge]:
    """Return all edges that can be come upon from a unit, the nearest first. Whatever the graph, each comes once."""
    found: list[Edge] = []
    seen, pending = {start}, deque([start])
    while pending:
        for edge in edges_of.get(pending.popleft(), ()):
            found.append(edge)
            end = end_of(edge)
            if end not in seen:
                seen.add(end)
                pending.append(end)
    return found


def _exports(store: Store, path: str) -> Iterator[str]:
    folder = f"{path}/{layout().folder_of('export')}"
    entry = store.entry(folder)
    if entry is None or not entry.is_folder:
        return
    names = {each.name for each in store.walk(folder, lambda _: False)}
    for name in sorted(names - layout().placeholders):
        if not (name.endswith(SIDECAR_SUFFIX) and name.removesuffix(SIDECAR_SUFFIX) in names):
            yield f"{folder}/{name}"


def _cycles(edges: Collection[Edge]) -> tuple[str, ...]:
    """Return what is left when what has no source, and then what has no target, is taken away again and again."""
    after = _without_beginnings([(edge.source, edge.target) for edge in edges])
    between = _without_beginnings([(target, source) for source, target in after])
    return tuple(sorted({name for pair in between for name in pair}))


def _without_beginnings(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the pairs of a graph that are left when nodes to which none leads are taken away (A. B. Kahn, 1962)."""
    leading = Counter(end for _, end in pairs)
    ends: dict[str, list[str]] = {}
    for start, end in pairs:
        ends.setdefault(start, []).append(end)
    pending = [start for start in ends if start not in leading]
    while pending:
        for end in ends.pop(pending.pop(), ()):
            leading[end] -= 1
            if not leading[end]:
                pending.append(end)
    return [(start, end) for start, of_start in ends.items() for end in of_start]
