"""Which parts of trees by conventions of one's own a change touches: a configuration above names the convention."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from runcheck.changes.change import Change
from runcheck.changes.touched import folders_of, within
from runcheck.convention.unit_paths import unit_around
from runcheck.errors import ConfigurationError
from runcheck.findings import Unverified
from runcheck.judgement import Judgement
from runcheck.tree.locate import is_root
from runcheck.tree.store import Store

if TYPE_CHECKING:
    from runcheck.configuration.judgement import Said
    from runcheck.conventions.definition import Convention


class OwnTouched(NamedTuple):
    """Parts of the tree at ``root``, a path from the top of the repository, and what it is judged by.

    Where there is no part named, it is the whole tree. ``inside`` are the changed files that lie in its units.
    """

    root: str
    convention: "Convention"
    judgement: Judgement
    paths: frozenset[str]
    inside: frozenset[str]


class _Project(NamedTuple):
    """A folder whose configuration names a convention, and where the trees of it lie; anywhere if nothing says."""

    folder: str
    judgement: Judgement
    convention: "Convention"
    places: tuple[str, ...]


class _Met:
    """What is touched of one tree."""

    def __init__(self) -> None:
        self.paths: set[str] = set()
        self.inside: set[str] = set()
        self.is_whole = False


def own_touched_by(
    change: Change,
    store_at: Callable[[str], Store],
    said_in: Callable[[str], "Said | None"],
    places: Sequence[str] = (),
) -> tuple[list[OwnTouched], list[Unverified]]:
    """Return what a change touches of each tree by a convention of one's own, and what nobody can say of it.

    ``said_in`` returns what the configuration in a folder of the file system says, None where there is none;
    ``places`` are the paths that were asked for, if any were. Of the folders that such a tree may be at, it is the one
    that is named, or the outermost. What a unit holds does not say what it is judged by, so no configuration in one is
    looked at.

    A configuration that cannot be read, of a folder with no tree that anybody knows of, does not stop the check: it may
    be none of ours.

    Raises:
        RuncheckError: a convention that is named is none, or the configuration at the top.
    """
    finder = _Finder(change, store_at, said_in, places)
    return finder.found(), [Unverified(reason, (path,)) for path, reason in sorted(finder.unread.items())]


class _Finder:
    """Finds the trees that a change touches."""

    def __init__(
        self,
        change: Change,
        store_at: Callable[[str], Store],
        said_in: Callable[[str], "Said | None"],
        places: Sequence[str],
    ) -> None:
        self._change, self._store_at, self._said_in = change, store_at, said_in
        self._places = tuple(self._relative(place) for place in places)
        self._project = cache(self._project_in)
        self._is_main = cache(lambda folder: is_root(store_at(folder)))
        self._trees: dict[tuple[str, str], bool] = {}
        self._met: dict[tuple[str, str], _Met] = {}
        self.unread: dict[str, str] = {}

    def found(self) -> list[OwnTouched]:
        projects: dict[str, _Project] = {}
        for path in sorted(self._change.paths):
            for project, folder in self._looked_at(path):
                if project is None:
                    continue
                projects[project.folder] = project
                if self._take(project, folder, path):
                    break
        for project in projects.values():
            if _is_said_anew(project, self._change):
                for root in project.places or (project.folder,):
                    if self._is_tree(project, root):
                        self._met.setdefault((project.folder, root), _Met()).is_whole = True
                for (folder, _), met in self._met.items():
                    met.is_whole |= folder == project.folder
        return [
            OwnTouched(
                root,
                projects[folder].convention,
                projects[folder].judgement,
                frozenset() if met.is_whole else frozenset(met.paths),
                frozenset(met.inside),
            )
            for (folder, root), met in sorted(self._met.items())
        ]

    def _looked_at(self, path: str) -> Iterator[tuple[_Project | None, str]]:
        """Yield each folder above a path, from the top on, with the project that it is part of."""
        current: _Project | None = None
        for folder in folders_of(path):
            said = self._project(folder)
            if said is not None and not (folder and self._is_in_main_unit(folder)):
                current = said if isinstance(said, _Project) else None
            yield current, folder

    def _take(self, project: _Project, folder: str, path: str) -> bool:
        """Note what a path is in the tree at a folder, if it is something in one; and say so."""
        from runcheck.conventions.classify import part_of  # noqa: PLC0415 - few have one

        own = project.convention
        if not _is_named(project, folder, path) or any(
            _is_in(place, path) and _is_in(folder, place) and place != folder and self._is_tree(project, place)
            for place in project.places
        ):
            return False
        if folder != project.folder and not project.places and self._is_tree(project, project.folder):
            return False
        part = part_of(own, within(folder, path))
        if part is None or not self._is_tree(project, folder):
            return False
        met = self._met.setdefault((project.folder, folder), _Met())
        met.paths.add(part.path)
        if part.is_in_unit:
            met.inside.add(path)
        return True

    def _is_tree(self, project: _Project, folder: str) -> bool:
        """Say whether units lie in a folder, or lay there before."""
        from runcheck.conventions.classify import part_of, places_in  # noqa: PLC0415 - few have one

        key = (project.folder, folder)
        if key not in self._trees:
            gone = (within(folder, path) for path in self._change.gone if _is_in(folder, path))
            self._trees[key] = any(places_in(self._store_at(folder), project.convention)) or any(
                (part := part_of(project.convention, path)) is not None and part.is_in_unit for path in gone
            )
        return self._trees[key]

    def _project_in(self, folder: str) -> "_Project | bool | None":
        """Return the project of a folder; False where its configuration names no convention, None where it has none."""
        try:
            said = self._said_in("/".join(filter(None, (self._change.repository.top, folder))))
        except ConfigurationError as error:
            if not folder:
                raise
            self.unread[folder] = f"whether it has units of another convention: {error}"
            return None
        if said is None:
            return None
        if said.judgement.convention is None:
            return False
        from runcheck.conventions.load import load  # noqa: PLC0415 - few have one

        places = self._places or tuple(map(self._relative, said.roots))
        return _Project(folder, said.judgement, load(said.judgement.convention), places)

    def _is_in_main_unit(self, folder: str) -> bool:
        return any(unit_around(f"{within(above, folder)}/x") and self._is_main(above) for above in folders_of(folder))

    def _relative(self, place: str) -> str:
        path = os.path.relpath(os.path.realpath(place), self._change.repository.top).replace(os.sep, "/")
        return "" if path == "." else path


def _is_named(project: _Project, folder: str, path: str) -> bool:
    """Say whether a tree at a folder is one that is asked for: at, in or around a place that the path is in."""
    return not project.places or any(
        _is_in(place, path) and (_is_in(place, folder) or _is_in(folder, place)) for place in project.places
    )


def _is_said_anew(project: _Project, change: Change) -> bool:
    """Say whether the change touches the convention itself, or one of its schemas."""
    source = os.path.realpath(project.convention.source)
    path = os.path.relpath(source, change.repository.top).replace(os.sep, "/")
    return any(each == path or each.startswith(f"{path.removesuffix('.toml')}/") for each in change.paths)


def _is_in(folder: str, path: str) -> bool:
    return not folder or path == folder or path.startswith(f"{folder}/")


def without_units(touched: Iterable[OwnTouched], change: Change) -> Change:
    """Return a change without the files in units of these trees."""
    return change._replace(paths=change.paths.difference(*(each.inside for each in touched)))
