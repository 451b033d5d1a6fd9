"""Many metric rows at once, where all are written as the writer writes them: column by column, at the speed of C.

A block is whole lines. What is not of this form to the last byte is not wrong, only to be read line by line.
"""

import math
import re
from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

Decoder: TypeAlias = Callable[[bytes], list[int]]  # of a JSON array of numbers, which need not be integers
Head: TypeAlias = tuple[bytes, bytes]  # the cells of a row that say its split and its metric, as they stand there

_NUMERIC = b"0123456789+-.eE"
_KEYS = b'{}" :steplvau'  # all signs of the keys "step" and "value" and what stands around them
_WIDTH_WITH_FLAG = 5  # of CSV with the column nonfinite
_FEW_ROWS = 4  # of a series in a block: of fewer, lines are as fast
_MANY_SERIES = 64

_SPLIT = re.compile(rb' ?"split": ?"([A-Za-z0-9_.-]++)"')
_METRIC = re.compile(rb' ?"metric": ?"([A-Za-z0-9_.@:+/-]++)"')


class SeriesRows(NamedTuple):
    """The rows of one series in a block, in their order; all values are finite."""

    head: Head
    steps: list[int]
    values: list[float]


class _Form(NamedTuple):
    """How rows are written: what stands before a step and, with its comma, before a value."""

    before_step: bytes
    before_value: bytes


_FORMS = (_Form(b'{"step": ', b', "value": '), _Form(b'{"step":', b',"value":'))


def names_of_jsonl(head: Head) -> tuple[str, str] | None:
    """Return split and metric, or None where the cells are not those of a canonical row."""
    split, metric = _SPLIT.fullmatch(head[0]), _METRIC.fullmatch(head[1])
    return (split[1].decode(), metric[1].decode()) if split and metric else None


def rows_of_jsonl(block: bytes, line_limit: int, decode: Decoder) -> list[SeriesRows] | None:
    """Return the rows of a block by series, or None where it has a line that is not canonical.

    Series come in the order of their first rows. Heads are taken as they are: :func:`names_of_jsonl` says whether they
    name a series. A block that has a line longer than half of ``line_limit`` bytes may be None. ``decode`` reads an
    array of numbers: nothing but digits, signs, points and commas is given to it, so nothing hostile.
    """
    form = next((each for each in _FORMS if block.startswith(each.before_step)), None)
    if form is None or not block.endswith(b"}\n") or not _has_short_lines(block, line_limit):
        return None
    cells = block.split(b",")
    rows, over = divmod(len(cells) - 1, 3)
    if over:
        return None
    text = _numbers(b",".join(cells[0::3]), rows, form)
    columns = _columns(text, rows, decode) if text else None
    return _by_series(cells[1::3], cells[2::3], *columns) if columns else None


def names_of_csv(head: Head) -> tuple[str, str] | None:
    """Return split and metric, or None where the cells are no names in ASCII."""
    return (head[0].decode(), head[1].decode()) if head[0].isascii() and head[1].isascii() else None


def rows_of_csv(block: bytes, width: int, line_limit: int, decode: Decoder) -> list[SeriesRows] | None:
    """Return the rows of a block of records of ``width`` cells, 4 or 5, as :func:`rows_of_jsonl` does."""
    if not _has_short_lines(block, line_limit):
        return None
    cells = block.split(b",")
    rows, over = divmod(len(cells) - 1, width - 1)  # the last cell of a record and the first of the next are one here
    if over or not rows:
        return None
    splits, metrics = cells[1 :: width - 1], cells[2 :: width - 1]
    del cells[1 :: width - 1], cells[1 :: width - 2]
    text = b",".join(cells).replace(b"\r\n", b"\n")
    if text.translate(None, _NUMERIC) != (b"," * (width - 3) + b"\n") * rows or text.startswith(b"-") or b"\n-" in text:
        return None  # JSON has a -0, a step has not
    if width == _WIDTH_WITH_FLAG:
        text = text.replace(b",\n", b"\n")
    columns = _columns(text, rows, decode)
    return _by_series(splits, metrics, *columns) if columns else None


def _has_short_lines(block: bytes, limit: int) -> bool:
    """Say whether a line feed stands in every half ``limit`` of the block, so that no line is longer."""
    half = limit // 2
    return all(block.find(b"\n", at, at + half) >= 0 for at in range(0, len(block) - half, half))


def _numbers(text: bytes, rows: int, form: _Form) -> bytes | None:
    """Return the ``{"step": 1, "value": 2}`` of ``text`` as ``1,2``, a line each, or None where they are not such.

    All that stands before a step and a value is counted, then the signs of it are deleted wherever they are: if as
    many went as were counted, and numbers, commas and line feeds by turns are left, then nothing else was there.
    """
    if text.count(b"}\n" + form.before_step) != rows - 1 or text.count(form.before_value) != rows:
        return None
    left = len(text) - rows * (len(form.before_step) + len(form.before_value) + len(b"}") - len(b","))
    if b"e-" in text:
        text = text.replace(b"e-", b"E-")  # an exponent, whose e is not to go
    bare = text.translate(None, _KEYS)
    if len(bare) != left:
        bare = text.replace(b"e+", b"E+").translate(None, _KEYS)
    return bare if len(bare) == left and bare.translate(None, _NUMERIC) == b",\n" * rows else None


def _columns(text: bytes, rows: int, decode: Decoder) -> tuple[list[int], list[float]] | None:
    """Return the steps and the values of lines of two numbers, or None where one is no finite number of JSON."""
    try:
        numbers = decode(b"[%b]" % text[:-1].replace(b"\n", b","))
        steps, values = numbers[0::2], list(map(float, numbers[1::2]))
        # A sum tells whether there is a fraction among integers, and an infinity among floats.
        are_sound = len(steps) == len(values) == rows and type(sum(steps)) is int and math.isfinite(sum(values))
    except (ValueError, OverflowError):
        return None
    return (steps, values) if are_sound else None


def _by_series(
    splits: list[bytes], metrics: list[bytes], steps: list[int], values: list[float]
) -> list[SeriesRows] | None:
    period = _period(splits, metrics)
    if period:
        if period > max(_MANY_SERIES, len(steps) // _FEW_ROWS):
            return None
        heads = zip(splits[:period], metrics[:period], strict=True)
        return [SeriesRows(head, steps[at::period], values[at::period]) for at, head in enumerate(heads)]
    places: defaultdict[Head, list[int]] = defaultdict(list)
    for at, head in enumerate(zip(splits, metrics, strict=True)):
        places[head].append(at)
    if len(places) > max(_MANY_SERIES, len(steps) // _FEW_ROWS):
        return None
    return [
        SeriesRows(head, list(map(steps.__getitem__, chosen)), list(map(values.__getitem__, chosen)))
        for head, chosen in places.items()
    ]


def _period(splits: list[bytes], metrics: list[bytes]) -> int | None:
    """Return after how many rows the heads come again in the same order, None where they don't."""
    period = 0
    while True:
        try:
            period = metrics.index(metrics[0], period + 1)
        except ValueError:
            period = len(metrics)
            break
        if splits[period] == splits[0]:
            break
    is_period = metrics[period:] == metrics[:-period] and splits[period:] == splits[:-period]
    is_period = is_period or period == len(metrics)
    return period if is_period and len(set(zip(splits[:period], metrics[:period], strict=True))) == period else None
