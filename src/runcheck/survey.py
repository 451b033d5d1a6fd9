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
from runcheck.tree.marks import Marks, assert_here
from runcheck.tree.quarantine import Quarantine
from runcheck.tree.walk import entry_at, walk
from runcheck.watch import Watch

_REFERRED = ("metadata", "checksums")  # the roles that make a card


class Surveyor(NamedTuple):
    """Surveys units of the tree at ``root``, which bears ``marks``, as deep as is asked, at the moment ``now``."""

    root: str
    depth: Depth
    quarantine: Quarantine
    cache: Cache
    now: datetime
    watch: Watch
    marks: Marks

    def survey(self, address: Address) -> Survey:
        """Return what comes out of the unit at ``address``, read whole and judged, now or before.

        Raises:
            CannotCheckError: another tree lies there than where the check began.
        """
        assert_here(self.root, self.marks, self.now)
        entries = tuple(walk(self.root, address.path))
        key = self.cache.key(self.depth, entries)
        if key is not None and (text := self.cache.get(kept_at(self.depth, address), key)):
            return survey_of(text)
        from runcheck.tree.read import Reader  # noqa: PLC0415 - see above
        from runcheck.unit_reading import read_and_judge  # noqa: PLC0415

        self.watch.expect(sum(entry.size for entry in entries if entry.is_file))
        reader = Reader(self.root, self.depth, self.quarantine, self.watch)
        made = read_and_judge(reader, self.now, address, entries)
        return made._replace(kept=(key, text_of(made))) if key and made.is_lasting else made

    def glance(self, address: Address) -> Card:
        """Return the card of the unit at ``address``, of which only what makes that is read."""
        from runcheck.tree.read import Reader  # noqa: PLC0415
        from runcheck.unit_reading import read_card  # noqa: PLC0415

        paths = [path for role in _REFERRED for path in layout().roles[role].paths]
        entries = [entry for path in paths if (entry := entry_at(self.root, f"{address.path}/{path}")) is not None]
        return read_card(Reader(self.root, self.depth, self.quarantine), self.now, address, entries)


def kept_at(depth: Depth, address: Address) -> str:
    """Return the path that the survey of a unit is kept by."""
    return f"{depth}/{address.path}"
