"""The rows of a run as its file grows, in batches, from the first one on."""

import csv
from collections.abc import Iterator
from typing import BinaryIO

from runcheck.convention.layout import layout
from runcheck.probes import suffix_of
from runcheck.probes.folder import open_regular
from runcheck.probes.metric_rows import RowError, object_of, text_of, typed
from runcheck.reading.metrics import Row, row_of

_CHUNK = 1 << 18


class GrowingRows:
    """The rows of a file that may grow. A last line without a line feed is not there yet."""

    def __init__(self, path: str) -> None:
        """Read the file at ``path``, ``metrics.jsonl`` or ``metrics.csv``, which may not be there yet."""
        self._path = path
        self._stream: BinaryIO | None = None
        self._lines: Iterator[bytes] = iter(())
        self._rest = b""
        self._header: list[str] | None = None
        self._is_csv = suffix_of(path) == ".csv"
        self._line = 0
        self.rows = 0
        self.fault = ""  # of the first line that is no row
        self.passed_over = 0

    def next(self, most: int) -> list[Row]:
        """Return the next rows, as many as there are and at most so many.

        Raises:
            OSError: the file cannot be read.
        """
        batch: list[Row] = []
        while len(batch) < most:
            line = next(self._lines, None)
            if line is None:
                if not self._read():
                    break
                continue
            row = self._row(line)
            if row is not None:
                batch.append(row)
        self.rows += len(batch)
        return batch

    def close(self) -> None:
        """Close the file."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _read(self) -> bool:
        if self._stream is None:
            try:
                self._stream = open_regular(self._path)
            except FileNotFoundError:
                return False
        chunk = self._stream.read(_CHUNK)
        *lines, rest = (self._rest + chunk).split(b"\n")
        most = layout().limits.line_bytes
        self._rest = rest[: most + 1]  # what is longer is no row, and need not be held
        self._lines = iter(lines)
        return bool(chunk)

    def _row(self, line: bytes) -> Row | None:
        self._line += 1
        try:
            if len(line) > layout().limits.line_bytes:
                text_of(None)
            text = text_of(line)
            if not self._is_csv:
                return row_of(object_of(text))
            cells = next(csv.reader([text], strict=True))
            if self._header is None:
                self._header = cells
                return None
            return row_of(typed(dict(zip(self._header, cells, strict=True))))
        except (RowError, csv.Error, KeyError, StopIteration, TypeError, ValueError) as error:
            self.passed_over += 1
            self.fault = self.fault or f"line {self._line} {error if isinstance(error, RowError) else 'is no row'}"
            return None
