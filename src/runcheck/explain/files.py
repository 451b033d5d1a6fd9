"""Which files a check looks at, and as what."""

import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import NamedTuple

from runcheck.convention.layout import layout
from runcheck.convention.units import unit_of
from runcheck.focus import Focus
from runcheck.report.escape import printable
from runcheck.report.setting import below, setting_of
from runcheck.tree.locate import locate
from runcheck.tree.store import Remote


class Shown(NamedTuple):
    """A file of the tree at ``root``, and its role, or None where the layout has none for it."""

    root: str
    path: str
    role: str | None


def files_of(path: str, remote: Remote) -> Iterator[Shown]:
    """Yield the files that a check of ``path`` looks at. None is opened.

    Raises:
        CannotCheckError: there is no tree at ``path``.
    """
    target = locate(os.fspath(path), remote)
    with closing(target.store) as store:
        focus = Focus(store, [target.focus])
        tree = focus.tree()
        if tree.registry is not None:
            yield Shown(target.root, tree.registry.path, "registry")
        for slug in tree.slugs:
            if slug.latest is not None and focus.touches(slug.path):
                yield Shown(target.root, slug.latest.path, layout().latest)
            for address in slug.units:
                if focus.touches(address.path):
                    for member in unit_of(address, store.walk(address.path)).files.values():
                        yield Shown(target.root, member.entry.path, member.role.name if member.role else None)


def render(files: Iterable[Shown]) -> Iterator[str]:
    """Yield a line a file: its role, and its path from here."""
    folder = setting_of().folder
    for each in files:
        yield f"{each.role or 'no role':<14} {printable(below(folder, each.root, each.path))}"
