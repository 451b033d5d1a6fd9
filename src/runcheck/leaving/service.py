"""What a tracker has of one run, as far as it is asked for here."""

from collections.abc import Mapping
from typing import Protocol

from runcheck.adopt.found import Found


class KeptRun(Protocol):
    """One run at a service. Any exception is taken for a failure of the service."""

    name: str
    """What it is called in messages."""

    unit: str | None
    """The path of the unit that a mirror made the run of; None where none did. The service may say anything."""

    left: list[str]
    """What there is and cannot be taken, a line each."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """The sizes of its files in bytes, by relative paths that stay where they are put."""

    def fetch(self, path: str, folder: str) -> None:
        """Bring one of its files to the same path below a folder.

        Raises:
            OSError: the disk refuses.
        """

    def found(self) -> Found:
        """Return all else that the service says of the run.

        Raises:
            CannotReadError: it is more than any run has.
        """
