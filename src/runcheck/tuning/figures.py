"""What a study looks like: the value of each trial with the best so far, and how much each parameter matters."""

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import optuna

from runcheck.convention.documents import Study, TrialRow
from runcheck.errors import MissingLibraryError
from runcheck.plots.figure import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SIZE, _DPI = (6.4, 3.6), 150
_LEAST = 4  # completed trials for an importance


def drawn(rows: Sequence[TrialRow], asked: Study, study: optuna.Study) -> "Mapping[str, Figure]":
    """Return the figures of a study by their names.

    Raises:
        MissingLibraryError: matplotlib is not installed.
    """
    figures = {"history": history(rows, asked)}
    importances = importances_of(study)
    if importances:
        figures["importance"] = importance(importances)
    return figures


def importances_of(study: optuna.Study) -> dict[str, float]:
    """Return how much each parameter matters, the greatest first; none where too little is known to say."""
    done = [each for each in study.get_trials(deepcopy=False) if each.state == optuna.trial.TrialState.COMPLETE]
    if len(done) < _LEAST or len({each.value for each in done}) < 2:  # noqa: PLR2004 - all equal say nothing
        return {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that the evaluator is experimental
            return optuna.importance.get_param_importances(
                study, evaluator=optuna.importance.PedAnovaImportanceEvaluator()
            )
    except (ValueError, RuntimeError, ImportError):  # trials that have no parameter in common
        return {}


def history(rows: Sequence[TrialRow], asked: Study) -> "Figure":
    """Return the value of each trial, and a line for the best until then.

    Raises:
        MissingLibraryError: matplotlib is not installed.
    """
    figure = _figure()
    axes = figure.subplots()
    done = [(row["number"], row["value"]) for row in rows if row["state"] == "completed" and row["value"] is not None]
    pruned = [(row["number"], row["value"]) for row in rows if row["state"] == "pruned" and row["value"] is not None]
    failed = [row["number"] for row in rows if row["state"] == "failed"]
    best, so_far = [], math.inf if asked["direction"] == "min" else -math.inf
    for _, value in done:
        so_far = min(so_far, value) if asked["direction"] == "min" else max(so_far, value)
        best.append(so_far)
    axes.plot([number for number, _ in done], [value for _, value in done], "o", color=COLOURS[0], label="completed")
    axes.step([number for number, _ in done], best, where="post", color=COLOURS[1], label="best so far")
    if pruned:
        axes.plot(*zip(*pruned, strict=True), "s", color=COLOURS[4], label="pruned, the last it reported")
    if failed:
        axes.plot(
            failed, [0.02] * len(failed), "x", color="black", transform=axes.get_xaxis_transform(), label="failed"
        )
    axes.set_xlabel("trial")
    axes.set_ylabel(asked["metric"] or "value")
    axes.legend()
    return figure


def importance(importances: Mapping[str, float]) -> "Figure":
    """Return a bar for each parameter.

    Raises:
        MissingLibraryError: matplotlib is not installed.
    """
    figure = _figure()
    axes = figure.subplots()
    names = list(importances)[::-1]
    axes.barh(names, [importances[name] for name in names], color=COLOURS[0])
    axes.set_xlabel("importance (PED-ANOVA)")
    return figure


def _figure() -> "Figure":
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - a third of a second
    except ImportError as error:
        raise MissingLibraryError("matplotlib", "plot", "draw a study") from error
    return Figure(figsize=_SIZE, dpi=_DPI, layout="constrained")
