"""A line on a terminal that says how far a check is: units, files, bytes, how many a second, and the time left."""

import threading
import time
from collections.abc import Callable
from typing import TextIO

from runcheck.report.words import size_in_words
from runcheck.watch import Nobody

_SILENT_SECONDS = 0.5  # what is over sooner needs no line
_BETWEEN_SECONDS = 0.1
_CLEAR = "\r\x1b[K"
_MINUTE = 60


class ProgressLine:
    """Draws the line on ``stream``, which is a terminal, and takes it away at the end."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        """Draw nothing yet."""
        self._stream = stream
        self._clock = clock
        self._began = self._drawn = 0.0
        self._is_drawn = False
        self._lock = threading.Lock()
        self._units = self._done = self._files = self._bytes = 0
        self._expected = self._read = 0  # of the unit that is read here

    def __reduce__(self) -> tuple[type[Nobody], tuple[()]]:
        """Watch nothing in another process: there is one line."""
        return Nobody, ()

    def begin(self, units: int) -> None:
        """So many units are to be surveyed."""
        self._units, self._began = units, self._clock()

    def expect(self, size: int) -> None:
        """A unit with so many bytes is begun."""
        self._expected, self._read = size, 0

    def read(self, size: int) -> None:
        """So many more bytes of it were read; threads that read side by side say so."""
        with self._lock:
            self._read += size
            self._draw()

    def done(self, files: int, size: int) -> None:
        """A unit with so many files and bytes is done."""
        self._done, self._files, self._bytes = self._done + 1, self._files + files, self._bytes + size
        self._expected = self._read = 0
        self._draw()

    def end(self) -> None:
        """Take the line away."""
        if self._is_drawn:
            self._stream.write(_CLEAR)
            self._stream.flush()
            self._is_drawn = False

    def _draw(self) -> None:
        now = self._clock()
        if now - self._began < _SILENT_SECONDS or now - self._drawn < _BETWEEN_SECONDS:
            return
        self._drawn, self._is_drawn = now, True
        self._stream.write(_CLEAR + self._line(now - self._began))
        self._stream.flush()

    def _line(self, seconds: float) -> str:
        read = self._bytes + self._read
        parts = [f"{self._done:,} of {self._units:,} units", f"{self._files:,} files", size_in_words(read)]
        parts.append(f"{size_in_words(read / seconds)}/s")
        share = min(1.0, (self._done + (min(1.0, self._read / self._expected) if self._expected else 0)) / self._units)
        if share > 0:
            parts.append(f"{_duration(seconds / share - seconds)} left")
        return ", ".join(parts)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < _MINUTE else f"{seconds // _MINUTE:.0f} min {seconds % _MINUTE:.0f} s"
