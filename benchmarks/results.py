"""What a session measured, as a value and as JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import cast

from benchmarks.measure import Sample
from benchmarks.paired import Series


@dataclass
class Outcome:
    """The series of one case by contender, and how many cores the rest of the machine kept busy meanwhile."""

    title: str
    reference: str
    others: float
    series: dict[str, Series]

    def reference_of(self, name: str) -> Series:
        """Return what a contender is compared with."""
        return self.series.get(self.reference) or self.series[of_size(self.reference, self.series[name].count)]


def of_size(name: str, files: int) -> str:
    """Name a contender on a tree of a size."""
    return f"{name}, {files:,} files"


@dataclass
class WriterFigures:
    """What a writer of so many points took in each round, in microseconds a scalar, its bytes a scalar, and survivors.

    ``loop`` is the caller's wall time, ``end`` that to the end of the run, ``cores`` the time on all cores.
    ``survivors`` are the points that are there after a kill at the end of the loop.
    """

    points: int
    loop: list[float] = field(default_factory=list)
    end: list[float] = field(default_factory=list)
    cores: list[float] = field(default_factory=list)
    bytes: float = 0.0
    survivors: int = 0


@dataclass
class Results:
    """Where and with what it was measured, in words, by which command each variant, and the outcomes by case.

    The writers are measured beside each other by themselves.
    """

    machine: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    variants: dict[str, str] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    writers: dict[str, WriterFigures] = field(default_factory=dict)
    writer_versions: dict[str, str] = field(default_factory=dict)


def save(results: Results, path: Path) -> None:
    """Write results."""
    path.write_text(f"{json.dumps(asdict(results), indent=1)}\n")


def load(path: Path) -> Results:
    """Read results."""
    value = json.loads(path.read_text())
    machine, versions, variants = (cast("dict[str, str]", value[name]) for name in ("machine", "versions", "variants"))
    outcomes = {name: _outcome(each) for name, each in value["outcomes"].items()}
    writers = {name: WriterFigures(**each) for name, each in value.get("writers", {}).items()}
    return Results(machine, versions, variants, outcomes, writers, value.get("writer_versions", {}))


def _outcome(value: Mapping[str, object]) -> Outcome:
    series = cast("dict[str, dict[str, object]]", value["series"])
    return Outcome(
        str(value["title"]),
        str(value["reference"]),
        cast("float", value["others"]),
        {name: _series(each) for name, each in series.items()},
    )


def _series(value: Mapping[str, object]) -> Series:
    samples = [Sample(**each) for each in cast("list[dict[str, float]]", value["samples"])]  # type: ignore[arg-type]
    return Series(samples, cast("int", value["together"]), cast("int", value["count"]))
