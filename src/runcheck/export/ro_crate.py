"""An RO-Crate of a unit: its files, and what they are and came from, in ``ro-crate-metadata.json``.

Format: RO-Crate Metadata Specification 1.1 (https://w3id.org/ro/crate/1.1), with the action that made the files as the
profile Process Run Crate has it.
"""

import mimetypes
import os
import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias
from urllib.parse import quote

from runcheck.convention.documents import Metadata
from runcheck.errors import CannotReadError
from runcheck.export.sealed import Document, copied
from runcheck.publish.sealed import CHECKSUMS, SealedUnit
from runcheck.writer.atomic import write_json
from runcheck.writer.places import make_folders

Entity: TypeAlias = dict[str, object]

_NAME = "ro-crate-metadata.json"
_VERSION = "https://w3id.org/ro/crate/1.1"
_PROCESS = "https://w3id.org/ro/wfrun/process/0.5"
_ACTION, _CODE, _DATA, _LICENCE = "#creation", "#code", "#data", "#licence"
_PYTHON = "https://www.python.org/"
_SPDX = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")
_MIME = {
    ".jsonl": "application/jsonl",
    ".md": "text/markdown",
    ".parquet": "application/x-parquet",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    "": "text/plain",  # the list
}
_BYTES = "application/octet-stream"


def write_ro_crate(unit: SealedUnit, metadata: Metadata, folder: str, licence: str) -> None:
    """Copy the files of a sealed unit to a new folder, each compared with the list, and describe them there.

    Raises:
        CannotReadError: a file is not here, is not the one that the list has, or is the description of a crate.
    """
    if _NAME in unit.sums:
        raise CannotReadError(f"{unit.name}/{_NAME}: is a crate already, and the one that is made would take its place")
    os.mkdir(folder)
    documents = []
    for path in (*sorted(unit.sums), CHECKSUMS, *unit.signatures):
        if "/" in path:
            make_folders(folder, path.rpartition("/")[0])
        documents.append(copied(unit, path, os.path.join(folder, path)))
    write_json(os.path.join(folder, _NAME), crate(metadata, documents, licence))


def crate(metadata: Metadata, documents: Sequence[Document], licence: str) -> Mapping[str, object]:
    """Return the metadata of a crate with these files."""
    files = [_file(each) for each in documents]
    root: Entity = {
        "@id": "./",
        "@type": "Dataset",
        "conformsTo": _reference(_PROCESS),
        "name": metadata["name"],
        "description": metadata["description"] or metadata["name"],
        "datePublished": metadata["finished_at"] or metadata["created_at"],
        "version": metadata["version"],
        "identifier": metadata.get("label", metadata["name"]),
        "keywords": ", ".join(f"{name}: {value}" for name, value in metadata["tags"].items()),
        "hasPart": _one_or_many([_reference(str(file["@id"])) for file in files]),
        "mentions": _reference(_ACTION),
        "license": _reference(str(_licence(licence)["@id"])),
    }
    extra: list[Entity] = [{"@id": _PROCESS, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}]
    extra.append(_licence(licence))
    descriptor: Entity = {
        "@id": _NAME,
        "@type": "CreativeWork",
        "about": _reference("./"),
        "conformsTo": _reference(_VERSION),
    }
    terms = {"sha256": "http://schema.org/sha256"}  # which the context of 1.1 does not have
    graph = [descriptor, root, *files, *_provenance(metadata, files), *extra]
    return {"@context": [f"{_VERSION}/context", terms], "@graph": graph}


def licence_url(licence: str) -> str | None:
    """Return the URL of a licence that is given by that or by its name at SPDX; None of one in words."""
    if "://" in licence:
        return licence
    return f"https://spdx.org/licenses/{licence}" if _SPDX.fullmatch(licence) else None


def _licence(licence: str) -> Entity:
    about = {"name": licence, "description": f"The licence {licence}."}
    return {"@id": licence_url(licence) or _LICENCE, "@type": "CreativeWork", **about}


def _provenance(metadata: Metadata, files: Sequence[Entity]) -> list[Entity]:
    """Return what made the files: an action, with which code and on what."""
    data, git, env = _data(metadata), metadata["git"], metadata["env"]
    remote = git["remote"] if git is not None else None
    code: Entity = {"@id": remote if remote and "://" in remote else _CODE, "@type": "SoftwareSourceCode"}
    code["name"] = "the code that was run"
    if remote:
        code["codeRepository"] = code["url"] = remote
    if git is not None:
        code["version"] = git["sha"]
    python: Entity = {
        "@id": _PYTHON,
        "@type": "SoftwareApplication",
        "name": "Python",
        "url": _PYTHON,
    }
    if env is not None:
        python |= {"softwareVersion": env["python"], "operatingSystem": env["platform"]}
    is_done = metadata["status"] == "completed"
    action: Entity = {
        "@id": _ACTION,
        "@type": "CreateAction",
        "name": " ".join(metadata["command"] or ()) or f"made {metadata['name']}",
        "description": metadata["description"] or f"What made {metadata['name']}.",
        "startTime": _second(metadata["created_at"]),
        "actionStatus": f"http://schema.org/{'Completed' if is_done else 'Failed'}ActionStatus",
        "instrument": [_reference(str(code["@id"])), _reference(_PYTHON)],
        "object": _one_or_many([_reference(str(each["@id"])) for each in data]),
        "result": _one_or_many([_reference(str(file["@id"])) for file in files]),
    }
    if metadata["finished_at"] is not None:
        action["endTime"] = _second(metadata["finished_at"])
    if "error" in metadata:
        action["error"] = metadata["error"]
    return [action, code, python, *data]


def _one_or_many(references: list[Entity]) -> object:
    """Return references as JSON-LD is flattened: one by itself."""
    return references[0] if len(references) == 1 else references


def _second(timestamp: str) -> str:
    return f"{timestamp[:19]}+00:00"


def _data(metadata: Metadata) -> list[Entity]:
    """Return what the unit was made from."""
    origin = metadata["data_provenance"]
    match origin["kind"]:
        case "artefact":
            about = {"identifier": origin["fingerprint"], "name": origin["path"]}
            return [{"@id": _DATA, "@type": "CreativeWork", **about, "description": "A dataset of the same tree."}]
        case "external":
            return [
                {"@id": f"{_DATA}-{quote(name)}", "@type": "CreativeWork", "name": name, "identifier": sha256}
                for name, sha256 in origin["hashes"].items()
            ]
        case _:
            seed = {"@type": "PropertyValue", "name": "seed", "value": origin["seed"]}
            return [{"@id": _DATA, **seed}]


def mime_of(path: str) -> str:
    """Return the media type of a file by its name."""
    suffix = os.path.splitext(path)[1]
    return _MIME.get(suffix) or mimetypes.types_map.get(suffix, _BYTES)


def _file(document: Document) -> Entity:
    return {
        "@id": quote(document.path),
        "@type": "File",
        "name": document.path,
        "contentSize": str(document.size),
        "encodingFormat": mime_of(document.path),
        "sha256": document.sha256,
    }


def _reference(id_: str) -> Entity:
    return {"@id": id_}
