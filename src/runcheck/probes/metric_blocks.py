"""Many metric rows at once, where all are written as a writer in a loop writes them: series by series, at the speed of C.

The rows of a series differ by two numbers: what stands around them is told by one row, and taken out of all. A block is
whole lines. What is not of this form to the last byte is not wrong, only to be read line by line.
"""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeAlias

Decoder: TypeAlias = Callable[[bytes], list[int]]  # of a JSON array of numbers, which need not be integers

_NUMERIC = b"0123456789+-.eE"
_FEW_ROWS = 4  # of a series in a block: of fewer, lines are as fast
_MANY_SERIES = 64
_WIDTH = 4  # cells of a row


class SeriesRows(NamedTuple):
    """The rows of one series in a block, in their order; all values are finite."""

    name: tuple[str, str]
    steps: list[int]
    values: list[float]


class Frame(NamedTuple):
    """What stands around the two numbers of each row of a series: ``start lead STEP middle VALUE end``.

    ``start`` and ``end``, with the line feed, are those of all series that are written alike.
    """

    name: tuple[str, str]  # split and metric, which may be no names
    start: bytes
    lead: bytes
    middle: bytes
    end: bytes


_NUMBER = rb"([0-9+.eE-]++)"
_TEXT = rb"[A-Za-z0-9_.@:+/-]++"
_NAMES = rb'((?:"(?:split|metric)": ?+"' + _TEXT + rb'", ?+)*+)'
_OBJECT = re.compile(
    rb"\{" + _NAMES + rb'"step": ?+' + _NUMBER + rb", ?+" + _NAMES + rb'"value": ?+' + _NUMBER + rb"\}\n"
)
_NAME = re.compile(rb'"(split|metric)": ?+"(' + _TEXT + rb')"')
_RECORD = re.compile(_NUMBER + rb",(" + _TEXT + rb"),(" + _TEXT + rb")," + _NUMBER + rb"(,?+\r?+\n)")


def frame_of_object(line: bytes) -> Frame | None:
    """Return the frame of a line of JSON, or None where it is not of this form."""
    match = _OBJECT.fullmatch(line)
    names = _NAME.findall(match[1] + match[3]) if match else []
    if match is None or sorted(key for key, _ in names) != [b"metric", b"split"]:
        return None
    texts = {key: text.decode() for key, text in names}
    at = 1 if match[1] else match.start(2)
    lead, middle = line[at : match.start(2)], line[match.end(2) : match.start(4)]
    return Frame((texts[b"split"], texts[b"metric"]), line[:at], lead, middle, line[match.end(4) :])


def frame_of_record(line: bytes, *, has_flag: bool) -> Frame | None:
    """Return the frame of a line of CSV, with an empty cell of the column nonfinite if there is one."""
    match = _RECORD.fullmatch(line)
    if match is None or match[5].startswith(b",") != has_flag:
        return None
    return Frame((match[2].decode(), match[3].decode()), b"", b"", line[match.end(1) : match.start(4)], match[5])


class BlockReader:
    """Reads blocks of one file, of which each is likely to be written as the one before."""

    def __init__(self, frame_of: Callable[[bytes], Frame | None], line_limit: int) -> None:
        """Start with no block; a block that has a line longer than half of ``line_limit`` bytes may not be read."""
        self._frame_of = frame_of
        self._line_limit = line_limit
        self._turn: list[Frame] = []

    def rows(self, block: bytes, decode: Decoder) -> list[SeriesRows] | None:
        """Return the rows of a block by series, or None where it has a line that is not written as the others.

        Series come in the order of their first rows, and may come twice. ``decode`` reads an array of numbers: nothing
        but digits, signs, points and commas is given to it, so nothing hostile.
        """
        first = self._frame_of(block[: block.find(b"\n") + 1])
        if first is None or not block.endswith(first.end) or not _has_short_lines(block, self._line_limit):
            return None
        lines = block[len(first.start) : -len(first.end)].split(first.end + first.start)
        if first in self._turn:
            at = self._turn.index(first)
            turn = (self._turn[at:] + self._turn[:at])[: len(lines)]
            found = _read(((each, lines[at :: len(self._turn)]) for at, each in enumerate(turn)), decode)
            if found:
                return found
        return _read(self._by_series(lines, first), decode)

    def _by_series(self, lines: list[bytes], first: Frame) -> list[tuple[Frame | None, list[bytes]]]:
        """Return the lines of each series, each with the frame of its first; of too many series none."""
        cells = b",".join(lines).split(b",")
        if len(cells) != _WIDTH * len(lines):
            return []
        at = 0 if first.lead else 1
        chosen: defaultdict[tuple[bytes, bytes], list[bytes]] = defaultdict(list)
        for head, line in zip(zip(cells[at::_WIDTH], cells[at + 1 :: _WIDTH], strict=True), lines, strict=True):
            chosen[head].append(line)
        if len(chosen) > max(_MANY_SERIES, len(lines) // _FEW_ROWS):
            return []
        series = [(self._frame_of(first.start + each[0] + first.end), each) for each in chosen.values()]
        self._turn = [frame for frame, _ in series if frame]
        return series


def _has_short_lines(block: bytes, limit: int) -> bool:
    """Say whether a line feed stands in every half ``limit`` of the block, so that no line is longer."""
    half = limit // 2
    return all(block.find(b"\n", at, at + half) >= 0 for at in range(0, len(block) - half, half))


def _read(series: Iterable[tuple[Frame | None, list[bytes]]], decode: Decoder) -> list[SeriesRows] | None:
    """Return the rows of each series, or None where a line does not have the frame of its series."""
    found = []
    for frame, lines in series:
        text = _numbers(lines, frame) if frame else None
        columns = _columns(text, len(lines), decode) if text else None
        if frame is None or columns is None:
            return None
        found.append(SeriesRows(frame.name, *columns))
    return found


def _numbers(lines: list[bytes], frame: Frame) -> bytes | None:
    """Return step and value of each line as ``1,2``, a line each, or None where one has something else around them.

    If the text is shorter by all that was to go, and numbers, commas and line feeds by turns are left, then nothing else
    was there: each comma is what is left of one ``middle``, and each line had one.
    """
    text = b"\n".join(lines)
    bare = (b"\n" + text).replace(b"\n" + frame.lead, b"\n")[1:] if frame.lead else text
    bare = bare.replace(frame.middle, b",")
    gone = len(lines) * (len(frame.lead) + len(frame.middle) - 1)
    if len(text) - len(bare) != gone or bare.translate(None, _NUMERIC) != (b",\n" * len(lines))[:-1]:
        return None
    return None if bare.startswith(b"-") else bare  # JSON has a -0, a step of CSV has not; it can be the first alone


def _columns(text: bytes, rows: int, decode: Decoder) -> tuple[list[int], list[float]] | None:
    """Return the steps and the values of lines of two numbers, or None where one is no finite number of JSON."""
    try:
        numbers = decode(b"[%b]" % text.replace(b"\n", b","))
        steps, values = numbers[0::2], list(map(float, numbers[1::2]))
        # A sum tells whether there is a fraction among integers, and an infinity among floats.
        are_sound = len(steps) == len(values) == rows and type(sum(steps)) is int and math.isfinite(sum(values))
    except (ValueError, OverflowError):
        return None
    return (steps, values) if are_sound else None
