"""Tables of numbers, and what their values are like: how many, how spread, whether one follows from the one before."""

import math
from array import array
from collections.abc import Sequence
from typing import NamedTuple

SAMPLE = 8192  # numbers of a table that are looked at
_LINES_OF_COLUMNS = 64
_LEAST = 8  # numbers, or rows, for a figure to mean anything
_COLUMNS_OF_WORDS = 4  # that a header names beside those of numbers
_BOUND = 1e150  # its square is a double; beyond it, as NaN, are no values
_PRECISE = 64  # numbers whose digits are counted


class Table(NamedTuple):
    """Numbers that stand together: where, under which words, in which shape, and what they are like.

    ``header`` are the words of the line above, one a column; ``encoding`` is that of a blob. Shares are of one. Zeros
    count neither as negative nor as positive, and for no moment: pruned weights and sparse gradients are full of them.
    The figures are those of the first numbers where there are many.
    """

    label: str
    line: int
    rows: int
    columns: int  # 0 where the rows differ in length
    count: int  # type: ignore[assignment] # of numbers, where a tuple counts its members
    header: tuple[str, ...] = ()
    encoding: str = ""
    worded: float = 0.0  # share of the rows with a word in them
    indexed: bool = False  # columns of integers stood beside: an index, a step, a label; they do not count here
    fractional: float = 0.0  # share of the numbers that are no integers
    negative: float = 0.0
    zero: float = 0.0
    distinct: float = 0.0
    values: int = 0  # how many different ones
    rms: float = 0.0
    greatest: float = 0.0
    digits: int = 0  # significant ones, the median
    smooth: float = 0.0  # how much a number follows from the one before, in its row or its column: -1 to 1
    symmetric: bool = False
    unit_rows: bool = False  # every row sums to one


class TableSketch:
    """A table while it is read: counts, and a sample."""

    __slots__ = ("_sample", "columns", "count", "digits", "header", "label", "line", "rows", "run", "worded")

    def __init__(self, label: str, line: int, columns: int, header: tuple[str, ...] = ()) -> None:
        """Begin without a number."""
        self.label, self.line, self.columns, self.header = label, line, columns, header
        self.rows = self.count = self.worded = self.run = 0
        self.digits: list[int] = []
        self._sample = array("d")

    def add(self, values: Sequence[float], rows: int, tokens: Sequence[bytes], *, worded: bool = False) -> None:
        """Take in ``rows`` rows, with the texts of their numbers."""
        self.rows += rows
        self.run += rows
        self.count += len(values)
        self.worded += worded
        if len(self._sample) < SAMPLE:
            room = SAMPLE - len(self._sample)
            self._sample.extend(values[:room])
        if len(self.digits) < _PRECISE:
            self.digits += filter(None, map(_digits, tokens[:_PRECISE]))

    def sample(self) -> "array[float]":
        """Return the first numbers."""
        return self._sample

    def table(self, encoding: str = "") -> Table:
        """Return what the table is like."""
        columns = self.columns if self.rows * self.columns == self.count else 0
        sample, rows, count = self._sample, self.rows, self.count
        header = self.header if columns <= len(self.header) <= columns + _COLUMNS_OF_WORDS else ()
        if columns > 1 and rows > 2 and list(sample[:columns]) == list(range(columns)):  # noqa: PLR2004
            sample, rows, count = sample[columns:], rows - 1, count - columns
        whole = _columns_of_integers(sample, columns) if columns > 1 and rows > 2 else []  # noqa: PLR2004
        if whole:
            sample = array("d", (each for at, each in enumerate(sample) if at % columns not in whole))
            columns, count = columns - len(whole), count - rows * len(whole)
        values = [each for each in sample if -_BOUND < each < _BOUND]
        signed = [each for each in values if each]
        if len(values) < _LEAST:
            return Table(self.label, self.line, rows, columns, count, header, encoding)
        different = len(set(values))
        magnitudes = [abs(each) for each in signed] or [0.0]
        return Table(
            label=self.label,
            line=self.line,
            rows=rows,
            columns=columns,
            count=count,
            header=header,
            encoding=encoding,
            worded=self.worded / max(self.rows, 1),
            indexed=bool(whole),
            fractional=sum(not each.is_integer() for each in signed) / max(len(signed), 1),
            negative=sum(each < 0 for each in signed) / max(len(signed), 1),
            zero=1 - len(signed) / len(values),
            distinct=len(set(signed)) / max(len(signed), 1),
            values=different,
            rms=_rms(magnitudes),
            greatest=max(magnitudes),
            digits=sorted(self.digits)[len(self.digits) // 2] if self.digits else 0,
            smooth=_smoothness(sample, columns),
            symmetric=_is_symmetric(sample, rows, columns),
            unit_rows=_sums_to_one(sample, columns),
        )


def _digits(token: bytes) -> int:
    mantissa = token.lower().partition(b"e")[0].lstrip(b"+-0.")
    return len(mantissa.replace(b".", b""))


def _rms(magnitudes: list[float]) -> float:
    greatest = max(magnitudes)
    return greatest * math.sqrt(sum((each / greatest) ** 2 for each in magnitudes) / len(magnitudes)) if greatest else 0


def _columns_of_integers(sample: Sequence[float], columns: int) -> set[int]:
    """Return which columns are an index, a step or a label: integers from 0 beside columns that are none."""
    whole, others = set(), False
    for at in range(columns):
        column = sample[at::columns]
        if not all(each.is_integer() for each in column):
            others = True
        elif min(column) >= 0 and max(column) > min(column):
            whole.add(at)
    return whole if others else set()


def _smoothness(sample: Sequence[float], columns: int) -> float:
    """Return the greater of the correlations of neighbours in a row, and in a column."""
    along = [sample] if columns <= 1 else _rows(sample, columns)
    down = (
        [sample[at::columns] for at in range(0, columns, max(1, columns // _LINES_OF_COLUMNS))] if columns > 1 else []
    )
    return max(_correlation(along), _correlation(down))


def _rows(sample: Sequence[float], columns: int) -> list[Sequence[float]]:
    rows = [sample[at : at + columns] for at in range(0, len(sample), columns)]
    return rows[: 1 + SAMPLE // columns]


def _correlation(series: list[Sequence[float]]) -> float:
    """Return the mean correlation of neighbours, each series about its own mean, weighted by length."""
    total = weight = 0.0
    for each in series:
        finite = [value for value in each if -_BOUND < value < _BOUND]
        if len(finite) < _LEAST:
            continue
        mean = math.fsum(finite) / len(finite)
        centred = [value - mean for value in finite]
        spread = sum(value * value for value in centred)
        if not 0 < spread < math.inf:
            continue
        total += len(finite) * sum(map(float.__mul__, centred, centred[1:])) / spread
        weight += len(finite)
    return total / weight if weight else 0.0


def _is_symmetric(sample: Sequence[float], rows: int, columns: int) -> bool:
    """Say whether a square table is symmetric, as a correlation or a Gram matrix is; its sampled rows tell."""
    if rows != columns or columns < 3:  # noqa: PLR2004
        return False
    whole = min(len(sample) // columns, columns)
    return all(
        math.isclose(sample[i * columns + j], sample[j * columns + i], rel_tol=1e-3, abs_tol=1e-9)
        for i in range(whole)
        for j in range(i)
    )


def _sums_to_one(sample: Sequence[float], columns: int) -> bool:
    if columns < 2:  # noqa: PLR2004
        return False
    rows = [row for row in _rows(sample, columns) if len(row) == columns]
    return bool(rows) and all(math.isclose(sum(row), 1, abs_tol=0.02) for row in rows)
