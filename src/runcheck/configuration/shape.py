"""A configuration against its schema.

By hand, though jsonschema-rs could: to load that takes 30 ms, which every hook would pay of which nothing else needs
it, and the words for a person who mistyped a key would be ours all the same. The tests hold the two to one another.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, cast

from runcheck.convention.schemas import schema

NAME = "runcheck"
_TYPES: dict[str, tuple[type, str]] = {
    "object": (dict, "a table"),
    "array": (list, "a list"),
    "string": (str, "a text"),
    "integer": (int, "a whole number"),
}
_SHOWN = 60


class Fault(NamedTuple):
    """One key that is not what it should be, by its path with dots, and why."""

    key: str
    message: str


def faults(value: object) -> list[Fault]:
    """Return what is wrong with the value of a configuration."""
    return list(_faults(value, schema(NAME), schema(NAME), ""))


def _faults(value: object, node: Mapping[str, object], root: Mapping[str, object], key: str) -> Iterator[Fault]:
    """Yield what is wrong with a value by a node of the schema. Beside a wrong type nothing else is."""
    if reference := cast("str | None", node.get("$ref")):
        owner, _, pointer = reference.partition("#/")
        whole = schema(owner.rpartition(":")[2]) if owner else root
        found: object = whole
        for part in pointer.split("/"):
            found = cast("Mapping[str, object]", found)[part]
        yield from _faults(value, cast("Mapping[str, object]", found), whole, key)
    type_ = cast("str | None", node.get("type"))
    if type_ and (not isinstance(value, _TYPES[type_][0]) or (type_ == "integer" and isinstance(value, bool))):
        yield Fault(key, f"is {_kind_of(value)}, not {_TYPES[type_][1]}")
        return
    if "enum" in node and value not in cast("list[object]", node["enum"]):
        yield Fault(key, f"is {_shown(value)}{one_of(cast('list[str]', node['enum']), value)}")
    if isinstance(value, dict):
        yield from _of_table(value, node, root, key)
    elif isinstance(value, list):
        yield from _of_list(value, node, root, key)
    elif isinstance(value, str):
        yield from _of_text(value, node, key)
    elif isinstance(value, int) and value < cast("int", node.get("minimum", value)):
        yield Fault(key, f"is {value}; the least is {node['minimum']}")


def _of_table(
    value: dict[str, object], node: Mapping[str, object], root: Mapping[str, object], key: str
) -> Iterator[Fault]:
    yield from _count(len(value), "keys", node.get("maxProperties"), key)
    known = cast("Mapping[str, Mapping[str, object]]", node.get("properties", {}))
    others = node.get("additionalProperties", True)
    for name in cast("list[str]", node.get("required", [])):
        if name not in value:
            yield Fault(key, f"lacks {name}")
    for name, each in value.items():
        at = f"{key}.{name}" if key else name
        names = node.get("propertyNames")
        if names is not None:
            yield from _faults(name, cast("Mapping[str, object]", names), root, at)
        if name in known:
            yield from _faults(each, known[name], root, at)
        elif others is False:
            yield Fault(at, f"is no key here{one_of([one for one in known if one[0] != '$'], name)}")
        elif isinstance(others, dict):
            yield from _faults(each, others, root, at)


def _of_list(value: list[object], node: Mapping[str, object], root: Mapping[str, object], key: str) -> Iterator[Fault]:
    yield from _count(len(value), "items", node.get("maxItems"), key)
    if len(value) < cast("int", node.get("minItems", 0)):
        yield Fault(key, "is empty")
    for at, each in enumerate(value):
        yield from _faults(each, cast("Mapping[str, object]", node.get("items", {})), root, f"{key}[{at}]")


def _of_text(value: str, node: Mapping[str, object], key: str) -> Iterator[Fault]:
    yield from _count(len(value), "characters", node.get("maxLength"), key)
    pattern = cast("str | None", node.get("pattern"))
    if len(value) < cast("int", node.get("minLength", 0)):
        yield Fault(key, "is empty")
    elif pattern and not re.search(_anchored(pattern), value):
        described = cast("str", node.get("description", ""))
        yield Fault(key, f"is {_shown(value)}, which is none: {described.removesuffix('.')}")


def _anchored(pattern: str) -> str:
    """Return a pattern of ECMA-262, whose ``$`` is the very end, for Python, whose ``$`` may stand before a newline."""
    return f"{pattern.removesuffix('$')}\\Z" if pattern.endswith("$") else pattern


def _count(count: int, of: str, most: object, key: str) -> Iterator[Fault]:
    if isinstance(most, int) and count > most:
        yield Fault(key, f"has {count:,} {of}; the most is {most:,}")


def one_of(allowed: Iterable[str], value: object) -> str:
    """Return in words what is allowed in place of a value: what it comes nearest to, or all."""
    import difflib  # noqa: PLC0415 - 10 ms that what is in order does not pay

    names = list(allowed)
    if near := difflib.get_close_matches(str(value), names, 1):
        return f"; did you mean {near[0]}?"
    return f"; there is {', '.join(names)}" if names else ""


def _kind_of(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    words = next((words for type_, words in _TYPES.values() if isinstance(value, type_)), "another kind of value")
    return f"the {words[2:]} {_shown(value)}" if isinstance(value, str | int) else words


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
