"""What of Markdown the convention rests on: headings, and the code blocks in which there are none (CommonMark 0.31)."""

import re
from collections.abc import Sequence

from runcheck.convention.patterns import late

# Sections 4.2 (ATX headings), 4.3 (setext headings), 4.5 (fenced code blocks) and 4.6 (HTML comments).
HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.+?)(?:[ \t]+#+)?[ \t]*")
# A line that any of the others here may match: of all the rest nothing needs to be asked.
MARKED = late(r"^ {0,3}[#=`~-].*", re.MULTILINE)
_FENCE = late(r" {0,3}(?P<fence>`{3,}(?=[^`]*$)|~{3,})(?P<info>.*)")

_UNDERLINE = late(r" {0,3}(=+|-+)[ \t]*")
_COMMENT = late(r"<!--.*?-->", re.DOTALL)


def underlined_level(line: str, above: Sequence[str]) -> int | None:
    """Return the level of the heading that ``line`` makes of the last line ``above`` it; None where it makes none.

    Only of a line below a blank one: the last line of a paragraph above a rule is hardly meant as a heading.
    """
    match = _UNDERLINE.fullmatch(line)
    alone = len(above) > 1 and above[-1].strip() and not above[-2].strip()
    return {"=": 1, "-": 2}[match[1][0]] if match and alone else None


def without_comments(text: str) -> str:
    """Return a text as it is shown, without what nobody sees."""
    return _COMMENT.sub("", text).strip()


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
