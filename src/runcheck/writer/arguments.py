"""What callers give to the writer, checked and turned into what documents hold."""

import argparse
import dataclasses
import math
from collections.abc import Mapping

from runcheck.convention.names import is_name, pattern
from runcheck.errors import InvalidArgumentError


def checked_name(name: str, what: str, text: str) -> str:
    """Return ``text`` if it is what the convention's definition ``name`` describes.

    Raises:
        InvalidArgumentError: it is not; the message says what ``what`` may be.
    """
    if not is_name(name, text):
        raise InvalidArgumentError(f"{what} is {text!r}; it must match {pattern(name).pattern}")
    return text


def plain_config(config: object) -> dict[str, object]:
    """Return a configuration as JSON has it: from a mapping, a dataclass or an ``argparse.Namespace``.

    Raises:
        InvalidArgumentError: it is something else, or holds something that JSON does not have.
    """
    if dataclasses.is_dataclass(config) and not isinstance(config, type):
        config = dataclasses.asdict(config)
    elif isinstance(config, argparse.Namespace):
        config = vars(config)
    if not isinstance(config, Mapping):
        raise InvalidArgumentError(
            f"config is a {type(config).__name__}; give a mapping, a dataclass or an argparse.Namespace"
        )
    return {key: _plain(value, f"config/{key}") for key, value in _string_keys(config, "config")}


def plain_object(value: Mapping[str, object], where: str) -> dict[str, object]:
    """Return a mapping as JSON has it; ``where`` is its name in an error message."""
    return {key: _plain(each, f"{where}/{key}") for key, each in _string_keys(value, where)}


def _string_keys(mapping: Mapping[str, object], where: str) -> list[tuple[str, object]]:
    pairs = []
    for key, value in mapping.items():
        if not isinstance(key, str):  # whatever its annotation says, a config from a file has other keys too
            raise InvalidArgumentError(f"{where} has the key {key!r}; keys are strings")
        pairs.append((key, value))
    return pairs


def _plain(value: object, where: str) -> object:
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()  # a NumPy or JAX scalar
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            if math.isfinite(value):
                return value
            raise InvalidArgumentError(f"{where} is {value}; a document holds finite numbers only")
        case Mapping():
            return plain_object(value, where)
        case list() | tuple():
            return [_plain(item, f"{where}/{index}") for index, item in enumerate(value)]
    raise InvalidArgumentError(
        f"{where} is a {type(value).__name__}; give a string, a number, a boolean, a list or a mapping"
    )
