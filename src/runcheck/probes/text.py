"""Text for people: a README and its headings."""

from runcheck.convention.layout import layout
from runcheck.convention.markdown import HEADING, MARKED, fence_after, underlined_level
from runcheck.probes.bounded import BoundedBytes
from runcheck.probes.contents import Section, TextContent


class TextProbe:
    """Reads a Markdown text."""

    def __init__(self) -> None:
        """Start with no bytes."""
        self._bytes = BoundedBytes(layout().limits.document_bytes)

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._bytes.feed(chunk)

    def content(self) -> TextContent:
        """Return the sections."""
        if self._bytes.exceeded:
            return TextContent(too_large=True)
        try:
            text = self._bytes.whole().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            return TextContent(error=f"byte {error.start} is not UTF-8")
        if "\0" in text:
            return TextContent(error=f"byte {text.encode().index(0)} is NUL, which no text holds")
        return TextContent(tuple(_sections(text)))


def _sections(text: str) -> list[Section]:
    """Return the sections of a text, of which no list of lines is made: a hostile one has millions."""
    text = _with_one_break(text)
    sections: list[Section] = []
    heading, level, start, body = "", 0, 0, 0  # where the body begins
    fence = ""
    number, counted = 1, 0  # the line at a place
    for marked in MARKED.finditer(text):
        line, place = marked[0], marked.start()
        fence, before = fence_after(line, fence), fence
        if before or fence:
            continue
        match = HEADING.fullmatch(line)
        above = [] if match or "#" in line else _last_two(text, body, place, is_first=not start)
        underlined = underlined_level(line, above)
        if match is None and underlined is None:
            continue
        number, counted = number + text.count("\n", counted, place), place
        end = place if match else place - len(above[-1]) - 1
        if start:
            sections.append(Section(heading, level, start, text[body:end].strip()))
        heading = match[2] if match else above[-1].strip()
        level, start = (len(match[1]), number) if match else (underlined or 0, number - 1)
        body = min(marked.end() + 1, len(text))
    if start:
        sections.append(Section(heading, level, start, text[body:].strip()))
    return sections


def _with_one_break(text: str) -> str:
    """Return a text in which a line ends with a newline, by whatever it ended that Python takes for an end of one."""
    for each in ("\r\n", *"\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"):
        text = text.replace(each, "\n")
    return text


def _last_two(text: str, start: int, end: int, *, is_first: bool) -> list[str]:
    """Return the last two lines between two places, or as many as there are; before the first one is a blank one."""
    if end <= start:
        return [""] if is_first else []
    last = text.rfind("\n", start, end - 1) + 1 or start
    if last == start:
        return ["", text[last : end - 1]] if is_first else [text[last : end - 1]]
    before = text.rfind("\n", start, last - 1) + 1 or start
    return [text[before : last - 1], text[last : end - 1]]
