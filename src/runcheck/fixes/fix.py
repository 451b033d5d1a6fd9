"""What a fix is, and the list of all of them."""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import TypeAlias

from runcheck.findings import Finding
from runcheck.fixes.draft import Draft

Mend: TypeAlias = Callable[[Draft, Finding], None]
"""Puts the edits that mend a finding into a draft; or raises CannotFixError, and then none of them counts."""

_MODULES = ("checksums", "git", "latest", "leftovers", "metrics", "paths", "readme", "registry", "required", "summary")
_FIXES: dict[str, Mend] = {}


def fixes(*clauses: str) -> Callable[[Mend], Mend]:
    """Register the function that mends what breaks the clauses of these names."""

    def register(mend: Mend) -> Mend:
        _FIXES.update(dict.fromkeys(clauses, mend))
        return mend

    return register


@cache
def all_fixes() -> Mapping[str, Mend]:
    """Return every fix by the name of its clause."""
    for name in _MODULES:
        import_module(f"runcheck.fixes.{name}")
    return _FIXES
