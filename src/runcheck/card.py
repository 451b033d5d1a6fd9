"""What the rules of the tree are given of each unit: little enough to keep for every unit of a large tree."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from runcheck.convention.documents import RegistryRow, Status


@dataclass(frozen=True, slots=True)
class Source:
    """The dataset that a unit says it was made from: its path, and its fingerprint then."""

    path: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Card:
    """What one unit says of itself and of others.

    ``row`` is what the registry should say of it, None where its metadata are not valid; ``fingerprint`` is that of
    a dataset's list as it is; ``large`` are the files that should go through Git LFS, by role and by path in the tree,
    with their sizes.
    """

    status: Status | None = None
    row: RegistryRow | None = None
    source: Source | None = None
    links: Mapping[str, str] = field(default_factory=dict)
    fingerprint: str | None = None
    extensions: Mapping[str, object] = field(default_factory=dict)
    large: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def refers_to(self) -> list[str]:
        """The paths of the units that it names."""
        return [*self.links.values(), *([self.source.path] if self.source else [])]
