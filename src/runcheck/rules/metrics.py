"""RC4, the rows: what the metrics probe saw, clause by clause."""

from collections.abc import Iterator

from runcheck.convention.documents import Status
from runcheck.convention.units import Unit
from runcheck.probes.contents import MAX_DEFECTS, MetricsContent
from runcheck.rules.rule import Problem, unit_rule


@unit_rule
def metrics_syntax(unit: Unit, metrics: MetricsContent, known_status: Status | None) -> Iterator[Problem]:
    """Lines that are no row. A running unit may be in the middle of its last line."""
    kinds = {"syntax"} if known_status == "running" else {"syntax", "torn"}
    yield from _defects(unit, metrics, kinds)
    if metrics.defect_count > MAX_DEFECTS:
        yield Problem(
            unit.of_role("metrics")[0], f"has {metrics.defect_count:,} defects in all, of which {MAX_DEFECTS} are shown"
        )


@unit_rule
def metrics_schema(unit: Unit, metrics: MetricsContent) -> Iterator[Problem]:
    """Rows that break the schema."""
    yield from _defects(unit, metrics, {"schema"})


@unit_rule
def nonfinite_flag(unit: Unit, metrics: MetricsContent) -> Iterator[Problem]:
    """Null without its reason, or a reason without null."""
    yield from _defects(unit, metrics, {"nonfinite"})


@unit_rule
def step_order(unit: Unit, metrics: MetricsContent) -> Iterator[Problem]:
    """Steps that go backwards within a series."""
    yield from _defects(unit, metrics, {"order"})


@unit_rule
def duplicate_point(unit: Unit, metrics: MetricsContent) -> Iterator[Problem]:
    """A step that a series has twice."""
    yield from _defects(unit, metrics, {"duplicate"})


@unit_rule
def metrics_empty(unit: Unit, metrics: MetricsContent, status: Status) -> Iterator[Problem]:
    """A completed run without a row."""
    if status == "completed" and not metrics.rows and not metrics.defect_count:
        yield Problem(unit.of_role("metrics")[0], "holds no row, and the run is completed")


@unit_rule
def diverged(unit: Unit, sound_metrics: MetricsContent, status: Status) -> Iterator[Problem]:
    """Series of a completed run that end on a value that is not finite."""
    for (split, metric), series in sound_metrics.series.items():
        last = series.summary("min").get("last_nonfinite")
        if status == "completed" and last:
            yield Problem(unit.of_role("metrics")[0], f"ends {split}/{metric} on {last} at step {series.last_step}")


def _defects(unit: Unit, metrics: MetricsContent, kinds: set[str]) -> Iterator[Problem]:
    path = unit.of_role("metrics")[0]
    for defect in metrics.defects:
        if defect.kind in kinds:
            yield Problem(path, f"line {defect.line} {defect.message}", line=defect.line)
