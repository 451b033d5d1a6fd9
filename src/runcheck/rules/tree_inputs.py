"""What the rules of a tree are given: the names that they may declare as parameters."""

from collections.abc import Mapping
from functools import cached_property

from runcheck.card import Card
from runcheck.convention.documents import Status
from runcheck.convention.schemas import Applied
from runcheck.convention.units import Tree
from runcheck.probes.contents import GitContent, RegistryContent
from runcheck.rules.absent import ABSENT, Absent, NotVerified
from runcheck.tree.entry import Entry


class TreeInputs:
    """The inputs of the rules of the tree.

    ``cards`` are of the units that were read, by their paths, in order. ``unread`` says why files above the units
    could not be.
    """

    def __init__(
        self,
        *,
        tree: Tree,
        cards: Mapping[str, Card],
        registry: RegistryContent | Absent | NotVerified,
        extension_schemas: Mapping[str, Applied],
        latest_texts: Mapping[str, str],
        git: GitContent | Absent | NotVerified,
        unread: Mapping[str, str],
    ) -> None:
        """Take what was read."""
        self.tree, self.cards, self.registry, self.git = tree, cards, registry, git
        self.extension_schemas, self.latest_texts, self.unread = extension_schemas, latest_texts, unread

    @property
    def entries(self) -> dict[str, Entry]:
        """Every entry that lies in no unit, by its path."""
        latest = {slug.latest.path: slug.latest for slug in self.tree.slugs if slug.latest}
        return {**{entry.path: entry for entry in self.tree.loose}, **latest}

    @cached_property
    def sound_registry(self) -> RegistryContent | Absent | NotVerified:
        """The registry, where it could be read."""
        registry = self.registry
        return ABSENT if isinstance(registry, RegistryContent) and registry.error else registry

    @cached_property
    def status_by_unit(self) -> dict[str, Status]:
        """The status by the path of the unit, where it can be told."""
        return {path: card.status for path, card in self.cards.items() if card.status}
