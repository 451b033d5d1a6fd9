"""A search space: what each parameter may be, from a TOML file, a script or the command line."""

import json
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from runcheck.convention.trials import is_same
from runcheck.errors import CannotReadError, InvalidArgumentError
from runcheck.named_file import content_of_named
from runcheck.writer.arguments import told
from runcheck.writer.config import plain_object

_EXAMPLE = "lr=1e-4..1e-1:log, width=16..128:int:step=16, or optimizer=adam,sgd"
_KEYS = {"type", "low", "high", "log", "step", "choices"}
_MOST_BYTES = 1 << 20

Distribution = dict[str, object]


class Space(NamedTuple):
    """What each parameter may be, and what all trials have in common."""

    parameters: dict[str, Distribution]
    fixed: dict[str, object]

    def overridden(self, params: Sequence[str], fixed: Sequence[str]) -> "Space":
        """Return the space with what the command line says: ``NAME=SPACE`` and ``NAME=VALUE``.

        Raises:
            InvalidArgumentError: one of them is neither, or names nothing that is declared, where anything is.
        """
        parameters, common = dict(self.parameters), dict(self.fixed)
        declared = [*parameters, *common]
        for text in params:
            name, said = _named(text, "--param", _EXAMPLE, declared)
            parameters[name] = parsed(name, said)
            common.pop(name, None)
        for text in fixed:
            name, said = _named(text, "--fix", "lr=0.1", declared)
            common[name] = _value(said)
            parameters.pop(name, None)
        return Space(parameters, common)


def space_of(given: Mapping[str, object], where: str) -> Space:
    """Return the space that a mapping says: its table ``space``, and ``fixed``; ``where`` is told in errors.

    Raises:
        InvalidArgumentError: it says no space.
    """
    unknown = sorted({*given} - {"space", "fixed"})
    if unknown:
        raise InvalidArgumentError(f"{where}: {unknown[0]!r} is no key of a search space; it has space and fixed")
    space, fixed = given.get("space", {}), given.get("fixed", {})
    if not isinstance(space, Mapping) or not isinstance(fixed, Mapping):
        raise InvalidArgumentError(f"{where}: space and fixed are tables, [space] and [fixed]")
    parameters = {
        str(name): parsed(name, said) if isinstance(said, str) else distribution(name, said)
        for name, said in space.items()
    }
    if both := sorted({*parameters} & {*fixed}):
        raise InvalidArgumentError(f"{where}: {both[0]} is in space and in fixed; say it once")
    return Space(parameters, plain_object(fixed, "fixed"))


def read_space(path: str) -> Space:
    """Return the space that a TOML file says.

    Raises:
        CannotReadError: it cannot be read, or is no TOML.
        InvalidArgumentError: it says no space.
    """
    content = content_of_named(path, _MOST_BYTES, "search space", CannotReadError)
    try:
        return space_of(tomllib.loads(content.decode()), path)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CannotReadError(f"{path}: is no TOML: {error}") from error


def parsed(name: str, text: str) -> Distribution:
    """Return what ``1e-4..1e-1:log`` or ``16,32,64`` says.

    Raises:
        InvalidArgumentError: it says nothing that a parameter may be.
    """
    if ".." not in text:
        choices = [_value(each) for each in text.split(",") if each.strip()]
        return distribution(name, {"choices": choices})
    ends, *options = text.split(":")
    low, _, high = ends.partition("..")
    said: dict[str, object] = {"low": _value(low), "high": _value(high)}
    for option in options:
        key, equals, value = option.partition("=")
        if option in ("log", "int", "float"):
            said |= {"log": True} if option == "log" else {"type": option}
        elif key == "step" and equals:
            said["step"] = _value(value)
        else:
            raise InvalidArgumentError(f"{name}: {option!r} is none of log, int, float, step=...; such as {_EXAMPLE}")
    return distribution(name, said)


def distribution(name: str, said: object) -> Distribution:
    """Return what a parameter may be, as ``study.json`` has it.

    Raises:
        InvalidArgumentError: it says nothing that a parameter may be.
    """
    if isinstance(said, list | tuple):
        said = {"choices": list(said)}
    if not isinstance(said, Mapping):
        raise InvalidArgumentError(f"{name} is {told(said)}; give bounds or choices, such as {_EXAMPLE}")
    if unknown := sorted({*said} - _KEYS):
        raise InvalidArgumentError(
            f"{name}: {unknown[0]!r} is no key of a parameter; there are {', '.join(sorted(_KEYS))}"
        )
    if "choices" in said:
        return _choices(name, said)
    low, high, step = said.get("low"), said.get("high"), said.get("step")
    for key, bound in (("low", low), ("high", high)):
        if isinstance(bound, bool) or not isinstance(bound, int | float) or not math.isfinite(bound):
            raise InvalidArgumentError(f"{name}: {key} is {told(bound)}; give a number, such as {_EXAMPLE}")
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    is_int = said.get("type", "int" if isinstance(low, int) and isinstance(high, int) else "float") == "int"
    _check_bounds(name, low, high, step, is_int=is_int, is_log=said.get("log") is True)
    found: Distribution = {"type": "int", "low": int(low), "high": int(high)}
    if not is_int:
        found = {"type": "float", "low": float(low), "high": float(high)}
    if said.get("log") is True:
        found["log"] = True
    if step is not None:
        found["step"] = step
    return found


def _check_bounds(name: str, low: float, high: float, step: object, *, is_int: bool, is_log: bool) -> None:
    if low > high:
        raise InvalidArgumentError(f"{name}: low {low} is above high {high}; write {name}={high}..{low}")
    if is_log and low <= 0:
        raise InvalidArgumentError(
            f"{name}: low is {low}, and a logarithm begins above 0; such as {name}=1e-4..{high}:log"
        )
    if is_int and not (float(low).is_integer() and float(high).is_integer()):
        raise InvalidArgumentError(f"{name}: {low}..{high} are no integers; leave out int, or round them")
    if step is None:
        return
    if isinstance(step, bool) or not isinstance(step, int | float) or not step > 0:
        raise InvalidArgumentError(f"{name}: step is {told(step)}; give a number above 0")
    if is_log:
        raise InvalidArgumentError(f"{name}: has log and step; give one of them")
    if is_int and not isinstance(step, int):
        raise InvalidArgumentError(f"{name}: step is {step}, and the parameter an integer")


def _choices(name: str, said: Mapping[str, object]) -> Distribution:
    choices = said["choices"]
    if not isinstance(choices, list | tuple) or not choices:
        raise InvalidArgumentError(f"{name}: choices are {told(choices)}; give a list of at least one")
    if more := sorted({*said} - {"choices", "type"}):
        raise InvalidArgumentError(f"{name}: has choices and {more[0]}; give one of them")
    for at, each in enumerate(choices):
        if each is not None and not isinstance(each, bool | int | float | str):
            raise InvalidArgumentError(f"{name}: the choice {told(each)} is no number, text, boolean or null")
        if any(is_same(each, other) for other in choices[:at]):
            raise InvalidArgumentError(f"{name}: the choice {told(each)} stands twice")
    return {"type": "categorical", "choices": list(choices)}


def _named(text: str, option: str, example: str, declared: Sequence[str]) -> tuple[str, str]:
    name, equals, said = (each.strip() for each in text.partition("="))
    if not (name and equals and said):
        raise InvalidArgumentError(f"{option} {text}: give a name and what it is, such as {option} {example}")
    if declared and name not in declared:
        near = get_close_matches(name, declared, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else f"it has {', '.join(sorted(declared))}"
        raise InvalidArgumentError(f"{option} {text}: what is declared, in space and fixed, has no {name}; {hint}")
    return name, said


_INTEGER = re.compile(r"[+-]?\d{1,18}")


def _value(text: str) -> object:
    """Return what a word of the command line means: a number, true, false, null, or itself."""
    word = text.strip()
    if _INTEGER.fullmatch(word):
        return int(word)
    if word in ("true", "false", "null"):
        return json.loads(word)
    try:
        number = float(word)
    except ValueError:
        return word
    return number if math.isfinite(number) else word
