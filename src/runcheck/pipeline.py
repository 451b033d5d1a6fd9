"""The pipeline: walk -> classify -> probe -> judge -> report."""

import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from datetime import datetime
from functools import partial

from runcheck.card import Card
from runcheck.convention.documents import RegistryRow
from runcheck.convention.timestamps import now
from runcheck.convention.units import Address
from runcheck.depth import Depth
from runcheck.errors import CannotCheckError
from runcheck.findings import Excepted, Finding, Report, Unverified
from runcheck.focus import Focus, surroundings
from runcheck.judgement import Judgement
from runcheck.rules.judge import judge
from runcheck.rules.reading import has_cards, inputs_of_tree
from runcheck.survey import Surveyor
from runcheck.total import Total
from runcheck.tree.cache import Cache, NoCache
from runcheck.tree.executor import Aside, Executor, Here, Threads
from runcheck.tree.locate import is_url, locate
from runcheck.tree.marks import marks_of
from runcheck.tree.quarantine import Quarantine
from runcheck.tree.read import Reader
from runcheck.tree.store import CONNECTIONS, Remote
from runcheck.tree_reading import Above, ask_git, read_above, tree_inputs
from runcheck.watch import Nobody, Watch, watched


def check(path: str | os.PathLike[str], *, depth: Depth = "content", pedantic: bool = False) -> Report:
    """Check the tree at ``path``, or the part of a tree that ``path`` is, against every clause that has a rule.

    It reads no configuration: the same tree is judged alike wherever it lies. ``runcheck check`` and
    :func:`runcheck.pytest.assert_conforms` judge by the one above the tree. Exceptions of units hold here too.

    Args:
        path: The root of a tree, a folder or a file in one; or the URL of such a thing in a store that fsspec reaches.
        depth: ``structure`` reads documents only; ``content`` also hashes every file of a sealed unit and looks into
            each format; ``deep`` also decodes every chunk of the arrays.
        pedantic: Also report what a heuristic is not certain of.

    Raises:
        CannotCheckError: there is no tree at ``path``, or it holds no unit.
    """
    with Quarantine() as quarantine:
        executor = Threads(CONNECTIONS) if is_url(os.fspath(path)) else Here()
        return check_in(quarantine, path, Judgement(depth, pedantic), executor=executor)


def check_in(
    quarantine: Quarantine,
    path: str | os.PathLike[str],
    judgement: Judgement = Judgement(),  # noqa: B008 - it does not change
    *,
    executor: Executor = Here(),  # noqa: B008 - it holds nothing
    open_cache: Callable[[str], Cache] = lambda _: NoCache(),
    watch: Watch = Nobody(),  # noqa: B008 - it holds nothing
    remote: Remote = Remote(),  # noqa: B008 - it does not change
) -> Report:
    """Check as :func:`check` does, with the native readers of ``quarantine``: for many trees in one process.

    The units are surveyed by ``executor``; ``open_cache`` opens what is remembered of a tree, by its root; ``watch`` is
    told how far it is; ``remote`` says how a tree at a URL is read. By a convention of one's own nothing is remembered,
    and nothing is read at a URL.
    """
    if judgement.convention:
        from runcheck.conventions.check import check_by  # noqa: PLC0415 - few have one

        return check_by(quarantine, path, judgement.convention, judgement, executor=executor, watch=watch)
    target = locate(os.fspath(path), remote)
    return check_focus(
        quarantine,
        Focus(target.store, [target.focus]),
        judgement,
        executor=executor,
        open_cache=open_cache,
        watch=watch,
        empty=f"{target.name}: holds no dataset and no run; nothing was checked",
    )


def check_focus(
    quarantine: Quarantine,
    focus: Focus,
    judgement: Judgement = Judgement(),  # noqa: B008 - it does not change
    *,
    executor: Executor = Here(),  # noqa: B008 - it holds nothing
    open_cache: Callable[[str], Cache] = lambda _: NoCache(),
    watch: Watch = Nobody(),  # noqa: B008 - it holds nothing
    empty: str = "",
) -> Report:
    """Check parts of a tree as :func:`check_in` does; its store is closed then.

    Raises:
        CannotCheckError: there is no unit in them, which ``empty`` says in words; without these words that is clean.
    """
    start = time.perf_counter()
    store, depth, selection = focus.store, judgement.depth, judgement.selection
    with ExitStack() as ends:
        ends.enter_context(closing(store))
        tree = focus.tree()
        met = [unit for unit in tree.units if focus.touches(unit.path)]
        if not met and empty:
            raise CannotCheckError(empty)
        cache = ends.enter_context(closing(open_cache(store.name)))
        at = now()
        marks = marks_of(store.folder) if store.folder is not None else ()
        surveyor = Surveyor(store, depth, selection, quarantine, cache, at, watch, marks, judgement.settings)
        reader = Reader(store, depth, quarantine)
        needed = inputs_of_tree(selection)
        surveyor.load()
        started = executor.map(surveyor.survey, met)
        with (
            Aside(partial(ask_git, store, needed)) as git,
            Aside(partial(read_above, reader, cache, tree, needed)) as reading,
        ):
            total = Total(surveyor.kept_at, cache, partial(_registered, reading) if tree.registry else None)
            for unit, survey in zip(met, watched(started, len(met), watch), strict=True):
                total.take(unit, survey)
        above = reading.result()
        cards: Mapping[str, Card] = total.cards
        if has_cards(selection):
            look = partial(_glance, surveyor, total)
            tree, cards = surroundings(focus, tree, cards, above.latest_texts, look)
        inputs = tree_inputs(reader, tree, cards, above, git.result())
    total.keep(above.kept)
    findings, unverified = judge(inputs, selection)
    total.note(unverified)
    found = [each for each in (*findings, *total.findings) if focus.is_about(each)]
    found, excepted = _without_excepted(found, total, at)
    counted, waived = judgement.treated(store.name, found, is_whole=not focus.paths)
    return Report(
        root=store.name,
        findings=counted,
        unverified=total.unverified,
        units=len(met),
        files=total.files,
        recalled=total.recalled,
        hashed_bytes=total.hashed_bytes,
        seconds=time.perf_counter() - start,
        vouched_bytes=total.vouched_bytes,
        selected=selection.prefixes and (*selection.prefixes, *selection.further),
        ignored=selection.ignored,
        waived=waived._replace(excepted=excepted),
        configuration=judgement.path,
    )


def _without_excepted(found: list[Finding], total: Total, at: datetime) -> tuple[list[Finding], tuple[Excepted, ...]]:
    """Return the findings that count, and those that their units except themselves from."""
    if not total.exceptions:
        return found, ()
    from runcheck.excepting import without_excepted  # noqa: PLC0415 - few units state any

    return without_excepted(found, total.exceptions, at)


def _glance(surveyor: Surveyor, total: Total, address: Address) -> Card:
    """Return the card of a unit that is not checked itself; one that says nothing where it cannot be read."""
    try:
        return surveyor.glance(address)
    except OSError:
        total.note([Unverified("units beside what is checked, which could not be read", (address.path,))])
        return Card()


def _registered(reading: Aside[Above], path: str) -> RegistryRow | None:
    """Return the row that the registry has of a unit, if it is read by now and has one."""
    above = reading.so_far()
    return above.rows.get(path) if above else None
