"""The JSON Schemas of the convention, as they stand in ``schemas/``."""

import json
import os
from functools import cache

from runcheck.convention.files import convention_folder, convention_text

SUFFIX = ".schema.json"


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


def _number(digits: str) -> int | None:
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 6 else None  # noqa: PLR2004
