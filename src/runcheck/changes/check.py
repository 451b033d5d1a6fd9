"""Check what a change touches: parts of trees, and nothing else of them."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from runcheck.changes.change import Change
from runcheck.changes.own import OwnTouched, own_touched_by, without_units
from runcheck.changes.touched import touched_by
from runcheck.findings import Report
from runcheck.focus import Focus
from runcheck.tree.index import Index, IndexStore
from runcheck.tree.store import LocalStore, Store

if TYPE_CHECKING:
    from runcheck.configuration.judgement import Said


class Judges(NamedTuple):
    """Who judges what a change touches.

    ``main`` parts of trees of the main convention, ``own`` those of another, ``others`` files of the store of the
    whole repository by clauses of which those with some codes are judged already; None where nobody does.
    """

    main: Callable[[Focus], Report] | None
    own: Callable[[OwnTouched, Store, Callable[[], Store] | None], Report]
    said_in: Callable[[str], "Said | None"]
    others: Callable[[Store, Iterable[str], Iterable[str]], Report] | None = None


def check_change(change: Change, judges: Judges, places: Iterable[str] = ()) -> Iterator[Report]:
    """Yield what is said of each tree that a change touches; that of nothing where there is nothing to say.

    ``places`` are the paths that were asked for, if there were any.
    """
    top = change.repository.top
    count = 0
    with ExitStack() as ends:
        store_at: Callable[[str], Store] = partial(_folder_below, top)
        if change.is_staged and change.paths:
            store_at = partial(IndexStore, ends.enter_context(closing(Index(change.repository, change.commit))))
        own, unread = own_touched_by(change, store_at, judges.said_in, tuple(places))
        trees, others = touched_by(without_units(own, change), store_at)
        for touched in own:
            count += 1
            before = partial(_past, change, touched.root) if change.base else None
            yield judges.own(touched, store_at(touched.root), before)
        if judges.main:
            for each in trees:
                count += 1
                yield judges.main(Focus(store_at(each.root), each.paths, each.beside, has_rows=each.has_rows))
        if judges.others:
            apart = [(others, frozenset[str]()), *((each.inside, frozenset(each.convention.clauses)) for each in own)]
            for paths, judged in apart:
                if paths:
                    count += 1
                    yield judges.others(store_at(""), paths, judged)
    if unread or not count:
        yield Report(top, (), tuple(unread))


def _folder_below(top: str, folder: str) -> Store:
    return LocalStore(f"{top}/{folder}" if folder else top)


def _past(change: Change, folder: str) -> Store:
    """Return the store of a folder as it was before a change."""
    return IndexStore(Index(change.repository, change.base), folder)
