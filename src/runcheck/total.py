"""What the surveys of a tree come to. Each is taken apart as it comes, so that a large tree is not held twice."""

from collections.abc import Callable, Iterable

from runcheck.card import Card
from runcheck.convention.documents import RegistryRow, StatedException
from runcheck.convention.registry import is_same
from runcheck.convention.units import Address
from runcheck.findings import Finding, Survey, Unverified
from runcheck.tree.cache import Cache

_ROWS = 1000  # of the cache: few enough to hold, enough that writing them costs little
_BLANK = Card()


class Total:
    """What came out of the units that were taken, and the counts. What may be recalled goes to the cache."""

    def __init__(
        self, kept_at: Callable[[Address], str], cache: Cache, registered: Callable[[str], RegistryRow | None] | None
    ) -> None:
        """Begin with nothing.

        ``kept_at`` returns where the survey of a unit is kept, ``registered`` the row that the registry has of it, as
        far as that is known; without a registry there is no such function, and nobody asks what should be in it.
        """
        self.findings: list[Finding] = []
        self.cards: dict[str, Card] = {}
        self.exceptions: dict[str, tuple[StatedException, ...]] = {}
        self.files = self.hashed_bytes = self.vouched_bytes = self.recalled = 0
        self._unverified: dict[str, set[str]] = {}
        self._kept_at, self._cache, self._registered = kept_at, cache, registered
        self._kept: dict[str, tuple[bytes, str]] = {}

    def take(self, unit: Address, survey: Survey) -> None:
        """Take what came out of a unit."""
        self.findings += survey.findings
        self.note(survey.unverified)
        self.cards[unit.path] = self._light(unit.path, survey.card)
        if survey.exceptions:
            self.exceptions[unit.path] = survey.exceptions
        self.files += survey.files
        self.hashed_bytes += survey.hashed_bytes
        self.vouched_bytes += survey.vouched_bytes
        self.recalled += survey.is_recalled
        if survey.kept:
            self.keep({self._kept_at(unit): survey.kept}, at_least=_ROWS)

    def _light(self, path: str, card: Card) -> Card:
        """Return the card with what others hold already: what says nothing, and the registry's row if it is the same.

        Where there is no registry no row is kept.
        """
        return card._replace(
            row=self._row(path, card.row),
            links=card.links or _BLANK.links,
            extensions=card.extensions or _BLANK.extensions,
            large=card.large or _BLANK.large,
            metrics=card.metrics or _BLANK.metrics,
        )

    def _row(self, path: str, row: RegistryRow | None) -> RegistryRow | None:
        if row is None or self._registered is None:
            return None
        registered = self._registered(path)
        return registered if registered and is_same(row, registered) else row

    def note(self, unverified: Iterable[Unverified]) -> None:
        """Put what could not be looked into to what could not before, reason by reason."""
        for each in unverified:
            self._unverified.setdefault(each.reason, set()).update(each.paths)

    @property
    def unverified(self) -> tuple[Unverified, ...]:
        """All that could not be looked into."""
        return tuple(Unverified(reason, tuple(sorted(each))) for reason, each in sorted(self._unverified.items()))

    def keep(self, rows: dict[str, tuple[bytes, str]], at_least: int = 0) -> None:
        """Hand rows to the cache, as soon as there are ``at_least`` so many."""
        self._kept |= rows
        if len(self._kept) >= at_least:
            self._cache.keep(self._kept)
            self._kept = {}
