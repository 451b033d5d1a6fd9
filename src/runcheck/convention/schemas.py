"""The JSON Schemas of the convention, as they stand in ``schemas/``."""

import json
from functools import cache

from runcheck.convention.files import convention_folder

SUFFIX = ".schema.json"


def schema_names() -> tuple[str, ...]:
    """Return the name of every schema of the convention."""
    return tuple(sorted(path.name.removesuffix(SUFFIX) for path in convention_folder("schemas").glob(f"*{SUFFIX}")))


@cache
def schema(name: str) -> dict[str, object]:
    """Return the schema ``name`` as it stands in ``schemas/``."""
    text = (convention_folder("schemas") / f"{name}{SUFFIX}").read_text(encoding="utf-8")
    loaded: dict[str, object] = json.loads(text)
    return loaded


def major_of(schema_version: str) -> int | None:
    """Return the major number of a ``schema_version``, or None where it has none."""
    major = schema_version.partition(".")[0]
    return int(major) if major.isascii() and major.isdigit() and len(major) < 6 else None  # noqa: PLR2004
