"""``SHA256SUMS``, line by line."""

import re

from runcheck.convention.checksums import CHECKSUM_LINE
from runcheck.convention.layout import layout
from runcheck.probes.contents import ChecksumsContent, Listed
from runcheck.probes.lines import LineSplitter

_DIGITS = 64
_PLAIN = re.compile(rb"(?>(?:[0-9a-f]{64} [ *][^\r\n]{1,4000}+\n)*)")  # no line is as long as a line may be


class ChecksumsProbe:
    """Reads a checksum list."""

    def __init__(self) -> None:
        """Start with no lines."""
        self._content = ChecksumsContent([], [])
        self._lines = LineSplitter(layout().limits.line_bytes, self._line)

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        if not (self._lines.is_between and _PLAIN.fullmatch(chunk) and self._take_plain(chunk)):
            self._lines.feed(chunk)

    def _take_plain(self, chunk: bytes) -> bool:
        """Take whole lines at once, as nearly every list has them; return False where one of them is not UTF-8."""
        try:
            lines = chunk.decode("utf-8").split("\n")[:-1]
        except UnicodeDecodeError:
            return False
        before = self._lines.number
        self._content.listed.extend(
            Listed(number, line[:_DIGITS], line[_DIGITS + 2 :]) for number, line in enumerate(lines, before + 1)
        )
        self._lines.skip(len(lines))
        return True

    def content(self) -> ChecksumsContent:
        """Return the list."""
        self._lines.close()
        return self._content

    def _line(self, number: int, line: bytes | None, ended: bool) -> None:  # noqa: FBT001
        unread = self._content.unread
        if line is None:
            unread.append((number, "is longer than a path can be"))
            return
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            unread.append((number, "is not UTF-8"))
            return
        if text.endswith("\r"):
            unread.append((number, "is ended by a carriage return too"))
            text = text.removesuffix("\r")
        match = CHECKSUM_LINE.fullmatch(text)
        if match is None:
            unread.append((number, f"is not '<64 hex digits>  <path>': {text[:80]!r}"))
            return
        if not ended:
            unread.append((number, "is not ended by a line feed"))
        self._content.listed.append(Listed(number, match["sha256"], match["path"]))
