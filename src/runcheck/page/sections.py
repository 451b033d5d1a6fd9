"""The parts of a page that are about all units: do they conform, which are there, their curves, how they differ."""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from runcheck.asking.values import count_told, duration_told, flattened, told
from runcheck.convention.aggregates import known_direction
from runcheck.convention.documents import RegistryRow, SeriesSummary
from runcheck.convention.timestamps import parse_timestamp
from runcheck.convention.words import without_secrets
from runcheck.findings import Finding, Report
from runcheck.findings import without_secrets as without_keys
from runcheck.page.gather import Page, Told
from runcheck.page.html import Html, element, joined

_MOST_FINDINGS = 300
_MOST_CHARTS = 40
_METRIC_COLUMNS = 6
_COMPARED = 12  # units side by side
_MOST_DIFFERENCES = 200


def section(name: str, title: str, *children: object) -> Html:
    """Return a part of the page."""
    return element("section", element("h2", title), *children, id=name)


def notice(words: str) -> Html:
    """Return a remark."""
    return element("p", words, class_="note")


def badge(words: str, kind: str) -> Html:
    """Return a word that is seen at once."""
    return element("span", words, class_=f"badge {kind}")


def status_badge(status: str) -> Html:
    """Return the status of a unit."""
    kind = {"completed": "good", "running": "busy"}.get(status, "bad")
    return badge(status, kind)


def table(heads: Iterable[object], rows: Iterable[Html], **attributes: object) -> Html:
    """Return a table that scrolls by itself where it is too wide."""
    head = element("thead", element("tr", *(each if isinstance(each, Html) else _head(each) for each in heads)))
    whole = element("table", head, element("tbody", *rows), **attributes)
    return element("div", whole, class_="wide", tabindex="0", role="region", aria_label="table")


def _head(words: object) -> Html:
    return element("th", words, scope="col")


# --- conformance -----------------------------------------------------------------------------------------------------


def verdict(reports: Sequence[Report]) -> Html:
    """Return in a word whether the units conform."""
    errors, warnings = sum(each.errors for each in reports), sum(each.warnings for each in reports)
    if errors:
        return badge(f"✗ {count_told(errors, 'error')}", "bad")
    return badge(f"✓ conforms, {count_told(warnings, 'warning')}", "busy") if warnings else badge("✓ conforms", "good")


def conformance(page: Page) -> Html:
    """Return what the check found, as it says it."""
    findings = [finding for report in page.reports for finding in report.findings]
    findings.sort(key=lambda finding: not finding.is_error)
    parts: list[object] = [element("p", verdict(page.reports), " ", _checked(page.reports))]
    if findings:
        rows = (_finding(finding) for finding in findings[:_MOST_FINDINGS])
        listed = element("ul", *rows, class_="findings")
        summary = element("summary", count_told(len(findings), "finding"))
        parts.append(element("details", summary, listed, open_=any(each.is_error for each in findings)))
    if len(findings) > _MOST_FINDINGS:
        parts.append(notice(f"{len(findings) - _MOST_FINDINGS:,} more findings are not shown: `runcheck` says all."))
    for report in page.reports:
        parts += [
            notice(f"not verified: {each.reason} ({count_told(len(each.paths), 'path')})") for each in report.unverified
        ]
        waived = len(report.waived.excepted) + report.waived.by_path + report.waived.known
        if waived:
            parts.append(notice(f"{count_told(waived, 'finding')} waived: stated as exceptions, ignored, or known"))
    parts += [notice(f"{path}: {reason}") for path, reason in list(page.faults.items())[:_MOST_FINDINGS]]
    return section("conformance", "Conformance", *parts)


def _checked(reports: Sequence[Report]) -> str:
    units, files = sum(each.units for each in reports), sum(each.files for each in reports)
    return f"{count_told(units, 'unit')} and {count_told(files, 'file')} checked"


def _finding(finding: Finding) -> Html:
    where = f"{finding.path}{f':{finding.line}' if finding.line else f':{finding.pointer}' if finding.pointer else ''}"
    level = finding.level.value if finding.is_certain else "perhaps"
    head = (
        badge(level, "bad" if finding.is_error else "busy"),
        " ",
        element("b", finding.code, " "),
        finding.clause.name,
    )
    return element(
        "li",
        *head,
        element("code", where),
        element("div", finding.message),
        element("div", f"help: {finding.help}", class_="faint"),
    )


# --- units -----------------------------------------------------------------------------------------------------------


def runs(page: Page, anchors: Mapping[str, str]) -> Html | None:
    """Return the table of runs, or None where there are none. ``anchors`` lead to what is told in full."""
    rows = [row for row in page.rows if row["kind"] == "model"]
    if not rows:
        return None
    metrics = [
        name for name, _ in Counter(name for row in rows for name in row["metrics"]).most_common(_METRIC_COLUMNS)
    ]
    metrics.sort()
    best = {name: _best(name, (row["metrics"].get(name) for row in rows)) for name in metrics}
    columns = [name for name, cell in _RUN_CELLS.items() if any(cell(row) is not None for row in rows)]
    body = (_run_row(row, anchors, columns, metrics, best) for row in rows)
    found = element(
        "p",
        element("label", "filter ", element("input", type="search", id="filter", autocomplete="off")),
        " ",
        element("output", count_told(len(rows), "run"), id="found"),
        class_="tools",
    )
    return section("runs", "Runs", found, table(("run", *columns, *metrics), body, class_="sortable", id="run-table"))


def _best(name: str, values: Iterable[float | None]) -> float | None:
    """Return the best of some values, None where the name does not tell which end is better."""
    finite = [value for value in values if value is not None and math.isfinite(value)]
    direction = known_direction(name)
    return None if len(finite) < 2 or direction is None else min(finite) if direction == "min" else max(finite)  # noqa: PLR2004


def _moment(row: RegistryRow) -> Html:
    return element("td", (row["created_at"] or "")[:16].replace("T", " "), class_="moment")


def _took(row: RegistryRow) -> Html | None:
    seconds = row["duration_seconds"]
    seconds = seconds_of(row["created_at"], row["finished_at"]) if seconds is None else seconds
    return None if seconds is None else element("td", duration_told(seconds), data_v=seconds, class_="number")


def _tag(row: RegistryRow, name: str) -> Html | None:
    return element("td", row["tags"][name]) if name in row["tags"] else None


def _commit(row: RegistryRow) -> Html | None:
    sha = row["git_sha"]
    return None if sha is None else element("td", element("code", sha[:7], "+" if row["git_dirty"] else ""))


# A column that is empty in all rows is left out.
_RUN_CELLS: Mapping[str, Callable[[RegistryRow], Html | None]] = {
    "status": lambda row: element("td", status_badge(row["status"])),
    "started": _moment,
    "took": _took,
    "experiment": lambda row: _tag(row, "experiment"),
    "sweep": lambda row: _tag(row, "sweep"),
    "commit": _commit,
}


def _run_row(
    row: RegistryRow,
    anchors: Mapping[str, str],
    columns: Sequence[str],
    metrics: Sequence[str],
    best: Mapping[str, float | None],
) -> Html:
    name = (element("span", row["slug"], class_="slug"), " ", element("span", row["version"], class_="version"))
    anchor = anchors.get(row["path"])
    return element(
        "tr",
        element("th", element("a", *name, href=f"#{anchor}") if anchor else joined(name), scope="row"),
        *(_RUN_CELLS[column](row) or element("td") for column in columns),
        *(_metric_cell(row["metrics"].get(name), best[name]) for name in metrics),
    )


def _metric_cell(value: float | None, best: float | None) -> Html:
    if value is None:
        return element("td", class_="number")
    shown = number(value)
    return element("td", element("b", shown) if value == best else shown, data_v=f"{value:.9g}", class_="number")


def number(value: float | None) -> str:
    """Return a number for people."""
    return "" if value is None else f"{value:.5g}"


def seconds_of(start: str | None, end: str | None) -> float | None:
    """Return how long something took, if that is known."""
    began, ended = parse_timestamp(start) if start else None, parse_timestamp(end) if end else None
    return max(0.0, (ended - began).total_seconds()) if began and ended else None


def datasets(page: Page, anchors: Mapping[str, str]) -> Html | None:
    """Return the table of datasets, or None where there are none."""
    rows = [row for row in page.rows if row["kind"] == "dataset"]
    if not rows:
        return None
    body = (_dataset_row(row, anchors.get(row["path"]), len(page.dependants.get(row["path"], ()))) for row in rows)
    return section(
        "datasets", "Datasets", table(("dataset", "status", "made", "fingerprint", "used by"), body, class_="sortable")
    )


def _dataset_row(row: RegistryRow, anchor: str | None, used: int) -> Html:
    name = f"{row['slug']} {row['version']}"
    return element(
        "tr",
        element("th", element("a", name, href=f"#{anchor}") if anchor else name, scope="row"),
        element("td", status_badge(row["status"])),
        _moment(row),
        element("td", element("code", (row["fingerprint"] or "")[:12])),
        element("td", used, class_="number"),
    )


# --- curves ----------------------------------------------------------------------------------------------------------


def curves(page: Page) -> tuple[Html | None, dict[str, object]]:
    """Return the part for the curves and what its script draws; nothing where there are none."""
    told_runs = [each for each in page.told if each.curves]
    if not told_runs:
        return None, {}
    metrics = sorted({curve.metric for each in told_runs for curve in each.curves}, key=_metric_order)
    charts = [_chart(metric, told_runs) for metric in metrics[:_MOST_CHARTS]]
    names = run_names(told_runs)
    drawn = {"runs": names, "splits": sorted({c.split for t in told_runs for c in t.curves}), "charts": charts}
    figures = (
        element(
            "figure",
            element("figcaption", element("h3", metric), element("span", class_="zoom")),
            element("div", class_="plot", data_chart=at, role="img", aria_label=_said(metric, told_runs)),
            element("div", class_="readout", aria_live="off"),
        )
        for at, metric in enumerate(metrics[:_MOST_CHARTS])
    )
    tools = element(
        "div",
        element("label", "smooth ", element("input", type="range", id="smooth", min=0, max=0.99, step=0.01, value=0)),
        element("label", element("input", type="checkbox", id="log"), " log scale"),
        element("label", element("input", type="checkbox", id="outliers"), " ignore outliers"),
        element("span", "drag to zoom, double-click to reset; double-click a run to see it alone", class_="faint hint"),
        class_="tools",
    )
    parts: list[object] = [
        element("noscript", notice("Curves are drawn by a script of this page, which may not run.")),
        tools,
    ]
    parts += [element("div", id="legend", class_="legend"), element("div", *figures, class_="charts")]
    if len(metrics) > _MOST_CHARTS:
        parts.append(notice(f"{len(metrics) - _MOST_CHARTS:,} more metrics are not drawn"))
    return section("curves", "Curves", *parts), drawn


def _metric_order(metric: str) -> tuple[bool, str]:
    return "loss" not in metric.lower(), metric


def _said(metric: str, told_runs: Sequence[Told]) -> str:
    """Return a chart in words, for those who do not see it."""
    count = sum(any(curve.metric == metric for curve in each.curves) for each in told_runs)
    return f"{metric} by step of {count_told(count, 'run')}; the tables below have the best and last values"


def _chart(metric: str, told_runs: Sequence[Told]) -> dict[str, object]:
    series = []
    for run, each in enumerate(told_runs):
        for curve in (one for one in each.curves if one.metric == metric):
            finite = [point for point in curve.points if math.isfinite(point.value)]
            series.append(
                {
                    "run": run,
                    "split": curve.split,
                    "x": [point.step for point in curve.points],
                    "y": [_short(point.value) if math.isfinite(point.value) else None for point in curve.points],
                    "gone": len(curve.points) - len(finite),
                }
            )
    return {"metric": metric, "series": series}


def _short(value: float) -> float:
    return float(f"{value:.6g}")


def run_names(units: Sequence[Told]) -> list[str]:
    """Return what tells units apart: the version where all have one slug, else both."""
    slugs = {each.record.metadata["slug"] for each in units}
    versions = [each.record.metadata["version"] for each in units]
    names = [f"{each.record.metadata['slug']} {version}" for each, version in zip(units, versions, strict=True)]
    return [without_keys(name) for name in (versions if len(slugs) == 1 else names)]


# --- comparison ------------------------------------------------------------------------------------------------------


def comparison(page: Page, anchors: Mapping[str, str]) -> Html | None:
    """Return how runs differ, side by side, or None where there are not two."""
    units = [each for each in page.told if each.record.kind == "model"][:_COMPARED]
    if len(units) < 2:  # noqa: PLR2004 - to compare takes two
        return None
    heads = [
        element("th", element("a", name, href=f"#{anchors[unit.record.path]}"), scope="col")
        for name, unit in zip(run_names(units), units, strict=True)
    ]
    all_runs = sum(row["kind"] == "model" for row in page.rows)
    parts: list[object] = []
    if all_runs > len(units):
        parts.append(notice(f"The newest {len(units)} of {all_runs:,} runs."))
    configs = [flattened(unit.record.config or {}) for unit in units]
    parts += _differences("configuration", configs, heads)
    parts.append(element("h3", "Best values"))
    parts.append(table(("metric", *heads), _best_rows(units)))
    parts += _differences("surroundings", [_surroundings(unit) for unit in units], heads)
    return section("comparison", "Comparison", *parts)


def _differences(what: str, documents: Sequence[Mapping[str, object]], heads: Sequence[Html]) -> Iterator[Html]:
    keys = sorted({key for document in documents for key in document})
    differing = [key for key in keys if len({_comparable(document, key) for document in documents}) > 1]
    yield element("h3", f"Different {what}" if differing else f"No difference in {what}")
    if differing:
        rows = (
            element("tr", element("th", key, scope="row"), *(_value_cell(document, key) for document in documents))
            for key in differing[:_MOST_DIFFERENCES]
        )
        yield table(("", *heads), rows)
    if len(differing) > _MOST_DIFFERENCES:
        yield notice(f"{len(differing) - _MOST_DIFFERENCES:,} more keys that differ are not shown")
    yield notice(f"{count_told(len(keys) - len(differing), 'key')} the same in all")


def _comparable(document: Mapping[str, object], key: str) -> str | None:
    return json.dumps(document[key], sort_keys=True, default=str) if key in document else None


def _value_cell(document: Mapping[str, object], key: str) -> Html:
    return element("td", told(document[key])) if key in document else element("td", "-", class_="faint")


def _surroundings(unit: Told) -> dict[str, object]:
    metadata = unit.record.metadata
    env, git = metadata["env"], metadata["git"]
    packages = {f"package {name}": version for name, version in env["packages"].items()} if env else {}
    code = {"commit": git["sha"], "dirty": git["dirty"], "branch": git["branch"]} if git else {"commit": None}
    data = metadata["data_provenance"]
    source = {"data": data["path"], "fingerprint": data["fingerprint"]} if data["kind"] == "artefact" else {}
    machine: dict[str, object] = {}
    if env is not None:
        machine = {"python": env["python"], "platform": env["platform"], "devices": env["devices"], **env["hardware"]}
    plain = {**code, **source, **machine, **packages}
    return {key: without_secrets(value, key) for key, value in plain.items()}


def _best_rows(units: Sequence[Told]) -> Iterator[Html]:
    found: dict[tuple[str, str], dict[int, SeriesSummary]] = {}
    for at, unit in enumerate(units):
        for split, series in (unit.record.summary or {"metrics": {}})["metrics"].items():
            for metric, summary in series.items():
                found.setdefault((split, metric), {})[at] = summary
    for (split, metric), by_unit in sorted(found.items())[:_MOST_DIFFERENCES]:
        values = [value for each in by_unit.values() if (value := each["best"]) is not None]
        end: Callable[[list[float]], float] = min if next(iter(by_unit.values()))["direction"] == "min" else max
        best = end(values) if len(values) > 1 else None
        cells = (_best_cell(by_unit.get(at), best) for at in range(len(units)))
        yield element("tr", element("th", f"{split}/{metric}", scope="row"), *cells)


def _best_cell(summary: SeriesSummary | None, best: float | None) -> Html:
    if summary is None or summary["best"] is None:
        return element("td", "-" if summary is None else "never finite", class_="number faint")
    shown = number(summary["best"])
    step = element("span", f" @{summary['best_step']}", class_="faint")
    return element("td", element("b", shown) if summary["best"] == best else shown, step, class_="number")
