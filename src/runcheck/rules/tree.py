"""RC1: the tree."""

from collections.abc import Iterator, Mapping

from runcheck.convention.checksums import LfsPointer
from runcheck.convention.documents import STATUSES, Status
from runcheck.convention.layout import layout
from runcheck.convention.names import is_name
from runcheck.convention.portable import folded, why_not_portable
from runcheck.convention.settings import Settings
from runcheck.convention.units import Tree, Unit
from runcheck.convention.versions import newest, scheme_of, version_of_link
from runcheck.probes import Facts
from runcheck.probes.contents import ChecksumsContent, DocumentContent, MetricsContent, TextContent
from runcheck.rules.rule import Problem, entry_rule, tree_rule, unit_rule
from runcheck.tree.entry import Entry, EntryType

_FREE = frozenset({layout().folder_of("extra"), layout().folder_of("plot")})  # what lies there has no form
_SEAL = "Restore the list from a copy; a unit that never had one is sealed by `runcheck seal`."


@tree_rule
def kind_folder(tree: Tree) -> Iterator[Problem]:
    """Every name in the root, against the kinds and what else may stand there."""
    folders = {kind.folder for kind in layout().kinds.values()}
    allowed = folders | {layout().registry, *layout().root_also} | layout().placeholders
    for entry in tree.loose:
        if "/" in entry.path or entry.path in allowed or (entry.error is not None and not entry.path):
            continue
        kind = layout().kind_of_folder(entry.path)
        if kind and entry.type is EntryType.FOLDER:
            yield Problem(
                entry.path,
                f"is no folder of the convention; {kind.name} units live in {kind.folder}/",
                help=f"Move what it holds into {kind.folder}/ and remove it.",
            )
        else:
            yield Problem(
                entry.path, f"is no part of a tree; the root holds {', '.join(sorted(folders))} and {layout().registry}"
            )
    also_folders = {layout().extension_schemas.partition("/")[0]}
    also_files = {*layout().root_also} - also_folders
    for entry in tree.loose:
        if entry.path in folders | also_folders and entry.type is not EntryType.FOLDER:
            yield Problem(entry.path, f"is a {entry.type.value}, not a folder")
        elif entry.path in also_files and entry.type is EntryType.FOLDER:
            yield Problem(entry.path, "is a folder, not a file; what it holds is checked by nobody")


@tree_rule
def stray_entry(tree: Tree) -> Iterator[Problem]:
    """Everything below a kind's folder that is neither a slug, a unit nor ``latest``."""
    for entry in tree.loose:
        first = entry.path.partition("/")[0]
        is_content = entry.name not in layout().placeholders and entry.error is None
        is_above_units = entry.path.count("/") in (1, 2)
        if is_above_units and is_content and layout().kind_of_folder(first):
            yield Problem(entry.path, f"is a {entry.type.value} that lies beside the units and belongs to none")


@tree_rule
def slug_name(tree: Tree) -> Iterator[Problem]:
    """The folder of each slug, against the form of its kind."""
    for slug in tree.slugs:
        name = slug.path.split("/")[1]
        if not is_name(slug.kind.slug, name):
            form = "<dataset>_<model>_<variant>, each" if slug.kind.slug == "run-slug" else ""
            yield Problem(
                slug.path,
                f"is named {name!r}; the slug of a {slug.kind.name} is {form or 'one token'} of a-z, 0-9, '.' and '-'",
            )


@tree_rule
def version_name(tree: Tree) -> Iterator[Problem]:
    """The folder of each unit, against the three schemes."""
    for unit in tree.units:
        if scheme_of(unit.version) is None:
            yield Problem(
                unit.path, f"is named {unit.version!r}, which is neither v<N>, a Semantic Version nor an experiment id"
            )


@unit_rule
def required_file(unit: Unit, known_status: Status | None) -> Iterator[Problem]:
    """The files that kind and status ask for; where the status cannot be told, those that every status asks for."""
    for role in layout().roles.values():
        statuses = role.required.get(unit.kind.name, ())
        asked = known_status in statuses if known_status else set(statuses) == set(STATUSES)
        if asked and not any(path in unit.files for path in role.paths):
            what = f"{known_status} {unit.kind.name}" if known_status else unit.kind.name
            help_ = _SEAL if role.name == "checksums" else None
            yield Problem(role.paths[0], f"is missing; a {what} has {' or '.join(role.paths)}", help=help_)


@unit_rule
def unknown_entry(unit: Unit) -> Iterator[Problem]:
    """Files without a role; those in a tracker's folder or left by an interrupted write have clauses of their own."""
    for path, member in unit.files.items():
        known = member.role is not None or _tracker_of(path) or layout().is_leftover(member.entry.name)
        if not known and not _in_leftover(path):
            yield Problem(path, "has no role in the layout")


@unit_rule
def special_file(unit: Unit) -> Iterator[Problem]:
    """Devices, pipes and sockets."""
    for path, member in unit.members.items():
        if member.entry.type is EntryType.SPECIAL and member.entry.error is None:
            yield Problem(path, "is a device, pipe or socket")


@unit_rule
def link_in_unit(unit: Unit) -> Iterator[Problem]:
    """Symbolic links."""
    for path, member in unit.members.items():
        if member.entry.type is EntryType.LINK:
            yield Problem(path, f"is a symbolic link to {member.entry.target!r}")


@entry_rule
def portable_name(entries: Mapping[str, Entry]) -> Iterator[Problem]:
    """Every name in the tree."""
    for path, entry in entries.items():
        reason = why_not_portable(entry.name) if path else None
        if reason:
            yield Problem(path, f"has a name that {reason}")


@entry_rule
def name_collision(entries: Mapping[str, Entry]) -> Iterator[Problem]:
    """Names that become one where case and Unicode form do not count."""
    seen: dict[str, str] = {}
    for path in entries:
        folder, _, name = path.rpartition("/")
        key = f"{folder}/{folded(name)}"
        first = seen.setdefault(key, name)
        if first != name:
            yield Problem(path, f"is the same name as {first!r} where case does not count")


@tree_rule
def latest_form(tree: Tree, latest_texts: Mapping[str, str]) -> Iterator[Problem]:
    """The form of each ``latest``: a relative link to a name beside it, or a text file with one."""
    for slug in tree.slugs:
        if slug.latest is not None and _latest_target(slug.latest, latest_texts) is None:
            yield Problem(slug.latest.path, _latest_fault(slug.latest))


@tree_rule
def latest_dangling(tree: Tree, latest_texts: Mapping[str, str]) -> Iterator[Problem]:
    """Each ``latest`` names a version that is there."""
    for slug in tree.slugs:
        target = _latest_target(slug.latest, latest_texts) if slug.latest else None
        versions = [unit.version for unit in slug.units]
        if slug.latest and target is not None and target not in versions:
            there = newest(versions)
            hint = f"; the newest version is {there}" if there else ""
            yield Problem(slug.latest.path, f"names {target}, which is not there{hint}")


@tree_rule
def latest_stale(
    tree: Tree, latest_texts: Mapping[str, str], status_by_unit: Mapping[str, Status]
) -> Iterator[Problem]:
    """Each ``latest`` names the newest of the completed versions."""
    for slug in tree.slugs:
        target = _latest_target(slug.latest, latest_texts) if slug.latest else None
        if not slug.latest or target not in {unit.version for unit in slug.units}:
            continue
        completed = [unit.version for unit in slug.units if status_by_unit.get(unit.path) == "completed"]
        status = status_by_unit.get(f"{slug.path}/{target}")
        if status is None:  # its metadata are broken, which is a finding, or a pointer, which is none
            continue
        best = newest(completed)
        fault = "" if status == "completed" else f", which is {status}"
        if best and target != best:
            yield Problem(
                slug.latest.path,
                f"names {target}{fault}; the newest completed version is {best}",
                help=f"ln -sfn {best} {slug.latest.path}",
            )
        elif fault:
            help_ = None if completed else "Remove it: there is no completed version that it could name."
            yield Problem(slug.latest.path, f"names {target}{fault}", help=help_)


@tree_rule
def latest_missing(tree: Tree, status_by_unit: Mapping[str, Status]) -> Iterator[Problem]:
    """A slug with a completed version has a ``latest``."""
    for slug in tree.slugs:
        completed = [unit.version for unit in slug.units if status_by_unit.get(unit.path) == "completed"]
        if completed and slug.latest is None:
            target = newest(completed)
            yield Problem(
                f"{slug.path}/{layout().latest}",
                f"is missing; the newest completed version is {target}" if target else "is missing",
                help=f"ln -s {target} {slug.path}/{layout().latest}" if target else None,
            )


@unit_rule
def leftover(unit: Unit, known_status: Status | None) -> Iterator[Problem]:
    """Names that an interrupted write leaves; what lies below such a folder is not named again."""
    if known_status == "running":
        return
    for path, member in unit.members.items():
        if layout().is_leftover(member.entry.name) and not _in_leftover(path.rpartition("/")[0]):
            yield Problem(path, "is left over from an interrupted write, and nothing writes here now")


@tree_rule
def version_scheme(tree: Tree) -> Iterator[Problem]:
    """One scheme a slug; the first version sets it."""
    for slug in tree.slugs:
        named = [(unit, scheme) for unit in slug.units if (scheme := scheme_of(unit.version))]
        for unit, scheme in named[1:]:
            if scheme != named[0][1]:
                yield Problem(unit.path, f"is a {scheme}; {named[0][0].version} beside it is a {named[0][1]}")


@unit_rule
def tracker_folder(unit: Unit) -> Iterator[Problem]:
    """Folders that experiment trackers write."""
    for path, member in unit.members.items():
        if member.entry.type is EntryType.FOLDER and _tracker_of(path) == path:
            yield Problem(path, f"is the folder of an experiment tracker ({member.entry.name})")


@entry_rule
def unreadable(entries: Mapping[str, Entry], unread: Mapping[str, str]) -> Iterator[Problem]:
    """What the walk could not look at and the probes could not read."""
    for path, entry in entries.items():
        if entry.error is not None:
            yield Problem(path, f"cannot be read: {entry.error}")
    for path, error in unread.items():
        yield Problem(path, f"cannot be read: {error}")


@unit_rule
def document_size(facts: Mapping[str, Facts]) -> Iterator[Problem]:
    """Documents that were not read because they exceed the limit."""
    limit = layout().limits.document_bytes
    for path, each in facts.items():
        if isinstance(each.content, DocumentContent | TextContent) and each.content.too_large:
            yield Problem(path, f"is larger than {limit:,} bytes, and was not read as a document")
        elif isinstance(each.content, MetricsContent):
            oversized = next((defect for defect in each.content.defects if defect.kind == "size"), None)
            if oversized:
                yield Problem(path, f"line {oversized.line} {oversized.message}", line=oversized.line)
        elif isinstance(each.content, ChecksumsContent):
            for line, fault in each.content.unread:
                if fault.startswith("is longer"):
                    yield Problem(path, f"line {line} is longer than {layout().limits.line_bytes:,} bytes", line=line)


@unit_rule
def file_size(unit: Unit, pointers: Mapping[str, LfsPointer], settings: Settings) -> Iterator[Problem]:
    """Files that are larger than a configuration allows for their role. A pointer is as large as its object."""
    for role, most in settings.file_bytes.items():
        for path in unit.of_role(role):
            size = (pointers[path].size if path in pointers else None) or unit.files[path].entry.size
            if size > most:
                yield Problem(path, f"has {size:,} bytes; the configuration allows {most:,} for a file of role {role}")


def _latest_target(latest: Entry, texts: Mapping[str, str]) -> str | None:
    """Return the name that ``latest`` gives, or None where it gives none."""
    if latest.type is EntryType.LINK and latest.target:
        return version_of_link(latest.target)
    return texts.get(latest.path)


def _latest_fault(latest: Entry) -> str:
    match latest.type:
        case EntryType.LINK:
            return f"is a link to {latest.target!r}, not to a version beside it"
        case EntryType.FILE:
            return "is a file that does not hold the name of one version"
        case _:
            return f"is a {latest.type.value}, not a link or a text file"


def _tracker_of(path: str) -> str | None:
    """Return the part of ``path`` that is the folder of a tracker."""
    parts = path.split("/")
    if parts[0] in _FREE:
        return None
    return next(("/".join(parts[: at + 1]) for at, part in enumerate(parts) if part in layout().trackers), None)


def _in_leftover(path: str) -> bool:
    return any(layout().is_leftover(part) for part in path.split("/"))
