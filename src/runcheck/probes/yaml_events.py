"""YAML of any form, as libyaml's event stream and not as PyYAML's objects.

Events show anchors, tags and keys that stand twice, build nothing, and leave it to us to read scalars as YAML 1.2 does
(PyYAML reads YAML 1.1, where ``no`` is false and ``1e-3`` a word).
"""

import re
from collections.abc import Iterator

import yaml

from runcheck.convention.layout import layout
from runcheck.probes.contents import DocumentContent
from runcheck.probes.document import FaultError, finite, too_deep

_MAX_DIGITS = 4000  # as many as Python converts, which is quadratic in them; JSON's reader has that bound built in

# YAML 1.2.2, section 10.3.2, the core schema.
_NULL = re.compile(r"|~|null|Null|NULL")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NONFINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")

# What YAML 1.1 (https://yaml.org/type/) reads otherwise than YAML 1.2 does: words for booleans, octal numbers without
# an o, numbers with underscores or to the base of 60, timestamps, binary numbers; and exponents without point or sign,
# which it takes for words.
_AMBIGUOUS = re.compile(
    r"y|Y|n|N|[yY]es|YES|[nN]o|NO|[oO]n|ON|[oO]ff|OFF"
    r"|[-+]?0[0-9]+|0o[0-7]+|[-+]?0b[01_]+|[-+]0x[0-9a-fA-F_]+|0x(?=.*_)[0-9a-fA-F_]+"
    r"|[-+]?(?=.*_)\.?[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?|[-+]\.[0-9]+"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?"
    r"|[-+]?[0-9]+[eE][-+]?[0-9]+|[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)[eE][0-9]+|=|<<"
)


# What neither version of YAML takes for anything but a word, as most keys: it begins no null, boolean or number.
_BEGIN_WORDS = frozenset("abcdeghijklmpqrsuvwxzABCDEGHIJKLMPQRSUVWXZ/_")


class YamlReader:
    """Builds the value of one YAML document from libyaml's events."""

    def __init__(self, text: str) -> None:
        """Read nothing yet."""
        self._events = _yaml_events(text)
        self._ambiguous: list[tuple[int, str]] = []

    def content(self) -> DocumentContent:
        """Return the value of the document, and what readers of other versions of YAML take for something else.

        Raises:
            FaultError: it is no YAML, or holds what readers differ on.
        """
        first = next(self._events)
        if not isinstance(first, yaml.DocumentStartEvent):
            raise FaultError("is empty")
        value = self._node(next(self._events), 0)
        next(self._events)
        if not isinstance(following := next(self._events), yaml.StreamEndEvent):
            raise FaultError("holds more than one document", _line(following))
        return DocumentContent(value, ambiguous=tuple(self._ambiguous))

    def _node(self, event: yaml.Event, depth: int) -> object:
        if depth > layout().limits.document_depth:
            raise too_deep()
        if isinstance(event, yaml.AliasEvent):
            raise FaultError(f"holds the alias *{event.anchor}", _line(event))
        for what in ("anchor", "tag"):
            if (mark := getattr(event, what, None)) is not None:
                raise FaultError(f"holds the {what} {mark}", _line(event))
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(inner := next(self._events), yaml.SequenceEndEvent):
                items.append(self._node(inner, depth + 1))
            return items
        return self._mapping(depth)

    def _mapping(self, depth: int) -> dict[str, object]:
        members: dict[str, object] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            line = _line(event)
            key = self._node(event, depth + 1)
            if key == "<<" and not getattr(event, "style", None):
                raise FaultError("holds a merge key <<", line)
            if not isinstance(key, str):
                raise FaultError(f"has the key {key!r}, which is no string", line)
            if key in members:
                raise FaultError(f"has the key {key!r} twice in one mapping", line)
            members[key] = self._node(next(self._events), depth + 1)
        return members

    def _scalar(self, event: yaml.ScalarEvent) -> object:
        text, line = str(event.value), _line(event)
        if event.style or text[:1] in _BEGIN_WORDS:
            return text
        if _AMBIGUOUS.fullmatch(text):
            self._ambiguous.append((line, text))
        return _core_schema(text, line)


def _core_schema(text: str, line: int) -> object:
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text[0] in "tT"
    if _NONFINITE.fullmatch(text):
        raise FaultError(f"holds {text}, which JSON does not have", line)
    for form, base in ((_INT, 10), (_OCTAL, 8), (_HEX, 16)):
        if form.fullmatch(text):
            if len(text) > _MAX_DIGITS:
                raise FaultError("holds an integer of thousands of digits", line)
            return int(text, base)
    return finite(text) if _FLOAT.fullmatch(text) else text


def _yaml_events(text: str) -> Iterator[yaml.Event]:
    loader = getattr(yaml, "CLoader", yaml.Loader)
    try:
        for event in yaml.parse(text, Loader=loader):
            if not isinstance(event, yaml.StreamStartEvent):
                yield event
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise FaultError(f"is not YAML: {error.problem}", mark.line + 1 if mark else None) from error
    except yaml.YAMLError as error:
        raise FaultError(f"is not YAML: {str(error).splitlines()[0]}") from error


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1
