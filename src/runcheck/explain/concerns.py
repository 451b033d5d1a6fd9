"""Which clauses concern what: by the inputs that their rules declare, by name where these do not tell."""

from functools import cache
from typing import Literal, NamedTuple, TypeAlias

from runcheck.convention.clauses import Clause, clauses_by_name
from runcheck.convention.fixable import ROLES_OF_A_ROW
from runcheck.rules.rule import Rule, rules

Above: TypeAlias = Literal["root", "registry", "schema", "kind", "slug", "latest", "unit", "stray"]

# The roles of files that the inputs of rules are made of.
_ROLES: dict[str, tuple[str, ...]] = {
    "best_trials": ("best_trial",),
    "bundle": ("bundle",),
    "cards": ("metadata",),
    "checkpoint_names": ("checkpoint",),
    "checkpoint_steps": ("checkpoint",),
    "checkpoints": ("checkpoint",),
    "checksums": ("checksums",),
    "comparison": ("events", "metrics"),
    "config": ("config",),
    "documents": ("metadata", "config", "summary", "heartbeat", "export_sidecar", "study", "trials", "best_trial"),
    "events": ("events",),
    "extension_schemas": ("metadata",),
    "external_data": ("export",),
    "gone_process": ("heartbeat",),
    "hdf5_data": ("data",),
    "good_signatures": ("signature", "bundle", "checksums"),
    "heartbeat": ("heartbeat",),
    "looked_into": ("export",),
    "metadata": ("metadata",),
    "metadata_violations": ("metadata",),
    "metrics": ("metrics",),
    "parameter_counts": ("checkpoint", "metadata"),
    "parquet_data": ("data",),
    "readme": ("readme",),
    "rows_by_data": ("data",),
    "signature": ("signature",),
    "sidecars": ("export_sidecar", "export"),
    "sound_bundle": ("bundle", "checksums"),
    "sound_metrics": ("metrics",),
    "study": ("study",),
    "study_violations": ("study", "best_trial"),
    "summary": ("summary",),
    "summary_violations": ("summary",),
    "trial_violations": ("trials",),
    "trials": ("trials",),
    "zarr_stores": ("data",),
}
_FORMATS = {"hdf5_data": "hdf5", "parquet_data": "parquet", "zarr_stores": "zarr"}
# What is looked at in each file, whatever its role; and what is where a rule compares the files with their list.
_EVERY_FILE = frozenset(
    ("entries", "more_places", "numbers", "object_arrays", "outside_references", "pickles", "places", "unread")
)
_LISTED = frozenset({"digests", "facts", "pointers", "unit"})
_CONTEXT = frozenset(
    {"array_shapes", "git", "known_status", "now", "parameters", "series", "settings", "status", "tree"}
)
_ABOVE: dict[str, Above] = {
    "extension_schemas": "schema",
    "latest_texts": "latest",
    "registry": "registry",
    "sound_registry": "registry",
    "status_by_unit": "latest",
}
# Rules that are given all of a tree or of a unit.
_BY_NAME: dict[Above, tuple[str, ...]] = {
    "root": ("kind-folder", "registry-missing", "env-tracked", "lfs-attributes"),
    "registry": ("registry-missing",),
    "kind": ("kind-folder",),
    "slug": ("slug-name", "stray-entry"),
    "unit": ("version-name", "version-scheme", "stray-entry", "required-file", "dataset-data"),
    "stray": ("stray-entry", "kind-folder"),
}
_ROLES_BY_NAME: dict[str, tuple[str, ...]] = {
    "dataset-data": ("data",),
    "export-sidecar": ("export", "export_sidecar"),
    "heartbeat-left": ("heartbeat",),
    "heartbeat-schema": ("heartbeat",),
    "registry-row-stale": ROLES_OF_A_ROW,
    "split-files": ("data", "metadata"),
    "trial-unit": ("trials", "metadata"),
    "unassigned-data": ("data", "metadata"),
}


class Concerns(NamedTuple):
    """The clauses that concern a file as what it is, and those that concern it as any file of a unit."""

    own: tuple[Clause, ...]
    general: tuple[Clause, ...]


def concerns_of_file(role: str | None, format_: str | None) -> Concerns:
    """Return the clauses that concern a file of a unit, of a role and in a format."""
    own, general = [], []
    for rule in rules().values():
        if role in _roles_of(rule) and _fits(rule, format_):
            own.append(rule.clause)
        elif rule.scope != "tree" and _is_of_every_file(rule):
            general.append(rule.clause)
    return Concerns(tuple(own), tuple(general))


def concerns_above(place: Above) -> tuple[Clause, ...]:
    """Return the clauses that concern what lies above the files of the units."""
    derived = {rule.clause for rule in rules().values() if any(_ABOVE.get(name) == place for name in rule.inputs)}
    named = {clauses_by_name()[name] for name in _BY_NAME.get(place, ())}
    return tuple(sorted(derived | named, key=lambda clause: clause.code))


@cache
def _roles_of(rule: Rule) -> frozenset[str]:
    if "git" in rule.inputs:  # what units say of themselves tells which files Git is asked about
        return frozenset()
    derived = tuple(role for name in rule.inputs for role in _ROLES.get(name, ()))
    return frozenset(_ROLES_BY_NAME.get(rule.clause.name, derived))


def _fits(rule: Rule, format_: str | None) -> bool:
    formats = {_FORMATS[name] for name in rule.inputs if name in _FORMATS}
    return not formats or format_ in formats


def _is_of_every_file(rule: Rule) -> bool:
    """Say whether a rule looks at each file, or compares the list of checksums with what is there."""
    inputs, roles = set(rule.inputs), _roles_of(rule)
    return bool(inputs & _EVERY_FILE) or not roles or (roles == {"checksums"} and bool(inputs & _LISTED))


def unmapped() -> list[str]:
    """Return the inputs of rules that no table here knows."""
    known = {*_ROLES, *_EVERY_FILE, *_LISTED, *_CONTEXT, *_ABOVE}
    return sorted({name for rule in rules().values() for name in rule.inputs} - known)
