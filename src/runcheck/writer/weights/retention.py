"""Which checkpoints of a run stay: a choice over steps and the metric that ranks them."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import SupportsFloat

from runcheck.convention.aggregates import Direction
from runcheck.convention.names import is_name
from runcheck.errors import InvalidArgumentError
from runcheck.writer.log.kept_arrays import copies_of


@dataclasses.dataclass(frozen=True, kw_only=True)
class Keep:
    """Which checkpoints of a run stay: all that one of the rules keeps, and always the newest.

    ``Keep(best=2, by="val/loss", last=3, every=1000)`` keeps the two with the best loss on the split ``val``, the three
    newest, and those of the steps 0, 1000, 2000 and so on. Without a rule all stay.

    A checkpoint is removed once a newer one is committed. It ranks by what is known then: what ``save_checkpoint`` was
    given, else the last value that was logged at its step. One without a finite value ranks behind all others; of equal
    ones the newer ranks first. One that an export was made from stays.

    Attributes:
        best: How many of the best stay.
        by: The metric that ranks them, ``<split>/<metric>``. Which end of it is better is said by ``directions`` of
            the run, as it is for the summary.
        last: How many of the highest steps stay.
        every: Steps that this number divides stay.

    Raises:
        InvalidArgumentError: a number is not positive, or only one of ``best`` and ``by`` is given.
    """

    best: int | None = None
    by: str | None = None
    last: int | None = None
    every: int | None = None

    def __post_init__(self) -> None:
        """Check what was given."""
        for name in ("best", "last", "every"):
            number = getattr(self, name)
            if number is not None and (type(number) is not int or number < 1):
                raise InvalidArgumentError(f"Keep({name}={number!r}): give an integer from 1, or leave it out")
        if (self.best is None) != (self.by is None):
            raise InvalidArgumentError("Keep needs both best and by: how many, and the metric that ranks them")
        split, _, metric = str(self.by).partition("/")
        if self.by is not None and not (is_name("split", split) and is_name("metric", metric)):
            raise InvalidArgumentError(f"Keep(by={self.by!r}): name a split and a metric of it, as val/loss does")

    @property
    def is_all(self) -> bool:
        """Whether every checkpoint stays."""
        return self.best is None and self.last is None and self.every is None


def surplus(checkpoints: Sequence[tuple[int, float | None]], keep: Keep, direction: Direction = "min") -> list[int]:
    """Return the steps that need not stay, in ascending order.

    ``checkpoints`` are steps, no two alike, in the order in which they were committed, each with the metric that ranks
    it or None. The highest step and the one that was committed last always stay.
    """
    if keep.is_all or not checkpoints:
        return []
    steps = sorted(step for step, _ in checkpoints)
    stay = {steps[-1], checkpoints[-1][0], *steps[-(keep.last or 1) :]}
    if keep.every is not None:
        stay.update(step for step in steps if step % keep.every == 0)
    ranked = sorted(checkpoints, key=lambda checkpoint: _rank(checkpoint, direction))
    stay.update(step for step, _ in ranked[: keep.best or 0])
    return [step for step in steps if step not in stay]


def _rank(checkpoint: tuple[int, float | None], direction: Direction) -> tuple[bool, float, int]:
    step, value = checkpoint
    if value is None or not math.isfinite(value):
        return True, 0.0, -step
    return False, value if direction == "min" else -value, -step


class Ranking:
    """The metric that ranks checkpoints, at the steps that have one. A value may still be on a device."""

    def __init__(self, by: str, direction: Direction) -> None:
        """Rank by the metric ``by``, ``<split>/<metric>``."""
        self.by = by
        self.direction = direction
        self._split, _, self._metric = by.partition("/")
        self._seen: tuple[int, SupportsFloat] | None = None
        self._logged: dict[int, SupportsFloat | None] = {}
        self._given: dict[int, SupportsFloat] = {}

    def saw(self, step: int, split: str, metrics: Mapping[str, object]) -> None:
        """Take what was logged at ``step``; values are numbers, names may be nested."""
        if split != self._split:
            return
        value = _found(metrics, self._metric)
        if isinstance(value, SupportsFloat):
            # What is no device value is read now, since an array of the caller's may change.
            self._seen = step, value if hasattr(value, "is_ready") else float(value)
            if step in self._logged:
                self._logged[step] = _kept(self._seen[1])

    def expect(self, step: int, metrics: Mapping[str, object] | None) -> None:
        """Begin to keep the value of ``step``, which has a checkpoint; ``metrics`` go before what is logged.

        Raises:
            InvalidArgumentError: the metric in ``metrics`` is no number.
        """
        given = None if metrics is None else _found(metrics, self.by)
        if given is None and metrics is not None:
            given = _found(metrics, self._metric)
        if given is not None:
            if isinstance(given, str) or not isinstance(given, SupportsFloat) or getattr(given, "shape", ()) != ():
                raise InvalidArgumentError(f"{self.by} is a {type(given).__name__}; a metric is one number")
            self._given[step] = _kept(given) if hasattr(given, "is_ready") else float(given)
        else:
            self._given.pop(step, None)
        self._logged[step] = _kept(self._seen[1]) if self._seen is not None and self._seen[0] == step else None

    def adopt(self, step: int, value: float) -> None:
        """Take the value that was logged at the step of a checkpoint which an earlier session saved."""
        self._logged[step] = value

    def forget(self, step: int) -> None:
        """Drop the value of a step whose checkpoint is gone."""
        self._logged.pop(step, None)
        self._given.pop(step, None)

    def value(self, step: int) -> float | None:
        """Return the value at ``step``, or None where there is none. Waits for a device."""
        value = self._given.get(step, self._logged.get(step))
        try:
            return None if value is None else float(value)
        except (OverflowError, RuntimeError, TypeError, ValueError):  # JAX: the array was deleted
            return None


def _kept(value: SupportsFloat) -> SupportsFloat:
    """Return a value for later, when an array may have been donated."""
    return copies_of([value])[0]


def _found(metrics: Mapping[str, object], name: str) -> object:
    """Return the value that is called ``name`` once nested names are joined by ``/``, or None."""
    value = metrics.get(name)
    if value is not None and not isinstance(value, Mapping):
        return value
    for end, character in enumerate(name):
        below = metrics.get(name[:end]) if character == "/" else None
        if isinstance(below, Mapping) and (value := _found(below, name[end + 1 :])) is not None:
            return value
    return None
