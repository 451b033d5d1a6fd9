"""What a series of metric rows comes to: the numbers of ``summary.yaml``, alike for the writer and the rules."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from runcheck.convention.documents import SeriesSummary

Direction: TypeAlias = Literal["min", "max"]

_NO_LETTER = re.compile("[^a-z0-9]")
# Words of a metric's name, and words in a row; the first that is there counts.
_WORDS: Mapping[Direction, tuple[str, ...]] = {
    "min": (
        *("loss", "error", "err", "mse", "rmse", "mae", "mape", "nll", "perplexity", "ppl", "bpc", "bpb", "regret"),
        *("norm", "time", "seconds", "latency", "cross_entropy", "crossentropy", "xent", "bce", "logloss", "log_loss"),
        *("negative_log_likelihood", "kl", "divergence", "distance", "cost", "wer", "cer", "fid", "ece", "brier"),
    ),
    "max": (
        *("accuracy", "acc", "auc", "auroc", "auprc", "f1", "precision", "recall", "score", "reward", "return"),
        *("returns", "bleu", "rouge", "iou", "miou", "map", "dice", "psnr", "ssim", "r2", "likelihood", "elbo"),
        *("top1", "top5", "success", "correct", "ndcg", "mrr", "mcc", "kappa", "throughput"),
    ),
}


def nonfinite_name(value: float) -> Literal["nan", "inf", "-inf"]:
    """Return how a row names a value that is no finite number."""
    if math.isnan(value):
        return "nan"
    return "inf" if value > 0 else "-inf"


def known_direction(metric: str) -> Direction | None:
    """Return which end of a metric is better where its name tells, as that of a loss or of an accuracy does."""
    name = f"_{_NO_LETTER.sub('_', metric.rsplit('/', 1)[-1].lower())}_"
    return next((end for end, words in _WORDS.items() if any(f"_{word}_" in name for word in words)), None)


def likely_direction(metric: str) -> Direction:
    """Guess from a metric's name which end is better: ``min`` for losses and errors, ``max`` for all else."""
    return known_direction(metric) or "max"


class SeriesAggregate:
    """The rows of one metric on one split, in constant memory."""

    __slots__ = ("count", "greatest", "greatest_step", "last", "last_step", "least", "least_step")

    def __init__(self) -> None:
        """Start without a row."""
        self.count = 0
        self.least = math.inf
        self.least_step: int | None = None
        self.greatest = -math.inf
        self.greatest_step: int | None = None
        self.last = math.nan
        self.last_step = -1

    def add(self, step: int, value: float) -> None:
        """Take in one row; ``value`` may be NaN or infinite."""
        self.count += 1
        self.last = value
        self.last_step = step
        if not math.isfinite(value):
            return
        if value < self.least or self.least_step is None:
            self.least, self.least_step = value, step
        if value > self.greatest or self.greatest_step is None:
            self.greatest, self.greatest_step = value, step

    def add_finite(self, steps: Sequence[int], values: Sequence[float]) -> None:
        """Take in many rows, at least one; the values are finite."""
        self.count += len(steps)
        self.last, self.last_step = values[-1], steps[-1]
        least, greatest = min(values), max(values)
        if least < self.least or self.least_step is None:
            self.least, self.least_step = least, steps[values.index(least)]
        if greatest > self.greatest or self.greatest_step is None:
            self.greatest, self.greatest_step = greatest, steps[values.index(greatest)]

    def summary(self, direction: Direction) -> SeriesSummary:
        """Return the series as ``summary.yaml`` has it."""
        best, step = (self.least, self.least_step) if direction == "min" else (self.greatest, self.greatest_step)
        finite = math.isfinite(self.last)
        summary: SeriesSummary = {
            "direction": direction,
            "best": None if step is None else best,
            "best_step": step,
            "last": self.last if finite else None,
            "last_step": self.last_step,
            "count": self.count,
        }
        if not finite:
            summary["last_nonfinite"] = nonfinite_name(self.last)
        return summary
