"""What a page tells of one unit: where it came from, how it was made, what it came to."""

from collections.abc import Mapping
from typing import cast

from runcheck.asking.lineage import Edge, Graph
from runcheck.asking.lineage_text import agreement_told
from runcheck.asking.show import duration_of
from runcheck.asking.values import duration_told, flattened, told
from runcheck.convention.documents import Env, Git, Metadata, Summary
from runcheck.convention.words import without_secrets
from runcheck.page.gather import Page, Told
from runcheck.page.html import Html, element, joined
from runcheck.page.parts import badge, notice, number, section, status_badge, table
from runcheck.report.words import count_in_words

_LONG = 300  # characters of a value
_MOST_KEYS = 500
_MOST_EDGES = 20


def details(page: Page, anchors: Mapping[str, str]) -> Html:
    """Return all units that are told in full, each to be opened."""
    drawn = {each.record.path: at for at, each in enumerate(each for each in page.told if each.curves)}
    return section("details", "Details", *(_unit(page, each, anchors, drawn) for each in page.told))


def _unit(page: Page, unit: Told, anchors: Mapping[str, str], drawn: Mapping[str, int]) -> Html:
    metadata = unit.record.metadata
    count = sum(finding.concerns == unit.record.path for report in page.reports for finding in report.findings)
    number_of = drawn.get(unit.record.path) if len(drawn) > 1 else None
    name = element("span", metadata["slug"], class_="slug"), " ", element("span", metadata["version"], class_="version")
    found = badge(count_in_words(count, "finding"), "busy") if count else ""
    head = element("summary", element("h3", *name), " ", status_badge(metadata["status"]), " ", found)
    body = [
        element("p", metadata["description"], class_="description"),
        *(notice(note) for note in unit.notes),
        element("button", "show its curves alone", class_="alone", data_run=number_of) if number_of is not None else "",
        _part("Provenance", _facts(_provenance(metadata, unit.record.summary))),
        _part("Lineage", _lineage(page, unit, anchors)),
    ]
    if unit.record.config:
        body.append(_part("Configuration", _facts(flattened(unit.record.config))))
    if unit.record.summary:
        body.append(_part("Metrics", _summary(unit.record.summary)))
    if unit.checkpoints or unit.exports:
        saved = {"checkpoints": ", ".join(f"{step:,}" for step in unit.checkpoints), "exports": ", ".join(unit.exports)}
        body.append(_part("Saved", _facts({key: value for key, value in saved.items() if value})))
    if metadata["env"] is not None:
        packages = metadata["env"]["packages"]
        listed = element("details", element("summary", count_in_words(len(packages), "package")), _facts(packages))
        body.append(element("div", listed, class_="part"))
    return element("details", head, *body, class_="unit", id=anchors[unit.record.path])


def _part(title: str, content: Html) -> Html:
    return element("div", element("h4", title), content, class_="part")


def _facts(values: Mapping[str, object]) -> Html:
    """Return names and values, side by side."""
    pairs = [
        joined((element("dt", key), element("dd", told(value, _LONG))))
        for key, value in list(values.items())[:_MOST_KEYS]
    ]
    more = len(values) - len(pairs)
    return joined((element("dl", *pairs), notice(f"and {more:,} more") if more else ""))


def _provenance(metadata: Metadata, summary: Summary | None) -> dict[str, object]:
    """Return where a unit came from: code, machine, times, and what was said of it."""
    env, git = metadata["env"], metadata["git"]
    seconds = duration_of(metadata, summary)
    facts: dict[str, object] = {
        "name": metadata["name"],
        "label": metadata.get("label"),
        "created": metadata["created_at"],
        "finished": metadata["finished_at"],
        "took": duration_told(seconds) if seconds is not None else None,
        "error": metadata.get("error"),
        "adopted from": _adopted_from(metadata),
        "commit": git["sha"] if git else "none: not under Git",
        "branch": git["branch"] if git else None,
        "remote": git["remote"] if git else None,
        "uncommitted changes": _changes(git),
        "command": " ".join(cast("list[str]", without_secrets(metadata["command"] or [], "command"))),
        "seeds": ", ".join(f"{name} {seed}" for name, seed in metadata.get("seeds", {}).items()),
        "parameters": _parameters(metadata),
        "access": metadata.get("governance", {}).get("access"),
        "redactions": len(metadata.get("governance", {}).get("redactions", ())) or None,
    }
    facts |= _machine(env) if env is not None else {"machine": "nobody recorded it"}
    facts |= {f"tag {name}": value for name, value in metadata["tags"].items()}
    for tracker, about in metadata.get("trackers", {}).items():
        facts |= {f"{tracker} {key}": value for key, value in about.items()}
    if "splits" in metadata:
        facts |= {f"split {name}": count_in_words(split["rows"], "row") for name, split in metadata["splits"].items()}
    return {key: without_secrets(value, key) for key, value in facts.items() if value not in (None, "")}


def _adopted_from(metadata: Metadata) -> str | None:
    adopted = metadata.get("adopted")
    return None if adopted is None else " ".join(str(adopted[key]) for key in ("from", "name") if key in adopted)


def _machine(env: Env) -> dict[str, object]:
    return {
        "Python": env["python"],
        "platform": env["platform"],
        "processor": f"{env['hardware']['cpu'] or 'unknown'}, {count_in_words(env['hardware']['cores'], 'core')}",
        "devices": ", ".join(env["devices"]),
    }


def _changes(git: Git | None) -> str | None:
    if git is None or git["dirty"] is False:
        return None
    if git["dirty"] is None:
        return "nobody recorded whether there were any"
    return f"yes, in {git['diff']}" if git["diff"] else "yes"


def _parameters(metadata: Metadata) -> str | None:
    count = metadata.get("architecture", {"text": "", "parameters": None})["parameters"]
    return None if count is None else f"{count:,}"


def _lineage(page: Page, unit: Told, anchors: Mapping[str, str]) -> Html:
    """Return what a unit was made from, and what was made from it."""
    metadata, path, graph = unit.record.metadata, unit.record.path, page.graph
    above = [_edge(graph, edge, edge.source, anchors) for edge in graph.sources[path]]
    edges = graph.targets.get(path, [])
    below = [_edge(graph, edge, edge.target, anchors) for edge in edges[:_MOST_EDGES]]
    if len(edges) > _MOST_EDGES:
        below.append(element("li", f"and {len(edges) - _MOST_EDGES:,} more", class_="faint"))
    below += [element("li", f"export {name}") for name in unit.exports]
    here = element("b", f"{metadata['slug']} {metadata['version']}")
    steps = [element("ul", *above[:_MOST_KEYS]), element("span", "→", class_="arrow"), element("div", here)]
    if below:
        steps += [element("span", "→", class_="arrow"), element("ul", *below)]
    return element("div", *steps, class_="lineage")


def _edge(graph: Graph, edge: Edge, end: str, anchors: Mapping[str, str]) -> Html:
    fault = graph.node(end).fault
    link = element("a", end, href=f"#{anchors[end]}") if end in anchors else element("span", end)
    said = f" ({fault})" if fault else agreement_told(graph.judged(edge))
    relation = f"{edge.relation}{'' if end == edge.source else ' of'}: "
    return element("li", relation, link, element("span", said, class_="faint") if said else "")


def _summary(summary: Summary) -> Html:
    rows = (
        element(
            "tr",
            element("th", f"{split}/{metric}", scope="row"),
            element("td", number(each["best"]), class_="number"),
            element("td", "" if each["best_step"] is None else each["best_step"], class_="number"),
            element("td", each.get("last_nonfinite") or number(each["last"]), class_="number"),
            element("td", each["last_step"], class_="number"),
            element("td", f"{each['count']:,}", class_="number"),
        )
        for split, series in summary["metrics"].items()
        for metric, each in series.items()
    )
    return table(("metric", "best", "at step", "last", "at step", "rows"), [*rows][:_MOST_KEYS])
