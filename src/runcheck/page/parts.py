"""What the parts of a page are made of: headings, remarks, badges, tables, numbers."""

from collections.abc import Iterable

from runcheck.page.html import Html, element


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


def number(value: float | None) -> str:
    """Return a number for people."""
    return "" if value is None else f"{value:.5g}"
