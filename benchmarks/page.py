"""The page of a session: targets beside figures, and a table a case."""

import statistics
from collections.abc import Iterable, Mapping

from benchmarks import cases
from benchmarks.paired import Series, ratio
from benchmarks.results import Outcome, Results
from benchmarks.targets import TARGETS, Target

_MIB = 1 << 20
_BUSY = 0.05  # cores; less is the noise of the clock ticks

_INTRODUCTION = """\
# How fast it is

Written by `./dev bench --into docs`, which runs every comparison in half an hour; all numbers are in
[`performance.json`](performance.json).

{machine}

Contenders run in turn (A B C, A B C, ...) after a first time each that does not count, each from start to exit. Times
are medians; a ratio is the median over the rounds of the ratio within a round. *CPU* is the time of all processes on
the cores, which other work on the machine disturbs less than the clock; what is gained by working on several at once
does not show in it. *Peak* is the memory of all processes together, what they share counted once.

Every tree is units and their lists, which conform, and the peers have the same files. A registry, which a tree should
have, is in those of *{registered}* alone: no peer reads it, and it takes us pyarrow. *{sha256sum}* is one process over
the lists of all units joined into one, the best it can do. *{bagit}* validates a bag of second names of the files,
*{signing}* a signature by a local key, *{schema}* the `metadata.json` of all units in one process. *{git}* has a
repository beside the tree. {variants}

What is near the limit: *{calls}* is `benchmarks/calls.py`, which lists, opens, reads, hashes and compares, without a
rule or a message. *{typed}* decodes rows, and passes one of the sixteen defects. Where a target is no ratio, or rests
on Python beside C, it was set on a faster machine: there `python -c pass` took 12 ms, msgspec's typed rows came at 5.1
million a second, of which 4 million are 0.78, and a `json` loop read 0.87 million. `python -m benchmarks.profile TREE`
shows where the time of a check goes. The million files do not fit into what this machine caches; `./dev bench million`
runs them alone.
"""


_WRITERS = """\
By `./dev bench-writers`, which installs them: {versions}. A scalar, five of them a step in a loop without pause, each
writer in a process of its own, in turn; what starts a run does not count. *On all cores* is the time of all threads and
processes. The kill is a SIGKILL of the process and its children after the last step of such a loop. Every writer gets
new floats, which take longer to print than the short ones of *logging scalars*, and all of a run is in *to the end*.

"""


def page(results: Results) -> str:
    """Return the page as Markdown."""
    parts = [_introduction(results), "## Targets\n", targets(results)]
    for name, outcome in results.outcomes.items():
        parts += [f"## {_title(outcome)}\n", table(outcome)]
        if name == "growth":
            parts.append("![Seconds by number of files](performance.svg)\n")
    if results.writers:
        parts += ["## Writers beside others\n", writers(results)]
    return "\n".join(parts)


def writers(results: Results) -> str:
    """Return the table of the writers."""
    ours = next(iter(results.writers.values()))
    rows = [
        [
            name,
            *(f"{statistics.median(times):,.2f} us" for times in (each.loop, each.end, each.cores)),
            *(f"{_median_ratio(getattr(each, what), getattr(ours, what)):,.1f}" for what in ("loop", "end", "cores")),
            f"{each.bytes:,.0f}",
            f"{each.points - each.survivors:,} of {each.points:,}",
        ]
        for name, each in results.writers.items()
    ]
    head = ["", "in the loop", "to the end", "on all cores", "ratios", "", "", "bytes a scalar", "lost to a kill"]
    return _WRITERS.format(versions=_versions(results.writer_versions)) + _table(head, rows)


def _median_ratio(of: list[float], to: list[float]) -> float:
    return statistics.median(one / other for one, other in zip(of, to, strict=True))


def _introduction(results: Results) -> str:
    variants = (f"*{name}* is `{command} TREE`" for name, command in results.variants.items())
    return _INTRODUCTION.format(
        machine=_machine(results),
        variants="; ".join(variants) + ".",
        sha256sum=cases.SHA256SUM,
        bagit=cases.BAGIT,
        signing=cases.SIGNING,
        registered=cases.REGISTERED,
        schema=cases.SCHEMA,
        git=cases.GIT,
        calls=cases.CALLS,
        typed=cases.TYPED,
    )


def targets(results: Results) -> str:
    """Return the table of the targets; the last column has what is not of memory by the time on the cores."""
    rows = [_target_row(target, results) for target in TARGETS]
    return _table(["what", "target", "stretch", "measured", "", "by CPU"], rows)


def _target_row(target: Target, results: Results) -> list[str]:
    figure, by_cpu = target.measured(results), target.measured(results, on_the_cores=True)
    sign = "at least" if target.at_least else "at most"
    return [
        target.words,
        f"{sign} {target.limit:g} {target.unit}",
        f"{target.stretch:g}" if target.stretch is not None else "",
        f"{_digits(figure)} {target.unit}" if figure is not None else "",
        target.verdict(figure),
        _digits(by_cpu) if by_cpu is not None and by_cpu != figure else "",
    ]


def table(outcome: Outcome) -> str:
    """Return the table of a case."""
    head = ["", "wall", "CPU", "peak", "wall, ratio", "CPU, ratio", "rounds"]
    counted = any(series.count > 1 for series in outcome.series.values())
    rows = [
        [
            name,
            _seconds(series.wall),
            _seconds(series.cpu),
            f"{series.memory / _MIB:,.0f} MiB" if series.memory else "",
            _digits(ratio(series, outcome.reference_of(name))),
            _digits(ratio(series.on_the_cores, outcome.reference_of(name).on_the_cores)),
            str(len(series.samples)),
            *([_each(series)] if counted else []),
        ]
        for name, series in outcome.series.items()
    ]
    return _table([*head, *(["wall, each"] if counted else [])], rows)


def _each(series: Series) -> str:
    return f"{series.wall / series.count * 1e6:,.2f} us"


def _title(outcome: Outcome) -> str:
    return outcome.title[:1].upper() + outcome.title[1:]


def _machine(results: Results) -> str:
    words = ", ".join(f"{value}" for value in results.machine.values())
    busy = [outcome.others for outcome in results.outcomes.values()]
    other = f"Other work kept {min(busy):.1f} to {max(busy):.1f} cores busy meanwhile, on average over a comparison."
    return f"Machine: {words}. With {_versions(results.versions)}.{f' {other}' if busy and max(busy) > _BUSY else ''}"


def _versions(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    cells = [list(head), *map(list, rows)]
    alignment = ["---", *["---:"] * (len(cells[0]) - 1)]
    return "".join(f"| {' | '.join(row)} |\n" for row in [cells[0], alignment, *cells[1:]])


def _seconds(value: float) -> str:
    return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.2f} s"


def _digits(value: float) -> str:
    """Return a figure with as many digits as carry meaning."""
    return f"{value:.3f}" if value < 1 else f"{value:.2f}" if value < 100 else f"{value:,.0f}"  # noqa: PLR2004
