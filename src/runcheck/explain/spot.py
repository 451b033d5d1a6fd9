"""Where in a tree a path lies, also one at which nothing is yet: the names of folders tell."""

import os
from collections.abc import Iterator
from typing import NamedTuple

from runcheck.convention.layout import layout
from runcheck.convention.versions import version_of_link
from runcheck.errors import CannotCheckError
from runcheck.probes.latest import version_in
from runcheck.tree.locate import is_root, is_url
from runcheck.tree.store import LocalStore

_DEPTH = 3  # of a unit: kind, slug, version


class Spot(NamedTuple):
    """The root of a tree, and a path below it, "" for the root itself."""

    root: str
    below: str


def spot_of(path: str) -> Spot:
    """Return where a path lies. What is asked of ``latest/`` is answered of the version that it names.

    Raises:
        CannotCheckError: no tree is above it, and no name in it is that of a kind's folder.
    """
    if is_url(path):
        raise CannotCheckError(f"{path}: only paths of this machine are explained; give the path as in the store alone")
    whole = os.path.abspath(path)
    parts = whole.split(os.sep)
    given = len(parts) - len(os.path.normpath(path).split(os.sep)) if not os.path.isabs(path) else 1
    at = next(_roots(parts, given), None)
    if at is None:
        folders = " or ".join(f"{kind.folder}/<slug>/<version>" for kind in layout().kinds.values())
        raise CannotCheckError(f"{path}: lies in no tree of artefacts; a tree has {folders}")
    return _resolved(Spot(os.sep.join(parts[:at]) or os.sep, "/".join(parts[at:])))


def _roots(parts: list[str], given: int) -> Iterator[int]:
    """Yield how many parts may be those of the root, the likeliest first: trees on the disk, then telling names."""
    kinds = {kind.folder for kind in layout().kinds.values()}
    yield from (at for at in range(len(parts), 0, -1) if is_root(LocalStore(os.sep.join(parts[:at]) or os.sep)))
    yield from (at for at in range(given, len(parts)) if parts[at] in kinds)
    yield from (at for at in range(given, len(parts)) if layout().kind_of_folder(parts[at]))
    if parts[-1] == layout().registry:
        yield len(parts) - 1


def _resolved(spot: Spot) -> Spot:
    """Return the spot with the version in place of ``latest``, where more follows it and it names one."""
    parts = spot.below.split("/")
    if len(parts) <= _DEPTH or parts[_DEPTH - 1] != layout().latest:
        return spot
    latest = os.path.join(spot.root, *parts[:_DEPTH])
    try:
        if os.path.islink(latest):
            version = version_of_link(os.readlink(latest))
        else:
            with open(latest, "rb") as stream:
                version = version_in(stream)
    except OSError:
        version = None
    return spot._replace(below="/".join((*parts[: _DEPTH - 1], version or parts[_DEPTH - 1], *parts[_DEPTH:])))
