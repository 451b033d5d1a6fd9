"""Findings that are known: those of a tree that grew before it was checked, so that only new ones are shown.

A finding is known by its tree, path, code and pointer, and so often as it was there. Where a clause is about damage
(``layout.toml``, what no unit excepts itself from) it is known by its words too, which hold the values that were found:
what is damaged anew is not what was known.
"""

import errno
import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple, get_args

from runcheck.convention.layout import layout
from runcheck.depth import Depth
from runcheck.errors import ConfigurationError
from runcheck.findings import Finding, Report
from runcheck.named_file import content_of_named
from runcheck.tree.locate import is_url

_VERSION = 1
_MOST = 1 << 26
_DEPTHS = get_args(Depth)
_DIGITS = 12


class Key(NamedTuple):
    """What a finding is known by in its tree."""

    path: str
    code: str
    pointer: str
    message: str

    def __str__(self) -> str:
        """Return it as people read it."""
        return f"{self.path}{f':{self.pointer}' if self.pointer else ''}: {self.code}"


class Baseline(NamedTuple):
    """The known findings by tree, as a check of ``depth`` made them. Trees are relative to ``folder``."""

    folder: str
    depth: Depth
    trees: Mapping[str, Mapping[Key, int]]

    def without_known(self, root: str, findings: Iterable[Finding]) -> tuple[list[Finding], list[Key]]:
        """Return those findings of the tree at ``root`` that are new, and which of the known are there no more."""
        left: list[Finding] = []
        open_ = Counter(self.trees.get(_tree(root, self.folder), {}))
        for finding in sorted(findings, key=Finding.sort_key):
            key = _key(finding)
            if open_[key] > 0:
                open_[key] -= 1
            else:
                left.append(finding)
        return left, [key for key, count in sorted(open_.items()) if count > 0]

    def is_as_deep(self, depth: Depth) -> bool:
        """Say whether a check of ``depth`` finds all that is known."""
        return _DEPTHS.index(depth) >= _DEPTHS.index(self.depth)


def read_baseline(path: str) -> Baseline:
    """Return the baseline in a file.

    Raises:
        ConfigurationError: it cannot be read, or is none.
    """
    if not os.path.lexists(path):
        hint = "'runcheck check --write-baseline' writes one"
        raise ConfigurationError(f"{path}: cannot be read: {os.strerror(errno.ENOENT)}; {hint}")
    content = content_of_named(path, _MOST, "baseline", ConfigurationError)
    try:
        document: object = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: is no baseline: {error}") from None
    match document:
        case {"version": 1, "depth": "structure" | "content" | "deep" as depth, "trees": dict(trees)}:
            pass
        case {"version": version} if version != _VERSION:
            raise ConfigurationError(f"{path}: is a baseline of version {version!r}; {_VERSION} is known here")
        case _:
            raise ConfigurationError(f"{path}: is no baseline: it has version, depth and trees")
    known = {
        str(tree): {_key_of(path, item): _count_of(path, item) for item in _list(path, items)}
        for tree, items in trees.items()
    }
    return Baseline(os.path.dirname(os.path.abspath(path)), depth, known)


def text_of_baseline(path: str, reports: Iterable[Report], depth: Depth) -> str:
    """Return what ``reports`` found as the text of a baseline at ``path``: one finding a line, and in order."""
    folder = os.path.dirname(os.path.abspath(path))
    trees: dict[str, Counter[Key]] = {}
    for report in reports:
        trees.setdefault(_tree(report.root, folder), Counter()).update(map(_key, report.findings))
    blocks: list[str] = []
    for tree, keys in sorted(trees.items()):
        items = ",\n".join(f"      {json.dumps(_item(key, count))}" for key, count in sorted(keys.items()))
        blocks.append(f"    {json.dumps(tree)}: [\n{items}\n    ]" if items else f"    {json.dumps(tree)}: []")
    whole = ",\n".join(blocks)
    return f'{{\n  "version": {_VERSION},\n  "depth": {json.dumps(depth)},\n  "trees": {{\n{whole}\n  }}\n}}\n'


def _tree(root: str, folder: str) -> str:
    return root if is_url(root) else os.path.relpath(root, os.path.realpath(folder)).replace(os.sep, "/")


def _key(finding: Finding) -> Key:
    is_bound = finding.code.startswith(layout().never_excepted)
    message = hashlib.sha256(finding.message.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS] if is_bound else ""
    return Key(finding.path, finding.code, finding.pointer or "", message)


def _item(key: Key, count: int) -> dict[str, str | int]:
    fields = {name: value for name, value in key._asdict().items() if value}
    return fields | ({"count": count} if count > 1 else {})


def _list(path: str, items: object) -> list[object]:
    if not isinstance(items, list):
        raise ConfigurationError(f"{path}: is no baseline: a tree has a list of findings")
    return items


def _key_of(path: str, item: object) -> Key:
    match item:
        case {"path": str(at), "code": str(code), **others}:
            return Key(at, code, str(others.get("pointer", "")), str(others.get("message", "")))
    raise ConfigurationError(f"{path}: is no baseline: a finding has a path and a code")


def _count_of(path: str, item: object) -> int:
    match item:
        case {"count": bool()}:
            pass
        case {"count": int(count)}:
            return count
        case dict() if "count" not in item:
            return 1
    raise ConfigurationError(f"{path}: is no baseline: a count is a whole number")
