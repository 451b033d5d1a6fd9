"""Chunks of bytes into lines, with a bound on the length of a line."""

from collections.abc import Callable


class LineSplitter:
    """Calls ``handle(number, line, ended)`` for each line.

    The number counts from 1, the line comes without its line feed, and ``ended`` says whether it had one.

    A line longer than ``limit`` bytes is handed over as None, and is not held.
    """

    def __init__(self, limit: int, handle: Callable[[int, bytes | None, bool], None]) -> None:
        """Split into lines of at most ``limit`` bytes."""
        self._limit = limit
        self._handle = handle
        self._rest = b""
        self._overlong = False
        self._number = 0

    @property
    def is_between(self) -> bool:
        """Whether the next byte begins a line."""
        return not self._rest and not self._overlong

    @property
    def number(self) -> int:
        """How many lines there were."""
        return self._number

    def skip(self, lines: int) -> None:
        """Count whole lines that are handled elsewhere."""
        self._number += lines

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        *lines, rest = chunk.split(b"\n")
        if lines:
            self._line(self._rest + lines[0], ended=True)
            for line in lines[1:]:
                self._line(line, ended=True)
            self._rest = rest
        else:
            self._rest += rest
        if len(self._rest) > self._limit:
            self._overlong, self._rest = True, b""

    def close(self) -> None:
        """Hand over a last line that has no line feed."""
        if self._rest or self._overlong:
            self._line(self._rest, ended=False)
            self._rest = b""

    def _line(self, line: bytes, *, ended: bool) -> None:
        self._number += 1
        overlong = self._overlong or len(line) > self._limit
        self._overlong = False
        self._handle(self._number, None if overlong else line, ended)
