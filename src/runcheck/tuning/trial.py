"""A trial as an objective sees it: Optuna's own, with the configuration of the declared space."""

import math
from collections.abc import Mapping
from typing import Any, cast

import optuna

from runcheck.convention.trials import is_same
from runcheck.tuning.space import Distribution
from runcheck.writer.membership import membership


class Trial:
    """A trial of a study. All that ``optuna.Trial`` has is here too: ``suggest_float``, ``report``, ``should_prune``.

    Attributes:
        config: What is fixed and what is suggested from the declared space, to be handed to what trains.
    """

    def __init__(self, trial: optuna.Trial, config: Mapping[str, object]) -> None:
        """Take Optuna's trial, and the configuration that it came to."""
        self._trial = trial
        self.config: dict[str, Any] = dict(config)

    def log(self, step: int, value: float) -> None:
        """Report the value of a step, and end the trial where others were better by then.

        Raises:
            optuna.TrialPruned: they were; the run that is open ends as aborted, and the trial as pruned.
        """
        self._trial.report(float(value), step)
        if self._trial.should_prune():
            raise optuna.TrialPruned(f"others were better by step {step}")

    @property
    def number(self) -> int:
        """The number of the trial, from 0."""
        return self._trial.number

    def __getattr__(self, name: str) -> object:
        """Return what Optuna's trial has. What is suggested is known to the run of the trial, begun or to be begun."""
        found = getattr(self._trial, name)
        if not name.startswith("suggest_"):
            return found

        def suggest(parameter: str, *bounds: object, **options: object) -> object:
            value = found(parameter, *bounds, **options)
            current = membership()
            if current is not None:
                current.suggested(parameter, value)
            return value

        return suggest


def distributions_of(space: Mapping[str, Distribution]) -> dict[str, optuna.distributions.BaseDistribution]:
    """Return a space as Optuna has it."""
    return {name: _distribution(each) for name, each in space.items()}


def _distribution(each: Distribution) -> optuna.distributions.BaseDistribution:
    options = cast("dict[str, Any]", {key: value for key, value in each.items() if key != "type"})
    if each["type"] == "categorical":
        return optuna.distributions.CategoricalDistribution(**options)
    if each["type"] == "int":
        return optuna.distributions.IntDistribution(**options)
    return optuna.distributions.FloatDistribution(**options)


def declared(distribution: optuna.distributions.BaseDistribution) -> Distribution:
    """Return a distribution of Optuna as ``study.json`` has it."""
    if isinstance(distribution, optuna.distributions.CategoricalDistribution):
        return {"type": "categorical", "choices": list(distribution.choices)}
    assert isinstance(distribution, optuna.distributions.IntDistribution | optuna.distributions.FloatDistribution)
    is_int = isinstance(distribution, optuna.distributions.IntDistribution)
    found: Distribution = {
        "type": "int" if is_int else "float",
        "low": distribution.low,
        "high": distribution.high,
    }
    if distribution.log:
        found["log"] = True
    elif distribution.step is not None and (not is_int or distribution.step != 1):
        found["step"] = distribution.step
    return found


def joined(one: Distribution, other: Distribution) -> Distribution:
    """Return what allows what either of two entries of a space does: objectives may change their bounds."""
    if one == other or one["type"] != other["type"]:
        return other
    old, new = one.get("choices"), other.get("choices")
    if isinstance(old, list) and isinstance(new, list):
        return {**other, "choices": [*new, *(each for each in old if not any(is_same(each, known) for known in new))]}
    found = {**one, **other, "low": min(_low(one), _low(other)), "high": max(_high(one), _high(other))}
    if one.get("step") != other.get("step") or one["low"] != other["low"]:
        found.pop("step", None)
    return found


def _low(each: Distribution) -> float:
    low = each["low"]
    return low if isinstance(low, int | float) else math.inf


def _high(each: Distribution) -> float:
    high = each["high"]
    return high if isinstance(high, int | float) else -math.inf
