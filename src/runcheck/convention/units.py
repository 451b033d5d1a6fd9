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
    """Sort the entries of a tree into units and what lies around them."""
    loose: list[Entry] = []
    slugs: dict[str, tuple[Kind, str]] = {}
    members: dict[str, dict[str, Member]] = {}
    folders: dict[str, tuple[Kind, str]] = {}
    latest: dict[str, Entry] = {}
    closed: set[str] = set()
    registry: Entry | None = None
    for entry in entries:
        parts = entry.path.split("/", _UNIT_DEPTH)
        kind = layout().kind_of_folder(parts[0])
        if entry.error is not None:
            loose.append(entry)
            closed.add(entry.path)
        elif kind is None or len(parts) == 1:
            if entry.path == layout().registry:
                registry = entry
            loose.append(entry)
        elif len(parts) > _UNIT_DEPTH:
            unit, path = "/".join(parts[:_UNIT_DEPTH]), parts[_UNIT_DEPTH]
            if unit in members:
                members[unit][path] = Member(path, entry, layout().role_of(path, kind.name))
            else:
                loose.append(entry)
        elif len(parts) == _UNIT_DEPTH and parts[2] == layout().latest:
            latest[f"{parts[0]}/{parts[1]}"] = entry
        elif entry.type is EntryType.FOLDER and len(parts) == _UNIT_DEPTH:
            members[entry.path] = {}
            folders[entry.path] = (kind, f"{parts[0]}/{parts[1]}")
        elif entry.type is EntryType.FOLDER:
            slugs[entry.path] = (kind, entry.path)
        else:
            loose.append(entry)
    units: dict[str, list[Unit]] = {path: [] for path in slugs}
    for path, (kind, slug) in folders.items():
        slug_name, version = path.split("/")[1:]
        units[slug].append(Unit(path, kind, slug_name, version, members[path], readable=path not in closed))
    return Tree(
        tuple(Slug(path, kind, tuple(units[path]), latest.get(path)) for path, (kind, _) in slugs.items()),
        registry,
        tuple(loose),
    )
