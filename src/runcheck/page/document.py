"""The page as one file: its parts, its style and its scripts, and a policy that lets nothing else load or run."""

import base64
import hashlib
from collections.abc import Iterator
from datetime import datetime
from importlib.resources import files

from runcheck._version import __version__
from runcheck.page.charts import curves
from runcheck.page.comparison import comparison
from runcheck.page.details import details
from runcheck.page.gather import Page
from runcheck.page.html import Html, data, element, joined
from runcheck.page.parts import notice
from runcheck.page.sections import conformance, datasets, runs, verdict
from runcheck.report.words import count_in_words

_UPLOT = "uplot/uPlot.iife.min.js"
_STYLES = ("uplot/uPlot.min.css", "page.css")


def render(page: Page, name: str, at: datetime) -> Iterator[str]:
    """Yield the text of the page piece by piece; ``name`` is what it is of, and ``at`` when it was made."""
    style = "\n".join(asset(each) for each in _STYLES)
    scripts = (asset(_UPLOT), asset("page.js"))
    yield "<!DOCTYPE html>\n"
    yield f"<!-- The charts are drawn by uPlot:\n{asset('uplot/LICENSE')}-->\n"
    yield '<html lang="en">\n'
    yield element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy(style, *scripts)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="generator", content=f"runcheck {__version__}"),
        element("link", rel="icon", href="data:,"),
        element("title", f"{name}: report"),
        element("style", Html(style)),
    )
    anchors = {each.record.path: f"u{number}" for number, each in enumerate(page.told)}
    shown, drawn = curves(page)
    parts = {
        "conformance": conformance(page),
        "runs": runs(page, anchors),
        "curves": shown,
        "comparison": comparison(page, anchors),
        "datasets": datasets(page, anchors),
        "details": details(page, anchors),
    }
    yield "\n<body>\n"
    yield _header(page, name, at, [name for name, part in parts.items() if part is not None])
    yield "\n<main>\n"
    for part in parts.values():
        yield f"{part or ''}\n"
    yield "</main>\n"
    yield data("drawn", drawn)
    for script in scripts:
        yield element("script", Html(script))
    yield "\n</body>\n</html>\n"


def asset(name: str) -> str:
    """Return the text of a file that comes with the library."""
    return (files("runcheck.page") / "assets" / name).read_text(encoding="utf-8")


def policy(style: str, *scripts: str) -> str:
    """Return a Content Security Policy (W3C, level 3) that allows this style and these scripts, and no address."""
    allowed = " ".join(f"'{_hash(script)}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src '{_hash(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def _header(page: Page, name: str, at: datetime, parts: list[str]) -> Html:
    count = {kind: sum(row["kind"] == kind for row in page.rows) for kind in ("model", "dataset")}
    what = f"{count_in_words(count['model'], 'run')}, {count_in_words(count['dataset'], 'dataset')}"
    made = f"runcheck {__version__}, {at:%Y-%m-%d %H:%M} UTC"
    links = (element("a", part.capitalize(), href=f"#{part}") for part in parts)
    return element(
        "header",
        element("h1", name, " ", verdict(page.reports)),
        element("p", f"{what} · {made}", class_="faint"),
        joined(notice(words) for words in page.left_out),
        element("nav", *links, aria_label="parts of the page"),
    )
