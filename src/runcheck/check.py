"""The pipeline: walk -> classify -> probe -> judge -> report."""

import os
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, TypeAlias

from runcheck.convention.layout import layout
from runcheck.convention.names import is_name
from runcheck.convention.units import Tree, Unit, classify
from runcheck.errors import CannotCheckError
from runcheck.findings import Finding, Report, Unverified
from runcheck.probes import Facts
from runcheck.probes.document import DocumentContent
from runcheck.probes.latest import LatestContent
from runcheck.probes.registry import RegistryContent, read_registry
from runcheck.rules.inputs import ABSENT, POINTER, Absent, NotVerified, TreeInputs, UnitInputs
from runcheck.rules.judge import judge
from runcheck.tree.entry import Entry, EntryType
from runcheck.tree.read import read_facts
from runcheck.tree.walk import walk

Depth: TypeAlias = Literal["structure", "content"]


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be checked: the root of a tree, and the path below it that findings are wanted for ("" for all of it)."""

    root: str
    focus: str


def locate(path: str) -> Target:
    """Return the tree that ``path`` is, or lies in.

    Raises:
        CannotCheckError: there is nothing at ``path``, or it is not in a tree of artefacts.
    """
    if not os.path.lexists(path):
        raise CannotCheckError(f"{path}: there is no such file or folder")
    absolute = os.path.join(os.path.realpath(os.path.dirname(os.path.abspath(path))), os.path.basename(os.path.abspath(path)))
    if os.path.isdir(absolute):
        absolute = os.path.realpath(absolute)
        if _is_root(absolute, path):
            return Target(absolute, "")
    parts = absolute.split("/")
    folders = {kind.folder for kind in layout().kinds.values()}
    # The innermost kind's folder wins: a tree may itself lie below a folder named "model".
    for at in range(len(parts) - 1, 0, -1):
        if parts[at] in folders:
            return Target("/".join(parts[:at]) or "/", "/".join(parts[at:]))
    known = " or ".join(f"{folder}/<slug>/<version>" for folder in sorted(folders))
    raise CannotCheckError(f"{path}: is no tree of artefacts and lies in none; a tree holds {known}")


def _is_root(folder: str, shown: str) -> bool:
    try:
        names = os.listdir(folder)
    except OSError as error:
        raise CannotCheckError(f"{shown}: cannot be read: {error.strerror}") from error
    if any((kind := layout().kind_of_folder(name)) and name == kind.folder for name in names) or layout().registry in names:
        return True
    # Mistaken folder names make a root only where units stand below them: "data/" alone is in every project.
    return any(layout().kind_of_folder(name) and _holds_unit(f"{folder}/{name}") for name in names)


def _holds_unit(folder: str) -> bool:
    metadata = layout().path("metadata")
    for slug in _subfolders(folder):
        if any(is_name("version", name) or os.path.exists(f"{slug}/{name}/{metadata}") for name in os.listdir(slug)):
            return True
    return False


def _subfolders(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as listing:
            return [item.path for item in listing if item.is_dir(follow_symlinks=False) and os.access(item.path, os.R_OK | os.X_OK)]
    except OSError:
        return []


def check(path: str | os.PathLike[str], *, depth: Depth = "content") -> Report:
    """Check the tree at ``path``, or the part of a tree that ``path`` is, against every clause that has a rule.

    Args:
        path: The root of a tree, a folder or a file in one.
        depth: ``structure`` reads documents only; ``content`` also hashes every file of a sealed unit.

    Raises:
        CannotCheckError: there is no tree at ``path``, or it holds no unit.
    """
    start = time.perf_counter()
    target = locate(os.fspath(path))
    tree = classify(walk(target.root))
    wanted = [unit for unit in tree.units if _touches(target.focus, unit.path)]
    if not wanted:
        raise CannotCheckError(f"{os.fspath(path)}: holds no dataset and no run; nothing was checked")
    facts = _probe(target.root, tree, wanted, depth)
    inputs = _inputs(target.root, tree, wanted, facts)
    findings, unverified = judge(inputs)
    files = [member.entry for unit in wanted for member in unit.files.values()]
    return Report(
        root=target.root,
        findings=tuple(finding for finding in findings if _is_wanted(finding, target.focus)),
        unverified=(*unverified, *_pointers(facts)),
        units=len(wanted),
        files=len(files),
        hashed_bytes=sum(entry.size for entry in files if (each := facts.get(entry.path)) and each.sha256),
        seconds=time.perf_counter() - start,
    )


def _touches(focus: str, unit: str) -> bool:
    return not focus or unit == focus or unit.startswith(f"{focus}/") or focus.startswith(f"{unit}/")


def _is_wanted(finding: Finding, focus: str) -> bool:
    """Say whether a finding is about the focus: in its unit or below it, about it elsewhere, or in the ``latest`` beside it."""
    unit = "/".join(focus.split("/")[:3])
    slug = "/".join(focus.split("/")[:2])
    about = finding.concerns or finding.path
    return not focus or about == unit or about.startswith(f"{unit}/") or finding.path == f"{slug}/{layout().latest}"


def _probe(root: str, tree: Tree, wanted: Iterable[Unit], depth: Depth) -> dict[str, Facts]:
    """Read every file that a rule asks for, once. Of the units around the wanted ones only what others refer to is read."""
    jobs: list[tuple[Entry, str | None, bool]] = []
    whole = {unit.path for unit in wanted}
    referred = ("metadata", "checksums")
    for unit in tree.units:
        sealed = bool(unit.of_role("checksums")) or bool(unit.of_role("export_sidecar"))
        for member in unit.files.values():
            role = member.role
            if unit.path in whole:
                jobs.append((member.entry, role.format if role else None, sealed and depth != "structure"))
            elif role is not None and role.name in referred:
                jobs.append((member.entry, role.format, False))
    jobs += [(slug.latest, "latest", False) for slug in tree.slugs if slug.latest and slug.latest.type is EntryType.FILE]
    jobs += [(entry, "json", False) for entry in tree.loose if _extension_of(entry)]
    if tree.registry and tree.registry.type is EntryType.FILE:
        jobs.append((tree.registry, None, False))
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        results = pool.map(lambda job: read_facts(root, job[0], job[1], hashed=job[2]), jobs)
        return {job[0].path: facts for job, facts in zip(jobs, results, strict=True)}


def _extension_of(entry: Entry) -> str | None:
    """Return the namespace whose registered schema the entry is."""
    before, after = layout().extension_schemas.split("<extension>")
    if entry.type is not EntryType.FILE or not entry.path.startswith(before) or not entry.path.endswith(after):
        return None
    namespace = entry.path.removeprefix(before).removesuffix(after)
    return namespace if is_name("extension", namespace) else None


def _inputs(root: str, tree: Tree, wanted: Iterable[Unit], facts: Mapping[str, Facts]) -> TreeInputs:
    by_unit = {
        unit.path: UnitInputs(
            unit, {path: facts[member.entry.path] for path, member in unit.files.items() if member.entry.path in facts}
        )
        for unit in tree.units
    }
    return TreeInputs(
        tree=tree,
        by_unit=by_unit,
        wanted=frozenset(unit.path for unit in wanted),
        registry=_registry(root, tree, facts),
        extension_schemas={
            namespace: content
            for entry in tree.loose
            if (namespace := _extension_of(entry)) and isinstance(content := facts[entry.path].content, DocumentContent)
        },
        latest_texts={
            path: each.content.version
            for path, each in facts.items()
            if isinstance(each.content, LatestContent) and each.content.version
        },
        unread={path: each.error for path, each in facts.items() if each.error},
    )


def _registry(root: str, tree: Tree, facts: Mapping[str, Facts]) -> RegistryContent | Absent | NotVerified:
    entry = tree.registry
    if entry is None or entry.path not in facts or facts[entry.path].error:
        return ABSENT
    if facts[entry.path].pointer:
        return NotVerified(entry.path, POINTER)
    content = read_registry(f"{root}/{entry.path}")
    return NotVerified(entry.path, content.unverified) if content.unverified else content


def _pointers(facts: Mapping[str, Facts]) -> list[Unverified]:
    paths = tuple(sorted(path for path, each in facts.items() if each.pointer and each.pointer.sha256))
    return [Unverified("Git LFS pointers, checked as pointers; their objects are not here", paths)] if paths else []
