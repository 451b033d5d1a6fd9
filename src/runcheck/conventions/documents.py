"""JSON and YAML documents of other conventions, which may hold what the main one forbids its own.

A list at the top; in YAML anchors, aliases, merge keys, keys that are no strings, and numbers that are not finite. What
aliases stand for counts each time, so that no document swells beyond the limit of values.
"""

import json
import re

import yaml

from runcheck.convention.layout import layout
from runcheck.probes.contents import DocumentContent
from runcheck.probes.document import FaultError, JsonProbe, YamlProbe, parse_json
from runcheck.probes.plain_yaml import read_plain_yaml
from runcheck.probes.yaml_events import YamlReader

_NONFINITE = {"": "inf", "+": "inf", "-": "-inf"}
_INFINITE = re.compile(r"(?P<sign>[-+]?)\.(?:inf|Inf|INF)")
_NAN = re.compile(r"\.(?:nan|NaN|NAN)")


class OwnJsonProbe(JsonProbe):
    """Reads a JSON document, whatever it has at its top."""

    def _parsed(self, text: str) -> DocumentContent:
        if not text.strip():
            raise FaultError("is empty")
        return DocumentContent(parse_json(text))


class OwnYamlProbe(YamlProbe):
    """Reads a YAML document, whatever it has at its top."""

    def _parsed(self, text: str) -> DocumentContent:
        if (plain := read_plain_yaml(text)) is not None:
            return DocumentContent(plain)
        return _Reader(text).content()


class _Reader(YamlReader):
    """Builds the value of a document with what its aliases stand for."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._anchored: dict[str, object] = {}
        self._sizes: dict[int, int] = {}
        self._size = 0

    def _node(self, event: yaml.Event, depth: int) -> object:
        self._count(1, event)
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchored:
                raise FaultError(f"holds the alias *{event.anchor}, of no anchor before it", _line(event))
            value = self._anchored[event.anchor]
            self._count(self._sizes.get(id(value), 1), event)
            return value
        anchor, before = getattr(event, "anchor", None), self._size
        if anchor is not None and isinstance(event, yaml.NodeEvent):
            event.anchor = None
        value = super()._node(event, depth)
        if anchor is not None:
            self._anchored[anchor] = value
            self._sizes[id(value)] = self._size - before + 1
        return value

    def _count(self, size: int, event: yaml.Event) -> None:
        self._size += size
        if self._size > layout().limits.document_values:
            raise FaultError(f"holds more than {layout().limits.document_values:,} values", _line(event))

    def _mapping(self, depth: int) -> dict[str, object]:
        members: dict[str, object] = {}
        merged: dict[str, object] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            line = _line(event)
            is_plain = not getattr(event, "style", None)
            key = self._node(event, depth + 1)
            if key == "<<" and is_plain:
                self._ambiguous = [each for each in self._ambiguous if each != (line, "<<")]
                self._merge(self._node(next(self._events), depth + 1), merged, line)
                continue
            if isinstance(key, dict | list):
                raise FaultError("has a key that is no scalar", line)
            name = key if isinstance(key, str) else json.dumps(key)
            if name in members:
                raise FaultError(f"has the key {name!r} twice in one mapping", line)
            members[name] = self._node(next(self._events), depth + 1)
        return {**merged, **members}

    def _merge(self, value: object, merged: dict[str, object], line: int) -> None:
        """Take in what a merge key names: of several mappings the first that has a key counts."""
        for each in value if isinstance(value, list) else [value]:
            if not isinstance(each, dict):
                raise FaultError("has a merge key << of what is no mapping", line)
            for key, held in each.items():
                merged.setdefault(key, held)

    def _scalar(self, event: yaml.ScalarEvent) -> object:
        text = str(event.value)
        if not event.style and (match := _INFINITE.fullmatch(text)):
            return float(_NONFINITE[match["sign"]])
        return float("nan") if not event.style and _NAN.fullmatch(text) else super()._scalar(event)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1
