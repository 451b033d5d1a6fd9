"""``load``: from a path to the run or the dataset that lies there."""

import os

from runcheck.reading.dataset import LoadedDataset
from runcheck.reading.files import UnitFiles
from runcheck.reading.place import folder_of
from runcheck.reading.run import LoadedRun
from runcheck.reading.unit import metadata_of


def load(path: str | os.PathLike[str]) -> LoadedRun | LoadedDataset:
    """Return the run or the dataset version at ``path``, to read again what was written.

    Args:
        path: The folder of a unit, that of a slug, of which the newest completed version is meant, or ``latest`` in
            it, be it a link or a text file. What is no path from here is looked for in ``artefacts``: ``latest``, the
            newest completed run of the tree; a slug, a version, the name of a unit or its label.

    Raises:
        CannotReadError: there is no unit, or the word means several; its metadata are no document, or they break their
            schema.
    """
    return load_from(folder_of(os.fspath(path)))


def load_from(folder: str) -> LoadedRun | LoadedDataset:
    """Return the run or the dataset version in a folder.

    Raises:
        CannotReadError: its metadata are no document, or they break their schema.
    """
    files = UnitFiles(folder)
    metadata = metadata_of(files)
    return LoadedDataset(files, metadata) if metadata["kind"] == "dataset" else LoadedRun(files, metadata)
