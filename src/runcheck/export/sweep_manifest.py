"""A run as the manifest of a sweep, by the shipped convention ``sweep-manifest``: its file says what a manifest is."""

import glob
import json
import os
from collections.abc import Iterator

from runcheck.convention.documents import Metadata, Provenance
from runcheck.convention.timestamps import parse_timestamp
from runcheck.convention.versions import experiment_id
from runcheck.errors import CannotReadError, CannotWriteError
from runcheck.probes.folder import open_regular
from runcheck.reading.run import LoadedRun

_CONVENTION = "sweep-manifest"
_SHORTEST, _LONGEST = 7, 12  # digits of the commit in an id
_MOST_BYTES = 1 << 20
_MOST_NEIGHBOURS = 10_000


def sweep_manifest(run: LoadedRun, target: str) -> dict[str, object]:
    """Return the manifest of the sweep that a run is, which is to lie at ``target``, beside those of other sweeps.

    Id, time, commit, environment, configuration and provenance are those of the run; its one extension is the
    namespace of the project.

    Raises:
        CannotReadError: the run has no commit, or the manifest would not be one by the schema of the convention.
        CannotWriteError: the sweeps beside it have taken every id of this second.
    """
    from runcheck.conventions.load import load as load_convention  # noqa: PLC0415 - few exports need its libraries
    from runcheck.conventions.schemas import violations_of  # noqa: PLC0415

    text = load_convention(_CONVENTION).units["sweep"].roles["manifest"].schema or "{}"
    version = json.loads(text)["properties"]["manifest_schema_version"]["const"]
    document: dict[str, object] = {"manifest_schema_version": version, **_fields(run, target)}
    for name, value in run.metadata.get("extensions", {}).items():
        if name in document:
            raise CannotReadError(f"{run.path}: the extension {name} has the name of a field of the manifest")
        document[name] = value
    if faults := violations_of(text, document):
        more = f"; and {len(faults) - 1:,} more" if len(faults) > 1 else ""
        raise CannotReadError(
            f"{run.path}: gives no manifest of {_CONVENTION}: {faults[0].pointer or 'it'} {faults[0].message}{more}"
        )
    return document


def _fields(run: LoadedRun, target: str) -> dict[str, object]:
    metadata = run.metadata
    git, env = metadata["git"], metadata["env"]
    if git is None:
        raise CannotReadError(f"{run.path}: has no commit, which a manifest names; commit the code, and run it again")
    return {
        "experiment_id": _free_id(metadata, git["sha"], target),
        "timestamp_utc": metadata["created_at"],
        "git": {"sha": git["sha"], "dirty": git["dirty"], "branch": git["branch"]},
        "env": {**env["packages"], "python": env["python"], "platform": env["platform"]} if env else None,
        "params": run.config,
        "data_provenance": _provenance(metadata["data_provenance"]),
    }


def _provenance(of_run: Provenance) -> object:
    """Return the provenance of a run; a dataset of the tree is external to the sweeps, its fingerprint the hash."""
    if of_run["kind"] == "artefact":
        return {"kind": "external", "hashes": {of_run["path"]: of_run["fingerprint"]}}
    return of_run


def _free_id(metadata: Metadata, sha: str, target: str) -> str:
    """Return the id of the run, with more digits of the commit where a sweep beside it began in the same second."""
    created = parse_timestamp(metadata["created_at"])
    if created is None:
        raise CannotReadError(f"{metadata['slug']}/{metadata['version']}: created_at is no moment of the calendar")
    stem = experiment_id(created, sha)[:-_SHORTEST]
    taken = set(_ids_beside(target))
    for digits in range(_SHORTEST, _LONGEST + 1):
        if (id_ := f"{stem}{sha[:digits]}") not in taken:
            return id_
    raise CannotWriteError(f"{target}: the sweeps beside it have all ids of this second; run it again")


def _ids_beside(target: str) -> Iterator[object]:
    """Yield the ids of the manifests in the folders beside that of ``target``."""
    folder, name = os.path.split(os.path.abspath(target))
    pattern = os.path.join(glob.escape(os.path.dirname(folder)), "*", glob.escape(name))
    for count, path in enumerate(glob.iglob(pattern)):
        if count == _MOST_NEIGHBOURS:
            return
        try:
            with open_regular(path) as stream:
                document = json.loads(stream.read(_MOST_BYTES))
        except (OSError, ValueError, RecursionError):  # a check tells of it
            continue
        if isinstance(document, dict):
            yield document.get("experiment_id")
