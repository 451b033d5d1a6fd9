"""The named patterns of ``names.schema.json``: slugs, versions, timestamps, hashes and the like."""

import json
import re
from functools import cache, lru_cache
from typing import TypedDict

from runcheck.convention.files import convention_text

USUAL_SPLITS = ("train", "training", "val", "valid", "validation", "dev", "eval", "test")
REMEMBERED = 1 << 11  # paths; the same ones come up in unit after unit


class _NameSchema(TypedDict, total=False):
    pattern: str
    maxLength: int
    anyOf: list[dict[str, str]]
    description: str
    examples: list[str]


@cache
def _definitions() -> dict[str, _NameSchema]:
    text = convention_text("schemas", "names.schema.json")
    definitions: dict[str, _NameSchema] = json.loads(text)["$defs"]
    return definitions


@cache
def pattern(name: str) -> re.Pattern[str]:
    """Return the pattern of the definition ``name``, compiled; match it with ``fullmatch``."""
    definition = _definitions()[name]
    if "anyOf" in definition:
        parts = (pattern(choice["$ref"].rsplit("/", 1)[1]).pattern for choice in definition["anyOf"])
        return re.compile("|".join(f"(?:{part})" for part in parts))
    return re.compile(definition["pattern"].removeprefix("^").removesuffix("$"))


def is_name(name: str, text: object) -> bool:
    """Say whether ``text`` is a string that the definition ``name`` describes."""
    if not isinstance(text, str):
        return False
    limit = _definitions()[name].get("maxLength")
    return (limit is None or len(text) <= limit) and pattern(name).fullmatch(text) is not None


def words(name: str) -> str:
    """Return in words what the definition ``name`` describes: what its description says, behind a colon in it."""
    definition = _definitions()[name]
    limit = f", at most {definition['maxLength']} characters" if "maxLength" in definition else ""
    said, _, form = definition["description"].partition(": ")
    form = form or f"{said[0].lower()}{said[1:]}"
    form = form if form.endswith("...") else form.removesuffix(".")
    return f"{form}{limit}, such as {definition['examples'][0]!r}"


@cache
def names_by_pattern() -> dict[str, str]:
    """Return the names of the definitions that are patterns, by these as schemas write them."""
    return {each["pattern"]: name for name, each in _definitions().items() if "pattern" in each}


@lru_cache(REMEMBERED)
def is_unit_relative(path: str) -> bool:
    """Say whether ``path`` is a relative path with / that stays inside of its unit."""
    return is_name("path", path)
