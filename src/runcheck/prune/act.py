"""Moves what a plan names to the trash, brings units back, and empties the trash."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

from runcheck.convention.layout import layout
from runcheck.convention.timestamps import now
from runcheck.convention.units import classify, is_above_units
from runcheck.errors import CannotWriteError
from runcheck.prune import trash
from runcheck.prune.journal import Line, begin, end, log, logged, under_way
from runcheck.prune.plan import Candidate, Plan, make_plan, named_by_latest, without_late
from runcheck.prune.policy import Policy
from runcheck.prune.references import references_of
from runcheck.prune.trash import Trashed
from runcheck.prune.units import KnownUnit, know
from runcheck.reading.records import UnitFault, record_of
from runcheck.reading.registry_table import require_pyarrow
from runcheck.tree.store import LocalStore
from runcheck.tree.walk import entry_at
from runcheck.writer.atomic import write_whole
from runcheck.writer.latest import put_latest, update_latest
from runcheck.writer.lock import locked
from runcheck.writer.registry import drop_rows, is_registered, upsert_row

_TOLD = 5  # units in a message


class Pruned(NamedTuple):
    """What came of it: the plan, what was moved, what was not and why, and whether an earlier one was finished."""

    plan: Plan
    moved: tuple[Candidate, ...]
    left: tuple[tuple[str, str], ...]
    finished: tuple[str, ...]


def prune(root: str, policy: Policy) -> Pruned:
    """Move what goes by a policy to the trash, and bring ``latest`` and the registry up to date.

    Raises:
        CannotWriteError: nothing can be written there, or a unit cannot be moved; those before it were.
        InvalidArgumentError: the policy names what there is not.
        MissingLibraryError: the registry cannot be written without pyarrow.
    """
    with _pruning(root) as finished:
        plan = without_late(root, make_plan(root, policy, now()), now())
        if not plan.going:
            return Pruned(plan, (), (), finished)
        session = trash.new_session(root, now())
        lines = {each.path: _line_of(each, session) for each in plan.going}
        begin(root, tuple(lines.values()))
        for slug, version in plan.latest.items():
            _name(root, slug, version)
        moved: list[Candidate] = []
        left: list[tuple[str, str]] = []
        try:
            for each in plan.going:
                with locked(root, f"{each.path.replace('/', '.')}.unit"):
                    why = _why_not(root, each.unit)
                    if why is None:
                        trash.put(root, each.path, session)
                        log(root, [lines[each.path]], now())
                        moved.append(each)
                    else:
                        left.append((each.path, why))
        finally:
            _finish(root, tuple(lines.values()))
            end(root)
        return Pruned(plan, tuple(moved), tuple(left), finished)


def restore(root: str, path: str) -> tuple[Trashed, ...]:
    """Bring the unit at ``path`` back that was moved last, and before it what it refers to and is in the trash too.

    Raises:
        CannotWriteError: it is not in the trash, something is in its place, or nothing can be written.
        MissingLibraryError: the registry cannot be written without pyarrow.
    """
    with _pruning(root):
        by_path: dict[str, Trashed] = {}
        for each in trash.in_trash(root):
            by_path.setdefault(each.path, each)
        if path not in by_path:
            raise CannotWriteError(f"{path}: is not in the trash of {root}{_hint(list(by_path))}")
        if os.path.lexists(f"{root}/{path}"):
            raise CannotWriteError(f"{root}/{path}: is there; the one in the trash is {root}/{by_path[path].place}")
        units = [by_path[each] for each in _with_needed(root, path, by_path)]
        lines = tuple(Line("restored", unit.path, "", unit.size, unit.session) for unit in units)
        begin(root, lines)
        try:
            for unit, line in zip(units, lines, strict=True):
                trash.take_back(root, unit)
                log(root, [line], now())
        finally:
            _finish(root, lines)
            end(root)
        return tuple(units)


def empty(root: str, older_than: timedelta) -> tuple[Trashed, ...]:
    """Remove what was moved to the trash so long ago, for ever; return what that was.

    Raises:
        CannotWriteError: something cannot be removed.
    """
    with _pruning(root):
        moment = now()
        sessions = {name for name in trash.sessions(root) if _is_old(name, moment, older_than)}
        units = [unit for unit in trash.in_trash(root) if unit.session in sessions]
        if units:
            log(root, [Line("emptied", unit.path, "", unit.size, unit.session) for unit in units], moment)
        for session in sorted(sessions):
            trash.withdraw(root, session)
        trash.remove_withdrawn(root)
        return tuple(units)


@contextmanager
def _pruning(root: str) -> Iterator[tuple[str, ...]]:
    """Hold, for a ``with``, the right to prune a tree; what another process died over is finished first.

    Raises:
        CannotWriteError: nothing can be written there.
        MissingLibraryError: there is a registry, and nothing to write it with.
    """
    if entry_at(root, layout().registry) is not None:
        require_pyarrow("keep the registry as the tree is")
    try:
        with locked(root, "prune"):
            journal = under_way(root)
            if journal is not None:
                _finish(root, journal.lines)
                end(root)
            yield tuple(line.unit for line in journal.lines) if journal is not None else ()
    except OSError as error:
        raise CannotWriteError(f"{error.filename or root}: cannot be written: {error.strerror or error}") from error


def _finish(root: str, lines: Sequence[Line]) -> None:
    """Bring log, ``latest`` and registry up to where the units are: in the tree, or in the trash."""
    store, known = LocalStore(root), logged(root)
    there = {line.unit for line in lines if store.entry(line.unit) is not None}
    done = [line for line in lines if (line.unit in there) == (line.act == "restored") and _is_moved(store, line)]
    if missing := [line for line in done if (line.act, line.unit, line.session) not in known]:
        log(root, missing, now())
    has_registry = store.entry(layout().registry) is not None
    for line in done:
        if line.act == "restored":
            trash.clear_folders(root, _trashed(line))
            _bring_up(store, line.unit, has_registry=has_registry)
    if has_registry and (gone := {line.unit for line in lines} - there):
        drop_rows(root, gone)


def _is_moved(store: LocalStore, line: Line) -> bool:
    """Say whether a unit is in the trash where that was to be done, and no more there where it was to come back."""
    return (store.entry(_trashed(line).place) is not None) == (line.act == "trashed")


def _trashed(line: Line) -> Trashed:
    return Trashed(line.unit, line.session, line.size)


def _bring_up(store: LocalStore, path: str, *, has_registry: bool) -> None:
    """Let ``latest`` and the registry know of a unit that is back."""
    record = record_of(store, path)
    if isinstance(record, UnitFault):
        return
    slugs = classify(store.walk("", is_above_units)).slugs
    slug = next((each for each in slugs if path.startswith(f"{each.path}/")), None)
    if slug is None:  # it lies behind a link
        return
    is_ours = slug.latest is None or named_by_latest(store, slug) is not None
    if record.metadata["status"] == "completed" and is_ours:
        update_latest(f"{store.folder}/{slug.path}", path.rpartition("/")[2])
    if has_registry and not is_registered(store.folder, path, record.metadata):
        upsert_row(store.folder, path, record.metadata)


def _why_not(root: str, unit: KnownUnit) -> str | None:
    """Return why a unit does not go after all: it was written to since it was looked at."""
    found, _ = know(LocalStore(root), unit.address, now())
    if not isinstance(found, KnownUnit) or (found.metadata, found.size) != (unit.metadata, unit.size):
        return "changed while it was to be moved"
    return found.alive


def _name(root: str, slug: str, version: str) -> None:
    """Let ``latest`` of a slug name a version, in the form that it has."""
    path = f"{root}/{slug}/{layout().latest}"
    if os.path.islink(path):
        put_latest(path, version)
    else:
        write_whole(path, f"{version}\n")


def _with_needed(root: str, path: str, there: dict[str, Trashed]) -> list[str]:
    """Return a unit of the trash behind those of the trash that it refers to and that are not in the tree."""
    order: dict[str, None] = {}
    pending = [path]
    while pending:
        unit = pending.pop()
        if unit in order or unit not in there or os.path.lexists(f"{root}/{unit}"):
            continue
        order[unit] = None
        record = record_of(LocalStore(f"{root}/{trash.folder_of(there[unit].session)}"), unit)
        pending += [] if isinstance(record, UnitFault) else sorted(references_of(record))
    return list(reversed(order))


def _is_old(session: str, moment: datetime, older_than: timedelta) -> bool:
    at = trash.moment_of(session)
    return not older_than or (at is not None and moment - at >= older_than)


def _line_of(candidate: Candidate, session: str) -> Line:
    return Line("trashed", candidate.path, candidate.words, candidate.unit.size, session)


def _hint(there: Sequence[str]) -> str:
    few = ", ".join(there[:_TOLD]) + (", ..." if len(there) > _TOLD else "")
    return f"; it holds {few}" if there else ", which is empty"
