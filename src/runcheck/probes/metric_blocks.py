"""Many metric rows at once, where all are written as a loop writes them: series by series, at the speed of C.

The rows of a series differ by two numbers: what stands around them is told by one row, and taken out of all. A block is
whole lines. What is not of this form to the last byte is not wrong, only to be read line by line.
"""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

Decoder: TypeAlias = Callable[[bytes], list[int]]  # of a JSON array of numbers, which need not be integers

_NUMERIC = b"0123456789+-.eE"
_KEPT = frozenset(b"0123456789+-.E")  # of signs around the numbers too; an e stands in too many keys
_SEPARATORS = b",;"
_FEW_ROWS = 4  # of a series in a block: of fewer, lines are as fast
_MANY_SERIES = 64

_NUMBER = rb"([0-9+.eE-]++)"
_TEXT = rb"[A-Za-z0-9_.@:+/-]++"
_NAMES = rb'((?:"(?:split|metric)": ?+"' + _TEXT + rb'", ?+)*+)'
_OBJECT = re.compile(
    rb"\{" + _NAMES + rb'"step": ?+' + _NUMBER + rb", ?+" + _NAMES + rb'"value": ?+' + _NUMBER + rb"\}"
)
_NAME = re.compile(rb'"(split|metric)": ?+"(' + _TEXT + rb')"')
_RECORD = re.compile(_NUMBER + rb",(" + _TEXT + rb"),(" + _TEXT + rb")," + _NUMBER + rb"(,?+)\r?+")
_WITH_NUMBER = re.compile(rb"([^0-9+.E-]++)(0|[1-9][0-9]*+)([^0-9+.E-]++)")


class SeriesRows(NamedTuple):
    """The rows of one series in a block, in their order; all values are finite."""

    name: tuple[str, str]
    steps: list[int]
    values: list[float]


class Frame(NamedTuple):
    """What stands around the two numbers of each row of a series: ``before STEP middle VALUE after``.

    ``parts`` are the middle, or what is before and behind the number ``inner`` that a name holds. Of one sign of each
    part, which stands nowhere else, ``table`` makes a separator; ``deleted`` are the other signs but those of numbers.
    """

    name: tuple[str, str]  # split and metric, which may be no names
    before: bytes
    middle: bytes
    after: bytes
    parts: tuple[bytes, ...]
    inner: bytes
    table: bytes | None  # None where there are no such signs, or names with further numbers
    deleted: bytes


def _framed(name: tuple[bytes, bytes], line: bytes, step: tuple[int, int], value: tuple[int, int]) -> Frame:
    before, middle, after = line[: step[0]], line[step[1] : value[0]], line[value[1] :]
    match = _WITH_NUMBER.fullmatch(middle)
    parts, inner = ((match[1], match[3]), match[2]) if match else ((middle,), b"")
    around = before + middle + after
    marks = bytes(
        next((sign for sign in part if around.count(sign) == 1 and sign not in _NUMERIC), 0) for part in parts
    )
    table: bytes | None = bytes.maketrans(marks, _SEPARATORS[: len(marks)])
    if 0 in marks or not (match or _KEPT.isdisjoint(middle)):
        parts, inner, table = (middle,), b"", None
    split, metric = name
    deleted = bytes({*around, *b"e"} - {*_KEPT, *marks})
    return Frame((split.decode(), metric.decode()), before, middle, after, parts, inner, table, deleted)


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
        self._turn: list[Frame] = []

    def rows(self, block: bytes, decode: Decoder) -> list[SeriesRows] | None:
        """Return the rows of a block by series, or None where a series has lines that are not written alike.

        Series come in the order of their first rows, and may come twice. ``decode`` reads an array of numbers: nothing
        but digits, signs, points and commas is given to it, so nothing hostile.
        """
        if not _has_short_lines(block, self._line_limit):
            return None
        lines = block.split(b"\n")
        del lines[-1]
        first = self._frame_of(lines[0])
        if first is None:
            return None
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
        width = lines[0].count(b",") + 1
        if len(cells) != width * len(lines):
            return []
        at = 0 if b"," in first.before else 1
        heads = zip(cells[at::width], cells[at + 1 :: width], strict=True)
        chosen: defaultdict[tuple[bytes, bytes], list[bytes]] = defaultdict(list)
        for head, line in zip(heads, lines, strict=True):
            chosen[head].append(line)
        if len(chosen) > max(_MANY_SERIES, len(lines) // _FEW_ROWS):
            return []
        series = [(self._frame_of(each[0]), each) for each in chosen.values()]
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
    """Return the numbers of each line, ``1,2`` or ``1,0;2``, or None where one has something else around them.

    How they were found does not matter: with the frame around them again they are the lines, to the last byte.
    """
    text = b"\n".join(lines)
    between = frame.after + b"\n" + frame.before
    bare = _likely_numbers(text, frame, between)
    separators = _SEPARATORS[: len(frame.parts)]
    if bare.translate(None, _NUMERIC) != ((separators + b"\n") * len(lines))[:-1] or bare.startswith(b"-"):
        return None  # JSON has a -0, a step of CSV has not: the first alone can be it
    if frame.inner and bare.count(b",%b;" % frame.inner) != len(lines):
        return None
    framed = bare.replace(b",", frame.parts[0]).replace(b";", frame.parts[-1]).replace(b"\n", between)
    return bare if frame.before + framed + frame.after == text else None


def _likely_numbers(text: bytes, frame: Frame, between: bytes) -> bytes:
    if frame.table is None:  # to look for more than one sign takes three times as long
        bare = text.removeprefix(frame.before).removesuffix(frame.after)
        return bare.replace(frame.middle, b",").replace(between, b"\n")
    between = between.translate(frame.table, frame.deleted)
    bare = text.translate(frame.table, frame.deleted).removeprefix(between[1:])
    if between != b"\n":  # it holds a name with digits
        bare = bare.replace(between, b"\n")
    if b"-" in bare:  # it had an e before it, which was deleted, or begins a value
        separator = _SEPARATORS[len(frame.parts) - 1 : len(frame.parts)]
        is_any_below_zero = separator + b"-" in bare
        bare = bare.replace(b"-", b"e-")
        if is_any_below_zero:
            bare = bare.replace(separator + b"e-", separator + b"-")
    return bare.replace(b"+", b"e+")


def _columns(text: bytes, rows: int, decode: Decoder) -> tuple[list[int], list[float]] | None:
    """Return the first and the last number of each line, or None where one is no step or no finite number of JSON."""
    try:
        numbers = decode(b"[%b]" % text.translate(bytes.maketrans(b";\n", b",,")))
        width = len(numbers) // rows
        steps, values = numbers[::width], list(map(float, numbers[width - 1 :: width]))
        # A sum tells whether there is a fraction among integers, and an infinity among floats.
        are_sound = type(sum(steps)) is int and math.isfinite(sum(values))
    except (ValueError, OverflowError):
        return None
    return (steps, values) if are_sound else None
