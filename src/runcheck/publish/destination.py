"""Where a unit is brought to: a folder of this machine, or a store."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from runcheck.publish.sealed import SealedUnit


class Destination(Protocol):
    """The place of one unit, in a tree that others write to as well."""

    @property
    def name(self) -> str:
        """The path or the URL of the place."""

    @property
    def workers(self) -> int:
        """How many files are brought at a time."""

    def held(self) -> AbstractContextManager[None]:
        """Hold the place, for a ``with``, as far as it can be held."""

    def sealed(self, unit: SealedUnit) -> bytes | None:
        """Return the list of what is there whole, be it this unit or another; None where nothing is.

        Raises:
            CannotWriteError: nothing can be brought there at all.
        """

    def begin(self, unit: SealedUnit) -> None:
        """Make ready for a unit of which nothing is there, or what was brought before it was interrupted.

        Raises:
            CannotWriteError: something else is there.
        """

    def sizes(self) -> Mapping[str, int]:
        """Return the sizes of the files that are there, by their paths in the unit."""

    def sha256(self, path: str) -> str:
        """Return the SHA-256 of a file that is there, read back."""

    def put(self, path: str, unit: SealedUnit) -> str:
        """Bring a file of the unit, and return the SHA-256 of what was read of it."""

    def complete(self, unit: SealedUnit) -> None:
        """Let the unit, of which everything but the list is there, be there whole."""

    def announce(self) -> list[str]:
        """Bring ``latest`` and the registry up to date, forget what was noted, and say what was done."""
