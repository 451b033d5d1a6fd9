"""Read one unit, and judge it by the rules of a unit."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from runcheck.card import Card
from runcheck.convention.documents import Heartbeat, StatedException
from runcheck.convention.exceptions import faults_of
from runcheck.convention.layout import layout
from runcheck.convention.schemas import is_newer_minor
from runcheck.convention.settings import Settings
from runcheck.convention.units import Address, Member, Unit, unit_of
from runcheck.depth import Depth
from runcheck.findings import Survey, Unverified
from runcheck.probes import NATIVE_FORMATS, Facts, format_of, make_probe, unverified_in
from runcheck.probes.contents import DocumentContent, EventsContent, MetricsContent, SignatureContent
from runcheck.probes.folder import POINTERS_INSIDE
from runcheck.rules.absent import POINTER
from runcheck.rules.judge import judge
from runcheck.rules.reading import Reading, has_cards, reading_for
from runcheck.rules.rule import rules_of
from runcheck.rules.selection import EVERYTHING, Selection
from runcheck.rules.unit_card import card_of
from runcheck.rules.unit_inputs import UnitInputs
from runcheck.tree.entry import Entry
from runcheck.tree.read import Reader, load_scanners
from runcheck.tree.store import LocalStore, Store

_EVERYWHERE = ("checksums", "metadata", "readme")  # the roles that nearly every unit has


def read_and_judge(
    reader: Reader,
    now: datetime,
    address: Address,
    entries: Iterable[Entry],
    selection: Selection = EVERYTHING,
    *,
    settings: Settings = Settings(),  # noqa: B008 - it does not change
) -> Survey:
    """Read of the unit at ``address``, which has these entries, what ``selection`` is judged by, and judge it."""
    unit = unit_of(address, entries)
    facts = _read(reader, unit, reading_for(selection))
    inputs = UnitInputs(
        unit, facts, now, is_gone_here if isinstance(reader.store, LocalStore) else is_unknown, settings
    )
    findings, unverified = judge(inputs, selection)
    hashed, vouched = _hashed_bytes(unit, facts)
    return Survey(
        tuple(findings),
        (*(each for each in unverified if each.reason != POINTER), *_unverified(unit, facts, reader.depth)),
        card_of(inputs) if has_cards(selection) else Card(),
        len(unit.files),
        hashed,
        vouched_bytes=vouched,
        # Of a running run the clock is judged too; what could not be read today, a disk or a reader may give tomorrow.
        is_lasting=inputs.known_status != "running" and not any(each.error for each in facts.values()),
        exceptions=tuple(_exceptions(reader, inputs, is_asked=bool(findings))),
    )


def _exceptions(reader: Reader, inputs: UnitInputs, *, is_asked: bool) -> Iterator[StatedException]:
    """Yield the sound exceptions that the unit states; where nothing else needs its metadata they are read for them."""
    unread = [path for path in inputs.unit.of_role("metadata") if path not in inputs.facts]
    if unread and is_asked:
        member = inputs.unit.members[unread[0]]
        facts = {unread[0]: reader.file(member.entry, _format(member), hashed=False, scanned=False)}
        inputs = UnitInputs(inputs.unit, facts, inputs.now, is_unknown)
    yield from (each for each in inputs.stated_exceptions if not any(faults_of(each)))


def load(selection: Selection) -> None:
    """Load what most units take to be read and judged by: the rules, and the probes of the files that they all have."""
    rules_of("unit", selection)
    if reading_for(selection).roles is None:
        import runcheck.convention.validation  # noqa: PLC0415 - checksums alone ask for no schema
        import runcheck.rules.places  # noqa: F401, PLC0415

        for role in _EVERYWHERE:
            for path in layout().roles[role].paths:
                make_probe(layout().roles[role].format, path)
        load_scanners()


def _hashed_bytes(unit: Unit, facts: Mapping[str, Facts]) -> tuple[int, int]:
    """Return how many bytes were hashed here, and of how many the store vouched for the digest."""
    hashed = vouched = 0
    for path, each in facts.items():
        if each.is_vouched:
            vouched += unit.members[path].entry.size
        elif each.sha256:
            hashed += unit.members[path].entry.size
    return hashed, vouched


def read_card(reader: Reader, now: datetime, address: Address, entries: Iterable[Entry], settings: Settings) -> Card:
    """Return the card of the unit at ``address``, of which only these entries are read.

    Raises:
        OSError: one of them cannot be read.
    """
    unit = unit_of(address, entries)
    facts = {path: reader.file(each.entry, _format(each), hashed=False) for path, each in unit.members.items()}
    if error := next((each.error for each in facts.values() if each.error), None):
        raise OSError(error)
    return card_of(UnitInputs(unit, facts, now, is_unknown, settings))


def is_gone_here(heartbeat: Heartbeat) -> bool:
    """Say whether the process of a heartbeat is known to have ended."""
    from runcheck.tree.liveness import is_gone  # noqa: PLC0415 - few units have a heartbeat

    return is_gone(heartbeat)


def is_unknown(_heartbeat: Heartbeat) -> bool:
    """Say that nothing is known of the process of a heartbeat."""
    return False


def _read(reader: Reader, unit: Unit, reading: Reading) -> dict[str, Facts]:
    """Read every file of the unit once, or those of them that are to be read."""
    has_sums = bool(unit.of_role("checksums") or unit.of_role("export_sidecar"))
    is_hashed = reading.is_hashed and reader.depth != "structure" and has_sums
    files = {path: member for path, member in unit.members.items() if member.entry.is_file}
    if reading.roles is not None:
        some = _read_some(reader, files, reading.roles, is_hashed=is_hashed, is_whole=reading.is_whole)
        return some | dict(_signature(reader, unit, some))
    apart = {path: member for path, member in files.items() if _is_worth_a_thread(path, member, reader.store.large)}
    facts = _each(
        reader.store,
        files,
        apart,
        lambda member: reader.file(member.entry, _format(member), hashed=is_hashed, scanned=reading.is_scanned),
    )
    if reader.depth != "structure":
        facts.update(read_folders(reader, unit, facts))
        facts.update(_comparison(reader, unit, facts))
    facts.update(_signature(reader, unit, facts))
    return facts


def _read_some(
    reader: Reader, files: Mapping[str, Member], roles: frozenset[str], *, is_hashed: bool, is_whole: bool
) -> dict[str, Facts]:
    """Look into the files in ``roles``; of the others only take the digests, and those only where all are read."""
    documents = {path: each for path, each in files.items() if each.role and each.role.name in roles}
    facts = {
        path: reader.file(each.entry, _format(each), hashed=is_hashed and is_whole, scanned=False)
        for path, each in documents.items()
    }
    others = {path: each for path, each in files.items() if path not in facts} if is_whole else {}
    apart = {path: member for path, member in others.items() if member.entry.size >= reader.store.large}
    return facts | _each(reader.store, others, apart, lambda member: reader.identity(member.entry, hashed=is_hashed))


def _each(
    store: Store, files: Mapping[str, Member], apart: Mapping[str, Member], read: Callable[[Member], Facts]
) -> dict[str, Facts]:
    """Read those ``apart`` side by side, and then the others, which are sooner read than handed over."""
    if len(apart) > 1:
        with store.pool() as pool:
            facts = dict(zip(apart, pool.map(read, apart.values()), strict=True))
    else:
        facts = {path: read(member) for path, member in apart.items()}
    facts |= {path: read(member) for path, member in files.items() if path not in apart}
    return facts


def _format(member: Member) -> str | None:
    return member.role.format if member.role else None


def _is_worth_a_thread(path: str, member: Member, large: int) -> bool:
    return member.entry.size >= large or (_format(member) is None and format_of(path, b"") in NATIVE_FORMATS)


def read_folders(reader: Reader, unit: Unit, facts: Mapping[str, Facts]) -> Iterator[tuple[str, Facts]]:
    """Yield the facts of each folder of the unit that is one thing, where any file of it is here."""
    for folder in unit.folders:
        names = [name for name, entry in folder.members.items() if entry.is_file]
        pointers = {name: pointer for name in names if (pointer := facts[f"{folder.path}/{name}"].pointer)}
        if any(pointer.size is None for pointer in pointers.values()):  # a damaged one, which says nothing of its file
            yield folder.path, Facts(unverified=POINTERS_INSIDE)
        elif not pointers or len(pointers) < len(names):
            path = unit.members[folder.path].entry.path
            yield folder.path, reader.folder(path, folder.format, folder.members, pointers)


def _comparison(reader: Reader, unit: Unit, facts: Mapping[str, Facts]) -> Iterator[tuple[str, Facts]]:
    """Yield how the event files of a run differ from its metrics, where both are sound, as facts of their folder."""
    metrics = [
        (unit.files[path].entry, content)
        for path in unit.of_role("metrics")
        if isinstance(content := facts[path].content, MetricsContent)
    ]
    events = [
        (unit.files[path].entry, content)
        for path in unit.of_role("events")
        if isinstance(content := facts[path].content, EventsContent)
        and content.first_break is None
        and content.unverified is None
    ]
    if len(metrics) == 1 and not metrics[0][1].defect_count and 0 < len(events) == len(unit.of_role("events")):
        folder = layout().folder_of("events")
        yield folder, reader.comparison(f"{unit.path}/{folder}", metrics[0], events)


def _signature(reader: Reader, unit: Unit, facts: Mapping[str, Facts]) -> Iterator[tuple[str, Facts]]:
    """Yield the facts of a signature with whether it is one over the list, where both are there."""
    listed = unit.of_role("checksums")
    for path in unit.of_role("signature") if listed and reader.depth != "structure" else ():
        content = facts[path].content if path in facts else None
        if isinstance(content, SignatureContent) and content.error is None:
            yield path, facts[path]._replace(content=reader.verified(content, unit.files[listed[0]].entry))


def _unverified(unit: Unit, facts: Mapping[str, Facts], depth: Depth) -> Iterator[Unverified]:
    """Yield what was passed over, and what of the facts themselves says that something could not be looked into."""
    if depth == "structure" and any(member.role is None or not member.role.format for member in unit.files.values()):
        yield Unverified("files that are no documents, of which only the names are judged at this depth", (unit.path,))
    reasons = unverified_in(facts.items())
    for path, each in facts.items():
        if each.pointer and each.pointer.sha256:
            reasons.setdefault(POINTER, []).append(path)
        if isinstance(each.content, DocumentContent) and is_newer_minor(each.content.value):
            known = f"documents of a later version than {layout().schema_version}"
            reasons.setdefault(f"{known}; fields not known there were passed over", []).append(path)
    for reason, paths in reasons.items():
        yield Unverified(reason, tuple(f"{unit.path}/{path}" for path in paths))
