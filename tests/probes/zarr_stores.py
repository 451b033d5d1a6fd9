"""Zarr stores as zarr-python writes them, and folders as the walk hands them to the probe."""

import os
import warnings
from pathlib import Path
from typing import Any

import zarr

from runcheck.probes.contents import ZarrContent
from runcheck.probes.folder import Folder
from runcheck.probes.zarr.store import look_into_store


def folder_of(path: Path) -> Folder:
    """Return a folder as the walk finds it: links are in none of its lists."""
    files, folders = {}, set()
    for above, below, names in os.walk(path):
        for name in below:
            folders.add((Path(above) / name).relative_to(path).as_posix())
        for name in names:
            file = Path(above) / name
            if not file.is_symlink():
                files[file.relative_to(path).as_posix()] = file.stat().st_size
    return Folder(str(path), dict(sorted(files.items())), frozenset(folders))


def look(path: Path, *, deep: bool = True) -> ZarrContent:
    """Return what the probe sees in a store."""
    return look_into_store(folder_of(path), deep)


def write(path: Path, data: Any, **options: Any) -> Any:  # noqa: ANN401 - zarr ships no types here
    """Write an array as a store, with every chunk of it, and return it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a dtype or a codec is no part of Zarr 3 yet
        array = zarr.create_array(
            str(path),
            shape=data.shape,
            dtype=data.dtype,
            config={"write_empty_chunks": True},
            **options,
        )
        if data.size:
            array[...] = data
    return array


def chunks_of(path: Path) -> list[Path]:
    """Return the files of a store that are no metadata."""
    return sorted(file for file in path.rglob("*") if file.is_file() and file.name not in METADATA)


METADATA = {"zarr.json", ".zarray", ".zgroup", ".zattrs", ".zmetadata"}
