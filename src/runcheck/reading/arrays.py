"""The arrays of HDF5 files and Zarr stores, read by the libraries of the formats once the probes have looked.

What a probe finds is refused before a library reads it: what lies outside of a file, pickled objects, chunks that are
gone.
"""

from typing import TYPE_CHECKING, TypeAlias

from runcheck.errors import CannotReadError, MissingLibraryError
from runcheck.probes import look_into_file, look_into_folder
from runcheck.probes.contents import Hdf5Content, ZarrContent
from runcheck.reading.files import UnitFiles

if TYPE_CHECKING:
    import numpy as np

    Array: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.generic]]

# What the libraries raise for damage, and for shapes that no memory holds.
_DAMAGES = (OSError, KeyError, RuntimeError, ValueError, TypeError, OverflowError, MemoryError)


def read_hdf5(files: UnitFiles, path: str) -> "dict[str, Array]":
    """Return the arrays of a file by their names, those in groups with ``/``.

    Raises:
        CannotReadError: it is damaged, reads outside of itself, or holds objects.
        MissingLibraryError: h5py is not installed.
    """
    try:
        import h5py  # noqa: PLC0415
    except ImportError as error:
        raise MissingLibraryError("h5py", "hdf5", "read HDF5") from error
    with files.open(path) as stream:
        content = look_into_file("hdf5", stream, deep=False)
        if not isinstance(content, Hdf5Content):
            files.fault(path, "is no HDF5")
        outside = f"reads outside of itself: {content.outside[0]}" if content.outside else None
        if fault := content.error or content.unverified or outside or _objects(content.object_names):
            files.fault(path, fault)
        try:
            with h5py.File(stream, "r") as file:
                found = {each.name: file[each.name] for each in content.datasets}
                return {
                    name: (one.asstr() if h5py.check_string_dtype(one.dtype) else one)[()]
                    for name, one in found.items()
                    if one.shape is not None
                }
        except _DAMAGES as error:
            raise CannotReadError(f"{files.absolute(path)}: cannot be read: {error}") from error


def read_zarr(files: UnitFiles, path: str) -> "dict[str, Array]":
    """Return the arrays of a store by their names, those in groups with ``/``; of one array by itself, "".

    Raises:
        CannotReadError: it is damaged, lacks chunks, or holds objects.
        MissingLibraryError: zarr is not installed.
    """
    try:
        import zarr  # noqa: PLC0415
    except ImportError as error:
        raise MissingLibraryError("zarr", "zarr", "read Zarr") from error
    folder = files.subfolder(path)
    content = look_into_folder("zarr", folder, deep=False)
    if not isinstance(content, ZarrContent):
        files.fault(path, "is no Zarr store")
    if content.faults:
        files.fault(f"{path}/{content.faults[0].path}".rstrip("/"), content.faults[0].message)
    lacks = f"lacks chunks of its array {content.missing[0].array!r}" if content.missing else None
    if fault := content.unverified or lacks or _objects(content.object_names):
        files.fault(path, fault)
    try:
        node = zarr.open(folder.location, mode="r", use_consolidated=False)
        members = [("", node)] if isinstance(node, zarr.Array) else node.members(max_depth=None)
        return {name: one[...] for name, one in members if isinstance(one, zarr.Array)}
    except _DAMAGES as error:
        raise CannotReadError(f"{files.absolute(path)}: cannot be read: {error}") from error


def _objects(names: tuple[str, ...]) -> str | None:
    return f"holds objects in {names[0]!r}, which are not read" if names else None
