"""``adopt``: tell what a folder is, read it, and write it as a unit of the main convention."""

import os
from collections.abc import Callable

from runcheck.adopt.dvclive import is_dvclive, read_dvclive
from runcheck.adopt.found import Found, Given
from runcheck.adopt.mlflow import is_mlflow, read_mlflow
from runcheck.adopt.own import convention_of, read_own
from runcheck.adopt.source import Source
from runcheck.adopt.tensorboard import is_tensorboard, read_tensorboard
from runcheck.adopt.unit import Adopted, write_unit
from runcheck.adopt.wandb import is_wandb, read_wandb
from runcheck.errors import CannotReadError

_SHOWN = 3
_TOOLS: tuple[tuple[Callable[[Source], bool], Callable[[Source], Found]], ...] = (
    (is_mlflow, read_mlflow),
    (is_wandb, read_wandb),
    (is_dvclive, read_dvclive),
    (is_tensorboard, read_tensorboard),
)


def adopt(source: str, into: str, given: Given, convention: str | None = None) -> Adopted:
    """Make a unit of the tree at ``into`` of the run in the folder ``source``, which is not changed.

    Args:
        source: The folder of one run: a unit of a convention of one's own, or a folder of MLflow's file store, of
            W&B offline, of DVCLive, or of event files of TensorBoard.
        into: The tree, usually ``artefacts``.
        given: What the source does not say.
        convention: The convention that the source follows; by default the one of those shipped that it fits.

    Raises:
        CannotReadError: it is no such folder, it is damaged, or the run in it is not over.
        InvalidArgumentError: what was given does not fit the convention.
        CannotWriteError: the unit cannot be written.
    """
    where = os.path.realpath(into)
    folder = Source(source)
    if where == folder.folder or where.startswith(f"{folder.folder}{os.sep}"):
        raise CannotReadError(f"{into}: lies in {source}, which would be changed by it; give another tree")
    return write_found(_found(folder, convention), folder, into, given, source)


def write_found(found: Found, folder: Source, into: str, given: Given, name: str) -> Adopted:
    """Make a unit of what was found of a run; ``name`` is what messages call it.

    Raises:
        CannotReadError: the run is not over.
        InvalidArgumentError: what was given does not fit the convention.
        CannotWriteError: the unit cannot be written.
    """
    if found.status == "running" and given.status is None:
        raise CannotReadError(f"{name}: says that the run is running; adopt it when it ended, or say --status")
    if found.created and found.finished and found.finished < found.created:
        found.notes.append("says that it ended before it began, so when it ended was left out")
        found.finished = None
    _tell_left(found, folder)
    return write_unit(found, folder, into, given)


def _tell_left(found: Found, source: Source) -> None:
    for paths, what in (
        (source.checkpoints_left(), "checkpoints that cannot be copied whole, or whose step another one has"),
        (source.unreadable, "links, and what cannot be read or has a name that is not UTF-8"),
    ):
        if paths:
            found.left.append(f"{len(paths):,} {what}: {', '.join(paths[:_SHOWN])}")


def _found(source: Source, convention: str | None) -> Found:
    own = convention_of(source, convention)
    if own is not None:
        return read_own(source, *own)
    if convention is not None:
        raise CannotReadError(f"{source.folder}: is no unit of {convention} that it says how to adopt")
    for fits, read in _TOOLS:
        if fits(source):
            return read(source)
    known = "MLflow's file store, W&B offline, DVCLive, TensorBoard, or a convention that is shipped"
    raise CannotReadError(
        f"{source.folder}: is the folder of no run of {known}; give that of one run, or with --convention FILE a "
        "convention of your own that says what its files are"
    )
