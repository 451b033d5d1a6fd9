"""A unit of another convention as the rules of the main one see it.

Its files stand where the main layout has them, as far as they are of one of its roles; what is found there is told of
the place where they are.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from runcheck.convention.layout import Role, layout
from runcheck.convention.units import Address, Member, Unit
from runcheck.conventions.classify import OwnFile, OwnUnit
from runcheck.conventions.definition import OwnRole
from runcheck.tree.entry import Entry, EntryType

_KIND = "model"
METRICS = "metrics"


class MainUnit(NamedTuple):
    """The unit as the rules see it, and the path below the root of each of its paths."""

    unit: Unit
    paths: Mapping[str, str]


def main_unit_of(top: OwnUnit, units: Iterable[OwnUnit], entries: Iterable[Entry]) -> MainUnit:
    """Return what the unit ``top`` and those in it are to the rules of the main convention.

    It has no metrics: of these the main convention knows one file, and others may have many.
    """
    files = {file.path: file for unit in units for file in unit.files}
    start = len(top.path) + 1 if top.path else 0
    members: dict[str, Member] = {}
    closed: dict[str, Entry] = {}
    for entry in entries:
        within = entry.path[start:]
        if entry.error is not None:
            closed[within] = entry
            continue
        for member in _members(within, entry, files.get(entry.path)):
            path = member.path
            while path in members and (entry.is_file or member.entry is not entry):
                if members[path].entry.path == member.entry.path:  # a folder that was told of already
                    break
                path += "~"
            members[path] = member._replace(path=path)
    return _made(top.path, members, closed)


def sums_unit_of(whole: MainUnit) -> MainUnit:
    """Return the same unit with every path as it is: a list of checksums has them so."""
    start = len(whole.unit.path) + 1 if whole.unit.path else 0
    members = {(within := each.entry.path[start:]): each._replace(path=within) for each in whole.unit.members.values()}
    return _made(whole.unit.path, members, whole.unit.closed)


def metrics_unit_of(whole: MainUnit, file: OwnFile) -> MainUnit:
    """Return what one file of metrics, beside the metadata, is to the rules."""
    role = layout().roles[METRICS]
    path = _fixed(role, file.within) or role.paths[0]
    members = {each: member for each, member in whole.unit.members.items() if _is_metadata(member)}
    members[path] = Member(path, file.entry, role)
    return _made(whole.unit.path, members, {})


def _is_metadata(member: Member) -> bool:
    return member.role is not None and member.role.name == "metadata"


def _made(path: str, members: Mapping[str, Member], closed: Mapping[str, Entry]) -> MainUnit:
    ordered = dict(sorted(members.items(), key=lambda item: item[0].split("/")))
    unit = Unit(Address(path, layout().kinds[_KIND], path.rpartition("/")[2], ""), ordered, closed)
    paths = {each: member.entry.path for each, member in ordered.items()}
    return MainUnit(unit, paths | {each: entry.path for each, entry in closed.items()})


def _members(within: str, entry: Entry, file: OwnFile | None) -> Iterator[Member]:
    """Yield the member that an entry is; before it the folder that it gets among the checkpoints, if it does."""
    role = file.role if file else None
    if file is None or role is None or role.main is None or role.main == METRICS:
        yield Member(within, entry, _nominal(role) if role else None)
        return
    main = layout().roles[role.main]
    path = _fixed(main, within)
    if path is None and layout().role_of(within, _KIND) is main:
        path = within
    if path is None and "step" in file.names and role.main == "checkpoint":
        step = file.names["step"]
        below = file.within[file.within.index(step) + len(step) :].partition("/")[2]
        above = f"{layout().folder_of(role.main)}/{step}"
        if below:
            yield Member(above, Entry(entry.path.removesuffix(f"/{below}"), EntryType.FOLDER), None)
        path = f"{above}/{below}" if below else above
    yield Member(path or f"{layout().folder_of(role.main)}/{within}", entry, main)


def _fixed(role: Role, within: str) -> str | None:
    """Return the one path of a main role that has the suffix of a file; None where the role has wildcards."""
    if role.several or any("*" in path for path in role.paths):
        return None
    suffix = within[within.rfind(".") :] if "." in within.rpartition("/")[2] else ""
    return next((path for path in role.paths if path.endswith(suffix)), role.paths[0])


def _nominal(role: OwnRole) -> Role:
    """Return a role that the main layout does not have: the rules only see that there is one."""
    return Role(role.name, (), (), (_KIND,), None, None, several=True, required={})
