"""The parts of a page that are tables of all units: do they conform, which are there."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from runcheck.asking.values import duration_told
from runcheck.convention.aggregates import known_direction
from runcheck.convention.documents import RegistryRow
from runcheck.convention.timestamps import parse_timestamp
from runcheck.findings import Finding, Report
from runcheck.page.gather import Page
from runcheck.page.html import Html, element, joined
from runcheck.page.parts import badge, notice, number, section, status_badge, table
from runcheck.report.words import count_in_words

_MOST_FINDINGS = 300
_METRIC_COLUMNS = 6
_DIRTY = {True: "+", False: "", None: "?"}  # behind a commit


# --- conformance -----------------------------------------------------------------------------------------------------


def verdict(reports: Sequence[Report]) -> Html:
    """Return in a word whether the units conform."""
    errors, warnings = sum(each.errors for each in reports), sum(each.warnings for each in reports)
    if errors:
        return badge(f"✗ {count_in_words(errors, 'error')}", "bad")
    return (
        badge(f"✓ conforms, {count_in_words(warnings, 'warning')}", "busy") if warnings else badge("✓ conforms", "good")
    )


def conformance(page: Page) -> Html:
    """Return what the check found, as it says it."""
    findings = [finding for report in page.reports for finding in report.findings]
    findings.sort(key=lambda finding: not finding.is_error)
    parts: list[object] = [element("p", verdict(page.reports), " ", _checked(page.reports))]
    if findings:
        rows = (_finding(finding) for finding in findings[:_MOST_FINDINGS])
        listed = element("ul", *rows, class_="findings")
        summary = element("summary", count_in_words(len(findings), "finding"))
        parts.append(element("details", summary, listed, open_=any(each.is_error for each in findings)))
    if len(findings) > _MOST_FINDINGS:
        parts.append(notice(f"{len(findings) - _MOST_FINDINGS:,} more findings are not shown: `runcheck` says all."))
    for report in page.reports:
        parts += [
            notice(f"not verified: {each.reason} ({count_in_words(len(each.paths), 'path')})")
            for each in report.unverified
        ]
        waived = len(report.waived.excepted) + report.waived.by_path + report.waived.known
        if waived:
            parts.append(notice(f"{count_in_words(waived, 'finding')} waived: stated as exceptions, ignored, or known"))
    parts += [notice(f"{path}: {reason}") for path, reason in list(page.faults.items())[:_MOST_FINDINGS]]
    return section("conformance", "Conformance", *parts)


def _checked(reports: Sequence[Report]) -> str:
    units, files = sum(each.units for each in reports), sum(each.files for each in reports)
    return f"{count_in_words(units, 'unit')} and {count_in_words(files, 'file')} checked"


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
        element("output", count_in_words(len(rows), "run"), id="found"),
        class_="tools",
    )
    return section(
        "runs", "Runs", found, table(("run", "status", *metrics, *columns), body, class_="sortable", id="run-table")
    )


def _best(name: str, values: Iterable[float | None]) -> float | None:
    """Return the best of some values, None where the name does not tell which end is better."""
    finite = [value for value in values if value is not None and math.isfinite(value)]
    direction = known_direction(name)
    return None if len(finite) < 2 or direction is None else min(finite) if direction == "min" else max(finite)  # noqa: PLR2004


def _moment(row: RegistryRow) -> Html:
    return element("td", (row["created_at"] or "")[:16].replace("T", " "), class_="moment")


def _took(row: RegistryRow) -> Html | None:
    seconds = row["duration_seconds"]
    seconds = _seconds_between(row["created_at"], row["finished_at"]) if seconds is None else seconds
    return None if seconds is None else element("td", duration_told(seconds), data_v=seconds, class_="number")


def _tag(row: RegistryRow, name: str) -> Html | None:
    return element("td", row["tags"][name]) if name in row["tags"] else None


def _commit(row: RegistryRow) -> Html | None:
    sha = row["git_sha"]
    return None if sha is None else element("td", element("code", sha[:7], _DIRTY[row["git_dirty"]]))


# A column that is empty in all rows is left out.
_RUN_CELLS: Mapping[str, Callable[[RegistryRow], Html | None]] = {
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
        element("td", status_badge(row["status"])),
        *(_metric_cell(row["metrics"].get(name), best[name]) for name in metrics),
        *(_RUN_CELLS[column](row) or element("td") for column in columns),
    )


def _metric_cell(value: float | None, best: float | None) -> Html:
    if value is None:
        return element("td", class_="number")
    shown = number(value)
    return element("td", element("b", shown) if value == best else shown, data_v=f"{value:.9g}", class_="number")


def datasets(page: Page, anchors: Mapping[str, str]) -> Html | None:
    """Return the table of datasets, or None where there are none."""
    rows = [row for row in page.rows if row["kind"] == "dataset"]
    if not rows:
        return None
    used = {row["path"]: len({edge.target for edge in page.graph.targets.get(row["path"], ())}) for row in rows}
    body = (_dataset_row(row, anchors.get(row["path"]), used[row["path"]]) for row in rows)
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


def _seconds_between(start: str | None, end: str | None) -> float | None:
    """Return how long something took, if that is known."""
    began, ended = parse_timestamp(start) if start else None, parse_timestamp(end) if end else None
    return max(0.0, (ended - began).total_seconds()) if began and ended else None
