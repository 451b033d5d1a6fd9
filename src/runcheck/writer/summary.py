"""``summary.yaml`` from what the series of a run come to."""

import math
from collections.abc import Mapping
from typing import cast

from runcheck.convention.aggregates import Direction, SeriesAggregate, likely_direction
from runcheck.convention.documents import Summary
from runcheck.convention.layout import layout
from runcheck.writer.log.rows import Series


def direction_of(directions: Mapping[str, Direction], split: str, metric: str) -> Direction:
    """Return which end of a metric is better: as it was said, by the metric or the series, or as its name tells."""
    return directions.get(metric) or directions.get(f"{split}/{metric}") or likely_direction(metric)


def summary_of(
    series: Mapping[Series, SeriesAggregate],
    directions: Mapping[str, Direction],
    *,
    early_stopping: int | None,
    checkpoint: int | None,
    seconds: float,
) -> Summary:
    """Return the summary of a run whose last checkpoint is of the step ``checkpoint``, and that took ``seconds``."""
    metrics: dict[str, dict[str, object]] = {}
    for (split, metric), aggregate in sorted(series.items()):
        metrics.setdefault(split, {})[metric] = aggregate.summary(direction_of(directions, split, metric))
    return cast(
        "Summary",
        {
            "schema_version": layout().schema_version,
            "rows": sum(aggregate.count for aggregate in series.values()),
            "metrics": metrics,
            "early_stopping_step": early_stopping,
            "checkpoint_step": checkpoint,
            "duration_seconds": math.floor(max(0.0, seconds) * 1000) / 1000,
        },
    )


def best_values(summary: Summary) -> dict[str, float | None]:
    """Return the best value of each series, as the metadata have them."""
    return {
        f"{split}/{metric}": series["best"]
        for split, of_split in summary["metrics"].items()
        for metric, series in of_split.items()
    }
