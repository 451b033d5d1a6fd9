"""From entries to units: which unit an entry belongs to, and in which role."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from sys import intern
from types import MappingProxyType
from typing import NamedTuple

from runcheck.convention.layout import Kind, Role, layout
from runcheck.convention.unit_paths import UNIT_DEPTH
from runcheck.tree.entry import Entry, EntryType


class Member(NamedTuple):
    """An entry of a unit: its path within the unit, and its role, or None where the layout has none for it."""

    path: str
    entry: Entry
    role: Role | None


class FormatFolder(NamedTuple):
    """A folder of a unit that is one thing: its path within the unit, its format, and its entries by path within it."""

    path: str
    format: str
    members: Mapping[str, Entry]


class Address(NamedTuple):
    """Where a dataset version or a training run lies, and what its place says of it."""

    path: str
    kind: Kind
    slug: str
    version: str


class Unit:
    """One dataset version or one training run: where it lies and what it holds.

    ``closed`` are the entries that could not be looked at. A unit that is not ``readable`` shows nothing.
    """

    def __init__(
        self, address: Address, members: Mapping[str, Member], closed: Mapping[str, Entry] = MappingProxyType({})
    ) -> None:
        """Put together where it lies and what it holds."""
        self.path, self.kind, self.slug, self.version = address
        self.members, self.closed = members, closed

    @property
    def readable(self) -> bool:
        """Whether its folder could be listed."""
        return "" not in self.closed

    @cached_property
    def files(self) -> dict[str, Member]:
        """The regular files that are part of the record."""
        placeholders = layout().placeholders
        return {
            path: member
            for path, member in self.members.items()
            if member.entry.type is EntryType.FILE and member.entry.name not in placeholders
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


class Slug(NamedTuple):
    """All versions of one dataset or of one kind of run, and the ``latest`` beside them."""

    path: str
    kind: Kind
    units: tuple[Address, ...]
    latest: Entry | None


class Tree(NamedTuple):
    """A tree as it is above its units: slugs with the places of their units, the registry, and what else lies there."""

    slugs: tuple[Slug, ...]
    registry: Entry | None
    loose: tuple[Entry, ...]

    @property
    def units(self) -> list[Address]:
        """Every unit of the tree, in the order of the paths."""
        return [unit for slug in self.slugs for unit in slug.units]


def is_above_units(folder: Entry) -> bool:
    """Say whether a folder of a tree is none of its units."""
    parts = folder.path.split("/", UNIT_DEPTH)
    return len(parts) != UNIT_DEPTH or parts[-1] == layout().latest or layout().kind_of_folder(parts[0]) is None


def classify(entries: Iterable[Entry]) -> Tree:
    """Sort the entries above the units of a tree. Folders come before what they hold."""
    loose: list[Entry] = []
    registry: Entry | None = None
    units: dict[str, list[Address]] = {}
    kinds: dict[str, Kind] = {}
    latest: dict[str, Entry] = {}
    for entry in entries:
        parts = entry.path.split("/")
        kind = layout().kind_of_folder(parts[0])
        slug_path = "/".join(parts[:-1])
        if kind is None or entry.error is not None or len(parts) == 1 or len(parts) > UNIT_DEPTH:
            registry = entry if entry.path == layout().registry and entry.error is None else registry
            loose.append(entry)
        elif len(parts) == UNIT_DEPTH and parts[-1] == layout().latest:
            latest[slug_path] = entry
        elif entry.type is not EntryType.FOLDER:
            loose.append(entry)
        elif len(parts) == UNIT_DEPTH:
            slug = intern(parts[1])  # one for all its units, of which a tree may have a million
            units[slug_path].append(Address(entry.path, kind, slug, parts[2]))
        else:
            kinds[entry.path], units[entry.path] = kind, []
    slugs = (Slug(path, kind, tuple(units[path]), latest.get(path)) for path, kind in kinds.items())
    return Tree(tuple(slugs), registry, tuple(loose))


def unit_of(address: Address, entries: Iterable[Entry]) -> Unit:
    """Return the unit at ``address`` with its entries, each in its role. Folders come before what they hold."""
    members: dict[str, Member] = {}
    closed: dict[str, Entry] = {}
    start, kind, role_of = len(address.path) + 1, address.kind.name, layout().role_of
    for entry in entries:
        path = entry.path[start:]
        if entry.error is not None:
            closed[path] = entry
        else:
            members[path] = Member(path, entry, role_of(path, kind))
    return Unit(address, members, closed)
