"""Where the data of a unit comes from: what callers say, as the metadata have it."""

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from typing import cast

from runcheck.convention.documents import Provenance
from runcheck.convention.layout import layout
from runcheck.errors import InvalidArgumentError
from runcheck.writer.arguments import checked_name, checked_text, told
from runcheck.writer.config import plain_object
from runcheck.writer.latest import read_latest
from runcheck.writer.seal import fingerprint_of_unit, hash_file

_FORMS = (
    'give the path of a dataset of the same tree, {"kind": "synthetic", "seed": <int>} '
    'or {"kind": "external", "hashes": {<name>: <sha256>}}'
)


def provenance_of(
    data: str | os.PathLike[str] | Mapping[str, object], root: str | os.PathLike[str], what: str
) -> Provenance:
    """Return the provenance that ``data`` stands for: a dataset of the tree by its path, or a provenance as it is.

    A path through ``latest`` becomes that of the version it names today. ``what`` is the argument that it was given as.

    Raises:
        InvalidArgumentError: the path is no completed and sealed dataset of this tree, or the mapping is no provenance.
    """
    if isinstance(data, Mapping):
        return _given(plain_object(data, what), what)
    if not isinstance(data, str | os.PathLike):
        raise InvalidArgumentError(f"{what} is {told(data)}; {_FORMS}")
    return _artefact(os.fspath(data), os.fspath(root), what)


def with_digests(provenance: Mapping[str, object], what: str) -> dict[str, object]:
    """Return a provenance with the SHA-256 of each file and array among its ``hashes`` in their place.

    A file is given as a ``pathlib.Path``. Of an array of NumPy or JAX the numbers count as they lie in memory in C
    order, little-endian: ``hashlib.sha256(array.tobytes())`` on most machines.

    Raises:
        InvalidArgumentError: there is no such file, a name is no text, or an array is of objects.
    """
    hashes = provenance.get("hashes")
    if not isinstance(hashes, Mapping):
        return dict(provenance)
    for name in hashes:
        checked_text(name, f"the name of a file in {what}['hashes']")
    return {
        **provenance,
        "hashes": {name: _digest(value, f"{what}['hashes'][{name!r}]") for name, value in hashes.items()},
    }


def _digest(value: object, what: str) -> object:
    if isinstance(value, os.PathLike):
        try:
            return hash_file(os.fspath(value))
        except OSError as error:
            path = os.fspath(value)
            raise InvalidArgumentError(f"{what}: {path} cannot be read: {error.strerror}") from error
    numpy = sys.modules.get("numpy")  # there is no array where nobody has imported it
    if numpy is None or not hasattr(value, "__array__"):
        return value
    array = numpy.asarray(value)
    if array.dtype.hasobject:
        raise InvalidArgumentError(f"{what} is an array of objects; give its SHA-256, or its file")
    little_endian = array.astype(array.dtype.newbyteorder("<"), order="C", copy=False)
    return hashlib.sha256(little_endian.reshape(-1).view("u1").data).hexdigest()


def _artefact(data: str, root: str, what: str) -> Provenance:
    kind = layout().kinds["dataset"]
    folder = os.path.abspath(data)
    if os.path.basename(folder) == layout().latest:
        slug = os.path.dirname(folder)
        folder = os.path.join(slug, read_latest(slug) or layout().latest)
    parts = os.path.relpath(os.path.realpath(folder), os.path.realpath(root)).split(os.sep)
    if len(parts) != 3 or parts[0] != kind.folder:  # noqa: PLR2004
        raise InvalidArgumentError(
            f"{what} is {data!r}, which is not at {root}/{kind.folder}/<slug>/<version>; {_FORMS}"
        )
    if not os.path.isdir(folder):
        raise InvalidArgumentError(f"{what} is {data!r}, which is not there")
    if (status := _status_of(folder)) not in (None, "completed"):
        first = "finish it first, or" if status == "running" else "a version is never written again, so"
        raise InvalidArgumentError(
            f"{what} is {data!r}, which is {status}; {first} publish a new version, and give that"
        )
    fingerprint = fingerprint_of_unit(folder)
    if fingerprint is None:
        raise InvalidArgumentError(f"{what} is {data!r}, which is not sealed; finish writing it first")
    return {"kind": "artefact", "path": checked_name("unit-path", what, "/".join(parts)), "fingerprint": fingerprint}


def _status_of(dataset: str) -> str | None:
    """Return the status in the metadata of a dataset, None where they cannot be read, which is for a check to tell."""
    try:
        with open(os.path.join(dataset, layout().path("metadata")), "rb") as stream:
            metadata = json.loads(stream.read(layout().limits.document_bytes))
    except (OSError, ValueError, RecursionError):
        return None
    status = metadata.get("status") if isinstance(metadata, dict) else None
    return status if isinstance(status, str) else None


def _given(provenance: dict[str, object], what: str) -> Provenance:
    match provenance:
        case {"kind": "synthetic", "seed": int(seed)} if not isinstance(seed, bool):
            return cast("Provenance", provenance)
        case {"kind": "external", "hashes": dict(hashes)} if hashes and _is_external(provenance):
            for name, sha256 in hashes.items():
                checked_name("sha256", f"{what}['hashes'][{name!r}]", sha256)
            return cast("Provenance", provenance)
    raise InvalidArgumentError(f"{what} is no provenance; {_FORMS}")


def _is_external(provenance: dict[str, object]) -> bool:
    return set(provenance) <= {"kind", "hashes", "source"} and isinstance(provenance.get("source", ""), str)
