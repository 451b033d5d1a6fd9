"""Checks of what a README says."""

import re
from collections.abc import Iterator, Sequence

from runcheck.convention.markdown import fence_after, without_comments
from runcheck.conventions.checks.kind import Flaw, unit_check
from runcheck.conventions.definition import Check
from runcheck.conventions.told import UnitRead
from runcheck.probes.contents import Section, TextContent

_ITEM = re.compile(r"[ \t]*(?:[-*+]|[0-9]{1,9}[.)])[ \t]+(?P<box>\[[ xX]\][ \t]+)?(?P<text>.*)")
_UNFILLED = re.compile(r"\b(?:TODO|TBD|FIXME)\b")
_RULE = re.compile(r"[|:\- \t]+")  # between the head of a table and its body
_WORD = re.compile(r"[^\W_]+")


@unit_check("value")
def headings(check: Check, read: UnitRead) -> Iterator[Flaw]:
    """Headings that are not there, that have nothing below them, or that nobody has filled in."""
    for path, sections in _texts(check, read):
        for heading in check.texts("headings"):
            found = _section(sections, heading)
            words = {"value": heading}
            if found is None:
                yield Flaw(path, f"lacks the section {heading!r}", words)
            elif not without_comments(found.body) or _UNFILLED.search(found.body):
                yield Flaw(path, f"has nothing to say under {heading!r}", words, line=found.line)


@unit_check("value", "other")
def section(check: Check, read: UnitRead) -> Iterator[Flaw]:
    """What one section must speak of, what each of its items must say, and whether it has commands.

    A section that is not there is for ``headings`` to say.
    """
    heading = check.text("heading")
    for path, sections in _texts(check, read):
        found = _section(sections, heading)
        if found is None or not without_comments(found.body):
            continue
        for message, value in _lacking(check, found):
            yield Flaw(path, message, {"value": value, "other": heading}, line=found.line)


def _lacking(check: Check, found: Section) -> Iterator[tuple[str, str]]:
    heading, said = check.text("heading"), _said(found)
    mentions, items = check.settings.get("mentions"), check.settings.get("items")
    for words in mentions if isinstance(mentions, list) else ():
        if not any(_speaks_of(said, word) for word in words):
            which = words[0] if len(words) == 1 else f"{words[0]} (or {', '.join(words[1:])})"
            yield f"does not say under {heading!r}: {which}", words[0]
    if isinstance(items, list):
        found_items = _items(found.body)
        if not found_items:
            yield f"lists nothing under {heading!r}; each item says one of {', '.join(items)}", ""
        for item in found_items:
            if not any(_speaks_of(item, word) for word in items):
                shown = item if len(item) <= 60 else f"{item[:57]}..."  # noqa: PLR2004
                yield f"says none of {', '.join(items)} of {shown!r} under {heading!r}", shown
    if check.settings.get("code-block") is True and not _has_code(found.body):
        yield f"has no commands in a code block under {heading!r}", ""


def _texts(check: Check, read: UnitRead) -> Iterator[tuple[str, tuple[Section, ...]]]:
    for role in check.texts("roles"):
        for file in read.unit.of_role(role):
            facts = read.facts.get(file.path)
            content = facts.content if facts else None
            if isinstance(content, TextContent) and not (content.error or content.too_large):
                yield file.path, content.sections


def _section(sections: Sequence[Section], heading: str) -> Section | None:
    """Return a section with all that lies in those below it; of several of one name the first that says something."""
    found: list[Section] = []
    for number, each in enumerate(sections):
        if each.heading.casefold().rstrip(": ") != heading.casefold():
            continue
        below = [each.body]
        for deeper in sections[number + 1 :]:
            if deeper.level <= each.level:
                break
            below += [deeper.heading, deeper.body]
        found.append(each._replace(body="\n".join(below).strip()))
    return next((each for each in found if without_comments(each.body)), found[0] if found else None)


def _said(found: Section) -> str:
    """Return what a section says for sure: without comments, and without the boxes that nobody has ticked."""
    lines = without_comments(found.body).splitlines()
    return "\n".join(line for line in lines if not _is_open(line))


def _is_open(line: str) -> bool:
    match = _ITEM.fullmatch(line)
    return bool(match and match["box"] and match["box"][1] == " ")


def _items(body: str) -> list[str]:
    """Return the items of the lists in a text, each with its further lines, or the rows of its tables."""
    items: list[str] = []
    fence, is_table = "", False
    for line in without_comments(body).splitlines():
        fence, before = fence_after(line, fence), fence
        match = None if before or fence else _ITEM.fullmatch(line)
        if match and not line[:1].isspace():
            items.append(match["text"])
        elif line.startswith("|"):
            if _RULE.fullmatch(line):
                is_table, items = True, items[:-1]  # the row above it is the head
            else:
                items.append(line.strip("| "))
        elif items and line[:1].isspace() and line.strip() and not is_table:
            items[-1] += f" {line.strip()}"
    return items


def _has_code(body: str) -> bool:
    fence = ""
    lines = 0
    for line in body.splitlines():
        fence, before = fence_after(line, fence), fence
        lines += bool(before and fence and line.strip())
        lines += not before and line.startswith(("    ", "\t")) and bool(line.strip())
    return lines > 0


def _speaks_of(text: str, word: str) -> bool:
    """Say whether the words of ``word`` stand in a text, in a row, whatever their case."""
    said, wanted = (_WORD.findall(each.casefold()) for each in (text, word))
    count = len(wanted)
    return any(said[at : at + count] == wanted for at in range(len(said) - count + 1))
