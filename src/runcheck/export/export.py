"""``export``: from a unit and the name of a format to a file or a folder."""

import os
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, TypeAlias

from runcheck.convention.documents import SIDECAR_SUFFIX
from runcheck.convention.layout import layout
from runcheck.convention.ranking import Best, best_of
from runcheck.convention.timestamps import parse_timestamp
from runcheck.errors import CannotReadError, InvalidArgumentError
from runcheck.export.croissant import croissant
from runcheck.export.dvclive import write_dvclive
from runcheck.export.metrics import write_csv
from runcheck.export.ro_crate import write_ro_crate
from runcheck.export.sealed import sealed
from runcheck.export.sweep_manifest import sweep_manifest
from runcheck.export.target import new_target
from runcheck.export.weights import chosen_step, write_onnx, write_weights
from runcheck.reading.dataset import LoadedDataset
from runcheck.reading.load import load
from runcheck.reading.run import LoadedRun
from runcheck.writer.atomic import write_json
from runcheck.writer.log.tensorboard import write_events
from runcheck.writer.weights.exports import sidecar_of

Unit: TypeAlias = LoadedRun | LoadedDataset


class Wishes(NamedTuple):
    """What is asked of an export: which checkpoint, which of several models, and what licence it is under."""

    step: int | None = None
    best: Best | None = None
    name: str | None = None
    licence: str | None = None


def export_unit(
    path: str | os.PathLike[str],
    *,
    to: str,
    into: str | os.PathLike[str],
    step: int | None = None,
    best: str | None = None,
    name: str | None = None,
    licence: str | None = None,
) -> tuple[str, ...]:
    """Write the run or the dataset at ``path`` in the format of others, as ``runcheck export`` does.

    Args:
        path: The folder of a unit, which may still be running, or that of a slug.
        to: The format: ``csv``, ``tensorboard``, ``dvclive``, ``sweep-manifest``, ``safetensors``, ``torch``, ``onnx``,
            ``ro-crate`` or ``croissant``.
        into: Where it goes: a file or a folder outside of the tree, where nothing is yet.
        step: The step of the checkpoint; by default the newest.
        best: The metric by which a checkpoint is the best one, as ``val/loss`` or ``val/loss:min``.
        name: The model, where the unit has several in ONNX.
        licence: The licence that a crate or a Croissant names.

    Returns:
        Lines that say what was written.

    Raises:
        InvalidArgumentError: there is no such format, or ``best`` is no metric.
        CannotReadError: the unit has not what the format takes, or is damaged.
        CannotWriteError: something is there, it lies in the tree, or it cannot be written.
        MissingLibraryError: the library of the format is not installed.
    """
    if to not in FORMATS:
        raise InvalidArgumentError(f"to is {to!r}; a unit is exported to {', '.join(FORMATS)}")
    wishes = Wishes(step, None if best is None else best_of(best), name, licence)
    return export(os.fspath(path), to, os.fspath(into), wishes)


def export(path: str, format_: str, into: str, wishes: Wishes = Wishes()) -> tuple[str, ...]:  # noqa: B008 - immutable
    """Write the unit at ``path`` in a format to ``into``, where nothing is; return lines that say what was written.

    Raises:
        CannotReadError: the unit has not what the format takes, or is damaged.
        CannotWriteError: something is there, it lies in the tree, or it cannot be written.
        MissingLibraryError: the library of the format is not installed.
    """
    unit = load(path)
    return FORMATS[format_](unit, os.fspath(into), wishes)


def _csv(unit: Unit, into: str, _wishes: Wishes) -> tuple[str, ...]:
    run = _run(unit, "metrics")
    with new_target(into, _root(unit)) as temporary:
        write_csv(run, temporary)
    return (into,)


def _tensorboard(unit: Unit, into: str, _wishes: Wishes) -> tuple[str, ...]:
    run = _run(unit, "metrics")
    created = parse_timestamp(run.metadata["created_at"])
    with new_target(into, _root(unit)) as temporary:
        write_events(temporary, created.timestamp() if created is not None else 0.0, run.rows())
    return (f"{into}: tensorboard --logdir {into}",)


def _dvclive(unit: Unit, into: str, _wishes: Wishes) -> tuple[str, ...]:
    run = _run(unit, "metrics")
    with new_target(into, _root(unit)) as temporary:
        count = write_dvclive(run, temporary)
    return (f"{into}: {count:,} series, their last values, and the parameters",)


def _sweep_manifest(unit: Unit, into: str, _wishes: Wishes) -> tuple[str, ...]:
    run = _run(unit, "configuration")
    with new_target(into, _root(unit)) as temporary:
        document = sweep_manifest(run, into)
        write_json(temporary, document)
    return (f"{into}: {document['experiment_id']}",)


def _safetensors(unit: Unit, into: str, wishes: Wishes) -> tuple[str, ...]:
    return _weights(unit, "safetensors", into, wishes)


def _torch(unit: Unit, into: str, wishes: Wishes) -> tuple[str, ...]:
    return _weights(unit, "torch", into, wishes)


def _weights(unit: Unit, format_: Literal["safetensors", "torch"], into: str, wishes: Wishes) -> tuple[str, ...]:
    run = _run(unit, "checkpoints")
    step = chosen_step(run, wishes.step, wishes.best)
    sidecar = f"{into}{SIDECAR_SUFFIX}"
    with new_target(sidecar, _root(unit)) as temporary_sidecar:
        with new_target(into, _root(unit)) as temporary:
            framework = write_weights(run, format_, temporary, step)
        write_json(temporary_sidecar, sidecar_of(into, format_, framework, step))
    return (f"{into}: the checkpoint of step {step:,}", f"{sidecar}: where it is from, and its SHA-256")


def _onnx(unit: Unit, into: str, wishes: Wishes) -> tuple[str, ...]:
    run = _run(unit, "models")
    with new_target(into, _root(unit)) as temporary:
        name = write_onnx(run, temporary, wishes.name)
    return (f"{into}: {layout().folder_of('export')}/{name} of the unit",)


def _ro_crate(unit: Unit, into: str, wishes: Wishes) -> tuple[str, ...]:
    if wishes.licence is None:
        raise CannotReadError(f"{unit.path}: metadata name no licence, and a crate has one: give it by --licence")
    files = sealed(unit, _root(unit))
    with new_target(into, _root(unit)) as temporary:
        write_ro_crate(files, unit.metadata, temporary, wishes.licence)
    return (f"{into}: {len(files.sums) + 1:,} files and what describes them",)


def _croissant(unit: Unit, into: str, wishes: Wishes) -> tuple[str, ...]:
    if not isinstance(unit, LoadedDataset):
        raise CannotReadError(f"{unit.path}: is a run, and Croissant describes datasets; --to ro-crate describes runs")
    files = sealed(unit, _root(unit))
    with new_target(into, _root(unit)) as temporary, open(temporary, "x", encoding="utf-8") as stream:
        stream.write(croissant(files, unit.metadata, into, wishes.licence))
    warning = () if wishes.licence else ("no licence is in it, as metadata have none; --licence gives it one",)
    return (f"{into}: names the files of the unit from where it lies", *warning)


def _run(unit: Unit, what: str) -> LoadedRun:
    if not isinstance(unit, LoadedRun):
        raise CannotReadError(f"{unit.path}: is a dataset, which has no {what}; it goes to ro-crate or croissant")
    return unit


def _root(unit: Unit) -> str:
    """Return the root of the tree that a unit lies in, three folders above."""
    return os.path.dirname(os.path.dirname(os.path.dirname(unit.path)))


FORMATS: Mapping[str, Callable[[Unit, str, Wishes], tuple[str, ...]]] = {
    "csv": _csv,
    "tensorboard": _tensorboard,
    "dvclive": _dvclive,
    "sweep-manifest": _sweep_manifest,
    "safetensors": _safetensors,
    "torch": _torch,
    "onnx": _onnx,
    "ro-crate": _ro_crate,
    "croissant": _croissant,
}
