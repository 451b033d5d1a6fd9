"""Where the data of a unit comes from: what callers say, as the metadata have it."""

import os
from collections.abc import Mapping
from typing import cast

from runcheck.convention.documents import Provenance
from runcheck.convention.layout import layout
from runcheck.errors import InvalidArgumentError
from runcheck.writer.arguments import checked_name
from runcheck.writer.config import plain_object
from runcheck.writer.latest import read_latest
from runcheck.writer.seal import fingerprint_of_unit


def provenance_of(data: str | os.PathLike[str] | Mapping[str, object], root: str | os.PathLike[str]) -> Provenance:
    """Return the provenance that ``data`` stands for: a dataset of the tree by its path, or a provenance as it is.

    A path through ``latest`` becomes that of the version it names today.

    Raises:
        InvalidArgumentError: the path is no sealed dataset of this tree, or the mapping is no provenance.
    """
    if isinstance(data, Mapping):
        return _given(plain_object(data, "data"))
    return _artefact(os.fspath(data), os.fspath(root))


def _artefact(data: str, root: str) -> Provenance:
    kind = layout().kinds["dataset"]
    folder = os.path.abspath(data)
    if os.path.basename(folder) == layout().latest:
        slug = os.path.dirname(folder)
        folder = os.path.join(slug, read_latest(slug) or layout().latest)
    parts = os.path.relpath(os.path.realpath(folder), os.path.realpath(root)).split(os.sep)
    if len(parts) != 3 or parts[0] != kind.folder:  # noqa: PLR2004
        raise InvalidArgumentError(
            f"data is {data!r}; name a dataset of the same tree, {root}/{kind.folder}/<slug>/<version>"
        )
    if not os.path.isdir(folder):
        raise InvalidArgumentError(f"data is {data!r}, which is not there")
    fingerprint = fingerprint_of_unit(folder)
    if fingerprint is None:
        raise InvalidArgumentError(f"data is {data!r}, which is not sealed; finish writing it first")
    return {"kind": "artefact", "path": checked_name("unit-path", "data", "/".join(parts)), "fingerprint": fingerprint}


def _given(provenance: dict[str, object]) -> Provenance:
    match provenance:
        case {"kind": "synthetic", "seed": int(seed)} if not isinstance(seed, bool):
            return cast("Provenance", provenance)
        case {"kind": "external", "hashes": dict(hashes)} if hashes and _is_external(provenance):
            for name, sha256 in hashes.items():
                checked_name("sha256", f"data['hashes'][{name!r}]", sha256)
            return cast("Provenance", provenance)
    raise InvalidArgumentError(
        'data is no provenance; give the path of a dataset, {"kind": "synthetic", "seed": <int>} '
        'or {"kind": "external", "hashes": {<name>: <sha256>}}'
    )


def _is_external(provenance: dict[str, object]) -> bool:
    return set(provenance) <= {"kind", "hashes", "source"} and isinstance(provenance.get("source", ""), str)
