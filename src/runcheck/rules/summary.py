"""RC4, the summary: every number of it, recomputed."""

from collections.abc import Iterator

from runcheck.convention.documents import Metadata, Summary
from runcheck.convention.layout import layout
from runcheck.convention.schemas import Violation
from runcheck.convention.timestamps import parse_timestamp
from runcheck.probes.contents import MetricsContent
from runcheck.rules.rule import Problem, unit_rule

SUMMARY = layout().path("summary")
METADATA = layout().path("metadata")
_CLOCK_SECONDS = 1.0


@unit_rule
def summary_schema(summary_violations: tuple[Violation, ...]) -> Iterator[Problem]:
    """Each place where the summary breaks its schema."""
    for violation in summary_violations:
        yield Problem(SUMMARY, violation.message, pointer=violation.pointer)


@unit_rule
def summary_disagrees(summary: Summary, sound_metrics: MetricsContent) -> Iterator[Problem]:
    """Rows and every number of every series, against the metrics."""
    if summary["rows"] != sound_metrics.rows:
        yield Problem(SUMMARY, f"says {summary['rows']} rows; the metrics have {sound_metrics.rows}", pointer="/rows")
    for split, of_split in summary["metrics"].items():
        for metric, said in of_split.items():
            series = sound_metrics.series.get((split, metric))
            if series is None:
                continue
            recomputed = series.summary(said["direction"])
            for field in sorted(set(said) | set(recomputed)):
                before, after = said.get(field), recomputed.get(field)
                if before != after:
                    pointer = f"/metrics/{split}/{metric.replace('/', '~1')}/{field}"
                    yield Problem(
                        SUMMARY,
                        f"says {field} of {split}/{metric} is {before}; the metrics give {after}",
                        pointer=pointer,
                    )


@unit_rule
def summary_series(summary: Summary, sound_metrics: MetricsContent) -> Iterator[Problem]:
    """Series that one of the two has and the other has not."""
    said = {(split, metric) for split, of_split in summary["metrics"].items() for metric in of_split}
    for split, metric in sorted(set(sound_metrics.series) - said):
        yield Problem(SUMMARY, f"lacks {split}/{metric}, which the metrics have")
    for split, metric in sorted(said - set(sound_metrics.series)):
        yield Problem(SUMMARY, f"has {split}/{metric}, which the metrics lack")


@unit_rule
def summary_checkpoint(summary: Summary, checkpoint_steps: frozenset[int]) -> Iterator[Problem]:
    """The checkpoint that stands for the run."""
    step, steps = summary["checkpoint_step"], sorted(checkpoint_steps)
    of = f"{'step' if len(steps) == 1 else 'steps'} {', '.join(map(str, steps))}"
    there = f"there are checkpoints of {of}" if steps else "there is none"
    if step is None and steps:
        yield Problem(SUMMARY, f"names no checkpoint; {there}", pointer="/checkpoint_step")
    elif step is not None and step not in checkpoint_steps:
        yield Problem(SUMMARY, f"names the checkpoint of step {step}; {there}", pointer="/checkpoint_step")


@unit_rule
def duration(summary: Summary, metadata: Metadata) -> Iterator[Problem]:
    """The duration fits between the times of the metadata."""
    start, end = parse_timestamp(metadata["created_at"]), parse_timestamp(metadata["finished_at"] or "")
    if start is None or end is None:
        return
    lived = (end - start).total_seconds()
    if summary["duration_seconds"] > lived + _CLOCK_SECONDS:
        message = f"says {summary['duration_seconds']} s; the metadata leave {lived} s between start and end"
        yield Problem(SUMMARY, message, pointer="/duration_seconds")


@unit_rule
def metadata_metrics(metadata: Metadata, summary: Summary) -> Iterator[Problem]:
    """The best values in the metadata are those of the summary. While a unit is written the summary comes first."""
    if metadata["status"] == "running":
        return
    best = {
        f"{split}/{metric}": series["best"]
        for split, of_split in summary["metrics"].items()
        for metric, series in of_split.items()
    }
    said = metadata.get("metrics", {})
    for name in sorted(set(best) | set(said)):
        if name not in said:
            yield Problem(METADATA, f"lacks {name}, which {SUMMARY} has", pointer="/metrics")
        elif name not in best:
            yield Problem(METADATA, f"has {name}, which {SUMMARY} lacks", pointer=f"/metrics/{name.replace('/', '~1')}")
        elif said[name] != best[name]:
            pointer = f"/metrics/{name.replace('/', '~1')}"
            yield Problem(METADATA, f"says {name} is {said[name]}; {SUMMARY} says {best[name]}", pointer=pointer)
    yield from _directions(metadata, summary)


def _directions(metadata: Metadata, summary: Summary) -> Iterator[Problem]:
    given = metadata.get("directions", {})
    for split, of_split in summary["metrics"].items():
        for metric, series in of_split.items():
            name = metric if metric in given else f"{split}/{metric}"
            if given.get(name, series["direction"]) != series["direction"]:
                pointer = f"/directions/{name.replace('/', '~1')}"
                message = f"says {name} is better at its {given[name]}; {SUMMARY} takes the {series['direction']}"
                yield Problem(METADATA, message, pointer=pointer)


@unit_rule
def early_stopping(summary: Summary, sound_metrics: MetricsContent) -> Iterator[Problem]:
    """The step of early stopping lies within the measured ones."""
    step = summary["early_stopping_step"]
    last = max((series.last_step for series in sound_metrics.series.values()), default=-1)
    if step is not None and step > last:
        message = f"says training stopped at step {step}; the metrics end at step {last}"
        yield Problem(SUMMARY, message, pointer="/early_stopping_step")
