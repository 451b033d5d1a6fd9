"""``load``: from a path to the run or the dataset that lies there."""

import os

from runcheck.reading.dataset import LoadedDataset
from runcheck.reading.files import UnitFiles
from runcheck.reading.place import unit_folder
from runcheck.reading.run import LoadedRun
from runcheck.reading.unit import metadata_of


def load(path: str | os.PathLike[str]) -> LoadedRun | LoadedDataset:
    """Return the run or the dataset version at ``path``, to read again what was written.

    Args:
        path: The folder of a unit, that of a slug, of which the newest completed version is meant, or ``latest`` in
            it, be it a link or a text file.

    Raises:
        CannotReadError: there is no unit, its metadata are no document, or they break their schema.
    """
    files = UnitFiles(unit_folder(os.fspath(path)))
    metadata = metadata_of(files)
    return LoadedDataset(files, metadata) if metadata["kind"] == "dataset" else LoadedRun(files, metadata)
