"""Which folder of this machine a path means: a unit, or the one that ``latest`` of a slug names."""

import os
from collections.abc import Iterator
from itertools import islice

from runcheck.convention.layout import layout
from runcheck.convention.versions import version_of_link
from runcheck.errors import CannotReadError
from runcheck.probes.folder import open_regular
from runcheck.probes.latest import version_in
from runcheck.tree.entry import Entry
from runcheck.tree.locate import is_url, why_absent
from runcheck.tree.walk import entry_at, folders_in

_TOLD = 5  # units in a message


def unit_folder(path: str) -> str:
    """Return the folder of the unit that ``path`` means: its own, a slug's, or ``latest`` of a slug.

    A slug means the version that its ``latest`` names; where it has none, its only one.

    Links above the unit are the caller's and are followed; ``latest`` leads to a folder beside it and nowhere else.

    Raises:
        CannotReadError: there is none.
    """
    if is_url(path):
        raise CannotReadError(f"{path}: is on another machine; copy the unit here and load the copy")
    absolute = os.path.abspath(path)
    folder, name = os.path.split(absolute)
    if name == layout().latest and not (os.path.isdir(absolute) and not os.path.islink(absolute)):
        return _latest(os.path.realpath(folder), path)
    if not os.path.lexists(absolute):
        raise CannotReadError(f"{path}: there is no such folder")
    absolute = os.path.realpath(absolute)
    if not os.path.isdir(absolute):
        raise CannotReadError(f"{path}: is no folder; give the folder of a run or of a dataset version")
    if _is_unit(absolute):
        return absolute
    if entry_at(absolute, layout().latest) is not None:
        return _latest(absolute, path)
    versions = [name for name in folders_in(absolute) if _is_unit(f"{absolute}/{name}")]
    if len(versions) == 1:  # as of a slug whose first run died
        return os.path.join(absolute, versions[0])
    raise CannotReadError(f"{path}: is no unit: it has no {layout().path('metadata')}{_hint(absolute)}")


def folder_of(word: str) -> str:
    """Return the folder of the unit that ``word`` means, where one unit is to be read, finished or sent.

    A path that is there, or that begins at the root of the machine, means what :func:`unit_folder` says. Any other word
    is looked for in ``artefacts``: ``latest``, a slug, a version, the name of a unit or its label.

    Raises:
        CannotReadError: it means no unit, or several.
    """
    if is_url(word) or os.path.isabs(word) or os.path.lexists(word):
        return unit_folder(word)
    from runcheck.reading.resolve import resolve  # noqa: PLC0415 - most paths are there, and need no tree

    return resolve(word).folder


def sealed_above(path: str) -> str | None:
    """Return the folder of the sealed unit that ``path`` is or would lie in, None where there is none."""
    above = os.path.realpath(path)
    while True:
        if _is_unit(above) and entry_at(above, layout().path("checksums")) is not None:
            return above
        if above == (above := os.path.dirname(above)):
            return None


def _latest(slug: str, path: str) -> str:
    latest = entry_at(slug, layout().latest)
    if latest is None:
        raise CannotReadError(f"{path}: {why_absent(path)}")
    name = name_in(slug, latest)
    if name is None:
        raise CannotReadError(f"{path}: names no version beside it; give the folder of a version")
    version = entry_at(slug, name)
    if version is None or not version.is_folder:
        raise CannotReadError(f"{path}: names {name}, which is no folder there{_hint(slug)}")
    return os.path.join(slug, name)


def name_in(slug: str, latest: Entry) -> str | None:
    """Return the name that ``latest`` in the folder ``slug`` gives, or None where it gives none of something beside it.

    Raises:
        CannotReadError: it cannot be read.
    """
    target = f"{slug}/{latest.name}"
    try:
        if os.path.islink(target):
            return version_of_link(os.readlink(target))
        with open_regular(target) as stream:
            return version_in(stream)
    except OSError as error:
        raise CannotReadError(f"{target}: cannot be read: {error.strerror or error}") from error


def _is_unit(folder: str) -> bool:
    return entry_at(folder, layout().path("metadata")) is not None


def _hint(folder: str) -> str:
    """Return the first units below a folder as the end of a message."""
    found = list(islice(_units_below(folder, ""), _TOLD + 1))
    if not found:
        return ""
    more = ", ..." if len(found) > _TOLD else ""
    return f"; it holds {', '.join(found[:_TOLD])}{more}: give one of these"


def _units_below(folder: str, prefix: str) -> Iterator[str]:
    for name in folders_in(f"{folder}/{prefix}"):
        if _is_unit(f"{folder}/{prefix}{name}"):
            yield f"{prefix}{name}"
        elif prefix.count("/") < 2:  # noqa: PLR2004 - a unit lies three folders below the root
            yield from _units_below(folder, f"{prefix}{name}/")
