"""Check what a change touches: parts of trees, and nothing else of them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial

from runcheck.changes.change import Change
from runcheck.changes.touched import touched_by
from runcheck.findings import Report
from runcheck.focus import Focus
from runcheck.tree.index import Index, IndexStore
from runcheck.tree.store import LocalStore, Store


def check_change(change: Change, check: Callable[[Focus], Report]) -> Iterator[Report]:
    """Yield what ``check`` says of each tree that a change touches; that of nothing where it touches none."""
    top = change.repository.top
    if not change.paths:
        yield Report(top, ())
        return
    with ExitStack() as ends:
        store_at: Callable[[str], Store] = partial(_folder_below, top)
        if change.is_staged:
            store_at = partial(IndexStore, ends.enter_context(closing(Index(change.repository))))
        trees, _ = touched_by(change, store_at)
        for each in trees:
            yield check(Focus(store_at(each.root), each.paths, each.beside))
        if not trees:
            yield Report(top, ())


def _folder_below(top: str, folder: str) -> Store:
    return LocalStore(f"{top}/{folder}" if folder else top)
