"""JSON and YAML documents: their value, and every peculiarity that readers differ on.

JSON is read by the standard library with hooks for what it would let pass.
"""

import json
import math
import re
from functools import cache
from typing import NoReturn

from runcheck.convention.layout import layout
from runcheck.probes.bounded import BoundedBytes
from runcheck.probes.contents import DocumentContent
from runcheck.probes.plain_yaml import read_plain_yaml


class FaultError(Exception):
    """A peculiarity of a document that ends its reading."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class _KeyTwiceError(FaultError):
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
        except FaultError as fault:
            return DocumentContent(error=str(fault), line=fault.line)

    def _bounded(self, text: str) -> str:
        """Return the text, unless it has too many values: one of two bytes may take a hundred in memory."""
        if sum(map(text.count, self._separators)) > layout().limits.document_values:
            raise FaultError(f"holds more than {layout().limits.document_values:,} values")
        return text

    def _parsed(self, text: str) -> DocumentContent:
        raise NotImplementedError


class JsonProbe(_DocumentProbe):
    """Reads a JSON document."""

    _separators = ",[{"

    def _parsed(self, text: str) -> DocumentContent:
        if not text.strip():
            raise FaultError("is empty")
        value = parse_json(text)
        if not isinstance(value, dict):
            raise FaultError(f"holds {_article(value)} at its top, not an object")
        return DocumentContent(value)


class TrialsProbe(_DocumentProbe):
    """Reads a list of JSON objects, one a line, as one document: its value is the tuple of them."""

    _separators = ",[{"

    def _parsed(self, text: str) -> DocumentContent:
        *lines, rest = text.split("\n")
        rows = []
        for number, line in enumerate(lines, start=1):
            try:
                row = parse_json(line)
            except FaultError as fault:
                raise FaultError(str(fault), number) from fault
            if not isinstance(row, dict):
                raise FaultError(f"holds {_article(row)} on this line, not an object", number)
            rows.append(row)
        if rest:
            raise FaultError("has a last line that no line feed ends", len(lines) + 1)
        return DocumentContent(tuple(rows))


class YamlProbe(_DocumentProbe):
    """Reads a YAML document."""

    _separators = ",[{\n"

    def _parsed(self, text: str) -> DocumentContent:
        if (plain := read_plain_yaml(text)) is not None:
            return DocumentContent(plain)
        from runcheck.probes.yaml_events import YamlReader  # noqa: PLC0415 - 18 ms that most trees do not pay

        content = YamlReader(text).content()
        if not isinstance(content.value, dict):
            raise FaultError(f"holds {_article(content.value)} at its top, not a mapping")
        return content


def _text(content: bytes) -> str:
    if content.startswith(b"\xef\xbb\xbf"):
        raise FaultError("starts with a byte order mark")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FaultError(f"byte {error.start} is not UTF-8", content.count(b"\n", 0, error.start) + 1) from error


def _article(value: object) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), "null")


def parse_json(text: str) -> object:
    """Return the value of a JSON text, strictly.

    Raises:
        FaultError: it is no JSON, or holds what readers differ on.
    """
    try:
        value: object = _decoder().decode(text)
    except _KeyTwiceError as error:
        raise FaultError(str(error), _second_line(text, error.key)) from error
    except json.JSONDecodeError as error:
        raise FaultError(f"is not JSON: {error.msg} at column {error.colno}", error.lineno) from error
    except RecursionError as error:
        raise too_deep() from error
    except ValueError as error:  # an integer of more digits than Python converts
        raise FaultError("holds an integer of thousands of digits") from error
    if "\\u" in text and _holds_surrogate(value):
        raise FaultError("holds the escape of a lone surrogate, which is no character")
    limit = layout().limits.document_depth
    if text.count("{") + text.count("[") > limit and _depth(value) > limit:
        raise too_deep()
    return value


@cache
def _decoder() -> json.JSONDecoder:
    """Return what reads JSON strictly; ``json.loads`` would make it anew for each text."""
    return json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse_constant, parse_float=finite)


def too_deep() -> FaultError:
    """Return the fault of a document that nests too deep."""
    return FaultError(f"nests more than {layout().limits.document_depth} deep")


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
    raise FaultError(f"holds {token}, which JSON does not have")


def finite(token: str) -> float:
    """Return the number that a token is.

    Raises:
        FaultError: it is beyond every double.
    """
    value = float(token)
    if math.isinf(value):
        raise FaultError(f"holds {token}, which is beyond every double")
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
