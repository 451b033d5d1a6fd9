"""Canonical JSON (RFC 8785) and the configuration hash (spec, chapter 2).

Written by hand although ``rfc8785`` exists on PyPI: the writer runs on the standard library alone, and that package
refuses the integers beyond 2**53 that seeds often are. The tests hold both to the same output.
"""

import hashlib
import json
import math
from collections.abc import Mapping

from runcheck.errors import InvalidArgumentError

_encode = json.JSONEncoder(ensure_ascii=False).encode  # json.dumps makes one at each call
_PLAIN_DIGITS, _PLAIN_ZEROS = 21, 6  # beyond these ECMAScript turns to an exponent


def canonical_json(value: object) -> str:
    """Return the canonical JSON of ``value``.

    Raises:
        InvalidArgumentError: ``value`` holds a number that is not finite, a key that is no string, or another type
            than JSON has.
    """
    return _text(value, "")


def config_sha256(config: object) -> str:
    """Return the configuration hash: SHA-256 of the canonical JSON, in hexadecimal digits."""
    return hashlib.sha256(canonical_json(config).encode()).hexdigest()


def _text(value: object, pointer: str) -> str:
    match value:
        case None | bool():
            return json.dumps(value)
        case str():
            return _string(value, pointer)
        case int():
            return int.__repr__(value)  # a double that is an integer, below 2**53, is printed the same
        case float():
            return _number(value, pointer)
        case Mapping():
            return _object(value, pointer)
        case list() | tuple():
            return "[" + ",".join(_text(item, f"{pointer}/{index}") for index, item in enumerate(value)) + "]"
    raise InvalidArgumentError(f"{pointer or 'the value'} is a {type(value).__name__}, which JSON does not have")


def _object(value: Mapping[object, object], pointer: str) -> str:
    keys = []
    for key in value:
        if not isinstance(key, str):
            raise InvalidArgumentError(f"the key {key!r} at {pointer or 'the top'} is no string")
        keys.append(key)
    keys.sort(key=lambda key: key.encode("utf-16-be", "surrogatepass"))
    members = (f"{_string(key, pointer)}:{_text(value[key], f'{pointer}/{key}')}" for key in keys)
    return "{" + ",".join(members) + "}"


def _string(value: str, pointer: str) -> str:
    text = _encode(value)
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidArgumentError(f"{pointer or 'the value'} holds a lone surrogate, which is no character")
    return text


def _number(value: float, pointer: str) -> str:
    """Print a double as ECMAScript does (ECMA-262, Number::toString), which RFC 8785 section 3.2.2.3 asks for."""
    if not math.isfinite(value):
        raise InvalidArgumentError(f"{pointer or 'the value'} is {value}; JSON has no such number")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent_text = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    point = len(whole) + int(exponent_text or 0)
    digits = whole + fraction
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    digits = stripped.rstrip("0")
    if len(digits) <= point <= _PLAIN_DIGITS:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= _PLAIN_DIGITS:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -_PLAIN_ZEROS < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{tail}e{point - 1:+d}"
