"""From entries to units: which unit an entry belongs to, and in which role."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from runcheck.convention.layout import Kind, Role, layout
from runcheck.tree.entry import Entry, EntryType

_UNIT_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Member:
    """An entry of a unit: its path within the unit, and its role, or None where the layout has none for it."""

    path: str
    entry: Entry
    role: Role | None


@dataclass(frozen=True, slots=True)
class FormatFolder:
    """A folder of a unit that is one thing: its path within the unit, its format, and its entries by path within it."""

    path: str
    format: str
    members: Mapping[str, Entry]


@dataclass(frozen=True)
class Unit:
    """One dataset version or one training run: where it lies and what it holds.

    A unit that is not ``readable`` shows nothing.
    """

    path: str
    kind: Kind
    slug: str
    version: str
    members: Mapping[str, Member]
    readable: bool = True

    @cached_property
    def files(self) -> dict[str, Member]:
        """The regular files that are part of the record."""
        return {
            path: member
            for path, member in self.members.items()
            if member.entry.type is EntryType.FILE and member.entry.name not in layout().placeholders
        }

    @cached_property
    def folders(self) -> tuple[FormatFolder, ...]:
        """The folders that are one thing, as a checkpoint or a Zarr store is. One does not lie in another."""
        found: list[FormatFolder] = []
        members: dict[str, Entry] = {}
        for path, member in self.members.items():  # a folder comes before what it holds
            if found and path.startswith(f"{found[-1].path}/"):
                members[path.removeprefix(f"{found[-1].path}/")] = member.entry
            elif member.entry.is_folder and (format_ := layout().folder_format(path, self.kind.name)):
                members = {}
                found.append(FormatFolder(path, format_, members))
        return tuple(found)

    @cached_property
    def _by_role(self) -> dict[str, list[str]]:
        paths: dict[str, list[str]] = {}
        for path, member in self.files.items():
            if member.role is not None:
                paths.setdefault(member.role.name, []).append(path)
        return paths

    def of_role(self, role: str) -> list[str]:
        """Return the paths of the files in ``role``, in order."""
        return self._by_role.get(role, [])


@dataclass(frozen=True, slots=True)
class Slug:
    """All versions of one dataset or of one kind of run, and the ``latest`` beside them."""

    path: str
    kind: Kind
    units: tuple[Unit, ...]
    latest: Entry | None


@dataclass(frozen=True, slots=True)
class Tree:
    """A whole tree, classified: its slugs with their units, the registry, and the entries that belong to no unit."""

    slugs: tuple[Slug, ...]
    registry: Entry | None
    loose: tuple[Entry, ...]

    @property
    def units(self) -> list[Unit]:
        """Every unit of the tree, in the order of the paths."""
        return [unit for slug in self.slugs for unit in slug.units]


def classify(entries: Iterable[Entry]) -> Tree:
    """Sort the entries of a tree into units and what lies around them. Folders come before what they hold."""
    sorter = _Sorter()
    for entry in entries:
        sorter.take(entry)
    return sorter.tree()


class _Sorter:
    def __init__(self) -> None:
        self.loose: list[Entry] = []
        self.closed: set[str] = set()
        self.registry: Entry | None = None
        self.slugs: dict[str, Kind] = {}
        self.latest: dict[str, Entry] = {}
        self.units: dict[str, dict[str, Member]] = {}

    def take(self, entry: Entry) -> None:
        parts = entry.path.split("/", _UNIT_DEPTH)
        kind = layout().kind_of_folder(parts[0])
        if entry.error is not None:
            self.closed.add(entry.path)
            self.loose.append(entry)
        elif kind is None or len(parts) == 1:
            if entry.path == layout().registry:
                self.registry = entry
            self.loose.append(entry)
        elif len(parts) > _UNIT_DEPTH:
            self._inside(entry, "/".join(parts[:_UNIT_DEPTH]), parts[_UNIT_DEPTH], kind)
        elif len(parts) == _UNIT_DEPTH and parts[-1] == layout().latest:
            self.latest["/".join(parts[:-1])] = entry
        elif entry.type is not EntryType.FOLDER:
            self.loose.append(entry)
        elif len(parts) == _UNIT_DEPTH:
            self.units[entry.path] = {}
        else:
            self.slugs[entry.path] = kind

    def _inside(self, entry: Entry, unit: str, path: str, kind: Kind) -> None:
        if unit in self.units:
            self.units[unit][path] = Member(path, entry, layout().role_of(path, kind.name))
        else:
            self.loose.append(entry)

    def tree(self) -> Tree:
        units: dict[str, list[Unit]] = {path: [] for path in self.slugs}
        for path, members in self.units.items():
            slug_path, version = path.rsplit("/", 1)
            slug = slug_path.rpartition("/")[2]
            unit = Unit(path, self.slugs[slug_path], slug, version, members, readable=path not in self.closed)
            units[slug_path].append(unit)
        slugs = (Slug(path, kind, tuple(units[path]), self.latest.get(path)) for path, kind in self.slugs.items())
        return Tree(tuple(slugs), self.registry, tuple(self.loose))
