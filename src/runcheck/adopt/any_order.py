"""A series whose points were logged in any order, as threads do, each at a moment."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from heapq import merge

from runcheck.errors import CannotReadError

_MOST_LATE = 1_000_000  # points of which each is an object of its own


class AnyOrder:
    """The points of one series. Of several at one step it is the one that was logged last, by its moment.

    Most come in the order of their steps. The steps that were passed by are kept apart, and merged in the end.
    """

    def __init__(self) -> None:
        """Begin with no point."""
        self._steps, self._values, self._moments = array("q"), array("d"), array("d")
        self._late: dict[int, tuple[float, float]] = {}
        self.replaced = 0

    def add(self, step: int, value: float, moment: float) -> None:
        """Take a point.

        Raises:
            CannotReadError: too many steps are out of order.
        """
        if not self._steps or step > self._steps[-1]:
            self._steps.append(step)
            self._values.append(value)
            self._moments.append(moment)
            return
        at = bisect_left(self._steps, step)
        if self._steps[at] == step:
            self.replaced += 1
            if not moment < self._moments[at]:
                self._values[at], self._moments[at] = value, moment
            return
        before = self._late.get(step)
        self.replaced += before is not None
        if before is None or not moment < before[1]:
            self._late[step] = value, moment
        if len(self._late) > _MOST_LATE:
            raise CannotReadError(f"more than {_MOST_LATE:,} steps of a series are out of order")

    def points(self) -> Iterator[tuple[int, float]]:
        """Yield the step and the value of each point, in the order of the steps."""
        late = ((step, self._late[step][0]) for step in sorted(self._late))
        return merge(zip(self._steps, self._values, strict=True), late)
