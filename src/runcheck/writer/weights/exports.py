"""Exports of weights and models to other frameworks, each with its sidecar (spec, chapter 5)."""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, cast

from runcheck.convention.documents import SIDECAR_SUFFIX, ExportFormat, ExportSidecar
from runcheck.convention.exports import EXPORT_SUFFIXES, SAFETENSORS_NOTES
from runcheck.convention.layout import layout
from runcheck.errors import InvalidArgumentError, MissingLibraryError, warn
from runcheck.writer.arguments import checked_characters, checked_name
from runcheck.writer.atomic import whole, write_whole
from runcheck.writer.places import checked_path, make_folders
from runcheck.writer.seal import hash_file
from runcheck.writer.unit import UnitFolder
from runcheck.writer.weights.onnx import checked_model, is_model
from runcheck.writer.weights.trees import is_array, leaves_of

if TYPE_CHECKING:
    import numpy as np
    import torch

    Array: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.generic]]


class Export(NamedTuple):
    """Where an export goes, and in which format."""

    path: str
    format: ExportFormat


class Ready(NamedTuple):
    """What wrote an export, with its version, and how to put it at a path."""

    framework: str
    write: Callable[[str], None]


def named_export(folder: UnitFolder, name: str, what: object) -> Export:
    """Return the place of an export; its suffix says the format, and without one ``what`` does.

    Raises:
        InvalidArgumentError: ``name`` is no token, or its suffix is none for ``what``.
    """
    above = layout().folder_of("export")
    suffix = os.path.splitext(checked_name("token", "the name of an export", name))[1]
    format_: ExportFormat | None = next(
        (each for each, suffixes in EXPORT_SUFFIXES.items() if suffix in suffixes), None
    )
    if format_ is None:
        format_ = "onnx" if is_model(what) else "safetensors"
        name += EXPORT_SUFFIXES[format_][0]
    elif (format_ == "onnx") != is_model(what):
        wanted = "an ONNX model, its bytes or its path" if format_ == "onnx" else "a tree of arrays"
        raise InvalidArgumentError(f"the export {name!r} is made from {wanted}, not from a {type(what).__name__}")
    elif format_ not in OF_TREES and format_ != "onnx":
        raise InvalidArgumentError(f"the export {name!r} is of a format that is not written; call it *.safetensors")
    return Export(checked_path(folder.path, folder.kind.name, "export", name, above), format_)


def add_export(folder: UnitFolder, export: Export, what: object, step: int, packages: Mapping[str, str]) -> str | None:
    """Write an export and its sidecar, each whole or not at all; see :meth:`runcheck.writer.run.Run.export`."""
    default = f"jax {packages['jax']}" if "jax" in packages else "numpy"
    if export.format == "onnx":
        model, producer = checked_model(folder.redactor, what, export.path)
        ready = Ready(producer or default, lambda path: write_whole(path, model))
    else:
        ready = OF_TREES[export.format](arrays_by_name(what), default)
    target = os.path.join(folder.path, export.path)
    try:
        make_folders(folder.path, os.path.dirname(export.path))
        with whole(target) as temporary:
            ready.write(temporary)
        folder.write_json(f"{export.path}{SIDECAR_SUFFIX}", sidecar_of(target, export.format, ready.framework, step))
    except Exception as error:  # noqa: BLE001 - the disk, in the words of each library: training goes on
        warn(f"{export.path} of {folder.path} was not written: {' '.join(str(error).split())}")
        return None
    return target


def sidecar_of(path: str, format_: ExportFormat, framework: str, step: int) -> dict[str, object]:
    """Return what the sidecar of an export at a path of this machine says."""
    sidecar: ExportSidecar = {
        "schema_version": layout().schema_version,
        "file": os.path.basename(path),
        "format": format_,
        "framework": framework,
        "source_step": step,
        "sha256": hash_file(path),
    }
    return cast("dict[str, object]", sidecar)


def arrays_by_name(tree: object) -> "dict[str, Array]":
    """Return the arrays of a tree on the host, by their paths in it with dots.

    Raises:
        InvalidArgumentError: there is none, a leaf is something else, or two have one name.
    """
    import numpy as np  # noqa: PLC0415 - as JAX

    arrays: dict[str, Array] = {}
    for path, leaf in leaves_of(tree):
        name = checked_characters(".".join(path), "the name of an array")
        if not is_array(leaf):
            what = f"{name} is a {type(leaf).__name__}" if name else f"the tree is a {type(leaf).__name__}"
            raise InvalidArgumentError(f"{what}, not an array; give the arrays alone, as equinox.filter does")
        if name in arrays or not name:
            what = f"two arrays are called {name}" if name else "an array by itself has no name"
            raise InvalidArgumentError(f"{what}; give a tree that names each")
        try:
            arrays[name] = np.asarray(leaf, order="C")
        except (RuntimeError, TypeError, ValueError) as error:  # it was donated, is on other hosts, or is a random key
            raise InvalidArgumentError(f"{name} cannot be fetched from its device: {error}") from error
    if not arrays:
        raise InvalidArgumentError("the tree holds no array")
    return arrays


def _safetensors(arrays: "dict[str, Array]", framework: str) -> Ready:
    try:
        import numpy as np  # noqa: PLC0415
        from safetensors import SafetensorError  # noqa: PLC0415
        from safetensors.numpy import save, save_file  # noqa: PLC0415
    except ImportError as error:
        raise MissingLibraryError("safetensors", "safetensors", "export weights") from error
    for name, array in arrays.items():
        if name == SAFETENSORS_NOTES:
            raise InvalidArgumentError(f"an array is called {name}, which safetensors keeps for itself; rename it")
        try:
            save({name: np.empty(0, array.dtype)})  # before anything is written: does it have that dtype?
        except SafetensorError as error:
            raise InvalidArgumentError(f"{name} is {array.dtype}, which safetensors does not have") from error
    return Ready(framework, lambda path: save_file(arrays, path))


def _torch(arrays: "dict[str, Array]", _framework: str) -> Ready:
    try:
        import torch  # noqa: PLC0415
    except ImportError as error:
        raise MissingLibraryError("torch", None, "export weights to PyTorch") from error
    tensors = {name: _tensor(name, array) for name, array in arrays.items()}

    def write(path: str) -> None:
        with open(path, "xb") as stream:  # a stream, since PyTorch repeats the name of a path within the file
            torch.save(tensors, stream)

    return Ready(f"torch {torch.__version__}", write)


def _tensor(name: str, array: "Array") -> "torch.Tensor":
    """Return a copy of an array as a tensor; one of ml_dtypes goes through integers, as NumPy has no name for it."""
    import numpy as np  # noqa: PLC0415
    import torch  # noqa: PLC0415

    copy = np.array(array, array.dtype.newbyteorder("="))
    if array.dtype.isbuiltin != 1 and array.dtype.kind == "V":
        dtype = getattr(torch, array.dtype.name, None)
        if isinstance(dtype, torch.dtype) and dtype.is_floating_point and dtype.itemsize == array.itemsize:
            return torch.from_numpy(copy.view(f"u{array.itemsize}")).view(dtype)
    try:
        return torch.from_numpy(copy)
    except TypeError as error:
        raise InvalidArgumentError(f"{name} is {array.dtype}, which PyTorch does not have") from error


OF_TREES: Mapping[ExportFormat, Callable[["dict[str, Array]", str], Ready]] = {
    "safetensors": _safetensors,
    "torch": _torch,
}
