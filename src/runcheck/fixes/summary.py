"""The summary, and the best values in the metadata: written again from the metrics.

A guess, since it may be the metrics that are wrong. In a sealed run they are the ones that were sealed, or it is not
done.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import cast

from runcheck.convention.aggregates import Direction
from runcheck.convention.layout import layout
from runcheck.convention.unit_paths import unit_around
from runcheck.convention.validation import violations
from runcheck.findings import Finding
from runcheck.fixes.draft import METADATA, Draft
from runcheck.fixes.edits import CannotFixError
from runcheck.fixes.fix import fixes
from runcheck.reading.checkpoints import checkpoint_steps
from runcheck.writer.atomic import json_text
from runcheck.writer.recovery.sessions import seconds_of
from runcheck.writer.recovery.stored_rows import read_rows
from runcheck.writer.summary import best_values, summary_of
from runcheck.writer.yaml import format_yaml


@fixes("summary-disagrees", "summary-series", "metadata-metrics")
def summary(draft: Draft, finding: Finding) -> None:
    """Write both again. What the metrics do not tell stays: early stopping, checkpoint and duration."""
    unit = unit_around(finding.path) or ""
    path = f"{unit}/{layout().path('summary')}"
    metadata, files = draft.metadata(unit), draft.files(unit)
    metrics = [each for each in layout().roles["metrics"].paths if files.has(each)]
    if len(metrics) != 1:
        raise CannotFixError("the run has not one file of metrics")
    draft.require_listed(f"{unit}/{metrics[0]}")
    content = read_rows(files, metrics[0])
    if content.defect_count:
        raise CannotFixError("the metrics have faults of their own; mend these first")
    old = _old(draft, path)
    steps = checkpoint_steps(files)
    seconds = old.get("duration_seconds")
    new = summary_of(
        content.series,
        cast("Mapping[str, Direction]", metadata.get("directions", {})),
        early_stopping=cast("int | None", old.get("early_stopping_step")),
        checkpoint=cast("int | None", old["checkpoint_step"]) if old else max(steps, default=None),
        seconds=seconds if isinstance(seconds, int | float) else seconds_of(metadata),
    )
    best = best_values(new)
    draft.write(path, format_yaml(cast("dict[str, object]", new)))
    if metadata["status"] != "running" and metadata.get("metrics") != best:
        metadata["metrics"] = best
        draft.write(f"{unit}/{METADATA}", json_text(metadata))


def _old(draft: Draft, path: str) -> Mapping[str, object]:
    """Return the summary as it is, where it fits its schema."""
    with suppress(CannotFixError):
        if draft.read(path) is not None:
            document = draft.document(path)
            if next(iter(violations("summary", document)), None) is None:
                return document
    return {}
