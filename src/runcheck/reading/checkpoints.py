"""The checkpoints of a run: which steps there are, and their trees, restored by Orbax."""

from collections.abc import Sequence
from typing import NoReturn

from runcheck.convention.layout import layout
from runcheck.convention.names import is_name
from runcheck.errors import CannotReadError, MissingLibraryError, warn
from runcheck.probes import look_into_folder
from runcheck.probes.contents import OrbaxContent, OrbaxFault
from runcheck.reading.files import UnitFiles
from runcheck.reading.like import misfit, misfit_of_restored, some_of, with_arrays_for_scalars, with_scalars_again

_LINE = 300  # characters of what a library says


def checkpoint_steps(files: UnitFiles) -> tuple[int, ...]:
    """Return the steps that have a checkpoint, in order; whether it is whole shows when it is restored."""
    names = files.names(layout().folder_of("checkpoint"))
    return tuple(sorted(int(name) for name in names if is_name("step", name)))


def restore(files: UnitFiles, step: int | None, like: object) -> object:
    """Return the tree of a checkpoint.

    Args:
        files: The files of the run.
        step: Which one; by default the newest that was committed.
        like: A tree of what a checkpoint holds, or of ``jax.ShapeDtypeStruct``, in whose structure, dtypes and
            shardings it is restored, a number of Python or a scalar of NumPy as one; by default nested dictionaries
            and lists, on the devices that the arrays were saved from, and scalars of NumPy as arrays without axes.

    Raises:
        CannotReadError: there is none, it is not whole, or it does not fit ``like``.
        MissingLibraryError: Orbax is not installed.
    """
    steps = checkpoint_steps(files)
    if not steps:
        files.fault(layout().folder_of("checkpoint"), "holds no checkpoint")
    if step is not None and step not in steps:
        files.fault(layout().folder_of("checkpoint"), f"holds no checkpoint of step {step}; there are {some_of(steps)}")
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
            tree: object = checkpointer.restore(files.absolute(path), with_arrays_for_scalars(like))
    except Exception as error:
        # What Orbax and TensorStore raise at a damaged file, or at a tree of another shape, is of many classes.
        words = misfit(_content(files, path), like) or f"Orbax does not restore it: {_in_a_line(error)}"
        raise CannotReadError(f"{files.absolute(path)}: {words}") from error
    if wrong := misfit_of_restored(tree, like):
        raise CannotReadError(f"{files.absolute(path)}: {wrong}")
    return with_scalars_again(tree, like)


def _in_a_line(error: Exception) -> str:
    return " ".join(str(error).split())[:_LINE]


def _newest_committed(files: UnitFiles, steps: Sequence[int]) -> str:
    for step in reversed(steps):
        content = _content(files, _path(step))
        if not content.uncommitted:
            return _path(step)
        warn(f"{files.absolute(_path(step))} was not committed; the checkpoint before it is restored")
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
