"""RC5: checkpoints and exports, as far as names, documents and checksums tell."""

import math
from collections.abc import Iterator, Mapping
from typing import cast

from runcheck.convention.aggregates import SeriesAggregate
from runcheck.convention.checksums import digest_of_list
from runcheck.convention.documents import SIDECAR_SUFFIX, ExportSidecar, Status
from runcheck.convention.layout import layout
from runcheck.convention.names import is_name
from runcheck.convention.schemas import is_known_major
from runcheck.convention.units import Unit
from runcheck.convention.validation import violations
from runcheck.probes.contents import DocumentContent, MetricsContent
from runcheck.rules.rule import Problem, unit_rule

_CHECKPOINTS = layout().folder_of("checkpoint")
_OWN_FIELDS = frozenset(("source_step", "sha256"))  # of a sidecar; a tokenizer or a configuration has neither


@unit_rule
def checkpoint_name(unit: Unit, checkpoint_names: Mapping[str, bool]) -> Iterator[Problem]:
    """Each name among the checkpoints is a step; leftovers have a clause of their own."""
    for name in checkpoint_names:
        path = f"{_CHECKPOINTS}/{name}"
        if path in unit.files:
            yield Problem(path, "lies among the checkpoints and belongs to no step")
        elif not is_name("step", name) and not layout().is_leftover(name):
            digits = "".join(filter(str.isdigit, name)).lstrip("0")
            help_ = f"Rename it to {_CHECKPOINTS}/{digits}." if digits else None
            yield Problem(path, "is not named by its step in decimal", help=help_)


@unit_rule
def checkpoint_step(
    checkpoint_steps: frozenset[int], sound_metrics: MetricsContent, status: Status
) -> Iterator[Problem]:
    """Each checkpoint of a completed run lies before the step at which the next row was due.

    Many loops save before they log, and any other run may have ended between the two.
    """
    last = max((series.last_step for series in sound_metrics.series.values()), default=-1)
    due = min((_due(series) for series in sound_metrics.series.values() if series.last_step == last), default=None)
    for step in sorted(checkpoint_steps):
        if status == "completed" and due is not None and step >= due:
            said = f"is of step {step}; the metrics end at step {last}"
            then = "" if due == last + 1 else f", where the next row was due at {due:.0f}"
            yield Problem(f"{_CHECKPOINTS}/{step}", f"{said}{then}")


def _due(series: SeriesAggregate) -> float:
    """Return the step at which the next row of a series would be; nobody knows of one row alone."""
    return series.last_step + max(1, series.last_step // (series.count - 1)) if series.count > 1 else math.inf


@unit_rule
def export_sidecar(
    unit: Unit, documents: Mapping[str, DocumentContent], external_data: frozenset[str]
) -> Iterator[Problem]:
    """Each export has a valid sidecar, each sidecar its export."""
    sidecars = set(unit.of_role("export_sidecar"))
    for path in unit.of_role("export"):
        if path not in external_data and not any(
            f"{above}{SIDECAR_SUFFIX}" in sidecars for above in _with_folders(path)
        ):
            yield Problem(path, f"has no sidecar {path}{SIDECAR_SUFFIX}")
    for path in sorted(sidecars):
        exported, value = path.removesuffix(SIDECAR_SUFFIX), documents[path].value if path in documents else {}
        if not isinstance(value, dict):  # document-syntax or document-size has its finding
            continue
        is_there = any(other == exported or other.startswith(f"{exported}/") for other in unit.files)
        if path in documents and not _OWN_FIELDS & value.keys():
            of = f"it stands where that of {exported} should" if is_there else "it is an export without one"
            yield Problem(path, f"is no sidecar, for it says neither source_step nor sha256; {of}")
            continue
        if not is_there:
            yield Problem(path, f"is the sidecar of {exported}, which is not there")
        if path not in documents or not is_known_major(value):  # schema-version has its finding
            continue
        found = violations("export-sidecar", value)
        for violation in found:
            yield Problem(path, violation.message, pointer=violation.pointer)
        if not found and cast("ExportSidecar", value)["file"] != exported.rpartition("/")[2]:
            yield Problem(
                path,
                f"names the file {cast('ExportSidecar', value)['file']!r}; it stands beside {exported}",
                pointer="/file",
            )


@unit_rule
def export_checksum(unit: Unit, sidecars: Mapping[str, ExportSidecar], digests: Mapping[str, str]) -> Iterator[Problem]:
    """The export is the one that its sidecar was written for."""
    for path, sidecar in sidecars.items():
        exported = path.removesuffix(SIDECAR_SUFFIX)
        inside = [each for each in unit.files if each.startswith(f"{exported}/")]
        actual = digests.get(exported)
        if inside and all(each in digests for each in inside):
            actual = digest_of_list({each.removeprefix(f"{exported}/"): digests[each] for each in inside})
        if actual is not None and actual != sidecar["sha256"]:
            yield Problem(exported, f"has SHA-256 {actual[:12]}...; its sidecar says {sidecar['sha256'][:12]}...")


@unit_rule
def export_source(sidecars: Mapping[str, ExportSidecar], checkpoint_steps: frozenset[int]) -> Iterator[Problem]:
    """The checkpoint that an export was made from is there."""
    for path, sidecar in sidecars.items():
        step = sidecar["source_step"]
        if step not in checkpoint_steps:
            steps = ", ".join(map(str, sorted(checkpoint_steps))) or "none"
            yield Problem(path, f"says it was made from step {step}; checkpoints: {steps}", pointer="/source_step")


def _with_folders(path: str) -> Iterator[str]:
    """Yield ``path`` and the folders above it: an export may be a folder, with the sidecar beside it."""
    while "/" in path:
        yield path
        path = path.rpartition("/")[0]
