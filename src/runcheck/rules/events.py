"""RC4, the event files of TensorBoard: framing, and the same series as the metrics."""

from collections.abc import Iterator, Mapping

from runcheck.convention.documents import Status
from runcheck.convention.layout import layout
from runcheck.convention.units import Unit
from runcheck.probes.contents import ComparisonContent, Difference, EventsContent
from runcheck.rules.rule import Problem, unit_rule

_SHOWN = 20


@unit_rule
def events_framing(events: Mapping[str, EventsContent], known_status: Status | None) -> Iterator[Problem]:
    """Records that no reader gets past. A running unit may be in the middle of its last record."""
    for path, content in events.items():
        broken = content.first_break
        if broken is None or (broken.kind == "torn" and known_status == "running"):
            continue
        more = f"; {content.bad_records:,} records of the file are bad" if content.bad_records > 1 else ""
        help_ = None
        if broken.kind == "torn" and broken.offset:
            help_ = f"Restore the file, or cut it to its whole records: `truncate -s {broken.offset}`."
        yield Problem(path, f"record {broken.record:,} at byte {broken.offset:,} {broken.message}{more}", help=help_)


@unit_rule
def events_disagree(unit: Unit, comparison: ComparisonContent, known_status: Status | None) -> Iterator[Problem]:
    """Series that the event files lack or have otherwise. Of a running unit one may be flushed before the other."""
    if known_status == "running":
        return
    files = unit.of_role("events")
    path = files[0] if len(files) == 1 else layout().folder_of("events")
    if comparison.missing:
        names = ", ".join(comparison.missing[:3]) + (", ..." if len(comparison.missing) > 3 else "")  # noqa: PLR2004
        yield Problem(path, f"lacks {len(comparison.missing):,} of the series of the metrics: {names}")
    for series, difference in list(comparison.differences.items())[:_SHOWN]:
        yield Problem(path, f"has {series} otherwise than the metrics: {_words(difference)}")
    if len(comparison.differences) > _SHOWN:
        yield Problem(
            path, f"has {len(comparison.differences):,} series otherwise than the metrics; {_SHOWN} are shown"
        )


def _words(difference: Difference) -> str:
    if difference.first is None:
        return "too many points to say at which steps"
    kinds = ((difference.other, "with another value"), (difference.lacking, "lacking"), (difference.beyond, "too many"))
    counts = ", ".join(f"{count:,} {kind}" for count, kind in kinds if count)
    step, event, metric = difference.first
    qualified = "" if difference.whole else "at least "
    return f"{qualified}{counts}, first at step {step}: {_shown(event)} here, {_shown(metric)} in the metrics"


def _shown(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.9g}"
