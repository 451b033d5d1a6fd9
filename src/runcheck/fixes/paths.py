"""Paths of this machine below the repository, written relative to it: in documents, and nothing else of them.

The text is changed in place, so that comments and form stay; then it is read again, and must say what it said but for
these paths.
"""

import os
import re
from collections.abc import Callable

from runcheck.convention.canonical import config_sha256
from runcheck.convention.layout import layout
from runcheck.convention.unit_paths import unit_around, within_unit
from runcheck.findings import Finding
from runcheck.fixes.draft import METADATA, Draft
from runcheck.fixes.edits import CannotFixError
from runcheck.fixes.fix import fixes
from runcheck.fixes.stored import parsed

_ROLES = frozenset({"readme", "config", "metadata"})
_SHALLOWEST = 2  # folders: a path below `/work` may be anything


@fixes("machine-path")
def machine_path(draft: Draft, finding: Finding) -> None:
    """Write each path of the document that lies below the repository relative to it."""
    unit, within = unit_around(finding.path), within_unit(finding.path)
    kind = layout().kind_of_folder(finding.path.partition("/")[0])
    role = layout().role_of(within, kind.name) if kind else None
    if unit is None or role is None or role.name not in _ROLES:
        raise CannotFixError("is no document; what it says is its writer's")
    top = _top(draft.root)
    if top.count("/") < _SHALLOWEST:
        raise CannotFixError(f"the tree lies in no repository, and {top} is no folder of a project")
    text = draft.text(finding.path)
    shorten = _shortener(top)
    new = shorten(text)
    if new == text:
        raise CannotFixError(f"does not lie below {top}, so nobody can tell what it is relative to")
    if role.format != "text":
        old_value, new_value = parsed(within, text.encode()), parsed(within, new.encode())
        if _mapped(old_value, shorten) != new_value:
            raise CannotFixError("would mean something else when it is written relative")
        if role.name == "config":
            _rehash(draft, unit, within, old_value, new_value)
    draft.write(finding.path, new)


def _top(root: str) -> str:
    """Return the repository that holds the tree; without one, the folder that the tree lies in."""
    folder = root
    while not os.path.exists(f"{folder}/.git"):
        above = os.path.dirname(folder)
        if above == folder:
            return os.path.dirname(root)
        folder = above
    return folder


def _shortener(top: str) -> Callable[[str], str]:
    found = re.compile(rf"(?<![\w.~/\\-])(?:file://)?{re.escape(top)}(?:/+(?=[\w.@+-])|/*(?=[\s\"'`,;:)\]}}]|$))")
    return lambda text: found.sub(lambda match: "" if _goes_on(match) else ".", text)


def _goes_on(match: re.Match[str]) -> bool:
    after = match.string[match.end() : match.end() + 1]
    return match[0].endswith("/") and bool(after) and (after.isalnum() or after in "_.@+-")


def _mapped(value: object, shorten: Callable[[str], str]) -> object:
    match value:
        case str():
            return shorten(value)
        case dict():
            return {shorten(key): _mapped(each, shorten) for key, each in value.items()}
        case list():
            return [_mapped(each, shorten) for each in value]
    return value


def _rehash(draft: Draft, unit: str, within: str, old: dict[str, object], new: dict[str, object]) -> None:
    """Let the metadata name the hash of the new configuration, where they named that of the old one."""
    path = f"{unit}/{METADATA}"
    said = draft.metadata(unit)["config"]
    if said["path"] != within or said["sha256"] != config_sha256(old):
        raise CannotFixError(f"is not the configuration that {METADATA} has the hash of; mend that first")
    text = draft.text(path)
    if text.count(said["sha256"]) != 1:
        raise CannotFixError(f"{METADATA} names its hash more than once, as a run does that was taken up again")
    draft.write(path, text.replace(said["sha256"], config_sha256(new)))
