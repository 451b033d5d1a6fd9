"""Links of the pages lead to a file that is there, and to a heading of it. Nothing is asked of the network."""

import itertools
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
PAGES = sorted(page for pattern in ("*.md", "docs/**/*.md", "spec/*.md") for page in ROOT.glob(pattern))
ELSEWHERE = re.compile(r"[a-z]+:")


@cache
def parsed(page: Path) -> list[Token]:
    return MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8"))


def links(page: Path) -> Iterator[str]:
    for token in parsed(page):
        for child in token.children or ():
            target = child.attrs.get("href", child.attrs.get("src"))
            if target is not None:
                yield str(target)


@cache
def anchors(page: Path) -> set[str]:
    """The anchors of a page, as GitHub and GitLab make them of its headings."""
    found: set[str] = set()
    tokens = parsed(page)
    for before, token in itertools.pairwise(tokens):
        if before.type == "heading_open":
            text = "".join(child.content for child in token.children or () if child.type in ("text", "code_inline"))
            anchor = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            number = 0
            while (name := f"{anchor}-{number}" if number else anchor) in found:
                number += 1
            found.add(name)
    return found


def dead(page: Path) -> Iterator[str]:
    for link in links(page):
        if ELSEWHERE.match(link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            yield link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    assert list(dead(page)) == []


def test_a_dead_link_and_a_dead_anchor_are_found(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# A `code` heading, twice\n\n## Twice\n\n## Twice\n")
    page = tmp_path / "page.md"
    page.write_text(
        "# Here\n\n[a](other.md) [b](other.md#a-code-heading-twice) [c](other.md#twice-1) [d](#here) [e](https://example.org)"
        "\n\n[f](none.md) [g](other.md#none) [h](#none) ![i](none.svg) `[j](code.md)`\n\n```\n[k](code.md)\n```\n"
    )
    assert list(dead(page)) == ["none.md", "other.md#none", "#none", "none.svg"]
