"""Check a tree by a convention of one's own: walk, classify, probe, judge, report, as by the main one."""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import closing

from runcheck.convention.timestamps import now
from runcheck.conventions.checks.kinds import kind_of
from runcheck.conventions.checks.tree import strays
from runcheck.conventions.classify import Place, is_in_reach, places_in
from runcheck.conventions.definition import ROOT, Convention
from runcheck.conventions.load import load
from runcheck.conventions.survey import OwnSurvey, OwnSurveyor, finding_of
from runcheck.conventions.told import OwnTree, Told, is_asked
from runcheck.errors import CannotCheckError
from runcheck.findings import Finding, Report, Unverified
from runcheck.judgement import Judgement
from runcheck.rules.selection import Selection
from runcheck.tree.executor import Executor, Here
from runcheck.tree.locate import is_url, why_absent
from runcheck.tree.quarantine import Quarantine
from runcheck.tree.store import LocalStore
from runcheck.watch import Nobody, Watch, watched

_ABOVE = 32  # folders that are tried for a root


def check_by(
    quarantine: Quarantine,
    path: str | os.PathLike[str],
    convention: str,
    judgement: Judgement = Judgement(),  # noqa: B008 - it does not change
    *,
    executor: Executor = Here(),  # noqa: B008 - it holds nothing
    watch: Watch = Nobody(),  # noqa: B008 - it holds nothing
) -> Report:
    """Check the tree at ``path``, or the part that ``path`` is, by the convention of a name or of a TOML file.

    The other arguments are those of :func:`runcheck.pipeline.check_in`. Nothing is remembered: every file is read each
    time.

    Raises:
        ConventionError: there is no such convention, or it is none.
        CannotCheckError: there is nothing of it at ``path``.
    """
    start = time.perf_counter()
    selection = judgement.selection
    own = load(convention)
    folder, focus = locate_by(os.fspath(path), own)
    with closing(LocalStore(folder)) as store:
        surveyor = OwnSurveyor(own, store, judgement.depth, selection, judgement.settings, quarantine, now())
        found, beside = places_in(store, own)
        if not found and not beside:
            raise CannotCheckError(_nothing(os.fspath(path), own))
        places = [*([Place(own.units[ROOT], "", {})] if ROOT in own.units else []), *found]
        surveys = list(watched(executor.map(surveyor.survey, places), len(places), watch))
    tree = OwnTree(
        tuple(told for each in surveys for told in each.told),
        (*beside, *(stray for each in surveys for stray in each.strays)),
    )
    findings = [finding for each in surveys for finding in each.findings]
    findings += across(own, tree, selection)
    about = [each for each in findings if _is_about(each, focus)]
    return report_of(surveyor, judgement, surveys, about, start, is_whole=not focus)


def report_of(
    surveyor: OwnSurveyor,
    judgement: Judgement,
    surveys: Iterable[OwnSurvey],
    findings: list[Finding],
    start: float,
    *,
    is_whole: bool,
    unverified: Iterable[Unverified] = (),
) -> Report:
    """Return what came of the units that were surveyed, and of the checks across them, since ``start``."""
    root, selection, made = surveyor.store.name, judgement.selection, list(surveys)
    counted, waived = judgement.treated(root, findings, is_whole=is_whole)
    return Report(
        root=root,
        findings=counted,
        unverified=_together([*unverified, *(each for survey in made for each in survey.unverified)]),
        units=sum(told.kind != ROOT for each in made for told in each.told),
        files=sum(each.files for each in made),
        hashed_bytes=sum(each.hashed_bytes for each in made),
        seconds=time.perf_counter() - start,
        vouched_bytes=sum(each.vouched_bytes for each in made),
        selected=selection.prefixes and (*selection.prefixes, *selection.further),
        ignored=selection.ignored,
        waived=waived,
        configuration=judgement.path,
        convention=surveyor.convention.name,
    )


def across(own: Convention, tree: OwnTree, selection: Selection) -> Iterator[Finding]:
    """Yield what the checks across units find."""
    for check in own.checks:
        kind = kind_of(check)
        if kind.scope != "tree" or not selection.has(check.clause.code):
            continue
        if check.kind == "name":
            form = own.units[check.unit].form
            words = "; ".join(f"<{name}> is {own.names[name].words}" for name in form.names if name in own.names)
            for flaw in strays(check, tree, form.text.rpartition("/")[2], f" ({words})" if words else ""):
                yield finding_of(check, Told(check.unit, flaw.path, {}, None, {}, frozenset()), flaw)
            continue
        for unit in tree.of(check.unit):
            if is_asked(check, unit):
                yield from (finding_of(check, unit, flaw) for flaw in kind.judge(check, unit, tree))


def locate_by(path: str, own: Convention) -> tuple[str, str]:
    """Return the root of the tree that ``path`` is or lies in, and the path below the root that is meant.

    Raises:
        CannotCheckError: there is nothing of the convention there.
    """
    if is_url(path):
        raise CannotCheckError(f"{path}: a convention of one's own is checked on this machine alone")
    if not os.path.lexists(path):
        raise CannotCheckError(f"{path}: {why_absent(path)}")
    absolute = os.path.realpath(path)
    if os.path.isdir(absolute) and any(places_in(LocalStore(absolute), own)):
        return absolute, ""
    above, below = absolute, ""
    for _ in range(_ABOVE):
        above, name = os.path.split(above)
        below = f"{name}/{below}" if below else name
        if not name:
            break
        if is_in_reach(own, below) is not None and places_in(LocalStore(above), own)[0]:
            return above, below
    raise CannotCheckError(_nothing(path, own))


def _nothing(path: str, own: Convention) -> str:
    forms = " or ".join(form.form.text for form in own.inside(None))
    return f"{path}: holds no unit of the convention {own.name}, so nothing was checked; a tree of it has {forms}"


def _is_about(finding: Finding, focus: str) -> bool:
    return not focus or f"{finding.path}/".startswith(f"{focus}/") or focus.startswith(f"{finding.path}/")


def _together(unverified: Iterable[Unverified]) -> tuple[Unverified, ...]:
    paths: dict[str, set[str]] = {}
    for each in unverified:
        paths.setdefault(each.reason, set()).update(each.paths)
    return tuple(Unverified(reason, tuple(sorted(each))) for reason, each in sorted(paths.items()))
