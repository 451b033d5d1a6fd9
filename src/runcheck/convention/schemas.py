"""The JSON Schemas of the convention, as they stand in ``schemas/``."""

import json
import os
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from runcheck.convention.files import convention_folder, convention_text
from runcheck.convention.layout import layout

SUFFIX = ".schema.json"


class Violation(NamedTuple):
    """One place where a document is not what its schema asks for."""

    pointer: str
    message: str


class Applied(NamedTuple):
    """A schema that a tree registers, applied to its extensions: what is wrong with them, each by its name.

    ``fault`` is why the schema itself cannot be applied, at ``line`` of it.
    """

    violations: Mapping[str, tuple[Violation, ...]] = {}
    fault: str | None = None
    line: int | None = None


def schema_names() -> tuple[str, ...]:
    """Return the name of every schema of the convention."""
    names = os.listdir(convention_folder("schemas"))
    return tuple(sorted(name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX)))


@cache
def schema(name: str) -> dict[str, object]:
    """Return the schema ``name`` as it stands in ``schemas/``."""
    loaded: dict[str, object] = json.loads(convention_text("schemas", f"{name}{SUFFIX}"))
    return loaded


def major_of(schema_version: str) -> int | None:
    """Return the major number of a ``schema_version``, or None where it has none."""
    return _number(schema_version.partition(".")[0])


def minor_of(schema_version: str) -> int | None:
    """Return the minor number of a ``schema_version``, or None where it has none."""
    return _number(schema_version.partition(".")[2])


def is_known_major(document: object) -> bool:
    """Say whether ``document`` is an object of the major version known here, or does not say of which version it is."""
    if not isinstance(document, dict):
        return False
    version = document.get("schema_version")
    return not isinstance(version, str) or major_of(version) in (None, major_of(layout().schema_version))


def is_newer_minor(document: object) -> bool:
    """Say whether ``document`` is of a minor version after the one known here, and so may have fields unknown here."""
    if not isinstance(document, dict) or not isinstance(version := document.get("schema_version"), str):
        return False
    minor, ours = minor_of(version), layout().schema_version
    return major_of(version) == major_of(ours) and minor is not None and minor > (minor_of(ours) or 0)


def _number(digits: str) -> int | None:
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 6 else None  # noqa: PLR2004
