"""YAML in the form of this library's writer: block mappings of scalars that are JSON, and nothing else.

By hand although PyYAML does it: nearly every summary is written so, and loading PyYAML takes longer than all else that
a unit of small files is read with. What differs from that form in a single byte is left to it, also to say what is
wrong.
"""

import json
import re

_LINE = re.compile(
    r"((?:  ){0,9})([A-Za-z_][A-Za-z0-9_./@+-]{0,99}):"
    r"(?: (\"[ !#-\[\]-~]*\"|null|true|false|-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,30}(?:e[-+][0-9]{1,2})?)?))?"
)
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})  # which readers differ on as keys


def read_plain_yaml(text: str) -> dict[str, object] | None:
    """Return the value of a document that is of this form to the last byte; None of any other."""
    mappings: list[dict[str, object]] = [{}]  # the whole, and of those in it each that the last line is in
    for line in text.removesuffix("\n").split("\n"):
        match = _LINE.fullmatch(line)
        if match is None:
            return None
        indent, key, value = match.groups()
        depth = len(indent) // 2
        is_empty = not mappings[-1] and len(mappings) > 1  # a mapping whose first line this should be, or null
        if depth >= len(mappings) or (is_empty and depth < len(mappings) - 1):
            return None
        del mappings[depth + 1 :]
        if key in mappings[depth] or key.lower() in _WORDS:
            return None
        if value is None:
            mappings.append({})
        mappings[depth][key] = mappings[-1] if value is None else _scalar(value)
    return mappings[0] if mappings[-1] else None


def _scalar(text: str) -> object:
    """Return the value of a JSON scalar: a number in a sixth of the time that a decoder of all JSON takes."""
    if text.isdecimal():
        return int(text)
    return float(text) if text[0].isdecimal() and "." in text else json.loads(text)
