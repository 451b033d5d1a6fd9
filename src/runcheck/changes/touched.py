"""Which parts of which trees a change touches, each once."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from typing import NamedTuple

from runcheck.changes.change import Change
from runcheck.convention.layout import layout
from runcheck.convention.unit_paths import unit_around, within_unit
from runcheck.tree.locate import is_root
from runcheck.tree.store import Store

# How JSON may write the characters that slugs are made of (RFC 8259, 7); no program is known to, but one may.
_ESCAPED = (r"\u002d", r"\u002D", r"\u002e", r"\u002E", r"\u003", r"\u005f", r"\u005F", r"\u006", r"\u007")


class Touched(NamedTuple):
    """Parts of the tree at ``root``, a path from the top of the repository, and the units that refer to some of them.

    A part need not be there any more; where there is none named, it is the whole tree. Of a unit ``beside`` no file
    changed. ``has_rows`` says whether the registry changed, so that each of its rows is to be judged.
    """

    root: str
    paths: frozenset[str]
    beside: frozenset[str]
    has_rows: bool = False


def touched_by(change: Change, store_at: Callable[[str], Store]) -> tuple[list[Touched], frozenset[str]]:
    """Return what a change touches of each tree, and the files of it that lie in no unit.

    ``store_at`` returns the store of a folder, given by its path from the top of the repository. A tree may lie in
    another one; what is touched in it is touched in both.
    """
    is_tree = cache(lambda folder: is_root(store_at(folder)))
    found: dict[str, set[str]] = {}
    outside: set[str] = set()
    for path in change.paths:
        folders = [folder for folder in folders_of(path) if is_tree(folder)]
        for folder in folders:
            found.setdefault(folder, set()).add(within(folder, path))
        if not any(unit_around(within(folder, path)) for folder in folders):
            outside.add(path)
    before: dict[str, set[str]] = {}
    for path in change.before & change.paths:
        for folder in folders_of(path):
            if folder in found:
                before.setdefault(folder, set()).add(within(folder, path))
    referring = _referring(change, before)
    trees = [_touched(change, root, paths, referring.get(root, frozenset())) for root, paths in sorted(found.items())]
    return trees, frozenset(outside)


def _touched(change: Change, root: str, paths: Collection[str], beside: frozenset[str]) -> Touched:
    """Return what is touched of one tree: all of it by the schema of an extension, which any unit may break then.

    Nearly every commit of a run changes the registry, and to compare all rows takes the metadata of all units. A hook
    compares those of the units that it touches, and all only where there are none.
    """
    before, after = layout().extension_schemas.split("<extension>")
    if any(path.startswith(before) and path.endswith(after) for path in paths):
        return Touched(root, frozenset(), frozenset())
    is_hurried = change.is_staged and any(map(unit_around, paths))
    return Touched(root, _parts(paths), beside, layout().registry in paths and not is_hurried)


def folders_of(path: str) -> Iterable[str]:
    """Yield the folders that a path lies in, from the top of the repository, which is "", on."""
    yield ""
    yield from (path[:at] for at, letter in enumerate(path) if letter == "/")


def within(folder: str, path: str) -> str:
    """Return a path from the top of the repository as one from a folder that it lies in."""
    return path[len(folder) + 1 :] if folder else path


def _parts(paths: Iterable[str]) -> frozenset[str]:
    """Return the units of these paths, and the paths themselves of those that lie in none."""
    return frozenset(unit_around(path) or path for path in paths)


def _referring(change: Change, before: Mapping[str, Iterable[str]]) -> Mapping[str, frozenset[str]]:
    """Return, by tree, the units that name one that was there before and whose metadata or checksums changed.

    What others say of a unit rests on these two. Who names its slug is not sure to refer to it, nor is who writes a
    letter of one as an escape; what is said of such a unit is true all the same.
    """
    telling = {path for role in ("metadata", "checksums") for path in layout().roles[role].paths}
    changed = {path for paths in before.values() for path in paths if unit_around(path)}
    slugs = {path.split("/")[1] for path in changed if within_unit(path) in telling}
    found: dict[str, set[str]] = {}
    words = slugs.union(map(_in_ascii, slugs), _ESCAPED) if slugs else slugs
    for path in change.naming(words, layout().path("metadata")):
        for root in before:
            below = within(root, path) if _is_in(root, path) else ""
            if unit_around(below) and "/" not in within_unit(below):
                found.setdefault(root, set()).add(below.rpartition("/")[0])
    return {root: frozenset(units) for root, units in found.items()}


def _in_ascii(slug: str) -> str:
    """Return a slug as JSON has it where it keeps to ASCII."""
    return json.dumps(slug)[1:-1]


def _is_in(folder: str, path: str) -> bool:
    return not folder or path.startswith(f"{folder}/")
