"""What runs and datasets that were loaded have in common."""

from typing import cast

from runcheck.convention.documents import Metadata, Status
from runcheck.convention.layout import layout
from runcheck.reading.files import UnitFiles


class LoadedUnit:
    """A unit that was written. What it holds is read when it is asked for, and read again only for tables."""

    def __init__(self, files: UnitFiles, metadata: Metadata) -> None:
        """Take the files of the unit and its metadata, which fit their schema."""
        self._files = files
        self.metadata: Metadata = metadata

    @property
    def path(self) -> str:
        """The folder of the unit on this machine."""
        return self._files.folder

    @property
    def status(self) -> Status:
        """How far it got: ``running``, ``completed``, ``failed``, ``preempted`` or ``aborted``."""
        return self.metadata["status"]

    def file(self, path: str) -> str:
        """Return the path on this machine of a file of the unit, by its path in it.

        Raises:
            CannotReadError: it is not there, is no regular file of the unit, or its object of Git LFS is not here.
        """
        return self._files.file(path)

    def __repr__(self) -> str:
        name = "/".join(self.metadata[part] for part in ("slug", "version"))
        return f"<{type(self).__name__} {name} {self.status}>"


def metadata_of(files: UnitFiles) -> Metadata:
    """Return the metadata of a unit.

    Raises:
        CannotReadError: they are not there, are no document, or break their schema.
    """
    return cast("Metadata", files.document(layout().path("metadata"), "json", "metadata"))
