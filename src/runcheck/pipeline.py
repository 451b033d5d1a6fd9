"""The pipeline: walk -> classify -> probe -> judge -> report."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import NamedTuple, TypeAlias

from runcheck.card import Card
from runcheck.convention.documents import RegistryRow
from runcheck.convention.layout import layout
from runcheck.convention.names import is_name
from runcheck.convention.schemas import Applied
from runcheck.convention.timestamps import now
from runcheck.convention.units import Address, Tree
from runcheck.depth import Depth
from runcheck.errors import CannotCheckError
from runcheck.findings import Finding, Report, Survey, Unverified
from runcheck.focus import Focus, surroundings
from runcheck.probes import Facts
from runcheck.probes.contents import DocumentContent, GitContent, LatestContent, RegistryContent
from runcheck.probes.git import read_git, with_large
from runcheck.recall import registry_of, text_of_registry
from runcheck.rules.absent import ABSENT, POINTER, Absent, NotVerified
from runcheck.rules.judge import judge
from runcheck.rules.reading import has_cards, inputs_of_tree
from runcheck.rules.selection import EVERYTHING, Selection
from runcheck.rules.tree_inputs import TreeInputs
from runcheck.survey import Surveyor
from runcheck.total import Total
from runcheck.tree.cache import Cache, NoCache
from runcheck.tree.entry import Entry, EntryType
from runcheck.tree.executor import Aside, Executor, Here, Threads
from runcheck.tree.locate import is_url, locate
from runcheck.tree.marks import marks_of
from runcheck.tree.quarantine import Quarantine, ReaderFailedError
from runcheck.tree.read import Reader
from runcheck.tree.store import CONNECTIONS, Remote, Store
from runcheck.watch import Nobody, Watch

_OF_REGISTRY = ("registry", "sound_registry")  # the inputs of rules that its rows are in
_Kept: TypeAlias = dict[str, tuple[bytes, str]]


class _Around(NamedTuple):
    """What was read above the units: the facts by path, what of them is to be kept, the registry's rows by unit."""

    facts: dict[str, Facts]
    kept: _Kept
    rows: dict[str, RegistryRow]


def check(path: str | os.PathLike[str], *, depth: Depth = "content", pedantic: bool = False) -> Report:
    """Check the tree at ``path``, or the part of a tree that ``path`` is, against every clause that has a rule.

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
        return check_in(quarantine, path, depth=depth, pedantic=pedantic, executor=executor)


def check_in(
    quarantine: Quarantine,
    path: str | os.PathLike[str],
    *,
    depth: Depth = "content",
    selection: Selection = EVERYTHING,
    pedantic: bool = False,
    executor: Executor = Here(),  # noqa: B008 - it holds nothing
    open_cache: Callable[[str], Cache] = lambda _: NoCache(),
    watch: Watch = Nobody(),  # noqa: B008 - it holds nothing
    remote: Remote = Remote(),  # noqa: B008 - it does not change
) -> Report:
    """Check as :func:`check` does, with the native readers of ``quarantine``: for many trees in one process.

    The units are surveyed by ``executor``; ``open_cache`` opens what is remembered of a tree, by its root;
    ``watch`` is told how far it is; ``remote`` says how a tree at a URL is read.
    """
    start = time.perf_counter()
    target = locate(os.fspath(path), remote)
    store = target.store
    focus = Focus(store, target.focus)
    tree = focus.tree()
    met = [unit for unit in tree.units if focus.touches(unit.path)]
    if not met:
        raise CannotCheckError(f"{os.fspath(path)}: holds no dataset and no run; nothing was checked")
    cache = open_cache(target.root)
    marks = marks_of(store.folder) if store.folder is not None else ()
    surveyor = Surveyor(store, depth, selection, quarantine, cache, now(), watch, marks)
    reader = Reader(store, depth, quarantine)
    started = executor.map(surveyor.survey, met)
    needed = inputs_of_tree(selection)
    ask_git = partial(_ask_git, store) if "git" in needed else _no_git
    read_around = partial(_around, reader, cache, tree, with_registry=not needed.isdisjoint(_OF_REGISTRY))
    with Aside(ask_git) as git, Aside(read_around) as around:
        total = Total(surveyor.kept_at, cache, partial(_registered, around))
        for unit, survey in zip(met, _watched(started, len(met), watch), strict=True):
            total.take(unit, survey)
    facts, kept, _ = around.result()
    total.keep(kept)
    cards: Mapping[str, Card] = total.cards
    if has_cards(selection):
        look = partial(_glance, surveyor, total)
        tree, cards = surroundings(focus, tree, cards, _latest_texts(facts), look)
    findings, unverified = judge(_inputs(reader, tree, cards, facts, git.result()), selection)
    total.note(unverified)
    found = (*findings, *total.findings)
    wanted = [each for each in found if focus.is_about(each) and (pedantic or each.is_certain)]
    return Report(
        root=target.root,
        findings=tuple(sorted(wanted, key=Finding.sort_key)),
        unverified=total.unverified,
        units=len(met),
        files=total.files,
        recalled=total.recalled,
        hashed_bytes=total.hashed_bytes,
        seconds=time.perf_counter() - start,
        vouched_bytes=total.vouched_bytes,
        selected=selection.prefixes,
    )


def _ask_git(store: Store) -> GitContent | None:
    return None if store.folder is None else read_git(store.folder)


def _watched(surveys: Iterable[Survey], count: int, watch: Watch) -> Iterator[Survey]:
    watch.begin(count)
    try:
        for each in surveys:
            watch.done(each.files, each.hashed_bytes)
            yield each
    finally:
        watch.end()


def _no_git() -> None:
    """Ask nothing: no rule wants to know."""


def _glance(surveyor: Surveyor, total: Total, address: Address) -> Card:
    """Return the card of a unit that is not checked itself; one that says nothing where it cannot be read."""
    try:
        return surveyor.glance(address)
    except OSError:
        total.note([Unverified("units beside what is checked, which could not be read", (address.path,))])
        return Card()


def _inputs(
    reader: Reader, tree: Tree, cards: Mapping[str, Card], facts: Mapping[str, Facts], git: GitContent | None
) -> TreeInputs:
    large = {path for card in cards.values() for files in card.large.values() for path in files}
    root = reader.store.folder
    known = with_large(git, root, large) if git and root is not None else None
    return TreeInputs(
        tree=tree,
        cards=cards,
        registry=_registry(tree, facts),
        extension_schemas=dict(_extension_schemas(reader, tree, facts, cards)),
        latest_texts=_latest_texts(facts),
        git=ABSENT
        if known is None
        else NotVerified(reader.store.name, known.unverified)
        if known.unverified
        else known,
        unread={path: each.error for path, each in facts.items() if each.error},
    )


def _around(reader: Reader, cache: Cache, tree: Tree, *, with_registry: bool) -> _Around:
    """Read the files above the units: each ``latest`` that is a text, the schemas of extensions, the registry."""
    formats = {slug.latest: "latest" for slug in tree.slugs if slug.latest}
    formats |= {entry: "json" for entry in tree.loose if _extension_of(entry)}
    facts = {
        entry.path: reader.file(entry, format_, hashed=False) for entry, format_ in formats.items() if entry.is_file
    }
    kept: _Kept = {}
    if with_registry and tree.registry and tree.registry.is_file:
        facts[tree.registry.path], kept = _read_registry(reader, cache, tree.registry)
    rows = {
        row["path"]: row
        for each in facts.values()
        if isinstance(each.content, RegistryContent)
        for row in each.content.rows
    }
    return _Around(facts, kept, rows)


def _registered(around: Aside[_Around], path: str) -> RegistryRow | None:
    """Return the row that the registry has of a unit, if it is read by now and has one."""
    read = around.so_far()
    return read.rows.get(path) if read else None


def _latest_texts(facts: Mapping[str, Facts]) -> dict[str, str]:
    return {
        path: each.content.version
        for path, each in facts.items()
        if isinstance(each.content, LatestContent) and each.content.version
    }


def _extension_of(entry: Entry) -> str | None:
    """Return the namespace whose registered schema the entry is."""
    before, after = layout().extension_schemas.split("<extension>")
    if entry.type is not EntryType.FILE or not entry.path.startswith(before) or not entry.path.endswith(after):
        return None
    namespace = entry.path.removeprefix(before).removesuffix(after)
    return namespace if is_name("extension", namespace) else None


def _extension_schemas(
    reader: Reader, tree: Tree, facts: Mapping[str, Facts], cards: Mapping[str, Card]
) -> Iterator[tuple[str, Applied]]:
    """Yield each namespace that has a schema, with that applied to the extensions of all units."""
    for entry in tree.loose:
        namespace = _extension_of(entry)
        if not namespace or not isinstance(content := facts[entry.path].content, DocumentContent):
            continue
        if content.error or content.too_large:
            yield namespace, Applied(fault=content.error or "is too large to be read", line=content.line)
            continue
        from runcheck.convention.validation import apply_extension_schema  # noqa: PLC0415 - few trees register any

        values = {path: card.extensions[namespace] for path, card in cards.items() if namespace in card.extensions}
        try:
            yield namespace, reader.quarantine.ask(partial(apply_extension_schema, content.value, values))
        except ReaderFailedError as error:
            yield namespace, Applied(fault=f"cannot be applied: {error}")


def _read_registry(reader: Reader, cache: Cache, entry: Entry) -> tuple[Facts, _Kept]:
    """Return the facts of the registry, and the text that they may be recalled by."""
    key = cache.key("registry", [entry])
    if key is not None and (text := cache.get(entry.path, key)):
        return Facts(content=registry_of(text)), {}
    facts = reader.file(entry, "registry", hashed=False)
    content = facts.content
    text = text_of_registry(content) if isinstance(content, RegistryContent) and not content.unverified else None
    return facts, {entry.path: (key, text)} if key and text else {}


def _registry(tree: Tree, facts: Mapping[str, Facts]) -> RegistryContent | Absent | NotVerified:
    entry = tree.registry
    if entry is None:
        return ABSENT
    if entry.type is not EntryType.FILE:
        return RegistryContent(error=f"is a {entry.type.value}, not a file")
    if entry.path not in facts or facts[entry.path].error:  # no rule asks for it, or another has the finding
        return ABSENT
    if pointer := facts[entry.path].pointer:
        damaged = RegistryContent(error="starts as a Git LFS pointer and is no whole one")
        return NotVerified(entry.path, POINTER) if pointer.sha256 else damaged
    content = facts[entry.path].content
    assert isinstance(content, RegistryContent)
    return NotVerified(entry.path, content.unverified) if content.unverified else content
