"""The curves of the runs of a page: what its script draws, and where."""

import math
from collections.abc import Sequence

from runcheck.page.gather import Page, Told, names_of
from runcheck.page.html import Html, element
from runcheck.page.parts import notice, section
from runcheck.report.words import count_in_words

_MOST_CHARTS = 40


def curves(page: Page) -> tuple[Html | None, dict[str, object]]:
    """Return the part for the curves and what its script draws; nothing where there are none."""
    told_runs = [each for each in page.told if each.curves]
    if not told_runs:
        return None, {}
    metrics = sorted({curve.metric for each in told_runs for curve in each.curves}, key=_metric_order)
    charts = [_chart(metric, told_runs) for metric in metrics[:_MOST_CHARTS]]
    names = names_of(told_runs)
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
    return f"{metric} by step of {count_in_words(count, 'run')}; the tables below have the best and last values"


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
