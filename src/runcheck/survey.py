"""Surveys of units: recalled where nothing changed since the last one, and made anew where something did.

What reads and judges is loaded only when something is to be read: a hook on a tree that did not change does not pay.
"""

from datetime import datetime
from typing import NamedTuple

from runcheck.card import Card
from runcheck.convention.layout import layout
from runcheck.convention.units import Address
from runcheck.depth import Depth
from runcheck.findings import Survey
from runcheck.recall import survey_of, text_of
from runcheck.tree.cache import Cache
from runcheck.tree.quarantine import Quarantine
from runcheck.tree.store import Store
from runcheck.watch import Watch

_REFERRED = ("metadata", "checksums")  # the roles that make a card


class Surveyor(NamedTuple):
    """Surveys units of the tree in ``store`` as deep as is asked, at the moment ``now``."""

    store: Store
    depth: Depth
    quarantine: Quarantine
    cache: Cache
    now: datetime
    watch: Watch

    def survey(self, address: Address) -> Survey:
        """Return what comes out of the unit at ``address``, read whole and judged, now or before."""
        entries = tuple(self.store.walk(address.path))
        key = self.cache.key(self.depth, entries)
        if key is not None and (text := self.cache.get(kept_at(self.depth, address), key)):
            return survey_of(text)
        from runcheck.tree.read import Reader  # noqa: PLC0415 - see above
        from runcheck.unit_reading import read_and_judge  # noqa: PLC0415

        self.watch.expect(sum(entry.size for entry in entries if entry.is_file))
        reader = Reader(self.store.for_unit(), self.depth, self.quarantine, self.watch)
        made = read_and_judge(reader, self.now, address, entries)
        return made._replace(kept=(key, text_of(made))) if key and made.is_lasting else made

    def glance(self, address: Address) -> Card:
        """Return the card of the unit at ``address``, of which only what makes that is read.

        Raises:
            OSError: it cannot be read.
        """
        from runcheck.tree.read import Reader  # noqa: PLC0415
        from runcheck.unit_reading import read_card  # noqa: PLC0415

        paths = [path for role in _REFERRED for path in layout().roles[role].paths]
        found = (self.store.entry(f"{address.path}/{path}") for path in paths)
        entries = [entry for entry in found if entry is not None and entry.is_file]
        return read_card(Reader(self.store, self.depth, self.quarantine), self.now, address, entries)


def kept_at(depth: Depth, address: Address) -> str:
    """Return the path that the survey of a unit is kept by."""
    return f"{depth}/{address.path}"
