"""Rows and ending of one run on their way to one tracker: where the copy got to, what is sent next, what is noted."""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from runcheck.reading.metrics import Row
from runcheck.trackers.find import open_of
from runcheck.trackers.place import Place, ending_of, metrics_of, seal_of, told_of
from runcheck.trackers.protocol import Copy, Setting
from runcheck.trackers.rows import GrowingRows
from runcheck.trackers.state import State, read_state, write_state
from runcheck.trackers.where import where_to, without_place

_AT_ONCE = 1000  # rows; what MLflow takes in one request
_NOTED_EACH = 1.0  # seconds


class Sent(NamedTuple):
    """What a mirror came to: rows that were sent, and that were there already; and what is to be said of it."""

    sent: int
    there: int
    notes: tuple[str, ...]
    about: Mapping[str, str]
    is_all_there: bool = False


class Sending:
    """One run on its way to one tracker. After an exception, :meth:`open` begins anew where the copy got to."""

    def __init__(self, place: Place, tracker: str, settings: Mapping[str, Setting]) -> None:
        """Take what is to be sent, and open nothing."""
        self.place, self.tracker, self.settings = place, tracker, settings
        self.state = read_state(place.root, place.unit, tracker)
        self._where = where_to(tracker, settings)  # at once: a tracker's client may write to the environment
        self.sent = self.there = 0
        self._copy: Copy | None = None
        self._rows: GrowingRows | None = None
        self._known: Mapping[str, int] = {}
        self._hash = hashlib.sha256()
        self._is_kept = True
        self._noted = 0.0

    @property
    def is_open(self) -> bool:
        """Whether there is a copy to send to."""
        return self._copy is not None

    @property
    def about(self) -> Mapping[str, str]:
        """What the copy is called at the tracker; nothing before it is open."""
        return {} if self._copy is None else self._copy.about

    @property
    def is_done(self) -> bool:
        """Whether all of this run, as it is now, was sent before with these settings, and to the same place."""
        return bool(self.state.done) and self.state.done == self._all()

    def open(self) -> None:
        """Open the copy, and go behind the rows that it has.

        Raises:
            CannotMirrorError: that is not possible.
            Exception: whatever the library of the tracker raises.
        """
        self.leave()
        if self.state.where not in ("", self._where):  # what another place has is no copy of this one
            self.state = State(asked=self.state.asked)
        open_copy = open_of(self.tracker)
        self._copy = copy = open_copy(told_of(self.place, self.tracker, self.settings, self.state))
        self.state.known, self.state.done, self.state.where = dict(copy.about), "", self._where
        self.sent = 0
        self._go_behind(copy.reached)
        self._note()

    def some(self) -> bool:
        """Send the next rows, if there are any; say whether there were.

        Raises:
            Exception: whatever the library of the tracker raises; :meth:`open` is next then.
        """
        assert self._copy is not None
        assert self._rows is not None
        batch = self._rows.next(_AT_ONCE)
        if not batch:
            return False
        fresh = [row for row in batch if row.step > self._known.get(_series(row), -1)] if self._known else batch
        if fresh:
            self._copy.rows(self._rows.rows - len(fresh), fresh)
        self.sent += len(fresh)
        self.there += len(batch) - len(fresh)
        self._pass(batch)
        if time.monotonic() - self._noted > _NOTED_EACH:
            self._note()
        return True

    def finish(self) -> Sent:
        """Send the ending, once all rows are sent.

        Raises:
            Exception: whatever the library of the tracker raises.
        """
        assert self._copy is not None
        assert self._rows is not None
        everything = self._all()
        self._copy.finish(ending_of(self.place, self.settings))
        notes = [*self._copy.notes]
        if self._rows.passed_over:
            notes.append(f"{self._rows.passed_over:,} lines of the metrics are no rows: {self._rows.fault}")
        if self.state.is_cut:
            notes.append("the run was taken up again before rows that had been sent; the tracker keeps their values")
        if not self._is_kept:
            notes.append("how far it got could not be noted on the disk; what the tracker says counts")
        self.state.done, self.state.known = everything, dict(self._copy.about)
        self._note()
        sent = Sent(self.sent, self.there, tuple(notes), dict(self._copy.about))
        self._copy = None
        self._rows.close()
        return sent

    def remember(self, asked: Mapping[str, Setting]) -> None:
        """Note what the run asked for, for who mirrors it later; an address is not noted."""
        self.state.asked = {name: each for name, each in asked.items() if name != "uri" and isinstance(each, str | int)}
        self._note()

    def leave(self) -> None:
        """Let go of the copy, without an ending."""
        if self._copy is not None:
            self._copy.leave()
        if self._rows is not None:
            self._rows.close()
        self._copy = self._rows = None

    def _all(self) -> str:
        how = {name: value for name, value in without_place(self.settings).items() if name != "wait-seconds"}
        return f"{seal_of(self.place)} {self._where} {json.dumps(how, sort_keys=True)}"

    def _go_behind(self, reached: int | Mapping[str, int] | None) -> None:
        """Go behind the rows that the copy has: by what the tracker says, else by what is noted."""
        noted = replace(self.state)
        if reached is not None and not reached:  # it is new, whatever was sent to another one
            noted = State()
        self.state.is_cut = noted.is_cut
        self._begin({})
        self._go_to(noted.rows)
        is_changed = self.state.rows < noted.rows or (noted.rows > 0 and self.state.digest != noted.digest)
        if is_changed:  # the run was taken up again: steps that were sent are in the file with other values, or not
            self.state.is_cut = True
        if isinstance(reached, Mapping):
            self._begin(reached)
        elif is_changed:
            self._begin(noted.last)
        elif reached is not None and not self.state.is_cut:
            if reached < noted.rows:
                self._begin({})
            self._go_to(reached)
            if self.state.rows < reached:
                self.state.is_cut = True
                self._begin(self.state.last)
        self.there = self.state.rows

    def _go_to(self, rows: int) -> None:
        assert self._rows is not None
        while self._rows.rows < rows and (batch := self._rows.next(min(_AT_ONCE, rows - self._rows.rows))):
            self._pass(batch)

    def _begin(self, known: Mapping[str, int]) -> None:
        if self._rows is not None:
            self._rows.close()
        self._rows, self._known, self.there = GrowingRows(metrics_of(self.place)), known, 0
        self._hash = hashlib.sha256()
        self.state.rows, self.state.last, self.state.digest = 0, {}, ""

    def _pass(self, batch: Sequence[Row]) -> None:
        """Note rows as done with."""
        self.state.rows += len(batch)
        for row in batch:
            self.state.last[_series(row)] = row.step
            self._hash.update(f"{row.step} {row.split}/{row.metric} {row.value!r}\n".encode())
        self.state.digest = self._hash.hexdigest()

    def _note(self) -> None:
        self._noted = time.monotonic()
        try:
            write_state(self.place.root, self.place.unit, self.tracker, self.state)
        except OSError:  # a full disk does not keep rows from a tracker
            self._is_kept = False


def _series(row: Row) -> str:
    return f"{row.split}/{row.metric}"
