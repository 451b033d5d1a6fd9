"""What a unit holds, in short."""

import os
from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias, cast

from runcheck.asking.series import RunSeries, series_of
from runcheck.asking.values import flattened
from runcheck.convention.documents import SIDECAR_SUFFIX, ExportSidecar, Metadata, Provenance, Summary
from runcheck.convention.layout import layout
from runcheck.convention.names import is_name
from runcheck.convention.timestamps import parse_timestamp
from runcheck.convention.words import without_secrets
from runcheck.errors import CannotReadError
from runcheck.reading.files import UnitFiles
from runcheck.reading.records import UnitFault, metadata_at
from runcheck.reading.resolve import Place, is_there, record_at, resolve
from runcheck.reading.run import LoadedRun
from runcheck.tree.entry import Entry
from runcheck.tree.store import LocalStore
from runcheck.tree.walk import walk
from runcheck.writer.readme import words_of_readme

Agreement: TypeAlias = Literal["same", "different", "missing", "unknown"]


class Size(NamedTuple):
    """How many files there are, and how many bytes they have."""

    files: int
    bytes: int


class Checkpoint(NamedTuple):
    """A checkpoint of a run."""

    step: int
    size: Size


class Export(NamedTuple):
    """An export of a run; what its sidecar says of it is None where there is none that is sound."""

    name: str
    sidecar: ExportSidecar | None
    size: Size


class Shown(NamedTuple):
    """A unit. ``path`` is that below the root.

    ``data`` says whether what it was made from is still what it was: the same; another one, by its fingerprint;
    missing; or unknown, where a fingerprint is not told, or the data are not of the tree. ``faults`` are parts of the
    unit that cannot be told, each with the reason.
    """

    root: str
    path: str
    metadata: Metadata
    is_sealed: bool
    duration_seconds: float | None
    data: Agreement
    config: dict[str, object]
    summary: Summary | None
    metrics: RunSeries
    checkpoints: tuple[Checkpoint, ...]
    exports: tuple[Export, ...]
    size: Size
    notes: str
    faults: tuple[tuple[str, str], ...]


def show(unit: str | os.PathLike[str], root: str | os.PathLike[str] = "artefacts") -> Shown:
    """Return what a unit holds: :func:`runcheck.reading.resolve.resolve` says which one is meant.

    Secrets in its documents are replaced.

    Raises:
        CannotReadError: there is no such unit, or its metadata cannot be told.
    """
    place = resolve(unit, root)
    record = record_at(place)
    files, metadata, faults = UnitFiles(place.folder), record.metadata, []
    is_run = record.kind == "model"
    if is_run and record.config is None:
        faults.append((metadata["config"]["path"], "is no configuration that can be read"))
    entries = list(walk(place.folder))
    metrics = series_of(files, metadata, record.summary) if is_run else RunSeries((), 0, None)
    if metrics.fault is not None:
        faults.append(("metrics", metrics.fault))
    exports: tuple[Export, ...] = ()
    if is_run:
        exports, fault = _exports(LoadedRun(files, metadata), entries)
        faults += [fault] if fault else []
    return Shown(
        root=place.root,
        path=place.path,
        metadata=cast("Metadata", without_secrets(metadata)),
        is_sealed=any(entry.path == layout().path("checksums") and entry.is_file for entry in entries),
        duration_seconds=duration_of(metadata, record.summary),
        data=agreement(place, metadata["data_provenance"]),
        config=flattened(record.config or {}),
        summary=record.summary,
        metrics=metrics,
        checkpoints=_checkpoints(entries) if is_run else (),
        exports=exports,
        size=size_of(entries),
        notes=_notes(files) if is_run else "",
        faults=tuple(faults),
    )


def duration_of(metadata: Metadata, summary: Summary | None) -> float | None:
    """Return how many seconds a unit took: as its summary says, else from its beginning to its end."""
    if summary is not None:
        return summary["duration_seconds"]
    begin = parse_timestamp(metadata["created_at"])
    end = parse_timestamp(metadata["finished_at"]) if metadata["finished_at"] else None
    return (end - begin).total_seconds() if begin and end else None


def agreement(place: Place, data: Provenance) -> Agreement:
    """Say whether what a unit was made from is still what it was."""
    if data["kind"] != "artefact":
        return "unknown"
    if not is_there(place.root, data["path"]):
        return "missing"
    found = metadata_at(LocalStore(place.root), data["path"])
    if isinstance(found, UnitFault) or "fingerprint" not in found:
        return "unknown"
    return "same" if found["fingerprint"] == data["fingerprint"] else "different"


def size_of(entries: Iterable[Entry], below: str = "") -> Size:
    """Return the size of what is at a path or below it."""
    sizes = [
        entry.size
        for entry in entries
        if entry.is_file and (not below or entry.path == below or entry.path.startswith(f"{below}/"))
    ]
    return Size(len(sizes), sum(sizes))


def _checkpoints(entries: list[Entry]) -> tuple[Checkpoint, ...]:
    folder, sizes = layout().folder_of("checkpoint"), dict[int, Size]()
    for entry in entries:
        above, _, rest = entry.path.partition("/")
        step = rest.partition("/")[0]
        if above == folder and is_name("step", step):
            before = sizes.get(int(step), Size(0, 0))
            sizes[int(step)] = Size(before.files + entry.is_file, before.bytes + entry.size * entry.is_file)
    return tuple(Checkpoint(step, size) for step, size in sorted(sizes.items()))


def _exports(run: LoadedRun, entries: list[Entry]) -> tuple[tuple[Export, ...], tuple[str, str] | None]:
    folder, fault = layout().folder_of("export"), None
    sidecars: dict[str, ExportSidecar] = {}
    try:
        sidecars = run.exports
    except CannotReadError as error:
        fault = folder, str(error).removeprefix(f"{run.path}/")
    paths = [entry.path for entry in entries if os.path.dirname(entry.path) == folder]
    beside = {f"{path}{SIDECAR_SUFFIX}" for path in paths}
    exported = [path for path in paths if path not in beside]
    return tuple(
        Export(os.path.basename(path), sidecars.get(os.path.basename(path)), size_of(entries, path))
        for path in exported
        if os.path.basename(path) not in layout().placeholders
    ), fault


def _notes(files: UnitFiles) -> str:
    """Return what people said of the results in the README."""
    path, limit = layout().path("readme"), layout().limits.document_bytes
    try:
        files.file(path)
        with files.open(path) as stream:
            text = stream.read(limit).decode("utf-8", "replace")
    except CannotReadError:
        return ""
    notes, _ = words_of_readme(text)
    return str(without_secrets("\n\n".join(notes)))
