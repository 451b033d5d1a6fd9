"""JSON pointers (RFC 6901) in which ``*`` stands for any one member and ``**`` for any number of them."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_MOST = 100_000  # values that one pointer leads to
_INDEX = re.compile("0|[1-9][0-9]{0,9}")


class Met(NamedTuple):
    """A value where a pointer led to, by the plain pointer to it."""

    pointer: str
    value: object


def resolve(document: object, pointer: str) -> Iterator[Met]:
    """Yield each value that a pointer leads to in a document, in its order; none where it leads nowhere."""
    segments = [segment.replace("~1", "/").replace("~0", "~") for segment in pointer.split("/")[1:]]
    pending: list[tuple[int, str, object]] = [(0, "", document)]
    seen: set[tuple[int, str]] = set()
    count = 0
    while pending and count < _MOST:
        at, path, value = pending.pop()
        if (at, path) in seen:  # by way of another of several ``**``
            continue
        if at == len(segments) or "**" in segments[:at]:
            seen.add((at, path))
        if at == len(segments):
            count += 1
            yield Met(path, value)
        elif segments[at] == "**":
            pending += [(at, *each) for each in reversed([*_below(path, value)])]
            pending.append((at + 1, path, value))
        elif segments[at] == "*":
            pending += [(at + 1, *each) for each in reversed([*_below(path, value)])]
        else:
            pending += [(at + 1, f"{path}/{escaped(segments[at])}", each) for each in _member(value, segments[at])]


def value_at(document: object, pointer: str) -> object:
    """Return the value at a plain pointer; None where there is none."""
    for part in pointer.split("/")[1:]:
        document = next(_member(document, key_of(part)), None)
    return document


def escaped(segment: str) -> str:
    """Return a key as a segment of a pointer."""
    return segment.replace("~", "~0").replace("/", "~1")


def key_of(pointer: str) -> str:
    """Return the key that a pointer ends in."""
    return pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")


def _member(value: object, key: str) -> Iterator[object]:
    if isinstance(value, Mapping):
        if key in value:
            yield value[key]
    elif isinstance(value, list) and _INDEX.fullmatch(key) and int(key) < len(value):
        yield value[int(key)]


def _below(path: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield f"{path}/{escaped(str(key))}", each
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield f"{path}/{index}", each
