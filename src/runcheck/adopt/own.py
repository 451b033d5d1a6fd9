"""A unit of a convention of one's own, by what the convention says becomes what (``adopt`` of its units)."""

import os
from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import cast

from runcheck.adopt.found import Found
from runcheck.adopt.source import Source
from runcheck.adopt.values import moment_of
from runcheck.convention.documents import Status
from runcheck.conventions.classify import OwnFile, OwnUnit, Place, units_at
from runcheck.conventions.definition import Adoption, Convention
from runcheck.conventions.load import load, shipped
from runcheck.conventions.pointers import key_of
from runcheck.conventions.rows import RowsProbe
from runcheck.conventions.survey import probe_of
from runcheck.conventions.told import UnitRead
from runcheck.errors import CannotReadError
from runcheck.probes import Facts, suffix_of
from runcheck.probes.contents import DocumentContent
from runcheck.tree.entry import Entry

_ROOT = "unit"  # a unit has a path, wherever its folder lies


def convention_of(source: Source, named: str | None) -> tuple[Convention, Place] | None:
    """Return the convention that a folder is a unit of: the one that is named, or of those shipped one that it fits.

    It fits where the folder lies where units do and holds a document of each role that the adoption speaks of.
    """
    for name in [named] if named else shipped():
        convention = load(name)
        place = _place_of(source, convention)
        if place is None or place.form.adoption is None:
            continue
        unit = _unit_at(source, convention, place)
        roles = {text.partition("#")[0] for text in _references(place.form.adoption) if "#" in text}
        if named or (unit.files and all(unit.of_role(role) for role in roles & {"metadata", "manifest", "config"})):
            return convention, place
    return None


def read_own(source: Source, convention: Convention, place: Place) -> Found:
    """Return what a unit of a convention says.

    Raises:
        CannotReadError: a document of it is damaged.
    """
    unit = _unit_at(source, convention, place)
    adoption = place.form.adoption or Adoption()
    read = UnitRead(unit, dict(_documents(source, unit)), frozenset())
    found = Found(convention.name, str(_first(read, adoption.name) or source.name))
    found.description = str(_first(read, adoption.description) or "")
    _take_times(read, adoption, found)
    status = _first(read, adoption.status)
    found.status = cast("Status | None", adoption.statuses.get(str(status)))
    if status is not None and found.status is None:
        found.notes.append(f"the status {status!r} is none of the main convention, and was left out")
    for text in adoption.config:
        for value in read.values(text):
            found.config |= value.value if isinstance(value.value, dict) else {}
    for text in adoption.seeds:
        for value in read.values(text):
            if isinstance(value.value, int) and not isinstance(value.value, bool):
                found.seeds[key_of(value.pointer or "")] = value.value
    git, data = _first(read, adoption.git), _first(read, adoption.data)
    found.git = {"sha": git} if isinstance(git, str) else dict(git) if isinstance(git, dict) else {}
    found.data = data if isinstance(data, dict) else None
    found.env = _env(_first(read, adoption.env))
    command = _first(read, adoption.command)
    found.command = (
        [command] if isinstance(command, str) else [str(each) for each in command] if isinstance(command, list) else []
    )
    taken = _metrics(source, unit, found) | {file.within for file in unit.files if file.path in read.facts}
    found.checkpoints = source.checkpoints()
    folders = tuple(f"{folder}/" for folder in found.checkpoints.values())
    left = [path for path in source.files if path not in taken and not path.startswith(folders or ("\0",))]
    if left:
        found.left.append(f"{len(left):,} file{'' if len(left) == 1 else 's'}: {', '.join(left[:3])}")
    return found


def _place_of(source: Source, convention: Convention) -> Place | None:
    """Return the place of a folder as a unit, by as much of its path above as the form of the units has."""
    parts = source.folder.strip(os.sep).split(os.sep)
    for form in convention.inside(None):
        count = form.form.text.count("/") + 1
        names = form.form.match("/".join(parts[-count:]))
        if names is not None:
            return Place(form, "", names)
    return None


def _unit_at(source: Source, convention: Convention, place: Place) -> OwnUnit:
    entries = [_below(entry) for entry in source.entries.values()]
    return units_at(convention, place._replace(path=_ROOT), entries)[0][0]


def _below(entry: Entry) -> Entry:
    return entry._replace(path=f"{_ROOT}/{entry.path}")


def _documents(source: Source, unit: OwnUnit) -> Iterator[tuple[str, Facts]]:
    for file in unit.files:
        if file.role is None or file.role.format != "document":
            continue
        probe = probe_of(file)
        for chunk in source.chunks(file.within):
            if probe is not None:
                probe.feed(chunk)
        content = probe.content() if probe is not None else None
        if isinstance(content, DocumentContent) and (content.error or content.too_large):
            raise CannotReadError(f"{source.folder}/{file.within}: {content.error or 'is too large'}")
        yield file.path, Facts(content=content)


def _metrics(source: Source, unit: OwnUnit, found: Found) -> set[str]:
    """Take the points of every file of metrics, and return these files."""
    taken: set[str] = set()
    for file in unit.files:
        if file.role is not None and file.role.rows is not None and file.role.rows.step is not None:
            _read_rows(source, unit, file, found)
            taken.add(file.within)
    return taken


def _read_rows(source: Source, unit: OwnUnit, file: OwnFile, found: Found) -> None:
    splits = (unit.form.adoption or Adoption()).splits

    def take(step: int, split: str, name: str, value: float) -> None:
        split = splits.get(split, split)
        found.points.add(f"{split}/{name}" if split else name, step, value)

    if file.role is None or file.role.rows is None:
        return
    probe = RowsProbe(suffix_of(file.path), file.role.rows, file.role.schema, file.names, take)
    for chunk in source.chunks(file.within):
        probe.feed(chunk)
    faults = [each for each in probe.content().defects if each.kind not in ("order", "duplicate")]
    if faults:
        more = f" ({len(faults)} lines are not)" if len(faults) > 1 else ""
        found.notes.append(f"{file.within}: rows that are not sound were left out: line {faults[0].line}{more}")


def _references(adoption: Adoption) -> list[str]:
    single = (adoption.name, adoption.created, adoption.finished, adoption.status, adoption.git, adoption.env)
    return [*filter(None, single), *adoption.config]


def _first(read: UnitRead, text: str | None) -> object:
    return next((each.value for each in read.values(text)), None) if text else None


def _env(value: object) -> dict[str, object]:
    if not isinstance(value, Mapping):
        return {}
    fields = ("python", "platform", "packages", "hardware", "devices")
    known = {key: value[key] for key in fields if key in value}
    packages = {str(key): each for key, each in value.items() if key not in known and isinstance(each, str)}
    return {**({"packages": packages} if packages else {}), **known}


def _take_times(read: UnitRead, adoption: Adoption, found: Found) -> None:
    times = [moment_of(_first(read, text)) for text in (adoption.created, adoption.finished)]
    found.created, found.finished = (each and (each if each.tzinfo else each.replace(tzinfo=UTC)) for each in times)
    if any(each and each.tzinfo is None for each in times):
        found.notes.append("its times name no zone, and were taken as UTC")
