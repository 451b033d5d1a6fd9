"""Text for people: a README and its headings."""

from runcheck.convention.layout import layout
from runcheck.convention.markdown import HEADING, fence_after, underlined_level
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
    sections: list[Section] = []
    heading, level, start, body = "", 0, 0, [""]
    fence = ""
    for number, line in enumerate(text.splitlines(), start=1):
        fence, before = fence_after(line, fence), fence
        match = None if before or fence else HEADING.fullmatch(line)
        underlined = None if before or fence else underlined_level(line, body)
        if match is None and underlined is None:
            body.append(line)
            continue
        text_of_heading = match[2] if match else body.pop().strip()
        if start:
            sections.append(Section(heading, level, start, "\n".join(body).strip()))
        heading, body = text_of_heading, []
        level, start = (len(match[1]), number) if match else (underlined or 0, number - 1)
    if start:
        sections.append(Section(heading, level, start, "\n".join(body).strip()))
    return sections
