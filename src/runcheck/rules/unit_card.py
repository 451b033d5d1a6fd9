"""The card of a unit, from what its rules are given."""

from runcheck.card import Card, Source
from runcheck.convention.checksums import fingerprint
from runcheck.convention.documents import registry_row
from runcheck.convention.layout import layout
from runcheck.probes.contents import ChecksumsContent
from runcheck.rules.absent import Absent, NotVerified
from runcheck.rules.unit_inputs import UnitInputs


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
    return known._replace(
        row=registry_row(metadata, unit.path),
        source=Source(made_from["path"], made_from["fingerprint"]) if made_from["kind"] == "artefact" else None,
        links=metadata.get("links", {}),
        extensions=metadata.get("extensions", {}),
    )


def _large(inputs: UnitInputs, role: str) -> dict[str, int]:
    entries = [inputs.unit.files[path].entry for path in inputs.unit.of_role(role)]
    return {entry.path: entry.size for entry in entries if entry.size > inputs.settings.most_lfs_bytes}
