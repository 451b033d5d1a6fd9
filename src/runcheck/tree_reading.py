"""Read what lies above the units of a tree, and put together what its rules are given."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import NamedTuple, TypeAlias

from runcheck.card import Card
from runcheck.convention.documents import RegistryRow
from runcheck.convention.layout import layout
from runcheck.convention.names import is_name
from runcheck.convention.schemas import Applied
from runcheck.convention.units import Tree
from runcheck.probes import Facts
from runcheck.probes.contents import DocumentContent, GitContent, LatestContent, RegistryContent
from runcheck.probes.git import read_git, with_large
from runcheck.recall import registry_of, text_of_registry
from runcheck.rules.absent import ABSENT, POINTER, Absent, NotVerified
from runcheck.rules.tree_inputs import TreeInputs
from runcheck.tree.cache import Cache
from runcheck.tree.entry import Entry, EntryType
from runcheck.tree.quarantine import ReaderFailedError
from runcheck.tree.read import Reader
from runcheck.tree.store import Store

_OF_REGISTRY = frozenset({"registry", "sound_registry"})  # the inputs of rules that its rows are in
_Kept: TypeAlias = dict[str, tuple[bytes, str]]


class Above(NamedTuple):
    """What was read above the units: the facts by path, what of them is to be kept, the registry's rows by unit."""

    facts: Mapping[str, Facts]
    kept: _Kept
    rows: Mapping[str, RegistryRow]

    @property
    def latest_texts(self) -> dict[str, str]:
        """What each ``latest`` says that is a text, by its path."""
        return {
            path: each.content.version
            for path, each in self.facts.items()
            if isinstance(each.content, LatestContent) and each.content.version
        }


def ask_git(store: Store, needed: frozenset[str]) -> GitContent | None:
    """Return what Git knows of a tree; None where there is no repository, or it is not among the inputs needed."""
    return None if store.worktree is None or "git" not in needed else read_git(store.worktree)


def read_above(reader: Reader, cache: Cache, tree: Tree, needed: frozenset[str]) -> Above:
    """Read the files above the units: each ``latest`` that is a text, the schemas of extensions, the registry.

    The registry only where it is among the inputs that are needed.
    """
    formats = {slug.latest: "latest" for slug in tree.slugs if slug.latest}
    formats |= {entry: "json" for entry in tree.loose if _extension_of(entry)}
    facts = {
        entry.path: reader.file(entry, format_, hashed=False) for entry, format_ in formats.items() if entry.is_file
    }
    kept: _Kept = {}
    if not needed.isdisjoint(_OF_REGISTRY) and tree.registry and tree.registry.is_file:
        facts[tree.registry.path], kept = _read_registry(reader, cache, tree.registry)
    rows = {
        row["path"]: row
        for each in facts.values()
        if isinstance(each.content, RegistryContent)
        for row in each.content.rows
    }
    return Above(facts, kept, rows)


def tree_inputs(
    reader: Reader, tree: Tree, cards: Mapping[str, Card], above: Above, git: GitContent | None
) -> TreeInputs:
    """Return what the rules of a tree are given."""
    facts = above.facts
    large = {path for card in cards.values() for files in card.large.values() for path in files}
    root = reader.store.worktree
    known = with_large(git, root, large) if git and root is not None else None
    return TreeInputs(
        tree=tree,
        cards=cards,
        registry=_registry(tree, facts),
        extension_schemas=dict(_extension_schemas(reader, tree, facts, cards)),
        latest_texts=above.latest_texts,
        git=ABSENT
        if known is None
        else NotVerified(reader.store.name, known.unverified)
        if known.unverified
        else known,
        unread={path: each.error for path, each in facts.items() if each.error},
    )


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
