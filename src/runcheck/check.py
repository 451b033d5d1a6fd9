"""The pipeline: walk -> classify -> probe -> judge -> report."""

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

from runcheck.convention.layout import layout
from runcheck.convention.names import is_name
from runcheck.convention.timestamps import now
from runcheck.convention.units import Tree, Unit, classify
from runcheck.convention.validation import is_newer_minor
from runcheck.errors import CannotCheckError
from runcheck.findings import Finding, Report, Unverified
from runcheck.probes import Depth, Facts, unverified_in
from runcheck.probes.document import DocumentContent
from runcheck.probes.events import EventsContent
from runcheck.probes.folder import POINTERS_INSIDE
from runcheck.probes.git import GitContent, read_git
from runcheck.probes.latest import LatestContent
from runcheck.probes.metrics import MetricsContent
from runcheck.probes.registry import RegistryContent
from runcheck.rules.absent import ABSENT, POINTER, Absent, NotVerified
from runcheck.rules.judge import judge
from runcheck.rules.tree_inputs import TreeInputs
from runcheck.rules.unit_inputs import UnitInputs
from runcheck.tree.entry import Entry, EntryType
from runcheck.tree.locate import locate
from runcheck.tree.quarantine import Quarantine
from runcheck.tree.read import Reader
from runcheck.tree.walk import walk

# A file to read: its entry, the format of its role, whether it is to be hashed.
_Job: TypeAlias = tuple[Entry, str | None, bool]

_BATCH = 4 << 20
_COST_OF_A_FILE = 40_000  # opening a small file takes about as long as hashing so many bytes


def check(path: str | os.PathLike[str], *, depth: Depth = "content", pedantic: bool = False) -> Report:
    """Check the tree at ``path``, or the part of a tree that ``path`` is, against every clause that has a rule.

    Args:
        path: The root of a tree, a folder or a file in one.
        depth: ``structure`` reads documents only; ``content`` also hashes every file of a sealed unit and looks into
            each format; ``deep`` also decodes every chunk of the arrays.
        pedantic: Also report what a heuristic is not certain of.

    Raises:
        CannotCheckError: there is no tree at ``path``, or it holds no unit.
    """
    with Quarantine() as quarantine:
        return check_in(quarantine, path, depth=depth, pedantic=pedantic)


def check_in(
    quarantine: Quarantine, path: str | os.PathLike[str], *, depth: Depth = "content", pedantic: bool = False
) -> Report:
    """Check as :func:`check` does, with the native readers of ``quarantine``: for many trees in one process."""
    start = time.perf_counter()
    target = locate(os.fspath(path))
    tree = classify(walk(target.root))
    met = [unit for unit in tree.units if _touches(target.focus, unit.path)]
    if not met:
        raise CannotCheckError(f"{os.fspath(path)}: holds no dataset and no run; nothing was checked")
    wanted = [unit for unit in met if unit.readable]
    with ThreadPoolExecutor(max_workers=1) as aside:
        git = aside.submit(read_git, target.root, _large_files(tree))
        facts = _probe(Reader(target.root, depth, quarantine), tree, wanted)
    inputs = _inputs(target.root, tree, wanted, facts, git.result())
    findings, unverified = judge(inputs)
    files = [member.entry for unit in wanted for member in unit.files.values()]
    return Report(
        root=target.root,
        findings=tuple(
            finding for finding in findings if _is_wanted(finding, target.focus) and (pedantic or finding.is_certain)
        ),
        unverified=_merged(
            *(each for each in unverified if each.reason != POINTER),
            *_pointers(facts),
            *_newer(facts),
            *(Unverified(reason, tuple(paths)) for reason, paths in unverified_in(facts.items()).items()),
        ),
        units=len(met),
        files=len(files),
        hashed_bytes=sum(entry.size for entry in files if (each := facts.get(entry.path)) and each.sha256),
        seconds=time.perf_counter() - start,
    )


def _touches(focus: str, unit: str) -> bool:
    return not focus or unit == focus or unit.startswith(f"{focus}/") or focus.startswith(f"{unit}/")


def _is_wanted(finding: Finding, focus: str) -> bool:
    """Say whether a finding is in the focus, about it elsewhere, or in the ``latest`` beside it."""
    unit = "/".join(focus.split("/")[:3])
    slug = "/".join(focus.split("/")[:2])
    about = finding.concerns or finding.path
    return not focus or about == unit or about.startswith(f"{unit}/") or finding.path == f"{slug}/{layout().latest}"


def _probe(reader: Reader, tree: Tree, wanted: Iterable[Unit]) -> dict[str, Facts]:
    """Read every file that a rule asks for, once.

    Of the units around the wanted ones only what others refer to is read.
    """
    jobs: list[_Job] = []
    whole = {unit.path for unit in wanted}
    referred = ("metadata", "checksums")
    for unit in tree.units:
        sealed = bool(unit.of_role("checksums")) or bool(unit.of_role("export_sidecar"))
        for member in unit.members.values():
            if not member.entry.is_file:
                continue
            role = member.role
            if unit.path in whole:
                jobs.append((member.entry, role.format if role else None, sealed and reader.depth != "structure"))
            elif role is not None and role.name in referred:
                jobs.append((member.entry, role.format, False))
    jobs += [
        (slug.latest, "latest", False) for slug in tree.slugs if slug.latest and slug.latest.type is EntryType.FILE
    ]
    jobs += [(entry, "json", False) for entry in tree.loose if _extension_of(entry)]
    if tree.registry and tree.registry.type is EntryType.FILE:
        jobs.append((tree.registry, "registry", False))
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        read = pool.map(
            lambda batch: [
                (entry.path, reader.file(entry, format_, hashed=hashed)) for entry, format_, hashed in batch
            ],
            _batches(jobs),
        )
        facts = {path: facts for batch in read for path, facts in batch}
    if reader.depth != "structure":
        for unit in wanted:
            facts.update(_folders(reader, unit, facts))
            facts.update(_comparison(reader, unit, facts))
    return facts


def _folders(reader: Reader, unit: Unit, facts: Mapping[str, Facts]) -> Iterator[tuple[str, Facts]]:
    """Yield the facts of each folder of the unit that is one thing, where any file of it is here."""
    for folder in unit.folders:
        path = f"{unit.path}/{folder.path}"
        pointers = {
            name: each.pointer
            for name, entry in folder.members.items()
            if (each := facts.get(entry.path)) and each.pointer
        }
        if any(pointer.size is None for pointer in pointers.values()):  # a damaged one, which says nothing of its file
            yield path, Facts(unverified=POINTERS_INSIDE)
        elif not pointers or len(pointers) < sum(entry.is_file for entry in folder.members.values()):
            yield path, reader.folder(path, folder.format, folder.members, pointers)


def _comparison(reader: Reader, unit: Unit, facts: Mapping[str, Facts]) -> Iterator[tuple[str, Facts]]:
    """Yield how the event files of a run differ from its metrics, where both are sound, as facts of their folder."""
    metrics = [
        (entry, content)
        for path in unit.of_role("metrics")
        if isinstance(content := facts[(entry := unit.files[path].entry).path].content, MetricsContent)
    ]
    events = [
        (entry, content)
        for path in unit.of_role("events")
        if isinstance(content := facts[(entry := unit.files[path].entry).path].content, EventsContent)
        and content.first_break is None
        and content.unverified is None
    ]
    if len(metrics) == 1 and not metrics[0][1].defect_count and 0 < len(events) == len(unit.of_role("events")):
        folder = f"{unit.path}/{layout().folder_of('events')}"
        yield folder, reader.comparison(folder, metrics[0], events)


def _batches(jobs: Iterable[_Job]) -> Iterator[list[_Job]]:
    """Yield jobs in batches of about as many bytes: handing one small file to a thread costs more than reading it."""
    batch: list[_Job] = []
    size = 0
    for job in jobs:
        batch.append(job)
        size += job[0].size + _COST_OF_A_FILE
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    yield batch


def _extension_of(entry: Entry) -> str | None:
    """Return the namespace whose registered schema the entry is."""
    before, after = layout().extension_schemas.split("<extension>")
    if entry.type is not EntryType.FILE or not entry.path.startswith(before) or not entry.path.endswith(after):
        return None
    namespace = entry.path.removeprefix(before).removesuffix(after)
    return namespace if is_name("extension", namespace) else None


def _inputs(
    root: str, tree: Tree, wanted: Iterable[Unit], facts: Mapping[str, Facts], git: GitContent | None
) -> TreeInputs:
    moment = now()
    by_unit = {
        unit.path: UnitInputs(
            unit,
            {path: facts[member.entry.path] for path, member in unit.members.items() if member.entry.path in facts},
            moment,
        )
        for unit in tree.units
    }
    return TreeInputs(
        tree=tree,
        by_unit=by_unit,
        wanted=frozenset(unit.path for unit in wanted),
        registry=_registry(tree, facts),
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
        git=_git_input(root, git),
        unread={path: each.error for path, each in facts.items() if each.error},
    )


def _large_files(tree: Tree) -> list[str]:
    """Return the files that should go through Git LFS, if Git tracks them."""
    return [
        member.entry.path
        for unit in tree.units
        for member in unit.files.values()
        if member.role and member.role.name in layout().lfs_roles and member.entry.size > layout().limits.lfs_bytes
    ]


def _git_input(root: str, git: GitContent | None) -> GitContent | Absent | NotVerified:
    if git is None:
        return ABSENT
    return NotVerified(root, git.unverified) if git.unverified else git


def _registry(tree: Tree, facts: Mapping[str, Facts]) -> RegistryContent | Absent | NotVerified:
    entry = tree.registry
    if entry is None:
        return ABSENT
    if entry.type is not EntryType.FILE:
        return RegistryContent(error=f"is a {entry.type.value}, not a file")
    if facts[entry.path].error:
        return ABSENT
    if pointer := facts[entry.path].pointer:
        damaged = RegistryContent(error="starts as a Git LFS pointer and is no whole one")
        return NotVerified(entry.path, POINTER) if pointer.sha256 else damaged
    content = facts[entry.path].content
    assert isinstance(content, RegistryContent)
    return NotVerified(entry.path, content.unverified) if content.unverified else content


def _merged(*unverified: Unverified) -> tuple[Unverified, ...]:
    """Return each reason once, with its paths in order: a rule and a probe may give the same one."""
    paths: dict[str, set[str]] = {}
    for each in unverified:
        paths.setdefault(each.reason, set()).update(each.paths)
    return tuple(Unverified(reason, tuple(sorted(those))) for reason, those in paths.items())


def _pointers(facts: Mapping[str, Facts]) -> list[Unverified]:
    paths = tuple(sorted(path for path, each in facts.items() if each.pointer and each.pointer.sha256))
    return [Unverified(POINTER, paths)] if paths else []


def _newer(facts: Mapping[str, Facts]) -> list[Unverified]:
    paths = tuple(
        sorted(
            path
            for path, each in facts.items()
            if isinstance(each.content, DocumentContent) and is_newer_minor(each.content.value)
        )
    )
    reason = f"documents of a later version than {layout().schema_version}; fields not known there were passed over"
    return [Unverified(reason, paths)] if paths else []
