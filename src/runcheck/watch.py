"""Who watches a check while it goes on."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar


class Watch(Protocol):
    """Is told how far a check is. What worker processes do is told a unit at a time."""

    def begin(self, units: int) -> None:
        """So many units are to be surveyed."""

    def expect(self, size: int) -> None:
        """A unit with so many bytes is begun."""

    def read(self, size: int) -> None:
        """So many more bytes of it were read."""

    def done(self, files: int, size: int) -> None:
        """A unit with so many files and bytes is done."""

    def end(self) -> None:
        """All units are done, or the check ends before."""


class Nobody:
    """Watches nothing."""

    def begin(self, units: int) -> None:
        """Take no notice."""

    def expect(self, size: int) -> None:
        """Take no notice."""

    def read(self, size: int) -> None:
        """Take no notice."""

    def done(self, files: int, size: int) -> None:
        """Take no notice."""

    def end(self) -> None:
        """Take no notice."""


class Surveyed(Protocol):
    """What came out of a unit."""

    @property
    def files(self) -> int:
        """How many files it has."""

    @property
    def hashed_bytes(self) -> int:
        """How many bytes of them were hashed."""


S = TypeVar("S", bound=Surveyed)


def watched(surveys: Iterable[S], count: int, watch: Watch) -> Iterator[S]:
    """Yield the surveys of so many units, and tell ``watch`` of each."""
    watch.begin(count)
    try:
        for each in surveys:
            watch.done(each.files, each.hashed_bytes)
            yield each
    finally:
        watch.end()
