"""What is to be reached: a table."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import cases, inside
from benchmarks.paired import Series, difference, ratio
from benchmarks.results import Results, of_size

_MIB = 1 << 20


def _peak(of: Series, to: Series) -> float:
    return of.memory / _MIB


def _growth_of_peak(of: Series, to: Series) -> float:
    return of.memory / to.memory


def _times(of: Series, to: Series) -> float:
    return ratio(of, to)


def _rate(of: Series, to: Series) -> float:
    return 1 / ratio(of, to)


def _cost_of_each(of: Series, to: Series) -> float:
    return ratio(of, to) * to.count / of.count


def _milliseconds(of: Series, to: Series) -> float:
    return of.wall * 1000


def _milliseconds_above(of: Series, to: Series) -> float:
    return difference(of, to) * 1000


def _millions_a_second(of: Series, to: Series) -> float:
    return of.count / of.cpu / 1e6


def _microseconds_each(of: Series, to: Series) -> float:
    return of.wall / of.count * 1e6


@dataclass(frozen=True)
class Target:
    """A limit for one contender of a case, often against another one; the stretch is what would be better still."""

    words: str
    case: str
    of: str
    to: str
    quantity: Callable[[Series, Series], float]
    unit: str
    limit: float
    stretch: float | None = None
    at_least: bool = False

    def measured(self, results: Results, *, on_the_cores: bool = False) -> float | None:
        """Return the figure, by the clock or by the time on the cores; None where there is none."""
        outcome = results.outcomes.get(self.case)
        if outcome is None or self.of not in outcome.series or self.to not in outcome.series:
            return None
        of, to = outcome.series[self.of], outcome.series[self.to]
        return self.quantity(of.on_the_cores, to.on_the_cores) if on_the_cores else self.quantity(of, to)

    def verdict(self, figure: float | None) -> str:
        """Say whether a figure meets the limit, and the stretch."""
        if figure is None:
            return "not measured"
        if not self._is_within(figure, self.limit):
            return "**not met**"
        return "met, stretch too" if self.stretch is not None and self._is_within(figure, self.stretch) else "met"

    def _is_within(self, figure: float, limit: float) -> bool:
        return figure >= limit if self.at_least else figure <= limit


_ALONE = "runcheck, checksums alone"
_KEPT = "runcheck, as typed"


def _sized(files: int) -> str:
    return of_size("runcheck", files)


TARGETS = (
    Target("T1, to SHA-256 on two cores", "large", "runcheck", cases.SHA256_LIMIT, _times, "x", 1.15, 1.08),
    Target("T1, to `sha256sum -c`", "large", "runcheck", cases.SHA256SUM, _times, "x", 0.16),
    Target("T1, to bagit with two processes", "large", "runcheck", cases.BAGIT, _times, "x", 1.0),
    Target("T2, checksums alone, to `sha256sum -c`", "small", _ALONE, cases.SHA256SUM, _times, "x", 0.50, 0.42),
    Target("T2, checksums alone, to bagit with two processes", "small", _ALONE, cases.BAGIT, _times, "x", 0.10),
    Target("T2, to `sha256sum -c` then check-jsonschema", "small", "runcheck", cases.BOTH, _times, "x", 0.50, 0.30),
    Target("T2, unchanged, to `git status`", "unchanged", _KEPT, cases.GIT, _times, "x", 2.0, 1.1),
    Target("T2, one changed unit in a hook", "hook", _KEPT, cases.PYTHON, _milliseconds, "ms", 60, 35),
    Target(
        f"T2, checksums alone, data evicted, {cases.WORKERS} workers, to `sha256sum -c`",
        "evicted", cases.ALONE_WORKERS, cases.SHA256SUM, _times, "x", 0.40,
    ),
    Target(
        "metrics, rows a second a core",
        "rows", "runcheck", cases.JSON_LOOP, _millions_a_second, "million", 4, at_least=True,
    ),
    Target(
        "metrics, rows a second, to msgspec's typed rows",
        "rows", "runcheck", cases.TYPED, _rate, "x", 0.78, at_least=True,
    ),
    Target("metrics, standard library, to a `json` loop", "rows", cases.ALONE, cases.JSON_LOOP, _times, "x", 0.15),
    Target("metadata, to check-jsonschema", "documents", "runcheck", cases.SCHEMA, _times, "x", 0.25, 0.15),
    Target("`--version`, above the interpreter", "start", cases.VERSION, cases.PYTHON, _milliseconds_above, "ms", 30),
    Target("T1, peak memory", "large", "runcheck", cases.SHA256_LIMIT, _peak, "MiB", 64, 32),
    Target("T2, peak memory", "small", "runcheck", cases.SHA256SUM, _peak, "MiB", 64, 32),
    Target(
        "peak memory at 100,000 files, to 10,000", "growth", _sized(100_000), _sized(10_000), _growth_of_peak, "x", 1.1,
    ),
    Target("cost a file at 50,000, to 10,000", "growth", _sized(50_000), _sized(10_000), _cost_of_each, "x", 1.1),
    Target("log, a scalar in the loop", "log", inside.LOOP, inside.BY_JSON, _microseconds_each, "us", 1.0),
    Target("log, a scalar to the end", "log", inside.TO_THE_END, inside.BY_JSON, _microseconds_each, "us", 5.0),
    Target(
        "cost a file at 1,000,000, to 10,000", "million", _sized(1_000_000), _sized(10_000), _cost_of_each, "x", 1.1,
    ),
)  # fmt: skip
