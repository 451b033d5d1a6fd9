"""What the rules of the tree are given of each unit: little enough to keep for every unit of a large tree."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from runcheck.convention.documents import RegistryRow, Status, TrialOfRun, TrialRow

ROLES_OF_A_CARD = ("metadata", "checksums", "config", "summary", "study", "trials")  # of the files that make one


class Source(NamedTuple):
    """The dataset that a unit says it was made from: its path, and its fingerprint then."""

    path: str
    fingerprint: str


class StudyCard(NamedTuple):
    """What a sweep or a study says of its trials; ``metric`` is the series that their values are the best of."""

    metric: str | None
    trials: Sequence[TrialRow]


class Card(NamedTuple):
    """What one unit says of itself and of others.

    ``row`` is what the registry should say of it, None where its metadata are not valid, without the columns that
    nobody can tell; ``fingerprint`` is that of a dataset's list as it is; ``large`` are the files that should go
    through Git LFS, by role and by path in the tree, with their sizes.
    """

    status: Status | None = None
    row: RegistryRow | None = None
    source: Source | None = None
    links: Mapping[str, str] = {}
    fingerprint: str | None = None
    extensions: Mapping[str, object] = {}
    large: Mapping[str, Mapping[str, int]] = {}
    trial: TrialOfRun | None = None
    metrics: Mapping[str, float | None] = {}
    study: "StudyCard | None" = None

    @property
    def refers_to(self) -> list[str]:
        """The paths of the units that it names."""
        return [*self.links.values(), *([self.source.path] if self.source else [])]
