"""Check parts of a tree by a convention of one's own: what a change touches, and what breaks elsewhere because of it.

Units that are touched are read whole. Of the others, and of those touched as they were before, only what checks across
units ask for is read: what these checks find is told where it is about what is touched, or was not so before.
"""

import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import closing
from typing import NamedTuple

from runcheck.convention.timestamps import now
from runcheck.conventions.check import across, report_of
from runcheck.conventions.checks.kinds import kind_of
from runcheck.conventions.classify import Place, Stray, places_in, root_of
from runcheck.conventions.definition import ROOT, Convention
from runcheck.conventions.survey import OwnSurveyor
from runcheck.conventions.told import OwnTree, Told
from runcheck.findings import Finding, Report, Unverified
from runcheck.judgement import Judgement
from runcheck.tree.executor import Executor, Here
from runcheck.tree.quarantine import Quarantine
from runcheck.tree.store import Store
from runcheck.watch import Nobody, Watch, watched

_NOT_READ = "what checks across units ask of units beside what is checked, and is not here to be read"


class OwnFocus(NamedTuple):
    """The parts at ``paths`` of the tree in ``store``, as it was ``before``; all of it where there is no path."""

    store: Store
    paths: frozenset[str]
    before: Callable[[], Store] | None = None

    def touches(self, path: str) -> bool:
        """Say whether what is at a path is in it."""
        above = (path[:at] for at, letter in enumerate(path) if letter == "/")
        return not self.paths or not self.paths.isdisjoint((path, *above))


def check_part(
    quarantine: Quarantine,
    focus: OwnFocus,
    own: Convention,
    judgement: Judgement = Judgement(),  # noqa: B008 - it does not change
    *,
    executor: Executor = Here(),  # noqa: B008 - it holds nothing
    watch: Watch = Nobody(),  # noqa: B008 - it holds nothing
) -> Report:
    """Check parts of a tree as :func:`runcheck.conventions.check.check_by` does; its store is closed then."""
    start, selection = time.perf_counter(), judgement.selection
    with closing(focus.store):
        surveyor = OwnSurveyor(own, focus.store, judgement.depth, selection, judgement.settings, quarantine, now())
        places, strays = _places(surveyor, focus)
        met = [each for each in places if _is_met(focus, each)]
        surveys = list(watched(executor.map(surveyor.survey, met), len(met), watch))
        told = {each.path: survey.told for each, survey in zip(met, surveys, strict=True)}
        findings = [finding for survey in surveys for finding in survey.findings]
        strays += [stray for survey in surveys for stray in survey.strays]
        beside = [each for each in places if each.path not in told] if _is_asked_across(surveyor) else []
        unread: list[str] = []
        others = _glances(surveyor, beside, executor, unread)
        found = list(across(own, _tree({**told, **others}, strays), selection))
        about, elsewhere = _parted(focus, found, is_root_met="" in told)
        if elsewhere:
            was = _before(surveyor, focus, executor)
            known = {_key(each) for each in across(own, _tree({**others, **was}, strays), selection)}
            about += [each for each in elsewhere if _key(each) not in known]
    unverified = [Unverified(_NOT_READ, tuple(unread))] if unread else []
    found = findings + about
    return report_of(surveyor, judgement, surveys, found, start, is_whole=not focus.paths, unverified=unverified)


def _places(surveyor: OwnSurveyor, focus: OwnFocus) -> tuple[list[Place], list[Stray]]:
    """Return where units lie, with the root where anything is declared for it, and what of the focus lies beside."""
    own = surveyor.convention
    found, beside = places_in(surveyor.store, own)
    root = root_of(surveyor.store, own)
    has_root = root is not None and bool(found or beside or root.files)
    return (
        [*([Place(own.units[ROOT], "", {})] if has_root else []), *found],
        [each for each in beside if focus.touches(each.path)],
    )


def _is_met(focus: OwnFocus, place: Place) -> bool:
    """Say whether a unit is touched; the root is where one of its files is."""
    if place.form.name == ROOT and focus.paths:
        return any(place.form.role_of(path) is not None for path in focus.paths)
    return focus.touches(place.path)


def _is_asked_across(surveyor: OwnSurveyor) -> bool:
    """Say whether a check looks at several units: one of names alone does not."""
    checks = (each for each in surveyor.convention.checks if surveyor.selection.has(each.clause.code))
    return any(kind_of(each).scope == "tree" and each.kind != "name" for each in checks)


def _glances(
    surveyor: OwnSurveyor, places: Collection[Place], executor: Executor, unread: list[str]
) -> dict[str, tuple[Told, ...]]:
    """Return what the units at these places say, and note what of it could not be read."""
    found: dict[str, tuple[Told, ...]] = {}
    asked = list(places)
    for place, glance in zip(asked, executor.map(surveyor.glance, asked), strict=True):
        found[place.path] = glance.told
        unread += glance.unread
    return found


def _before(surveyor: OwnSurveyor, focus: OwnFocus, executor: Executor) -> dict[str, tuple[Told, ...]]:
    """Return what the units that are touched said before."""
    if focus.before is None:
        return {}
    with closing(focus.before()) as store:
        past = surveyor._replace(store=store)
        places, _ = _places(past, focus)
        return _glances(past, [each for each in places if _is_met(focus, each)], executor, [])


def _tree(told: Mapping[str, Iterable[Told]], strays: Iterable[Stray]) -> OwnTree:
    """Return what all units say, in the order in which a walk meets them."""
    paths = sorted(told, key=lambda path: [os.fsencode(part) for part in path.split("/")])
    return OwnTree((each for path in paths for each in told[path]), strays)


def _parted(focus: OwnFocus, findings: Iterable[Finding], *, is_root_met: bool) -> tuple[list[Finding], list[Finding]]:
    """Return the findings that are about what is touched, and those elsewhere."""
    about: list[Finding] = []
    elsewhere: list[Finding] = []
    for each in findings:
        is_met = is_root_met if each.concerns is None else focus.touches(each.concerns)
        (about if is_met or focus.touches(each.path) else elsewhere).append(each)
    return about, elsewhere


def _key(finding: Finding) -> tuple[str, str, str | None]:
    return finding.code, finding.path, finding.pointer
