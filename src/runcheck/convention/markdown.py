"""What of Markdown the convention rests on: headings, and the code blocks in which there are none (CommonMark 0.31)."""

import re

# Sections 4.2 (ATX headings) and 4.5 (fenced code blocks).
HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.+?)(?:[ \t]+#+)?[ \t]*")
_FENCE = re.compile(r" {0,3}(?P<fence>`{3,}(?=[^`]*$)|~{3,})(?P<info>.*)")


def fence_after(line: str, fence: str) -> str:
    """Return the fence of the code block that is open after ``line``, given the one before it; "" where none is."""
    match = _FENCE.fullmatch(line)
    if match is None:
        return fence
    if not fence:
        return match["fence"]
    closes = match["fence"][0] == fence[0] and len(match["fence"]) >= len(fence) and not match["info"].strip()
    return "" if closes else fence


def with_closed_blocks(text: str) -> str:
    """Return ``text`` with a code block that it leaves open closed at its end, so that what follows is none of it."""
    fence = ""
    for line in text.splitlines():
        fence = fence_after(line, fence)
    return f"{text}\n{fence}" if fence else text
