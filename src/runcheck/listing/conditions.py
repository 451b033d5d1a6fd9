"""Conditions on the units of a list: ``COLUMN OPERATOR VALUE``, as in ``status=completed`` or ``config.seed<3``."""

import json
import operator
import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from runcheck.listing.columns import DURATIONS, MOMENTS, Listed, ListError, Value

_FORM = re.compile(r"\s*(?P<column>[^\s=!<>~]+)\s*(?P<operator>!=|<=|>=|=|<|>|~)\s*(?P<value>.*?)\s*", re.DOTALL)
_ORDERS: Mapping[str, Callable[[float | str, float | str], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SPAN = re.compile(r"(?P<count>[0-9]+(?:\.[0-9]+)?)(?P<unit>[smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


class Condition(NamedTuple):
    """What is asked of a column."""

    column: str
    operator: str
    value: str

    def holds(self, unit: Listed) -> bool:
        """Say whether it holds of a unit. Of what a unit does not have, only ``!=`` and ``=null`` hold.

        Raises:
            ListError: a number is asked whether it is before a value that is none.
        """
        said = unit.value(self.column)
        if self.operator in ("=", "!="):
            return self._is(said) is (self.operator == "=")
        if said is None:
            return False
        if self.operator == "~":
            return fnmatchcase(said if isinstance(said, str) else json.dumps(said), self.value)
        if isinstance(said, str):
            return _ORDERS[self.operator](*(self._text(each) for each in (said, self.value)))
        if isinstance(said, int | float) and not isinstance(said, bool):
            return _ORDERS[self.operator](said, self._number())
        return False

    def _is(self, said: Value) -> bool:
        if said is None:
            return self.value == "null"
        if isinstance(said, str):
            return self._text(said) == self._text(self.value) or json.dumps(said, ensure_ascii=False) == self.value
        if isinstance(said, int | float) and not isinstance(said, bool):
            try:
                return said == self._number()
            except ListError:
                return False
        try:
            return json.dumps(said, sort_keys=True) == json.dumps(json.loads(self.value), sort_keys=True)
        except (ValueError, RecursionError):
            return False

    def _text(self, text: str) -> str:
        """Return a text as it is compared: the letter after a moment would be greater than a fraction of its second."""
        return text.removesuffix("Z") if self.column in MOMENTS else text

    def _number(self) -> float:
        span = _SPAN.fullmatch(self.value) if self.column in DURATIONS else None
        if span:
            return float(span["count"]) * _SECONDS[span["unit"]]
        try:
            return float(self.value)
        except ValueError:
            forms = "a number, or a span such as 7d or 90s" if self.column in DURATIONS else "a number"
            raise ListError(f"{self.column}{self.operator}{self.value}: asks for {forms}") from None


def condition(text: str) -> Condition:
    """Return the condition that a text states.

    Raises:
        ListError: it states none.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise ListError(f"{text}: is no condition; write COLUMN=VALUE, or with !=, <, <=, >, >=, or ~ and a pattern")
    return Condition(match["column"], match["operator"], match["value"])
