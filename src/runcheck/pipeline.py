"""The pipeline: walk -> classify -> probe -> judge -> report."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from functools import partial
from typing import TypeAlias

from runcheck.card import Card
from runcheck.convention.layout import layout
from runcheck.convention.names import is_name
from runcheck.convention.schemas import Applied
from runcheck.convention.timestamps import now
from runcheck.convention.units import Address, Tree, classify, is_above_units
from runcheck.convention.versions import in_order
from runcheck.depth import Depth
from runcheck.errors import CannotCheckError
from runcheck.findings import Finding, Report, Survey, Unverified
from runcheck.probes import Facts
from runcheck.probes.contents import DocumentContent, GitContent, LatestContent, RegistryContent
from runcheck.probes.git import read_git, with_large
from runcheck.recall import registry_of, text_of_registry
from runcheck.rules.absent import ABSENT, POINTER, Absent, NotVerified
from runcheck.rules.judge import judge
from runcheck.rules.tree_inputs import TreeInputs
from runcheck.survey import Surveyor, kept_at
from runcheck.tree.cache import Cache, NoCache
from runcheck.tree.entry import Entry, EntryType
from runcheck.tree.executor import Aside, Executor, Here, Threads
from runcheck.tree.locate import is_url, locate
from runcheck.tree.quarantine import Quarantine, ReaderFailedError
from runcheck.tree.read import Reader
from runcheck.tree.store import CONNECTIONS, Remote, Store
from runcheck.watch import Nobody, Watch

_Kept: TypeAlias = dict[str, tuple[bytes, str]]


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
    with closing(target.store) as store:
        tree = classify(store.walk(enter=is_above_units))
        met = [unit for unit in tree.units if _touches(target.focus, unit.path)]
        if not met:
            raise CannotCheckError(f"{target.root}/{target.focus}: holds no dataset and no run; nothing was checked")
        cache = open_cache(target.root)
        surveyor = Surveyor(store, depth, quarantine, cache, now(), watch)
        reader = Reader(store, depth, quarantine)
        started = executor.map(surveyor.survey, met)
        with Aside(partial(_ask_git, store)) as git, Aside(partial(_around, reader, cache, tree)) as around:
            surveys = {unit.path: each for unit, each in zip(met, _watched(started, len(met), watch), strict=True)}
        facts, kept = around.result()
        cards = {path: each.card for path, each in surveys.items()}
        unread: set[str] = set()
        cards = _neighbours(tree, cards, _latest_texts(facts), partial(_glance, surveyor, unread))
        inputs = _inputs(reader, tree, cards, facts, git.result())
    findings, unverified = judge(inputs)
    found = [*findings, *(finding for each in surveys.values() for finding in each.findings)]
    kept |= {kept_at(depth, unit): each.kept for unit, each in zip(met, surveys.values(), strict=True) if each.kept}
    cache.keep(kept)
    wanted = [each for each in found if _is_wanted(each, target.focus) and (pedantic or each.is_certain)]
    return Report(
        root=target.root,
        findings=tuple(sorted(wanted, key=Finding.sort_key)),
        unverified=_merged([*unverified, *_unread(unread)], surveys.values()),
        units=len(met),
        files=sum(each.files for each in surveys.values()),
        recalled=sum(each.is_recalled for each in surveys.values()),
        hashed_bytes=sum(each.hashed_bytes for each in surveys.values()),
        seconds=time.perf_counter() - start,
        vouched_bytes=sum(each.vouched_bytes for each in surveys.values()),
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


def _glance(surveyor: Surveyor, unread: set[str], address: Address) -> Card:
    """Return the card of a unit that is not checked itself; one that says nothing where it cannot be read."""
    try:
        return surveyor.glance(address)
    except OSError:
        unread.add(address.path)
        return Card()


def _unread(paths: set[str]) -> list[Unverified]:
    return [Unverified("units beside what is checked, which could not be read", tuple(sorted(paths)))] if paths else []


def _touches(focus: str, unit: str) -> bool:
    return not focus or unit == focus or unit.startswith(f"{focus}/") or focus.startswith(f"{unit}/")


def _is_wanted(finding: Finding, focus: str) -> bool:
    """Say whether a finding is in the focus, about it elsewhere, on a folder around it, or in the ``latest`` beside."""
    unit = "/".join(focus.split("/")[:3])
    slug = "/".join(focus.split("/")[:2])
    about = finding.concerns or finding.path
    return (
        not focus
        or about == unit
        or about.startswith(f"{unit}/")
        or unit.startswith(f"{about}/")
        or finding.path == f"{slug}/{layout().latest}"
    )


def _neighbours(
    tree: Tree, cards: Mapping[str, Card], latest_texts: Mapping[str, str], look: Callable[[Address], Card]
) -> dict[str, Card]:
    """Return the cards of the units that a part of the tree is judged with.

    These are the units that it refers to, and those that they refer to, as far as it goes; and of the versions beside
    it the one that ``latest`` names, and the newest ones down to one that is completed, which it should name.
    """
    units = {unit.path: unit for unit in tree.units}
    found = dict(cards)

    def card(path: str) -> Card:
        if path not in found:
            found[path] = look(units[path])
        return found[path]

    for slug in tree.slugs:
        if any(unit.path in cards for unit in slug.units):
            versions = [unit.version for unit in slug.units]
            ordered = in_order(versions)
            target = (slug.latest.target or latest_texts.get(slug.latest.path)) if slug.latest else None
            if target in versions:
                card(f"{slug.path}/{target}")
            for version in versions if ordered is None else reversed(ordered):
                if card(f"{slug.path}/{version}").status == "completed" and ordered is not None:
                    break
    pending = list(cards)
    seen: set[str] = set()
    while pending:
        path = pending.pop()
        if path in units and path not in seen:
            seen.add(path)
            pending += card(path).refers_to
    return dict(sorted(found.items()))


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


def _around(reader: Reader, cache: Cache, tree: Tree) -> tuple[dict[str, Facts], _Kept]:
    """Read the files above the units: each ``latest`` that is a text, the schemas of extensions, the registry."""
    formats = {slug.latest: "latest" for slug in tree.slugs if slug.latest}
    formats |= {entry: "json" for entry in tree.loose if _extension_of(entry)}
    facts = {
        entry.path: reader.file(entry, format_, hashed=False) for entry, format_ in formats.items() if entry.is_file
    }
    kept: _Kept = {}
    if tree.registry and tree.registry.is_file:
        facts[tree.registry.path], kept = _read_registry(reader, cache, tree.registry)
    return facts, kept


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
    if facts[entry.path].error:
        return ABSENT
    if pointer := facts[entry.path].pointer:
        damaged = RegistryContent(error="starts as a Git LFS pointer and is no whole one")
        return NotVerified(entry.path, POINTER) if pointer.sha256 else damaged
    content = facts[entry.path].content
    assert isinstance(content, RegistryContent)
    return NotVerified(entry.path, content.unverified) if content.unverified else content


def _merged(unverified: Iterable[Unverified], surveys: Iterable[Survey]) -> tuple[Unverified, ...]:
    """Put together what could not be looked into, reason by reason."""
    paths: dict[str, set[str]] = {}
    for each in (*unverified, *(each for one in surveys for each in one.unverified)):
        paths.setdefault(each.reason, set()).update(each.paths)
    return tuple(Unverified(reason, tuple(sorted(each))) for reason, each in sorted(paths.items()))
