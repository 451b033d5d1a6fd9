"""YAML as every reader of 1.1 and 1.2 takes it.

Block mappings, strings in JSON's quotes, floats with a point and a signed exponent.

Written by hand although PyYAML does it: the writer runs on the standard library alone, and the documents are mappings
of scalars and lists.
"""

import json
import re
from collections.abc import Mapping

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_./@+-]*")
_PAIR = re.compile(r"\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}")
# Words that YAML 1.1 reads as booleans or null, and so are quoted as keys too.
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def format_yaml(document: Mapping[str, object]) -> str:
    """Return a mapping of mappings, lists and scalars as a YAML document."""
    return "\n".join(_lines(document, "") or ["{}"]) + "\n"


def _lines(mapping: Mapping[str, object], indent: str) -> list[str]:
    lines = []
    for key, value in mapping.items():
        head = f"{indent}{_key(key)}:"
        if isinstance(value, Mapping) and value:
            lines += [head, *_lines(value, f"{indent}  ")]
        else:
            lines.append(f"{head} {_scalar(value)}")
    return lines


def _key(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) and key.lower() not in _WORDS else _string(key)


def _string(text: str) -> str:
    """Quote as JSON does, but with YAML's escape beyond U+FFFF, where JSON has a pair of surrogates."""
    return _PAIR.sub(lambda pair: _wide(pair[0]), json.dumps(text))


def _scalar(value: object) -> str:
    """Return a scalar, or a list or a mapping in one line."""
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_scalar, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_key(key)}: {_scalar(each)}' for key, each in value.items())}}}"
    if not isinstance(value, float):
        return json.dumps(value)
    mantissa, exponent, power = repr(value).partition("e")
    if not exponent:
        return mantissa
    point = "" if "." in mantissa else ".0"
    return f"{mantissa}{point}e{power if power[0] in '+-' else '+' + power}"


def _wide(pair: str) -> str:
    character: str = json.loads(f'"{pair}"')
    return f"\\U{ord(character):08x}"
