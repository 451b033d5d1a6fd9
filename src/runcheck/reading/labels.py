"""Labels, by which units are asked for: ``<YYYYMMDD>-<slug>@<git-sha>``, a function of the metadata.

They stand in the metadata and are written nowhere else: a list of them would be a second truth, which a store without
locks cannot keep.
"""

import re
from collections.abc import Sequence

from runcheck.convention.documents import Metadata, label_of
from runcheck.convention.layout import layout
from runcheck.convention.names import is_name
from runcheck.convention.timestamps import date_of
from runcheck.convention.versions import NO_COMMIT, parts_of_experiment_id
from runcheck.reading.records import UnitFault, metadata_at
from runcheck.tree.store import Store

_SHORT = 7  # digits of a commit
_PARTS = re.compile(r"(?P<date>\d{8})-(?P<slug>[^@/]+)@(?P<sha>[0-9a-f]+)")


def label_of_unit(metadata: Metadata) -> str:
    """Return the label of a unit: the one that it states, or the one that its date, slug and commit give."""
    return metadata.get("label") or _label(metadata, _SHORT)


def run_names(runs: Sequence[Metadata]) -> list[str]:
    """Return what tells runs apart in a legend: their versions where they have one slug, else slug and version."""
    slugs = {run["slug"] for run in runs}
    return [run["version"] if len(slugs) == 1 else f"{run['slug']} {run['version']}" for run in runs]


def units_with_label(store: Store, label: str) -> list[str]:
    """Return the paths of the units in a store that have a label, in which more digits of the commit may stand.

    Raises:
        OSError: the store did not answer.
    """
    parts = _PARTS.fullmatch(label)
    if parts is None or not is_name("label", label):
        return []
    return [
        f"{folder}/{version}"
        for folder in (f"{kind.folder}/{parts['slug']}" for kind in layout().kinds.values())
        for version in store.folders(folder)
        if _may_have(version, parts) and _has(store, f"{folder}/{version}", label)
    ]


def _may_have(version: str, parts: re.Match[str]) -> bool:
    """Say whether a unit of this version may have a label: an experiment id says day and commit, and no other does."""
    if not is_name("experiment-id", version):
        return True
    second, sha = parts_of_experiment_id(version)
    return second[:10].replace("-", "") == parts["date"] and parts["sha"].startswith(sha)


def _has(store: Store, path: str, label: str) -> bool:
    metadata = metadata_at(store, path)
    if isinstance(metadata, UnitFault):
        return False
    return label.startswith(_label(metadata, _SHORT)) and _label(metadata).startswith(label)


def _label(metadata: Metadata, digits: int | None = None) -> str:
    sha = metadata["git"]["sha"] if metadata["git"] else NO_COMMIT
    return label_of(date_of(metadata["created_at"]), metadata["slug"], sha[:digits])
