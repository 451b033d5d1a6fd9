"""Where two runs stop logging the same: of each series the first row that differs, in bounded memory."""

from collections import deque
from collections.abc import Collection, Iterable
from itertools import zip_longest
from typing import NamedTuple

from runcheck.errors import CannotReadError
from runcheck.reading.metrics import Row
from runcheck.reproduce.compare import is_close

_WAITING = 200_000  # rows of one run to which the other has not come; 60 MB


class SeriesDifference(NamedTuple):
    """Where a series differs first: its row there in the one run and in the other; None where that has no more."""

    split: str
    metric: str
    first: Row | None
    second: Row | None

    @property
    def step(self) -> int:
        """The step of that row, the lesser one of two."""
        return min(row.step for row in (self.first, self.second) if row is not None)


def first_differences(
    first: Iterable[Row], second: Iterable[Row], series: Collection[tuple[str, str]]
) -> dict[tuple[str, str], SeriesDifference]:
    """Return of each series, by split and metric, that both runs have where it differs first; the others are the same.

    No more is read than it takes.

    Raises:
        CannotReadError: the series stand in too different an order in the files.
    """
    search = _Search(series)
    ended = False
    for pair in zip_longest(first, second):
        for at, row in enumerate(pair):
            if row is not None:
                search.add(at, row)
        if None in pair and not ended:
            ended = True
            search.end(pair.index(None))
        if not search.waiting:
            break
    search.end(0)
    search.end(1)
    return search.found


class _Search:
    """The series that are the same so far, each with the rows of one run to which the other has not come."""

    def __init__(self, series: Collection[tuple[str, str]]) -> None:
        self.waiting: dict[tuple[str, str], tuple[deque[Row], deque[Row]]] = {
            each: (deque(), deque()) for each in series
        }
        self.found: dict[tuple[str, str], SeriesDifference] = {}
        self._count = 0
        self._ended: int | None = None

    def add(self, at: int, row: Row) -> None:
        """Take in a row of one of the runs."""
        name = row.split, row.metric
        rows = self.waiting.get(name)
        if rows is None:
            return
        rows[at].append(row)
        self._count += 1
        if rows[1 - at]:
            first, second = rows[0].popleft(), rows[1].popleft()
            self._count -= 2
            if first.step != second.step or not is_close(first.value, second.value, rtol=0.0):
                self._differ(name, first, second)
        elif self._ended == 1 - at:
            self._differ(name, *((row, None) if at == 0 else (None, row)))
        elif self._count > _WAITING:
            raise CannotReadError("the rows of their series stand in too different an order to be compared")

    def end(self, at: int) -> None:
        """Take in that one of the runs has no more rows."""
        self._ended = at
        for name, row in [(name, rows[1 - at][0]) for name, rows in self.waiting.items() if rows[1 - at]]:
            self._differ(name, *((None, row) if at == 0 else (row, None)))

    def _differ(self, name: tuple[str, str], first: Row | None, second: Row | None) -> None:
        self.found[name] = SeriesDifference(*name, first, second)
        self._count -= sum(map(len, self.waiting.pop(name)))
