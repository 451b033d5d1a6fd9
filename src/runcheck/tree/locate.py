"""Where the tree is that a path means."""

import os
from typing import NamedTuple

from runcheck.convention.layout import layout
from runcheck.convention.names import is_name
from runcheck.errors import CannotCheckError
from runcheck.probes import START_BYTES
from runcheck.probes.folder import open_regular
from runcheck.probes.latest import LatestProbe


class Target(NamedTuple):
    """What is to be checked: the root of a tree, and the path below it that is meant ("" for all of it)."""

    root: str
    focus: str


def locate(path: str) -> Target:
    """Return the tree that ``path`` is, or lies in.

    Raises:
        CannotCheckError: there is nothing at ``path``, or it is not in a tree of artefacts.
    """
    if not os.path.lexists(path):
        raise CannotCheckError(f"{path}: there is no such file or folder")
    absolute = os.path.abspath(path)
    if os.path.isdir(absolute):
        absolute = os.path.realpath(absolute)
        if not os.access(absolute, os.R_OK | os.X_OK):
            raise CannotCheckError(f"{path}: cannot be read; its permissions do not let you")
        if _is_root(absolute):
            return Target(absolute, "")
    folder, name = os.path.split(absolute)
    if os.path.isfile(absolute) and _is_root(folder):
        return Target(os.path.realpath(folder), "")
    parts = [*os.path.realpath(folder).split(os.sep), name]
    for at in range(len(parts) - 1, 0, -1):
        root = os.sep.join(parts[:at]) or os.sep
        if layout().kind_of_folder(parts[at]) and _is_root(root):
            return Target(root, _named("/".join(parts[at:-1]), absolute, name))
    folders = " or ".join(f"{kind.folder}/<slug>/<version>" for kind in layout().kinds.values())
    hint = next(
        (f"; did you mean {path}/{name}?" for name in _subfolders(absolute) if _is_root(f"{absolute}/{name}")), ""
    )
    raise CannotCheckError(f"{path}: holds no dataset and no run, so nothing was checked; a tree has {folders}{hint}")


def _named(folder: str, absolute: str, name: str) -> str:
    """Return the path below the root; that of the version where the file ``latest`` of a slug names one."""
    if name == layout().latest and folder.count("/") == 1 and os.path.isfile(absolute):
        probe = LatestProbe()
        try:
            with open_regular(absolute) as stream:
                probe.feed(stream.read(START_BYTES))
        except OSError as error:
            raise CannotCheckError(f"{absolute}: cannot be read: {error.strerror or error}") from error
        name = probe.content().version or name
    return f"{folder}/{name}" if folder else name


def _is_root(folder: str) -> bool:
    """Say whether units lie below ``folder``: a kind's folder, a slug, and in it a folder that looks like a unit.

    The name of a kind's folder is not enough: ``model/`` and ``data/`` are in every other project.
    """
    if os.path.isfile(f"{folder}/{layout().registry}"):
        return True
    return any(
        _looks_like_unit(f"{folder}/{kind}/{slug}", version)
        for kind in _subfolders(folder)
        if layout().kind_of_folder(kind)
        for slug in _subfolders(f"{folder}/{kind}")
        for version in _subfolders(f"{folder}/{kind}/{slug}")
    )


def _looks_like_unit(slug: str, version: str) -> bool:
    if is_name("version", version):
        return True
    telling = (path for role in layout().roles.values() if role.format for path in role.paths if "/" not in path)
    return any(os.path.exists(f"{slug}/{version}/{path}") for path in telling if path != layout().path("readme"))


def _subfolders(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as listing:
            return sorted(item.name for item in listing if item.is_dir(follow_symlinks=False))
    except OSError:
        return []
