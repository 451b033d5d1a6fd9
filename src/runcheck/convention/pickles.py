"""``pickles.toml``: which imports of a pickle belong to its format."""

import tomllib
from functools import cache

from runcheck.convention.files import convention_text


def is_needed(format_: str, name: str) -> bool:
    """Say whether pickles of a format need to import ``name``."""
    names, prefixes = _needed()[format_]
    return name in names or name.startswith(prefixes)


@cache
def _needed() -> dict[str, tuple[frozenset[str], tuple[str, ...]]]:
    """Return what each format needs: whole names, and prefixes of names."""
    raw = tomllib.loads(convention_text("schemas", "pickles.toml"))
    found: dict[str, tuple[frozenset[str], tuple[str, ...]]] = {}
    for format_, table in raw["formats"].items():
        names = {
            f"{module}.{name}" for group in table["groups"] for module, each in raw[group].items() for name in each
        }
        found[format_] = (frozenset(names), tuple(table.get("prefixes", ())))
    return found
