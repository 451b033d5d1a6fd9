"""What would go, in which order, and what stays although a reason speaks against it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from graphlib import CycleError, TopologicalSorter
from heapq import nlargest
from typing import NamedTuple

from runcheck.convention.layout import layout
from runcheck.convention.units import Slug, classify, is_above_units
from runcheck.convention.versions import in_order
from runcheck.errors import CannotReadError
from runcheck.prune.best import require_metrics, why_best
from runcheck.prune.journal import is_unit
from runcheck.prune.policy import COLD, Policy, Reason
from runcheck.prune.references import behind
from runcheck.prune.units import File, KnownUnit, UnknownUnit, know
from runcheck.reading.place import name_in
from runcheck.tree.entry import Entry
from runcheck.tree.store import LocalStore

_LARGE = 5  # files that are told of
_LARGE_BYTES = 10 << 20


class Candidate(NamedTuple):
    """A unit that a reason speaks against, and that reason in words."""

    unit: KnownUnit
    reason: Reason
    words: str

    @property
    def path(self) -> str:
        """The path of the unit below the root."""
        return self.unit.path


class Kept(NamedTuple):
    """A candidate that stays, and why."""

    candidate: Candidate
    why: str


class Plan(NamedTuple):
    """What would go, what refers to others before these; what stays, and why; the largest files; ``latest`` to be.

    ``latest`` has, by the path of a slug, the version that its ``latest`` is to name before anything goes. ``needs``
    are the units that each unit names, ``seen`` its metadata as they were.
    """

    going: tuple[Candidate, ...]
    kept: tuple[Kept, ...]
    unknown: tuple[UnknownUnit, ...]
    large: tuple[File, ...]
    latest: Mapping[str, str]
    needs: Mapping[str, set[str]]
    seen: Mapping[str, Entry | None]

    @property
    def size(self) -> int:
        """The bytes of what would go."""
        return sum(each.unit.size for each in self.going)


def make_plan(root: str, policy: Policy, moment: datetime) -> Plan:
    """Return what would go of the tree at ``root`` by a policy at a moment.

    Raises:
        InvalidArgumentError: no run has the metric by which the best are to stay.
    """
    store = LocalStore(root)
    tree = classify(store.walk("", is_above_units))
    slugs = tree.slugs
    units: dict[str, KnownUnit] = {}
    unknown: list[UnknownUnit] = []
    large: list[File] = []
    seen: dict[str, Entry | None] = {}
    for address in tree.units:
        seen[address.path] = _metadata_at(store, address.path)
        found, files = know(store, address, moment)
        large = nlargest(_LARGE, [*large, *(file for file in files if file.size >= _LARGE_BYTES)], key=lambda f: f.size)
        if isinstance(found, KnownUnit):
            units[found.path] = found
        else:
            unknown.append(found)
    require_metrics(policy.keep_best, units.values())
    named = {slug.path: version for slug in slugs if (version := named_by_latest(store, slug)) is not None}
    candidates: dict[str, Candidate] = {}
    kept: dict[str, str] = {}
    latest: dict[str, str] = {}
    for slug in slugs:
        if slug.path.partition("/")[0] == slug.kind.folder:  # else nobody can name its units as the convention does
            found_here = _of_slug(slug, named.get(slug.path), units, policy, moment)
            candidates.update(found_here.candidates)
            kept.update(found_here.kept)
            latest.update(found_here.latest)
    for link in tree.loose:
        if (unit := behind(root, link)) in candidates.keys() - kept.keys():
            kept[str(unit)] = f"the link {link.path} leads to it"
    needs = {path: _resolved(unit.refers_to, named) for path, unit in units.items()}
    kept.update(_needed(needs, unknown, candidates.keys() - kept.keys()))
    going = [candidates[path] for path in _in_order(needs, candidates.keys() - kept.keys())]
    moved = {path.rpartition("/")[0] for path in candidates.keys() - kept.keys()}
    return Plan(
        going=tuple(going),
        kept=tuple(Kept(candidates[path], why) for path, why in sorted(kept.items())),
        unknown=tuple(unknown),
        large=tuple(large),
        latest={slug: version for slug, version in latest.items() if slug in moved},
        needs=needs,
        seen=seen,
    )


def without_late(root: str, plan: Plan, moment: datetime) -> Plan:
    """Return a plan without what units need that came or changed since it was made, which may have taken minutes.

    What such a unit needs nobody can tell before it has metadata.
    """
    store = LocalStore(root)
    slugs = classify(store.walk("", is_above_units)).slugs
    named = {slug.path: version for slug in slugs if (version := named_by_latest(store, slug)) is not None}
    needs, unknown = dict(plan.needs), list[UnknownUnit]()
    for address in (address for slug in slugs for address in slug.units):
        metadata = _metadata_at(store, address.path)
        if address.path in plan.seen and plan.seen[address.path] == metadata:
            continue
        found, _ = know(store, address, moment)
        if isinstance(found, KnownUnit):
            needs[found.path] = _resolved(found.refers_to, named)
        else:
            unknown.append(found if metadata is not None else found._replace(text=None))
    kept = _needed(needs, unknown, {each.path for each in plan.going})
    return plan._replace(
        going=tuple(each for each in plan.going if each.path not in kept),
        kept=(*plan.kept, *(Kept(each, kept[each.path]) for each in plan.going if each.path in kept)),
    )


def _metadata_at(store: LocalStore, unit: str) -> Entry | None:
    return store.entry(f"{unit}/{layout().path('metadata')}")


def named_by_latest(store: LocalStore, slug: Slug) -> str | None:
    """Return the version that ``latest`` of a slug names, None where it names none."""
    if slug.latest is None or not (slug.latest.is_file or slug.latest.target is not None):
        return None
    try:
        return name_in(f"{store.folder}/{slug.path}", slug.latest)
    except CannotReadError:
        return None


class _OfSlug(NamedTuple):
    candidates: dict[str, Candidate]
    kept: dict[str, str]
    latest: dict[str, str]


def _of_slug(
    slug: Slug, named: str | None, units: Mapping[str, KnownUnit], policy: Policy, moment: datetime
) -> _OfSlug:
    """Return what speaks against units of a slug, and what for them that lies in the slug itself."""
    here = [units[address.path] for address in slug.units if address.path in units]
    ordered = _ordered(here) if in_order(address.version for address in slug.units) is not None else None
    candidates = {
        unit.path: candidate for unit in here if (candidate := _candidate(unit, ordered or [], moment)) is not None
    }
    candidates = {path: each for path, each in candidates.items() if each.reason in policy.reasons and is_unit(path)}
    kept = {
        path: why
        for path, each in candidates.items()
        if (why := _why_kept(each.unit, here, ordered, policy, moment)) is not None
    }
    right, path = _newest_completed(ordered), f"{slug.path}/{named}"
    latest: dict[str, str] = {}
    if path in candidates and path not in kept:
        if right is None:
            kept[path] = f"{layout().latest} names it, and there is no completed version that it could name"
        else:
            latest[slug.path] = right.address.version
    return _OfSlug(candidates, kept, latest)


def _ordered(units: Sequence[KnownUnit]) -> list[KnownUnit]:
    """Return units of one scheme from the oldest to the newest."""
    by_version = {unit.address.version: unit for unit in units}
    return [by_version[version] for version in in_order(by_version) or ()]


def _newest_completed(ordered: Sequence[KnownUnit] | None) -> KnownUnit | None:
    return next((unit for unit in reversed(ordered or ()) if unit.status == "completed"), None)


def _candidate(unit: KnownUnit, ordered: Sequence[KnownUnit], moment: datetime) -> Candidate | None:
    """Return what speaks against a unit."""
    match unit.status:
        case "failed" | "aborted" as status:
            error = f": {unit.error}" if unit.error else ""
            return Candidate(unit, status, f"{status} on {_day(unit.ended)}{error}")
        case "completed":
            newer = _successor(unit, ordered)
            return Candidate(unit, "superseded", f"superseded by {newer.address.version}") if newer else None
        case _ if moment - unit.changed >= COLD:
            words = f"{unit.status}, never finished, and nothing in it changed since {_day(unit.changed)}"
            return Candidate(unit, "unsealed", words)
    return None


def _successor(unit: KnownUnit, ordered: Sequence[KnownUnit]) -> KnownUnit | None:
    """Return the newest version that stands in for a completed one: sealed, newer, and no other run of its sweep."""
    for other in reversed(ordered):
        if other is unit:
            return None
        if other.status == "completed" and other.is_sealed and (unit.sweep is None or other.sweep != unit.sweep):
            return other
    return None


def _why_kept(
    unit: KnownUnit, here: Sequence[KnownUnit], ordered: Sequence[KnownUnit] | None, policy: Policy, moment: datetime
) -> str | None:
    """Return why a unit stays that something speaks against, None where nothing here speaks for it."""
    if unit.alive is not None:
        return unit.alive
    if moment - unit.ended < policy.older_than:
        return f"is younger than {_words(policy.older_than)}"
    if policy.keep_last:
        if ordered is None:
            return "the versions beside it are of more than one scheme, so none is among the last"
        completed = [each for each in ordered if each.status == "completed"]
        if unit in ordered[-policy.keep_last :] or unit in completed[-policy.keep_last :]:
            return f"is among the last {policy.keep_last} of its slug"
    if unit.status == "completed" and unit.address.kind.name == "model":
        return next((why for best in policy.keep_best if (why := why_best(unit, here, best)) is not None), None)
    return None


def _needed(needs: Mapping[str, set[str]], unknown: Sequence[UnknownUnit], going: set[str]) -> dict[str, str]:
    """Return which of what would go is needed by what stays, directly or by way of others, and by what."""
    needed: dict[str, str] = {}
    for other in unknown:
        for path in going - needed.keys():
            if other.text is None:
                needed[path] = f"{other.path} may need it: its {other.why}"
            elif path in other.text:
                needed[path] = f"{other.path} names it"
    pending = [*(needs.keys() - going), *needed]
    while pending:
        by = pending.pop()
        for path in needs[by] & going - needed.keys():
            needed[path] = f"{by} refers to it"
            pending.append(path)
    return needed


def _resolved(paths: frozenset[str], named: Mapping[str, str]) -> set[str]:
    """Return paths of units, those of ``latest`` as what it names."""
    split = ((path, *path.rpartition("/")[::2]) for path in paths)
    return {f"{slug}/{named.get(slug)}" if name == layout().latest else path for path, slug, name in split}


def _in_order(needs: Mapping[str, set[str]], going: set[str]) -> list[str]:
    """Return paths so that what refers to another comes before it: whoever dies in between leaves nothing dangling."""
    sorter = TopologicalSorter[str]()
    for path in sorted(going):
        sorter.add(path)
        for needed in sorted(needs[path] & going - {path}):
            sorter.add(needed, path)
    try:
        return list(sorter.static_order())
    except CycleError:  # RC710 says so
        return sorted(going)


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d")


def _words(duration: timedelta) -> str:
    hours = int(duration.total_seconds()) // 3600
    return f"{hours // 24} days" if hours % 24 == 0 else f"{hours} hours"
