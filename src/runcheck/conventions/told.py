"""What the checks are given: a unit that was read, and what each unit of the tree says of itself."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

from runcheck.conventions.classify import OwnUnit, Stray
from runcheck.conventions.definition import Check, Condition
from runcheck.conventions.pointers import resolve
from runcheck.conventions.references import Value, reference
from runcheck.probes import Facts
from runcheck.probes.contents import DocumentContent

KEPT = 10_000  # values of one reference in one unit
_LONGEST = 500  # characters of a text that is kept


class Subject(Protocol):
    """A unit whose values can be asked for."""

    @property
    def kind(self) -> str:
        """What kind of unit it is."""

    @property
    def path(self) -> str:
        """Where it lies."""

    @property
    def names(self) -> Mapping[str, str]:
        """What the placeholders of its path stand for."""

    def values(self, text: str) -> tuple[Value, ...]:
        """Return what a reference leads to in it."""


class UnitRead(NamedTuple):
    """A unit with what was read of its files, by their paths below the root.

    ``covered`` are the codes of the main convention by which it is judged too.
    """

    unit: OwnUnit
    facts: Mapping[str, Facts]
    covered: frozenset[str]

    @property
    def kind(self) -> str:
        """What kind of unit it is."""
        return self.unit.form.name

    @property
    def path(self) -> str:
        """Where it lies."""
        return self.unit.path

    @property
    def names(self) -> Mapping[str, str]:
        """What the placeholders of its path stand for."""
        return self.unit.names

    def document(self, path: str) -> DocumentContent | None:
        """Return a document, or None where there is none that was read."""
        facts = self.facts.get(path)
        return facts.content if facts and isinstance(facts.content, DocumentContent) else None

    def values(self, text: str) -> tuple[Value, ...]:
        """Return what a reference leads to in it."""
        asked = reference(text)
        if asked is None:
            return ()
        if asked.name is not None:
            return (Value(None, None, self.names[asked.name]),) if asked.name in self.names else ()
        found: list[Value] = []
        for file in self.unit.of_role(asked.role or ""):
            content = self.document(file.path)
            if content is not None and content.value is not None:
                met = resolve(content.value, asked.pointer)
                found += [Value(file.path, each.pointer, each.value) for each in met]
        return tuple(found)


class Told(NamedTuple):
    """What a unit says of itself that checks across units ask for; little enough to keep for each of a large tree."""

    kind: str
    path: str
    names: Mapping[str, str]
    inside: str | None
    told: Mapping[str, tuple[Value, ...]]
    unread: frozenset[str]  # roles of which a file is not here, as a pointer of Git LFS is not
    cut: frozenset[str] = frozenset()  # references that lead to more than is kept

    def values(self, text: str) -> tuple[Value, ...]:
        """Return what a reference leads to in it."""
        return self.told.get(text, ())


class OwnTree:
    """What all units say, and the folders beside them that are none."""

    def __init__(self, units: Iterable[Told], strays: Iterable[Stray]) -> None:
        """Take the units, in their order."""
        self.units, self.strays = tuple(units), tuple(strays)
        self._saying: dict[tuple[str, str], dict[object, list[Told]]] = {}

    def of(self, kind: str) -> list[Told]:
        """Return the units of a kind."""
        return [unit for unit in self.units if unit.kind == kind]

    def saying(self, kind: str, text: str, value: Value) -> list[Told]:
        """Return the units of a kind, in their order, in which a reference leads to this value."""
        if (kind, text) not in self._saying:
            found = self._saying[kind, text] = {}
            for unit in self.of(kind):
                for key in {_key(each) for each in unit.values(text)}:
                    found.setdefault(key, []).append(unit)
        return self._saying[kind, text].get(_key(value), [])


def _key(value: Value) -> object:
    """Return what a value has in common with those alone that are the same."""
    return value.digest or _key_of(value.value)


def _key_of(value: object) -> object:
    if isinstance(value, dict | list) or (isinstance(value, str) and len(value) > _LONGEST):
        text = json.dumps(_evened(value), sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).digest()
    return (value,) if isinstance(value, bool) else value


def _evened(value: object) -> object:
    """Return a value in which 1.0 is written as 1 is."""
    if isinstance(value, dict):
        return {key: _evened(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_evened(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def told_by(read: UnitRead, references: frozenset[str]) -> Told:
    """Return what a unit says, as far as it is asked for."""
    values = {text: read.values(text) for text in sorted(references)}
    cut = frozenset(text for text, found in values.items() if len(found) > KEPT or any(map(_is_long, found)))
    told = {text: tuple(_light(each) for each in found[:KEPT]) for text, found in values.items()}
    unread = {file.role.name for file in read.unit.files if file.role and _is_unread(read.facts.get(file.path))}
    inside = read.unit.inside.path if read.unit.inside else None
    return Told(read.kind, read.path, read.names, inside, told, frozenset(unread), cut)


def _is_long(value: Value) -> bool:
    return isinstance(value.value, dict | list) and len(value.value) > KEPT


def _is_unread(facts: Facts | None) -> bool:
    return facts is not None and bool(facts.pointer or facts.error)


def _light(value: Value) -> Value:
    """Return a value without what lies in it: of an object the keys, of a list its texts and numbers."""
    held = value.value
    if isinstance(held, str):
        light: object = held[:_LONGEST]
    elif isinstance(held, dict):
        light = {str(key)[:_LONGEST]: None for key in list(held)[:KEPT]}
    elif isinstance(held, list):
        light = [each for each in held[:KEPT] if isinstance(each, str | int | float)]
    else:
        return value
    key = _key_of(held)
    return value._replace(value=light, digest=key if isinstance(key, bytes) else None)


def holds(condition: Condition | None, subject: Subject, default: bool) -> bool:  # noqa: FBT001 - what None means
    """Say whether a condition holds in a unit."""
    if condition is None:
        return default
    found = subject.values(condition.value)
    if condition.allowed is None:
        return any(each.value is not None for each in found)
    allowed = {_key_of(each) for each in condition.allowed}
    return any(_key(each) in allowed for each in found)


def is_asked(check: Check, subject: Subject) -> bool:
    """Say whether a check is asked of a unit, by its conditions."""
    return holds(check.when, subject, default=True) and not holds(check.unless, subject, default=False)


def is_same(value: object, other: object) -> bool:
    """Say whether two values of JSON are the same: 1 is not true."""
    return value == other and isinstance(value, bool) == isinstance(other, bool)
