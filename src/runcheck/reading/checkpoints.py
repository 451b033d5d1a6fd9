"""The checkpoints of a run: which steps there are, and their trees, restored by Orbax."""

import warnings
from collections.abc import Sequence
from typing import NoReturn

from runcheck.convention.layout import layout
from runcheck.convention.names import is_name
from runcheck.errors import CannotReadError, MissingLibraryError
from runcheck.probes import look_into_folder
from runcheck.probes.contents import OrbaxContent, OrbaxFault
from runcheck.reading.files import UnitFiles


def checkpoint_steps(files: UnitFiles) -> tuple[int, ...]:
    """Return the steps that have a checkpoint, in order; whether it is whole shows when it is restored."""
    names = files.names(layout().folder_of("checkpoint"))
    return tuple(sorted(int(name) for name in names if is_name("step", name)))


def restore(files: UnitFiles, step: int | None, like: object) -> object:
    """Return the tree of a checkpoint.

    Args:
        files: The files of the run.
        step: Which one; by default the newest that was committed.
        like: A tree of arrays or of ``jax.ShapeDtypeStruct``, in whose structure, dtypes and shardings the arrays are
            restored; by default nested dictionaries and lists, on the devices that they were saved from.

    Raises:
        CannotReadError: there is none, it is not whole, or it does not fit ``like``.
        MissingLibraryError: Orbax is not installed.
    """
    steps = checkpoint_steps(files)
    if not steps:
        files.fault(layout().folder_of("checkpoint"), "holds no checkpoint")
    if step is not None and step not in steps:
        files.fault(layout().folder_of("checkpoint"), f"holds no checkpoint of step {step}; there are {_told(steps)}")
    path = _newest_committed(files, steps) if step is None else _path(step)
    fault = _fault_of(files, path)
    if fault is not None:
        _raise_fault(files, path, fault)
    try:
        import orbax.checkpoint as ocp  # noqa: PLC0415
    except ImportError as error:
        raise MissingLibraryError("orbax-checkpoint", "orbax", "restore checkpoints") from error
    try:
        with ocp.StandardCheckpointer() as checkpointer:
            tree: object = checkpointer.restore(files.absolute(path), like)
    except Exception as error:
        # What Orbax and TensorStore raise at a damaged file, or at a tree of another shape, is of many classes.
        raise CannotReadError(f"{files.absolute(path)}: Orbax does not restore it: {error}") from error
    return tree


def _newest_committed(files: UnitFiles, steps: Sequence[int]) -> str:
    for step in reversed(steps):
        content = _content(files, _path(step))
        if not content.uncommitted:
            return _path(step)
        message = f"runcheck: {files.absolute(_path(step))} was not committed; the checkpoint before it is restored"
        warnings.warn(message, RuntimeWarning, stacklevel=4)
    return _path(steps[-1])


def _fault_of(files: UnitFiles, path: str) -> OrbaxFault | None:
    content = _content(files, path)
    return next(iter((*content.uncommitted, *content.broken_tree, *content.broken_arrays)), None)


def _raise_fault(files: UnitFiles, path: str, fault: OrbaxFault) -> NoReturn:
    place = f"{path}/{fault.path}" if fault.path else path
    files.fault(place, f"{fault.words}; the checkpoint is not whole, restore another one")


def _content(files: UnitFiles, path: str) -> OrbaxContent:
    try:
        content = look_into_folder("orbax", files.subfolder(path), deep=False)
    except OSError as error:
        raise CannotReadError(f"{files.absolute(path)}: cannot be read: {error.strerror or error}") from error
    return content if isinstance(content, OrbaxContent) else OrbaxContent()


def _path(step: int) -> str:
    return f"{layout().folder_of('checkpoint')}/{step}"


def _told(steps: Sequence[int]) -> str:
    few = [str(each) for each in steps]
    return ", ".join(few if len(few) <= 10 else [*few[:5], "...", *few[-5:]])  # noqa: PLR2004
