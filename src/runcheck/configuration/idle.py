"""Patterns of ``per-path-ignores`` that fit nothing at all: most likely mistyped, or left from what was removed."""

import os
from collections.abc import Iterable

from runcheck.configuration.globs import Glob
from runcheck.tree.walk import walk

_MOST = 50_000  # entries; in a larger tree nobody waits for this


def idle_among(patterns: Iterable[Glob], folder: str, root: str, start: str) -> tuple[str, ...]:
    """Return the patterns, relative to ``folder``, that fit no path of the tree at ``root``, which they call ``start``.

    One that leads elsewhere may be about another tree, if there is anything where it leads.
    """
    within: list[Glob] = []
    idle: list[Glob] = []
    names = os.listdir(folder)
    for each in patterns:
        if each.fits(start):
            continue
        if each.leads_into(start):
            within.append(each)
        elif not any(each.leads_into(name) or each.fits(name) for name in names):
            idle.append(each)
    left = _without_path(within, root, start) if within else []
    return tuple(each.text for each in (*idle, *left))


def _without_path(patterns: list[Glob], root: str, start: str) -> list[Glob]:
    left, above = patterns, f"{start}/" if start else ""
    entries = walk(root, enter=lambda entry: any(each.leads_into(f"{above}{entry.path}") for each in left))
    for count, entry in enumerate(entries):
        if count == _MOST:
            return []
        left = [each for each in left if not each.fits(f"{above}{entry.path}")]
        if not left:
            break
    return left
