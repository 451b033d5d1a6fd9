"""What the rules of the tree are given of each unit: little enough to keep for every unit of a large tree."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from runcheck.convention.checksums import fingerprint
from runcheck.convention.documents import RegistryRow, Status, registry_row
from runcheck.convention.layout import layout
from runcheck.probes.checksums import ChecksumsContent
from runcheck.rules.absent import Absent, NotVerified
from runcheck.rules.unit_inputs import UnitInputs


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


def card_of(inputs: UnitInputs) -> Card:
    """Return the card of a unit."""
    unit, metadata, checksums = inputs.unit, inputs.metadata, inputs.checksums
    known = Card(
        status=inputs.known_status,
        fingerprint=(
            fingerprint(checksums.sums())
            if unit.kind.name == "dataset" and isinstance(checksums, ChecksumsContent)
            else None
        ),
        large={role: files for role in layout().lfs_roles if (files := _large(inputs, role))},
    )
    if isinstance(metadata, Absent | NotVerified):
        return known
    made_from = metadata["data_provenance"]
    return replace(
        known,
        row=registry_row(metadata, unit.path),
        source=Source(made_from["path"], made_from["fingerprint"]) if made_from["kind"] == "artefact" else None,
        links=metadata.get("links", {}),
        extensions=metadata.get("extensions", {}),
    )


def _large(inputs: UnitInputs, role: str) -> dict[str, int]:
    entries = [inputs.unit.files[path].entry for path in inputs.unit.of_role(role)]
    return {entry.path: entry.size for entry in entries if entry.size > layout().limits.lfs_bytes}
