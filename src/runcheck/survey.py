"""Surveys of units: recalled where nothing changed since the last one, and made anew where something did.

What reads and judges is loaded only when something is to be read: a hook on a tree that did not change does not pay.
"""

import hashlib
from datetime import datetime
from typing import NamedTuple

from runcheck.card import ROLES_OF_A_CARD, Card
from runcheck.convention.layout import layout
from runcheck.convention.settings import Settings
from runcheck.convention.units import Address
from runcheck.depth import Depth
from runcheck.findings import Survey
from runcheck.recall import survey_of, text_of
from runcheck.rules.selection import Selection
from runcheck.tree.cache import Cache
from runcheck.tree.marks import Marks, assert_here
from runcheck.tree.quarantine import Quarantine
from runcheck.tree.store import Store
from runcheck.watch import Watch


class Surveyor(NamedTuple):
    """Surveys units of the tree in ``store`` as deep and by those clauses as is asked, at the moment ``now``.

    A tree in a folder bears ``marks``.
    """

    store: Store
    depth: Depth
    selection: Selection
    quarantine: Quarantine
    cache: Cache
    now: datetime
    watch: Watch
    marks: Marks
    settings: Settings = Settings()

    @property
    def question(self) -> str:
        """What is asked of each unit."""
        asked = " ".join((self.depth, str(self.selection))).rstrip()
        return asked if self.settings == Settings() else f"{asked} {_digest(self.settings)}"

    def kept_at(self, address: Address) -> str:
        """Return the path that the survey of a unit is kept by."""
        return f"{self.question}/{address.path}"

    def load(self) -> None:
        """Load what reads and judges, unless all may be recalled: workers that are forked from here then share it."""
        if self.cache.is_blank:
            from runcheck.unit_reading import load  # noqa: PLC0415 - see above

            load(self.selection)

    def survey(self, address: Address) -> Survey:
        """Return what comes out of the unit at ``address``, read whole and judged, now or before.

        Raises:
            CannotCheckError: another tree lies there than where the check began.
        """
        if self.store.folder is not None:
            assert_here(self.store.folder, self.marks, self.now)
        entries = tuple(self.store.walk(address.path))
        key = self.cache.key(self.question, entries)
        if key is not None and (text := self.cache.get(self.kept_at(address), key)):
            return survey_of(text)
        from runcheck.tree.read import Reader  # noqa: PLC0415 - see above
        from runcheck.unit_reading import read_and_judge  # noqa: PLC0415

        self.watch.expect(sum(entry.size for entry in entries if entry.is_file))
        reader = Reader(self.store.for_unit(), self.depth, self.quarantine, self.watch)
        made = read_and_judge(reader, self.now, address, entries, self.selection, settings=self.settings)
        return made._replace(kept=(key, text_of(made))) if key and made.is_lasting else made

    def glance(self, address: Address) -> Card:
        """Return the card of the unit at ``address``, of which only what makes that is read.

        Raises:
            OSError: it cannot be read.
        """
        from runcheck.tree.read import Reader  # noqa: PLC0415
        from runcheck.unit_reading import read_card  # noqa: PLC0415

        paths = [path for role in ROLES_OF_A_CARD for path in layout().roles[role].paths]
        found = (self.store.entry(f"{address.path}/{path}") for path in paths)
        entries = [entry for entry in found if entry is not None and entry.is_file]
        return read_card(Reader(self.store, self.depth, self.quarantine), self.now, address, entries, self.settings)


def _digest(settings: Settings) -> str:
    return hashlib.blake2b(repr(settings).encode(), digest_size=16).hexdigest()
