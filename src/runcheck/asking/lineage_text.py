"""Lineage as an indented list, as JSON, and as graphs that Mermaid and Graphviz draw."""

from collections.abc import Callable, Iterator, Sequence

from runcheck.asking.lineage import EXPORT, Edge, Lineage, Node
from runcheck.asking.values import as_json, short
from runcheck.report.escape import printable

_FEW = 20  # edges of a node, unless all are asked for
_LONGEST = 300
_DATA = {"same": "as it was", "different": "has another fingerprint now", "missing": "", "unknown": "", None: ""}


def render(lineage: Lineage, *, everything: bool = False) -> str:
    """Return a lineage in text: what a unit was made from, then what was made from it."""
    most = None if everything else _FEW
    lines = [_node(lineage.nodes[lineage.unit])]
    for title, edges, ends in (
        ("Made from", lineage.up, _upward),
        ("What was made from it", lineage.down, _downward),
    ):
        lines += ["", title, *(_branches(lineage, edges, ends, most) if edges else ["  nothing that is known"])]
    if lineage.cycles:
        named = [short(path, _LONGEST) for path in lineage.cycles[:most]]
        more = f" and {len(lineage.cycles) - len(named):,} more" if len(lineage.cycles) > len(named) else ""
        lines += ["", f"Leads back to itself: {', '.join(named)}{more}"]
    return "\n".join((*lines, ""))


def render_json(lineage: Lineage) -> str:
    """Return a lineage as JSON."""
    return as_json(lineage)


def render_mermaid(lineage: Lineage) -> str:
    """Return a lineage as a flowchart that Mermaid draws, as in Markdown on GitHub and GitLab."""
    numbers = {name: f"n{number}" for number, name in enumerate(lineage.nodes)}
    lines = ["flowchart LR"]
    lines += [f'  {numbers[name]}["{_entities(_node(node))}"]' for name, node in lineage.nodes.items()]
    lines += [
        f'  {numbers[edge.source]} -- "{_entities(_relation(edge))}" --> {numbers[edge.target]}'
        for edge in dict.fromkeys((*lineage.up, *lineage.down))
    ]
    return "\n".join((*lines, ""))


def render_dot(lineage: Lineage) -> str:
    """Return a lineage as a graph that Graphviz draws."""
    lines = ["digraph lineage {", "  rankdir=LR", "  node [shape=box]"]
    lines += [f"  {_quoted(name)} [label={_quoted(_node(node))}]" for name, node in lineage.nodes.items()]
    lines += [
        f"  {_quoted(edge.source)} -> {_quoted(edge.target)} [label={_quoted(_relation(edge))}]"
        for edge in dict.fromkeys((*lineage.up, *lineage.down))
    ]
    return "\n".join((*lines, "}", ""))


def _upward(edge: Edge) -> tuple[str, str, str]:
    return edge.target, edge.source, f"{short(edge.relation)}:"


def _downward(edge: Edge) -> tuple[str, str, str]:
    return edge.source, edge.target, f"{short(edge.relation)}{':' if edge.relation == EXPORT else ' of'}"


def _branches(
    lineage: Lineage, edges: Sequence[Edge], ends: Callable[[Edge], tuple[str, str, str]], most: int | None
) -> Iterator[str]:
    """Yield the edges as an indented list. What comes again is not told again, so that it ends whatever the graph."""
    by_start: dict[str, list[Edge]] = {}
    for edge in edges:
        by_start.setdefault(ends(edge)[0], []).append(edge)
    told = {lineage.unit}
    pending = [(1, iter(by_start.get(lineage.unit, [])[:most]), lineage.unit)]
    while pending:
        depth, rest, start = pending[-1]
        indent = "  " * min(depth, _FEW)  # a chain of a thousand runs does not leave the terminal
        for edge in rest:
            _, end, relation = ends(edge)
            is_new = end not in told
            agrees = agreement_told(edge)
            yield f"{indent}{relation} {_node(lineage.nodes[end])}{agrees}{'' if is_new else ' (see above)'}"
            if is_new:
                told.add(end)
                pending.append((depth + 1, iter(by_start.get(end, [])[:most]), end))
                break
        else:
            pending.pop()
            of_start = by_start.get(start, [])
            if left := len(of_start[most or len(of_start) :]):
                yield f"{indent}... and {left:,} more; --all shows them"


def _relation(edge: Edge) -> str:
    return f"{short(edge.relation)}{agreement_told(edge)}"


def agreement_told(edge: Edge) -> str:
    """Return how a sentence about an edge goes on: whether its source is what it was."""
    return _DATA[edge.data] and f", {_DATA[edge.data]}"


def _node(node: Node) -> str:
    words = ", ".join(filter(None, (node.status, node.fault)))
    return f"{short(node.name, _LONGEST)}{f' ({short(words, _LONGEST)})' if words else ''}"


def _entities(text: str) -> str:
    """Return text for a label of Mermaid, in which it writes signs as the numbers of their characters."""
    return "".join(sign if sign.isalnum() or sign in " _-./,:()" else f"#{ord(sign)};" for sign in text)


def _quoted(text: str) -> str:
    """Return text as a string of the language DOT."""
    escaped = printable(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
