"""JSON and YAML documents: their value, and every peculiarity that readers differ on.

JSON is read by the standard library with hooks for what it would let pass. YAML is read as libyaml's event stream,
not as PyYAML's objects: events show anchors, tags and keys that stand twice, build nothing, and leave it to us to
read scalars as YAML 1.2 does (PyYAML reads YAML 1.1, where ``no`` is false and ``1e-3`` a word).
"""

import json
import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn

from runcheck.convention.layout import layout
from runcheck.probes.bounded import BoundedBytes
from runcheck.probes.contents import DocumentContent

if TYPE_CHECKING:
    import yaml


class _FaultError(Exception):
    """A peculiarity of a document that ends its reading."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class _KeyTwiceError(_FaultError):
    """A key that stands twice in one JSON object."""

    def __init__(self, key: str) -> None:
        super().__init__(f"has the key {key!r} twice in one object")
        self.key = key


class _DocumentProbe:
    _separators: str

    def __init__(self) -> None:
        """Start with no bytes."""
        self._bytes = BoundedBytes(layout().limits.document_bytes)

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._bytes.feed(chunk)

    def content(self) -> DocumentContent:
        """Return the value, or why there is none."""
        if self._bytes.exceeded:
            return DocumentContent(too_large=True)
        try:
            return self._parsed(self._bounded(_text(self._bytes.whole())))
        except _FaultError as fault:
            return DocumentContent(error=str(fault), line=fault.line)

    def _bounded(self, text: str) -> str:
        """Return the text, unless it has too many values: one of two bytes may take a hundred in memory."""
        if sum(map(text.count, self._separators)) > layout().limits.document_values:
            raise _FaultError(f"holds more than {layout().limits.document_values:,} values")
        return text

    def _parsed(self, text: str) -> DocumentContent:
        raise NotImplementedError


class JsonProbe(_DocumentProbe):
    """Reads a JSON document."""

    _separators = ",[{"

    def _parsed(self, text: str) -> DocumentContent:
        if not text.strip():
            raise _FaultError("is empty")
        value = parse_json(text)
        if not isinstance(value, dict):
            raise _FaultError(f"holds {_article(value)} at its top, not an object")
        return DocumentContent(value)


class YamlProbe(_DocumentProbe):
    """Reads a YAML document."""

    _separators = ",[{\n"

    def _parsed(self, text: str) -> DocumentContent:
        reader = _YamlReader(text)
        value = reader.document()
        if value is None and reader.is_empty:
            raise _FaultError("is empty")
        if not isinstance(value, dict):
            raise _FaultError(f"holds {_article(value)} at its top, not a mapping")
        return DocumentContent(value, ambiguous=tuple(reader.ambiguous))


def _text(content: bytes) -> str:
    if content.startswith(b"\xef\xbb\xbf"):
        raise _FaultError("starts with a byte order mark")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _FaultError(f"byte {error.start} is not UTF-8", content.count(b"\n", 0, error.start) + 1) from error


def _article(value: object) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), "null")


# --- JSON ---------------------------------------------------------------------------------------------------------


def parse_json(text: str) -> object:
    """Return the value of a JSON text, strictly.

    Raises:
        _FaultError: it is no JSON, or holds what readers differ on.
    """
    try:
        value: object = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant, parse_float=_float)
    except _KeyTwiceError as error:
        raise _FaultError(str(error), _second_line(text, error.key)) from error
    except json.JSONDecodeError as error:
        raise _FaultError(f"is not JSON: {error.msg} at column {error.colno}", error.lineno) from error
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:  # an integer of more digits than Python converts
        raise _FaultError("holds an integer of thousands of digits") from error
    if "\\u" in text and _holds_surrogate(value):
        raise _FaultError("holds the escape of a lone surrogate, which is no character")
    limit = layout().limits.document_depth
    if text.count("{") + text.count("[") > limit and _depth(value) > limit:
        raise _too_deep()
    return value


def _too_deep() -> _FaultError:
    return _FaultError(f"nests more than {layout().limits.document_depth} deep")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _KeyTwiceError(twice)
    return members


def _second_line(text: str, key: str) -> int | None:
    """Return the line on which a key stands again, or None where it stands in other objects too."""
    places = list(re.finditer(rf"{re.escape(json.dumps(key, ensure_ascii=False))}\s*:", text))
    return text.count("\n", 0, places[1].start()) + 1 if len(places) == 2 else None  # noqa: PLR2004


def _refuse_constant(token: str) -> NoReturn:
    raise _FaultError(f"holds {token}, which JSON does not have")


def _float(token: str) -> float:
    value = float(token)
    if math.isinf(value):
        raise _FaultError(f"holds {token}, which is beyond every double")
    return value


def _holds_surrogate(value: object) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _depth(value: object) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        below: list[object] = []
        for each in level:
            if isinstance(each, dict):
                below.extend(each.values())
            elif isinstance(each, list):
                below.extend(each)
        level = below
    return depth - 1


# --- YAML ---------------------------------------------------------------------------------------------------------

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


class _YamlReader:
    """Builds the value of one YAML document from libyaml's events."""

    def __init__(self, text: str) -> None:
        import yaml  # noqa: PLC0415 - 18 ms that a tree without YAML does not pay

        self._yaml = yaml
        self._events = _yaml_events(text)
        self.ambiguous: list[tuple[int, str]] = []
        self.is_empty = False

    def document(self) -> object:
        yaml = self._yaml
        first = next(self._events)
        if not isinstance(first, yaml.DocumentStartEvent):
            self.is_empty = True
            return None
        value = self._node(next(self._events), 0)
        next(self._events)
        if not isinstance(following := next(self._events), yaml.StreamEndEvent):
            raise _FaultError("holds more than one document", _line(following))
        return value

    def _node(self, event: "yaml.Event", depth: int) -> object:
        yaml = self._yaml
        if depth > layout().limits.document_depth:
            raise _too_deep()
        if isinstance(event, yaml.AliasEvent):
            raise _FaultError(f"holds the alias *{event.anchor}", _line(event))
        for what in ("anchor", "tag"):
            if (mark := getattr(event, what, None)) is not None:
                raise _FaultError(f"holds the {what} {mark}", _line(event))
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
        while not isinstance(event := next(self._events), self._yaml.MappingEndEvent):
            line = _line(event)
            key = self._node(event, depth + 1)
            if key == "<<" and not getattr(event, "style", None):
                raise _FaultError("holds a merge key <<", line)
            if not isinstance(key, str):
                raise _FaultError(f"has the key {key!r}, which is no string", line)
            if key in members:
                raise _FaultError(f"has the key {key!r} twice in one mapping", line)
            members[key] = self._node(next(self._events), depth + 1)
        return members

    def _scalar(self, event: "yaml.ScalarEvent") -> object:
        text, line = str(event.value), _line(event)
        if event.style or text[:1] in _BEGIN_WORDS:
            return text
        if _AMBIGUOUS.fullmatch(text):
            self.ambiguous.append((line, text))
        return _core_schema(text, line)


def _core_schema(text: str, line: int) -> object:
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text[0] in "tT"
    if _NONFINITE.fullmatch(text):
        raise _FaultError(f"holds {text}, which JSON does not have", line)
    for form, base in ((_INT, 10), (_OCTAL, 8), (_HEX, 16)):
        if form.fullmatch(text):
            if len(text) > _MAX_DIGITS:
                raise _FaultError("holds an integer of thousands of digits", line)
            return int(text, base)
    return _float(text) if _FLOAT.fullmatch(text) else text


def _yaml_events(text: str) -> Iterator["yaml.Event"]:
    import yaml  # noqa: PLC0415

    loader = getattr(yaml, "CLoader", yaml.Loader)
    try:
        for event in yaml.parse(text, Loader=loader):
            if not isinstance(event, yaml.StreamStartEvent):
                yield event
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise _FaultError(f"is not YAML: {error.problem}", mark.line + 1 if mark else None) from error
    except yaml.YAMLError as error:
        raise _FaultError(f"is not YAML: {str(error).splitlines()[0]}") from error


def _line(event: "yaml.Event") -> int:
    return event.start_mark.line + 1 if event.start_mark else 1
