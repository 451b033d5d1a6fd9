"""Contenders in turn: A B C, A B C, ...: what disturbs the machine for a while disturbs them all, and cancels."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from benchmarks.measure import Command, Sample, Work, measure, peak_memory

LEAST_ROUNDS = 3


@dataclass(frozen=True)
class Contender:
    """One that does the work on so many things, and what is done before each time, which does not count."""

    work: Work
    count: int = 1
    before: Callable[[], object] | None = None


@dataclass
class Series:
    """What each round of one contender took on so many things, and the peak memory of its processes together."""

    samples: list[Sample] = field(default_factory=list)
    together: int = 0
    count: int = 1

    @property
    def wall(self) -> float:
        """The median of the wall times."""
        return statistics.median(sample.wall for sample in self.samples)

    @property
    def cpu(self) -> float:
        """The median of the times on the cores."""
        return statistics.median(sample.cpu for sample in self.samples)

    @property
    def on_the_cores(self) -> "Series":
        """The same rounds, with the time on the cores for the wall time."""
        return replace(self, samples=[replace(sample, wall=sample.cpu) for sample in self.samples])

    @property
    def memory(self) -> int:
        """The peak memory in bytes: of all processes, as sampled, or of the largest one where that is more."""
        return max([self.together, *(sample.largest for sample in self.samples)])


def run_in_turn(contenders: Mapping[str, Contender], *, rounds: int, seconds: float) -> dict[str, Series]:
    """Measure the contenders in turn, after a first time for each that does not count.

    There are ``rounds`` rounds, or fewer, but three, where these take more than so many seconds.
    """
    found = {name: Series(count=contender.count) for name, contender in contenders.items()}
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


def ratio(of: Series, to: Series) -> float:
    """Return the median over the rounds of how many times as long one took as the other in the same round."""
    return statistics.median(one.wall / other.wall for one, other in zip(of.samples, to.samples, strict=True))


def difference(of: Series, to: Series) -> float:
    """Return the median over the rounds of how many seconds longer one took than the other in the same round."""
    return statistics.median(one.wall - other.wall for one, other in zip(of.samples, to.samples, strict=True))
