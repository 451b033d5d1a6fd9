"""Check what a change touches: parts of trees, and nothing else of them."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from functools import partial

from runcheck.changes.change import Change
from runcheck.changes.touched import touched_by
from runcheck.findings import Report
from runcheck.focus import Focus
from runcheck.tree.index import Index, IndexStore
from runcheck.tree.store import LocalStore, Store


def check_change(
    change: Change,
    check: Callable[[Focus], Report],
    check_others: Callable[[Store, Iterable[str]], Report] | None = None,
) -> Iterator[Report]:
    """Yield what ``check`` says of each tree that a change touches; that of nothing where there is nothing to say.

    ``check_others`` is given the files that lie in no unit, by their paths in the store of the whole repository.
    """
    top = change.repository.top
    count = 0
    with ExitStack() as ends:
        store_at: Callable[[str], Store] = partial(_folder_below, top)
        if change.is_staged and change.paths:
            store_at = partial(IndexStore, ends.enter_context(closing(Index(change.repository, change.commit))))
        trees, others = touched_by(change, store_at)
        for each in trees:
            count += 1
            yield check(Focus(store_at(each.root), each.paths, each.beside, has_rows=each.has_rows))
        if check_others and others:
            count += 1
            yield check_others(store_at(""), others)
    if not count:
        yield Report(top, ())


def _folder_below(top: str, folder: str) -> Store:
    return LocalStore(f"{top}/{folder}" if folder else top)
