"""The rows of one call of ``log``: names checked once, lines formatted.

Formatted by hand, since ``json.dumps`` takes four times as long and this is what a training loop waits for.
"""

import json
import math
import operator
from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeGuard

from runcheck.convention.aggregates import nonfinite_name
from runcheck.convention.names import USUAL_SPLITS, is_name
from runcheck.errors import InvalidArgumentError
from runcheck.writer.log.kept_arrays import KeptArrays
from runcheck.writer.log.scalars import DeviceScalar, plain

# Shape and dtype of an array of JAX, of which a computation gives the same object each time.
_form_of = operator.attrgetter("aval")
_DEFAULT = "train"  # the split of what names none

Series: TypeAlias = tuple[str, str]
"""A split and a metric."""


class RowNames:
    """The series that are logged together, in their order. Names that come again come as the same object."""

    __slots__ = ("_forms", "_heads", "_line", "arrays", "floats", "kept", "metrics", "series", "split")

    def __init__(self, split: str, metrics: tuple[str, ...], heads: list[str]) -> None:
        """Take names that were checked, and what stands between step and value in the row of each."""
        self.split = split
        self.metrics = metrics
        self.series: tuple[Series, ...] = tuple((split, metric) for metric in metrics)
        self.floats = [float] * len(metrics)
        self.arrays: list[type] = []  # of what was logged last where something was on a device
        self.kept = KeptArrays()
        self._forms: list[object] = []
        self._heads = heads
        # Formatted by one call of C for all rows of a step; no name has a percent sign or a zero byte.
        self._line = "".join(f'{{"step": \0, {head}%r}}\n' for head in heads).encode()

    def know_arrays(self, values: Sequence[object]) -> None:
        """Remember of what types values are that were checked, and of what shapes and dtypes, if all are arrays."""
        try:
            self._forms = [*map(_form_of, values)]
        except AttributeError:  # one is a float
            self.arrays = []
        else:
            self.arrays = [*map(type, values)]

    def are_known_arrays(self, values: Sequence[object]) -> TypeGuard[Sequence[DeviceScalar]]:
        """Say whether values of the types :attr:`arrays` are as they were, so that none has to be checked again."""
        return self._forms == [*map(_form_of, values)]

    def lines(self, step: int, values: tuple[float, ...]) -> bytes:
        """Return the rows of one step as lines of ``metrics.jsonl``."""
        if math.isfinite(sum(values)):
            return (self._line % values).replace(b"\0", b"%d" % step)
        rows = zip(self._heads, map(_shown, values), strict=True)
        return "".join(f'{{"step": {step}, {head}{shown}}}\n' for head, shown in rows).encode()


Rows: TypeAlias = tuple[RowNames, int, tuple[float, ...], float]
"""The names, the step, the values, and the time of the call in seconds since 1970."""


class KnownNames:
    """Every combination of names that was logged, as far as they are few."""

    _MOST = 1024

    def __init__(self, tell: Callable[[str], None] = lambda _: None) -> None:
        """Start without any; ``tell`` is told of a name that looks like another split's."""
        self._tell = tell
        self.known: dict[tuple[str, ...], RowNames] = {}
        self._heads: dict[Series, str] = {}

    def of(self, split: str, metrics: tuple[str, ...]) -> RowNames:
        """Return the names of one call.

        Raises:
            InvalidArgumentError: one is no name, or stands there twice.
        """
        found = self.known.get((split, *metrics))
        if found is None:
            if len(set(metrics)) < len(metrics):
                twice = next(metric for metric in metrics if metrics.count(metric) > 1)
                raise InvalidArgumentError(f"{twice} is logged twice in one call")
            found = RowNames(plain(split), metrics, [self._head(split, metric) for metric in metrics])
            if len(self.known) >= self._MOST:
                self.known.clear()
            self.known[split, *metrics] = found
        return found

    def _head(self, split: str, metric: str) -> str:
        if (split, metric) not in self._heads:
            self._heads[split, metric] = _checked_head(split, metric)
            first, slash, _ = metric.partition("/")
            if slash and split == _DEFAULT and first in USUAL_SPLITS and first != split:
                self._tell(f'{metric} is logged as a metric of {split}; for the split {first} say split="{first}"')
        return self._heads[split, metric]


def _shown(value: float) -> str:
    return repr(value) if math.isfinite(value) else f'null, "nonfinite": "{nonfinite_name(value)}"'


def _checked_head(split: str, metric: str) -> str:
    if not is_name("split", split):
        raise InvalidArgumentError(f"split is {split!r}; use letters, digits, '.', '_' and '-'")
    if not is_name("metric", metric):
        raise InvalidArgumentError(
            f"the metric {metric!r} is no name of a metric; use letters, digits and _ . @ : + - with / to group"
        )
    return f'"split": {json.dumps(split)}, "metric": {json.dumps(metric)}, "value": '
