"""What would go, what went and what stays, in words for a terminal."""

from collections.abc import Iterable, Iterator, Sequence

from runcheck.convention.layout import layout
from runcheck.prune.act import Pruned
from runcheck.prune.plan import Candidate, Plan
from runcheck.prune.session import Look
from runcheck.prune.trash import Trashed
from runcheck.report.escape import printable
from runcheck.report.words import count_in_words, size_in_words

_UNKNOWN = 5  # units that are named


def render_look(look: Look) -> Iterator[str]:
    """Yield the lines of what would be done."""
    plan, cache = look.plan, look.cache
    if look.is_interrupted:
        yield "An earlier prune was interrupted; --apply finishes it first."
    if plan.going:
        yield "Would go to the trash:"
        yield from _table(plan.going)
    yield from _staying(plan)
    if plan.large:
        going = {each.path for each in plan.going}
        yield "Largest files:"
        for file in plan.large:
            goes = ", would go" if any(file.path.startswith(f"{path}/") for path in going) else ""
            yield f"  {printable(file.path)}  {size_in_words(file.size)}{goes}"
    if cache is not None:
        yield f"What checks remember: {size_in_words(cache.size)}; `runcheck cache --clean` forgets it."
    yield from _of_trash(look.trashed)
    if plan.going:
        units = count_in_words(len(plan.going), "unit")
        yield f"{units}, {size_in_words(plan.size)}, would go; --apply moves them to the trash."
    else:
        yield "Nothing would go."


def render_pruned(pruned: Pruned, trashed: Sequence[Trashed]) -> Iterator[str]:
    """Yield the lines of what was done."""
    if pruned.finished:
        yield f"Finished what an earlier prune was interrupted at: {printable(', '.join(pruned.finished))}."
    if pruned.moved:
        yield "Moved to the trash:"
        yield from _table(pruned.moved)
    for slug, version in pruned.plan.latest.items():
        yield f"{layout().latest} of {printable(slug)} names {printable(version)} now."
    yield from _staying(pruned.plan)
    for path, why in pruned.left:
        yield f"Left alone: {printable(path)}: {printable(why)}"
    yield from _of_trash(trashed)
    size = sum(each.unit.size for each in pruned.moved)
    units = count_in_words(len(pruned.moved), "unit")
    yield f"{units}, {size_in_words(size)}, moved." if pruned.moved else "Nothing was moved."


def render_trashed(verb: str, units: Iterable[Trashed]) -> Iterator[str]:
    """Yield a line for each unit that was brought back or removed."""
    for unit in units:
        yield f"{verb} {printable(unit.path)}, {size_in_words(unit.size)}"


def _staying(plan: Plan) -> Iterator[str]:
    if plan.kept:
        yield "Stays all the same:"
        for kept in plan.kept:
            yield f"  {printable(kept.candidate.path)}  {printable(kept.candidate.words)}"
            yield f"      {printable(kept.why)}"
    if plan.unknown:
        yield "Never touched, since nobody can tell what it is:"
        for unit in plan.unknown[:_UNKNOWN]:
            yield f"  {printable(unit.path)}  {printable(unit.why)}"
        if len(plan.unknown) > _UNKNOWN:
            yield f"  and {len(plan.unknown) - _UNKNOWN:,} more"


def _table(units: Iterable[Candidate]) -> Iterator[str]:
    for each in units:
        yield f"  {printable(each.path)}  {size_in_words(each.unit.size)}  {printable(each.words)}"


def _of_trash(trashed: Sequence[Trashed]) -> Iterator[str]:
    if trashed:
        units, size = count_in_words(len(trashed), "unit"), size_in_words(sum(unit.size for unit in trashed))
        yield f"The trash holds {units}, {size}; --restore brings one back, --empty removes them."
