"""The card of a unit, from what its rules are given."""

from typing import cast

from runcheck.card import Card, Source, StudyCard
from runcheck.convention.checksums import fingerprint
from runcheck.convention.documents import Metadata, RegistryRow
from runcheck.convention.layout import layout
from runcheck.convention.registry import COLUMNS_OF, registry_row
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
        row=_row(inputs, metadata),
        source=Source(made_from["path"], made_from["fingerprint"]) if made_from["kind"] == "artefact" else None,
        links=metadata.get("links", {}),
        extensions=metadata.get("extensions", {}),
        trial=metadata.get("trial"),
        metrics=metadata.get("metrics", {}) if "trial" in metadata else {},
        study=_study(inputs),
    )


def _study(inputs: UnitInputs) -> StudyCard | None:
    study, trials = inputs.study, inputs.trials
    if isinstance(study, Absent | NotVerified) or isinstance(trials, Absent | NotVerified):
        return None
    return StudyCard(study["metric"], [row for _, row in trials])


def _row(inputs: UnitInputs, metadata: Metadata) -> RegistryRow:
    """Return what the registry should say of the unit, without the columns of a document that nobody can tell.

    That is one that is there and cannot be read, or is missed: another clause has its finding.
    """
    kind, config, summary = inputs.unit.kind.name, inputs.config, inputs.summary
    row = registry_row(
        metadata,
        inputs.unit.path,
        None if isinstance(config, Absent | NotVerified) else config,
        None if isinstance(summary, Absent | NotVerified) else summary,
    )
    missed = {role for role in COLUMNS_OF if metadata["status"] in layout().roles[role].required.get(kind, ())}
    unknown = {
        column
        for role, found in (("config", config), ("summary", summary))
        if isinstance(found, Absent | NotVerified) and (role in missed or inputs.unit.of_role(role))
        for column in COLUMNS_OF[role]
    }
    return cast("RegistryRow", {column: value for column, value in row.items() if column not in unknown})


def _large(inputs: UnitInputs, role: str) -> dict[str, int]:
    entries = [inputs.unit.files[path].entry for path in inputs.unit.of_role(role)]
    return {entry.path: entry.size for entry in entries if entry.size > inputs.settings.most_lfs_bytes}
