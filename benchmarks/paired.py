"""Contenders in turn: A B C, A B C, ... What disturbs the machine for a while disturbs them all, and cancels in the ratios."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from benchmarks.measure import Command, Sample, Work, measure, peak_memory

LEAST_ROUNDS = 3


@dataclass(frozen=True)
class Contender:
    """One that does the work, and what is to be done before each time it does, which does not count."""

    work: Work
    before: Callable[[], object] | None = None


@dataclass
class Series:
    """What each round of one contender took, and the peak memory of all its processes together."""

    samples: list[Sample] = field(default_factory=list)
    together: int = 0

    @property
    def wall(self) -> float:
        """The median of the wall times."""
        return statistics.median(sample.wall for sample in self.samples)

    @property
    def cpu(self) -> float:
        """The median of the times on the cores."""
        return statistics.median(sample.cpu for sample in self.samples)

    @property
    def memory(self) -> int:
        """The peak memory in bytes: of all processes, as sampled, or of the largest one where that is more."""
        return max(self.together, max(sample.largest for sample in self.samples))


def run_in_turn(contenders: Mapping[str, Contender], *, rounds: int, seconds: float) -> dict[str, Series]:
    """Measure the contenders in turn, after a first time for each that does not count.

    There are ``rounds`` rounds, or fewer, but three, where these take more than so many seconds.
    """
    found = {name: Series() for name in contenders}
    for name, contender in contenders.items():
        _prepare(contender)
        if isinstance(contender.work, Command):
            found[name].together = peak_memory(contender.work)
        else:
            measure(contender.work)
    start = time.perf_counter()
    for round_ in range(rounds):
        if round_ >= LEAST_ROUNDS and time.perf_counter() - start > seconds:
            break
        for name, contender in contenders.items():
            _prepare(contender)
            found[name].samples.append(measure(contender.work))
    return found


def _prepare(contender: Contender) -> None:
    if contender.before is not None:
        contender.before()


def ratio(of: Series, to: Series, quantity: str = "wall") -> float:
    """Return the median over the rounds of what one took, divided by what the other took in the same round."""
    pairs = zip(of.samples, to.samples, strict=True)
    return statistics.median(getattr(one, quantity) / getattr(other, quantity) for one, other in pairs)


def difference(of: Series, to: Series) -> float:
    """Return the median over the rounds of how many seconds longer one took than the other in the same round."""
    return statistics.median(one.wall - other.wall for one, other in zip(of.samples, to.samples, strict=True))
