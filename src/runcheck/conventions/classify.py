"""From entries to the units of a convention: which unit an entry lies in, and in which role."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from runcheck.convention.layout import layout
from runcheck.conventions.definition import FOLDER, Convention, OwnRole, UnitForm
from runcheck.conventions.forms import PathForm
from runcheck.tree.entry import Entry, EntryType
from runcheck.tree.store import Store


class Place(NamedTuple):
    """Where a unit lies, of what kind it is, and what the placeholders of its path stand for."""

    form: UnitForm
    path: str
    names: Mapping[str, str]


class OwnFile(NamedTuple):
    """A file of a unit, or a folder in it: its path below the root and in the unit, its role, and its placeholders."""

    path: str
    within: str
    entry: Entry
    role: OwnRole | None
    names: Mapping[str, str]


class OwnUnit:
    """One unit: where it lies, in which other unit, and what it holds. What lies in a unit in it belongs to that."""

    def __init__(self, place: Place, inside: "OwnUnit | None" = None) -> None:
        """Begin with nothing in it."""
        self.form, self.path = place.form, place.path
        self.inside = inside
        self.names: Mapping[str, str] = {
            **(inside.names if inside else {}),
            **place.names,
            FOLDER: place.path.rpartition("/")[2],
        }
        self.files: list[OwnFile] = []
        self.folders: dict[str, OwnFile] = {}

    def of_role(self, role: str) -> list[OwnFile]:
        """Return the files in a role."""
        return [file for file in self.files if file.role is not None and file.role.name == role]

    def add(self, entry: Entry) -> None:
        """Take an entry that lies in it."""
        within = entry.path[len(self.path) + 1 :] if self.path else entry.path
        if entry.error is not None or not (entry.is_file or entry.is_folder):
            return
        is_content = entry.name not in layout().placeholders
        role, names = (self.form.role_of(within) if is_content else None) or (None, {})
        made = OwnFile(entry.path, within, entry, role, names)
        if entry.is_folder:
            self.folders[within] = made
        else:
            self.files.append(made)


class Stray(NamedTuple):
    """A folder that lies where units of a kind do and whose name is none of theirs; or a link there."""

    kind: str
    path: str
    is_link: bool = False


def places_in(store: Store, convention: Convention) -> tuple[list[Place], list[Stray]]:
    """Return where the units lie that lie in no other, and what lies beside them. No other folder is listed."""
    forms = [(form, [above.match for above in form.form.above()]) for form in convention.inside(None)]

    def enter(folder: Entry) -> bool:
        return any(match(folder.path) is not None for _, matches in forms for match in matches)

    found: list[Place] = []
    strays: list[Stray] = []
    for entry in store.walk("", enter):
        if entry.type is EntryType.LINK:
            strays += [each._replace(is_link=True) for each in _strays(entry.path, [form for form, _ in forms], ())]
        if not entry.is_folder:
            continue
        fitting = [(form, names) for form, _ in forms if (names := form.form.match(entry.path)) is not None]
        if fitting:
            found.append(Place(fitting[0][0], entry.path, fitting[0][1]))
        elif entry.error is None and not enter(entry):
            strays += _strays(entry.path, [form for form, _ in forms], ())
    return found, strays


def root_of(store: Store, convention: Convention) -> OwnUnit | None:
    """Return what is declared for the root itself, as a unit."""
    if convention.root is None:
        return None
    unit = OwnUnit(Place(convention.root, "", {}))
    for role in convention.root.roles.values():
        for form in role.forms:
            entry = store.entry(form.text)
            if entry is not None:
                unit.add(entry)
    return unit


def units_at(convention: Convention, place: Place, entries: Iterable[Entry]) -> tuple[list[OwnUnit], list[Stray]]:
    """Return the unit at ``place`` and those in it, with what they hold, and what lies beside the latter.

    Folders come before what they hold.
    """
    open_ = [OwnUnit(place)]
    units = list(open_)
    strays: list[Stray] = []
    for entry in entries:
        while not entry.path.startswith(f"{open_[-1].path}/") and len(open_) > 1:
            open_.pop()
        here = open_[-1]
        nested = _nested(convention, here, entry)
        if nested is None:
            here.add(entry)
            if entry.is_folder and entry.error is None:
                within = entry.path[len(here.path) + 1 :]
                forms = convention.inside(here.form.name)
                strays += [each._replace(path=entry.path) for each in _strays(within, forms, here.form.roles.values())]
        else:
            open_.append(nested)
            units.append(nested)
    return units, strays


def _nested(convention: Convention, unit: OwnUnit, entry: Entry) -> OwnUnit | None:
    if not entry.is_folder or entry.error is not None:
        return None
    within = entry.path[len(unit.path) + 1 :]
    for form in convention.inside(unit.form.name):
        names = form.form.match(within)
        if names is not None:
            return OwnUnit(Place(form, entry.path, names), unit)
    return None


def _strays(path: str, forms: Iterable[UnitForm], roles: Iterable[OwnRole]) -> Iterator[Stray]:
    """Yield a folder for each kind whose units lie beside it.

    Hidden ones, private ones (``_template``) and those with files of a role are none.
    """
    above, _, name = path.rpartition("/")
    if name.startswith((".", "_")) or name in layout().placeholders:
        return
    if any(form.text.startswith(f"{path}/") for role in roles for form in role.forms):
        return
    for form in forms:
        folder = _last(form.form)
        if (folder is None and not above) or (folder is not None and folder.match(above) is not None):
            yield Stray(form.name, path)


def _last(form: PathForm) -> PathForm | None:
    """Return the form of the folder right above a path; None where that is the root."""
    above = list(form.above())
    return above[-1] if above else None


def is_in_reach(convention: Convention, path: str) -> str | None:
    """Return the path of the unit that ``path`` is, lies in or lies above of; None where it is nothing of the sort.

    That above a unit is itself.
    """
    segments = path.split("/")
    for form in convention.inside(None):
        count = form.form.text.count("/") + 1
        head = "/".join(segments[:count])
        if len(segments) >= count and form.form.match(head) is not None:
            return head
        if any(above.match(path) is not None for above in form.form.above()):
            return path
    return None


class Part(NamedTuple):
    """What a path is part of: a unit that lies in no other, a file of the root, or what lies where units do."""

    path: str
    is_in_unit: bool = False


def part_of(convention: Convention, path: str) -> Part | None:
    """Return what a path is, or is part of, by its name alone; None where it is nothing to the convention."""
    segments = path.split("/")
    if convention.root is not None and convention.root.role_of(path) is not None:
        return Part(path)
    beside: Part | None = None
    for form in convention.inside(None):
        count = form.form.text.count("/") + 1
        head = "/".join(segments[:count])
        if len(segments) > count and form.form.match(head) is not None:
            return Part(head, is_in_unit=True)
        above = list(form.form.above())
        is_beside = len(segments) >= count and (
            not above or above[-1].match("/".join(segments[: count - 1])) is not None
        )
        if is_beside or any(each.match(path) is not None for each in above):
            beside = beside or Part(head)
    return beside
