"""How two units differ, file by file: by their checksum lists where both are sealed, else by hashing."""

import hashlib
import os
from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias

from runcheck.asking.first_differences import SeriesDifference, first_differences
from runcheck.asking.series import metrics_path
from runcheck.asking.values import canonical, members
from runcheck.convention.checksums import LFS_POINTER_BYTES, parse_lfs_pointer
from runcheck.convention.layout import layout
from runcheck.convention.names import is_unit_relative
from runcheck.errors import CannotReadError
from runcheck.probes import make_probe
from runcheck.probes.contents import ChecksumsContent
from runcheck.reading.curves import read_curves
from runcheck.reading.files import UnitFiles
from runcheck.reading.metrics import iterate_rows
from runcheck.reading.resolve import resolve
from runcheck.tree.entry import EntryType
from runcheck.tree.walk import entry_at, walk

Means: TypeAlias = Literal["checksums", "hashes"]
_DOCUMENTS = 100  # that differ, whose keys are compared


class FileChange(NamedTuple):
    """A file that differs, and its size in the one unit and in the other; None where it is not there."""

    path: str
    sizes: tuple[int | None, int | None]


class KeyChange(NamedTuple):
    """A key of a document, and its value in each unit that has it; secrets are replaced."""

    key: str
    state: Literal["added", "removed", "changed"]
    first: object
    second: object


class DocumentChange(NamedTuple):
    """How a document differs; ``fault`` says why that cannot be told."""

    path: str
    keys: tuple[KeyChange, ...]
    fault: str | None


class MetricsChange(NamedTuple):
    """How the metrics differ: series by the steps from which on they do, and how many series are the same.

    ``fault`` says why that cannot be told.
    """

    rows: tuple[int, int]
    series: tuple[SeriesDifference, ...]
    same: int
    removed: tuple[str, ...]
    added: tuple[str, ...]
    fault: str | None


class Difference(NamedTuple):
    """How the second of two units differs from the first.

    ``same`` counts the files that do not differ, ``faults`` are files that cannot be read, each with the reason.
    """

    units: tuple[str, str]
    means: Means
    removed: tuple[FileChange, ...]
    added: tuple[FileChange, ...]
    changed: tuple[FileChange, ...]
    same: int
    documents: tuple[DocumentChange, ...]
    metrics: MetricsChange | None
    faults: tuple[tuple[str, str], ...]


def diff(
    first: str | os.PathLike[str], second: str | os.PathLike[str], root: str | os.PathLike[str] = "artefacts"
) -> Difference:
    """Return how two units differ: :func:`runcheck.reading.resolve.resolve` says which ones are meant.

    Where both have a checksum list that can be read, it is believed and no file is hashed.

    Raises:
        CannotReadError: there is no such unit.
    """
    places = resolve(first, root), resolve(second, root)
    ours, theirs = (UnitFiles(place.folder) for place in places)
    faults: list[tuple[str, str]] = []
    listed = _listed(ours), _listed(theirs)
    if listed[0] is not None and listed[1] is not None:
        means: Means = "checksums"
        sums, others = listed[0], listed[1]
    else:
        means = "hashes"
        sums, others = (_hashed(files, place.path, faults) for files, place in zip((ours, theirs), places, strict=True))
    changed = sorted(path for path in sums.keys() & others.keys() if sums[path] != others[path])
    documents = [path for path in changed if make_probe("document", path) is not None]
    return Difference(
        units=(places[0].path, places[1].path),
        means=means,
        removed=_changes(sums.keys() - others.keys(), ours, theirs),
        added=_changes(others.keys() - sums.keys(), ours, theirs),
        changed=_changes(changed, ours, theirs),
        same=len(sums.keys() & others.keys()) - len(changed),
        documents=tuple(_document(path, ours, theirs) for path in documents[:_DOCUMENTS]),
        metrics=_metrics(ours, theirs, sums, others),
        faults=tuple(faults),
    )


def _listed(files: UnitFiles) -> dict[str, str] | None:
    """Return the checksum list of a unit, or None where there is none, or one that is damaged."""
    path = layout().path("checksums")
    probe = make_probe("checksums", path)
    if probe is None or not files.has(path):
        return None
    try:
        files.file(path)
        for chunk in files.chunks(path):
            probe.feed(chunk)
    except CannotReadError:
        return None
    content = probe.content()
    return content.sums() if isinstance(content, ChecksumsContent) and not content.unread else None


def _hashed(files: UnitFiles, unit: str, faults: list[tuple[str, str]]) -> dict[str, str]:
    """Return a digest of each file of a unit but for what no list has. A pointer of Git LFS is what it stands for."""
    passed_over = {layout().path("checksums"), layout().path("heartbeat")}
    sums: dict[str, str] = {}
    for entry in walk(files.folder):
        if entry.error is not None:
            faults.append((f"{unit}/{entry.path}", entry.error))
        elif entry.type is EntryType.LINK:
            sums[entry.path] = f"link to {entry.target}"
        elif entry.is_file and entry.path not in passed_over and entry.name not in layout().placeholders:
            try:
                sums[entry.path] = _digest(files, entry.path, entry.size)
            except CannotReadError as error:
                faults.append((f"{unit}/{entry.path}", str(error).removeprefix(f"{files.absolute(entry.path)}: ")))
                sums[entry.path] = f"unread {unit}"  # as no other one
    return sums


def _digest(files: UnitFiles, path: str, size: int) -> str:
    digest, start = hashlib.sha256(), b""
    for chunk in files.chunks(path):
        digest.update(chunk)
        start = start or chunk[: LFS_POINTER_BYTES + 1]
    pointer = parse_lfs_pointer(start) if size <= LFS_POINTER_BYTES else None
    return (pointer and pointer.sha256) or digest.hexdigest()


def _changes(paths: Iterable[str], ours: UnitFiles, theirs: UnitFiles) -> tuple[FileChange, ...]:
    return tuple(FileChange(path, (_size(ours, path), _size(theirs, path))) for path in sorted(paths))


def _size(files: UnitFiles, path: str) -> int | None:
    if not is_unit_relative(path):  # a list may say anything
        return None
    entry = entry_at(files.folder, path)
    return entry.size if entry is not None and entry.is_file else None


def _document(path: str, ours: UnitFiles, theirs: UnitFiles) -> DocumentChange:
    try:
        first, second = (members(files.document(path, "document")) for files in (ours, theirs))
    except CannotReadError as error:
        return DocumentChange(path, (), _within(error, ours, theirs))
    keys = []
    for key in sorted(first.keys() | second.keys()):
        one, other = first.get(key), second.get(key)
        if one is None or other is None:
            state: Literal["added", "removed"] = "added" if one is None else "removed"
            keys.append(KeyChange(key, state, one and one.safe, other and other.safe))
        elif canonical(one.value) != canonical(other.value):
            keys.append(KeyChange(key, "changed", one.safe, other.safe))
    return DocumentChange(path, tuple(keys), None)


def _within(error: CannotReadError, *units: UnitFiles) -> str:
    """Return what is wrong with a file of one of the units, by its path there."""
    words = str(error)
    for name, files in zip("AB", units, strict=True):
        words = words.replace(f"{files.folder}/", f"{name}: ", 1)
    return words


def _metrics(ours: UnitFiles, theirs: UnitFiles, sums: dict[str, str], others: dict[str, str]) -> MetricsChange | None:
    """Return how the metrics of two runs differ; None where not both have any, or they are the same file."""
    path, other = metrics_path(ours), metrics_path(theirs)
    if path is None or other is None or (path == other and sums.get(path) == others.get(other)):
        return None
    try:
        first, second = (
            read_curves(files, each, wanted=lambda *_: False) for files, each in ((ours, path), (theirs, other))
        )
        both = first.aggregates.keys() & second.aggregates.keys()
        found = first_differences(iterate_rows(ours, path), iterate_rows(theirs, other), both)
    except CannotReadError as error:
        return MetricsChange((0, 0), (), 0, (), (), _within(error, ours, theirs))
    return MetricsChange(
        rows=(first.rows, second.rows),
        series=tuple(found[name] for name in sorted(found)),
        same=len(both) - len(found),
        removed=tuple(sorted(map("/".join, first.aggregates.keys() - both))),
        added=tuple(sorted(map("/".join, second.aggregates.keys() - both))),
        fault=None,
    )
