"""Many metric rows at once, where all are written as a loop writes them: series by series, at the speed of C.

The rows of a series differ by two numbers: what stands around them is told by one row, and taken out of all. A block is
whole lines. What is not of this form to the last byte is not wrong, only to be read line by line.
"""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple, TypeAlias

_Head: TypeAlias = tuple[bytes, bytes]  # two cells that tell the series, as they stand there
Decoder: TypeAlias = Callable[[bytes], list[int]]  # of a JSON array of numbers, which need not be integers

_NUMERIC = b"0123456789+-.eE"
_KEPT = frozenset(b"0123456789+-.E")  # of signs around the numbers too; an e stands in too many keys
_FEW_ROWS = 4  # of a series in a block: of fewer, lines are as fast
_MANY_SERIES = 64

_NUMBER = rb"([0-9+.eE-]++)"
_TEXT = rb"[A-Za-z0-9_.@:+/-]++"
_NAMES = rb'((?>(?:"(?:split|metric)": ?+"' + _TEXT + rb'", ?+)*))'
_OBJECT = re.compile(
    rb"\{" + _NAMES + rb'"step": ?+' + _NUMBER + rb", ?+" + _NAMES + rb'"value": ?+' + _NUMBER + rb"\}\r?+"
)
_NAME = re.compile(rb'"(split|metric)": ?+"(' + _TEXT + rb')"')
_RECORD = re.compile(_NUMBER + rb",(" + _TEXT + rb"),(" + _TEXT + rb")," + _NUMBER + rb"(,?+)\r?+")


class SeriesRows(NamedTuple):
    """The rows of one series in a block, in their order; all values are finite."""

    name: tuple[str, str]
    steps: list[int]
    values: list[float]


class Frame(NamedTuple):
    """What stands around the two numbers of each row of a series: ``before STEP middle VALUE after``.

    ``table`` makes a comma of a sign of the middle that stands nowhere else, ``deleted`` are all others but numbers'.
    With both, ``comma`` is left of the middle and ``feed`` of what is ``between`` two values and steps.
    """

    name: tuple[str, str]  # split and metric, which may be no names
    before: bytes
    middle: bytes
    after: bytes
    between: bytes
    table: bytes
    deleted: bytes
    comma: bytes
    feed: bytes


def _framed(name: tuple[bytes, bytes], line: bytes, step: tuple[int, int], value: tuple[int, int]) -> Frame:
    before, middle, after = line[: step[0]], line[step[1] : value[0]], line[value[1] :]
    around, between = before + middle + after, after + b"\n" + before
    mark = next((sign for sign in middle if around.count(sign) == 1 and sign not in _NUMERIC), ord(","))
    table, deleted = bytes.maketrans(bytes([mark]), b","), bytes({*around, *b"e"} - {*_KEPT, mark})
    comma, feed = middle.translate(table, deleted), between.translate(table, deleted)
    split, metric = name
    return Frame((split.decode(), metric.decode()), before, middle, after, between, table, deleted, comma, feed)


def frame_of_object(line: bytes) -> Frame | None:
    """Return the frame of a line of JSON, or None where it is not of this form."""
    match = _OBJECT.fullmatch(line)
    names = _NAME.findall(match[1] + match[3]) if match else []
    if match is None or sorted(key for key, _ in names) != [b"metric", b"split"]:
        return None
    (_, metric), (_, split) = sorted(names)
    return _framed((split, metric), line, match.span(2), match.span(4))


def frame_of_record(line: bytes, *, has_flag: bool) -> Frame | None:
    """Return the frame of a line of CSV, with an empty cell of the column nonfinite if there is one."""
    match = _RECORD.fullmatch(line)
    if match is None or bool(match[5]) != has_flag:
        return None
    return _framed((match[2], match[3]), line, match.span(1), match.span(4))


class BlockReader:
    """Reads blocks of one file, of which each is likely to be written as the one before."""

    def __init__(self, frame_of: Callable[[bytes], Frame | None], line_limit: int) -> None:
        """Start with no block; a block that has a line longer than half of ``line_limit`` bytes may not be read."""
        self._frame_of = frame_of
        self._line_limit = line_limit
        self._frames: dict[_Head, Frame] = {}

    def rows(self, block: bytes, decode: Decoder) -> list[SeriesRows] | None:
        """Return the rows of a block by series, or None where a series has lines that are not written alike.

        Series come in the order of their first rows; one that is written in two ways comes twice. ``decode`` reads an
        array of numbers: nothing but digits, signs, points and commas is given to it, so nothing hostile.
        """
        lines = block.split(b"\n")
        del lines[-1]
        first = self._frame_of(lines[0])
        if first is None or not _has_short_lines(block, self._line_limit):
            return None
        return _read(self._in_turn(lines, first), decode) or _read(self._by_heads(lines, first), decode)

    def _in_turn(self, lines: list[bytes], first: Frame) -> Iterator[tuple[Frame | None, list[bytes]]]:
        """Yield the lines of each series, if all come in the same turn as in the block before."""
        frames = list(self._frames.values())
        if first in frames:
            start, period = frames.index(first), len(frames)
            for at, frame in enumerate((frames[start:] + frames[:start])[: len(lines)]):
                yield frame, lines[at::period]

    def _by_heads(self, lines: list[bytes], first: Frame) -> Iterator[tuple[Frame | None, list[bytes]]]:
        """Yield the lines of each series, in whatever order they come, unless there are too many series."""
        cells = b",".join(lines).split(b",")
        width = lines[0].count(b",") + 1
        if len(cells) != width * len(lines):
            return
        at = 0 if b"," in first.before else 1
        chosen: defaultdict[_Head, list[bytes]] = defaultdict(list)
        for head, line in zip(zip(cells[at::width], cells[at + 1 :: width], strict=True), lines, strict=True):
            chosen[head].append(line)
        if len(chosen) > max(_MANY_SERIES, len(lines) // _FEW_ROWS):
            return
        known = self._frames
        frames = {head: self._frame_like(known.get(head), those[0]) for head, those in chosen.items()}
        self._frames = {head: frame for head, frame in frames.items() if frame is not None}
        yield from zip(frames.values(), chosen.values(), strict=True)

    def _frame_like(self, known: Frame | None, line: bytes) -> Frame | None:
        if known and known.middle in line and line.startswith(known.before) and line.endswith(known.after):
            return known  # it takes a while to make one
        return self._frame_of(line)


def _has_short_lines(block: bytes, limit: int) -> bool:
    """Say whether a line feed stands in every half ``limit`` of the block, so that no line is longer."""
    half = limit // 2
    return all(block.find(b"\n", at, at + half) >= 0 for at in range(0, len(block) - half, half))


def _read(series: Iterable[tuple[Frame | None, list[bytes]]], decode: Decoder) -> list[SeriesRows] | None:
    """Return the rows of each series, or None where there is none, or a line does not have the frame of its series."""
    names: list[tuple[str, str]] = []
    texts: list[bytes] = []
    ends = [0]
    for frame, lines in series:
        text = _numbers(lines, frame) if frame else None
        if frame is None or text is None:
            return None
        names.append(frame.name)
        texts.append(text)
        ends.append(ends[-1] + len(lines))
    columns = _columns(b"\n".join(texts), ends[-1], decode) if names else None
    if columns is None:
        return None
    steps, values = columns
    return [
        SeriesRows(name, steps[at:end], values[at:end]) for name, (at, end) in zip(names, pairwise(ends), strict=True)
    ]


def _numbers(lines: list[bytes], frame: Frame) -> bytes | None:
    """Return step and value of each line as ``1,2``, a line each, or None where one has something else around them.

    How they were found does not matter: with the frame around them again they are the lines, to the last byte.
    """
    text = b"\n".join(lines)
    bare = _likely_numbers(text, frame)
    if bare.translate(None, _NUMERIC) != (b",\n" * len(lines))[:-1]:
        return None
    framed = frame.before + bare.replace(b",", frame.middle).replace(b"\n", frame.between) + frame.after
    return bare if framed == text else None


def _likely_numbers(text: bytes, frame: Frame) -> bytes:
    """Delete the signs of the frame from ``text``: to look for it as it stands there takes three times as long."""
    bare = text.translate(frame.table, frame.deleted)
    if frame.comma != b",":  # a name has digits
        bare = bare.replace(frame.comma, b",")
    if frame.feed != b"\n":
        bare = bare.removeprefix(frame.feed[frame.feed.index(b"\n") + 1 :]).replace(frame.feed, b"\n")
    if b"-" in bare:  # it had an e before it, which was deleted, or begins a value; a step with it is to be no number
        is_any_below_zero = b",-" in bare
        bare = bare.replace(b"-", b"e-")
        if is_any_below_zero:
            bare = bare.replace(b",e-", b",-")
    return bare.replace(b"+", b"e+")


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
