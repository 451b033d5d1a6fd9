"""What steps made, remembered by the fingerprint of what they depended on, in the tree's own state folder.

A result counts only while it is what it was: each unit is there, completed, sealed, with the same fingerprint and no
damaged file; each other file or folder has the same digest.
"""

import contextlib
import json
import os
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

from runcheck.convention.layout import layout
from runcheck.convention.names import is_name
from runcheck.errors import CannotCheckError, FlowError
from runcheck.flows.inputs import digest_of
from runcheck.judgement import Judgement
from runcheck.pipeline import check_in
from runcheck.reading.records import UnitFault, metadata_at
from runcheck.rules.selection import select
from runcheck.tree.cache import open_cache
from runcheck.tree.quarantine import Quarantine
from runcheck.tree.state import state_folder
from runcheck.tree.store import LocalStore
from runcheck.writer.atomic import write_json
from runcheck.writer.seal import fingerprint_of_unit

FOLDER = "flow"
_MOST = 1 << 20  # bytes of a result
_DAMAGE = ("RC3",)


class Result(NamedTuple):
    """What a step made: units by their path in the tree, and files or folders, each with its fingerprint."""

    units: Mapping[str, str]
    files: Mapping[str, str]
    seconds: float


def recalled(root: str, folder: str, key: str) -> Result | str | None:
    """Return what a step with these inputs made; why it does not count any more; or None where it was never made."""
    result = _read(os.path.join(root, layout().state, FOLDER, f"{key}.json"))
    if result is None:
        return None
    for unit, fingerprint in result.units.items():
        if reason := _fault_of(root, unit, fingerprint):
            return f"{unit} {reason}"
    for path, digest in result.files.items():
        try:
            if digest_of(os.path.join(folder, path)) != digest:
                return f"{path} is not as it was made"
        except FlowError:
            return f"{path} is not there"
    return result


def remember(root: str, key: str, result: Result) -> None:
    """Remember what a step made.

    Raises:
        OSError: the disk refuses.
    """
    write_json(os.path.join(folder_of_flows(root), f"{key}.json"), result._asdict())


def folder_of_flows(root: str) -> str:
    """Return the folder of what is kept of the flows of a tree, made where it is not there.

    Raises:
        OSError: it cannot be made, or is a link.
    """
    folder = os.path.join(state_folder(root), FOLDER)
    if os.path.islink(folder):
        raise OSError(f"{folder} is a link, which is not followed")
    os.makedirs(folder, exist_ok=True)
    return folder


def _fault_of(root: str, unit: str, fingerprint: str) -> str | None:
    folder = os.path.join(root, unit)
    if not os.path.isdir(folder):
        return "is not there"
    if fingerprint_of_unit(folder) != fingerprint:
        return "is not sealed as it was"
    metadata = metadata_at(LocalStore(root), unit)
    if isinstance(metadata, UnitFault):
        return "has metadata that do not hold"
    if metadata["status"] != "completed":
        return f"is {metadata['status']}"
    judgement = Judgement(selection=select(_DAMAGE))
    try:
        with Quarantine() as quarantine:
            report = check_in(quarantine, folder, judgement, open_cache=partial(open_cache, is_blind=False))
    except CannotCheckError:
        return "cannot be checked"
    return f"is damaged: {report.findings[0].path}: {report.findings[0].message}" if report.errors else None


def _read(path: str) -> Result | None:
    """Return what a file remembers; one that was torn, or that somebody else wrote, remembers nothing."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        with open(path, "rb") as stream:
            document = json.loads(stream.read(_MOST))
        match document:
            case {"units": dict(units), "files": dict(files), "seconds": int() | float() as seconds}:
                texts = (*units.values(), *files, *files.values())
                if all(is_name("unit-path", each) for each in units) and all(isinstance(each, str) for each in texts):
                    return Result(units, files, float(seconds))
    return None
