"""``plot``: which curves of which runs are drawn, and where the images go."""

import os
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from runcheck.convention.layout import layout
from runcheck.errors import CannotReadError, CannotWriteError
from runcheck.plots.figure import ImageFormat, Line, Panel, draw
from runcheck.reading.labels import run_names
from runcheck.reading.load import load
from runcheck.reading.place import sealed_above
from runcheck.reading.run import LoadedRun
from runcheck.writer.atomic import write_whole
from runcheck.writer.lock import locked
from runcheck.writer.places import make_folders
from runcheck.writer.recovery.recover import StoredUnit, refuse_if_alive, stored_unit

_TOGETHER = "metrics"  # the name of the image that holds all
_MOST_PANELS = 60  # of one image
_MOST_IMAGES = 500


class Asked(NamedTuple):
    """What is to be drawn: metrics by their names or patterns, all where there are none; and how."""

    metrics: tuple[str, ...] = ()
    smoothing: float = 0.0
    is_together: bool = False
    image_format: ImageFormat = "png"
    is_logarithmic: bool = False


class Plotted(NamedTuple):
    """The images that were written, and in words what was not drawn."""

    images: tuple[str, ...]
    notes: tuple[str, ...]


def plot(paths: Sequence[str], asked: Asked, into: str | None = None) -> Plotted:
    """Draw the metrics of runs, several in the same figures, into a folder or into ``plots/`` of the one run.

    Raises:
        CannotReadError: one of them is no run, or has none of the metrics.
        CannotWriteError: the run is sealed or is being written, there are several and no folder, or the disk refuses.
        MissingLibraryError: matplotlib is not installed.
    """
    runs = [_run(path) for path in paths]
    if into is not None:
        return _plotted_into(os.path.abspath(into), runs, asked)
    if len(paths) > 1:
        raise CannotWriteError("several runs belong to no one of them: say where with --into FOLDER")
    unit = stored_unit(paths[0])
    with locked(unit.root, unit.lock):
        _require_open(unit)
        panels, notes = _panels(runs, asked)
        folder = layout().folder_of("plot")
        images = [(f"{folder}/{name}", image) for name, image in _images(panels, asked)]
        for name, image in images:
            _write(unit.files.folder, name, image)
    return Plotted(tuple(os.path.join(unit.files.folder, name) for name, _ in images), notes)


def _plotted_into(folder: str, runs: Sequence[LoadedRun], asked: Asked) -> Plotted:
    sealed = sealed_above(folder)
    if sealed is not None:
        raise CannotWriteError(f"{folder}: lies in {sealed}, which is sealed and must not change; give another folder")
    panels, notes = _panels(runs, asked)
    images = list(_images(panels, asked))
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise CannotWriteError(f"{folder}: cannot be made: {error.strerror or error}") from error
    for name, image in images:
        _write(folder, name, image)
    return Plotted(tuple(os.path.join(folder, name) for name, _ in images), notes)


def _require_open(unit: StoredUnit) -> None:
    """Refuse a unit that must not change, or that another process writes."""
    if unit.has("checksums"):
        raise CannotWriteError(f"{unit.files.folder}: is sealed and must not change; say where with --into FOLDER")
    refuse_if_alive(unit)


def _panels(runs: Sequence[LoadedRun], asked: Asked) -> tuple[list[Panel], tuple[str, ...]]:
    """Return what is drawn, a panel a metric, and in words what is not."""
    lines: list[Line] = []
    notes: list[str] = []
    for name, run in zip(run_names([run.metadata for run in runs]), runs, strict=True):
        found = run.curves(lambda metric, _: _is_wanted(metric, asked.metrics), smoothing=asked.smoothing)
        lines += (Line(name, curve) for curve in found.curves)
        if not found.curves:
            what = f"none of the metrics {', '.join(asked.metrics)}" if asked.metrics else "no metrics"
            raise CannotReadError(f"{run.path}: has {what}; it has {_known(run)}")
        if found.fault is not None:
            notes.append(f"{run.path}: {found.fault}; lines that are no rows are not drawn")
        if found.left_out:
            notes.append(f"{run.path}: {found.left_out:,} more series are not drawn; name some with --metrics")
    metrics = sorted({line.curve.metric for line in lines})
    most = _MOST_PANELS if asked.is_together else _MOST_IMAGES
    if len(metrics) > most:
        notes.append(f"{len(metrics) - most:,} more metrics are not drawn; name some with --metrics")
    panels = [Panel(metric, [line for line in lines if line.curve.metric == metric]) for metric in metrics[:most]]
    return panels, tuple(notes)


def _run(path: str) -> LoadedRun:
    unit = load(path)
    if not isinstance(unit, LoadedRun):
        raise CannotReadError(f"{unit.path}: is a dataset, which has no metrics")
    return unit


def _known(run: LoadedRun) -> str:
    known = sorted({curve.metric for curve in run.curves(buckets=1).curves})
    return ", ".join(known[:12]) + (", ..." if len(known) > 12 else "") if known else "none"  # noqa: PLR2004


def _is_wanted(metric: str, patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatchcase(metric, each) for each in patterns)


def _images(panels: Sequence[Panel], asked: Asked) -> Iterator[tuple[str, bytes]]:
    """Yield each image by its name, which is that of its metric, with ``/`` for folders."""
    parts = [(_TOGETHER, panels)] if asked.is_together else [(file_name(each.title), [each]) for each in panels]
    for name, some in parts:
        image = draw(some, asked.image_format, logarithmic=asked.is_logarithmic)
        yield f"{name}.{asked.image_format}", image


def file_name(metric: str) -> str:
    """Return a metric's name as that of a file, which some systems let have no colon."""
    return metric.replace(":", "_")


def _write(folder: str, name: str, image: bytes) -> None:
    target = os.path.join(folder, name)
    try:
        if "/" in name:
            make_folders(folder, os.path.dirname(name))
        write_whole(target, image)
    except OSError as error:
        raise CannotWriteError(f"{target}: cannot be written: {error.strerror or error}") from error
