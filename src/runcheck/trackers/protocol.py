"""What a tracker is to the rest: a function that opens the copy of a run there, and takes rows and an ending.

A copy is made from the files of the run, in a process that the training does not wait for. So what is behind this
protocol may block, raise and be killed: the rows stay where they are, and are sent again from where the tracker says
that it got to.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from runcheck.convention.documents import Metadata, Status, Summary
from runcheck.reading.metrics import Row

Setting = str | int | Mapping[str, str]


class Told(NamedTuple):
    """What a tracker is told of a run.

    Attributes:
        unit: Its path in the tree.
        identity: 32 letters and digits that no other run has, the same each time.
        workplace: A folder for what the tracker writes on this machine, outside of every unit; empty where none can be
            made.
        metadata: What ``metadata.json`` says.
        config: The configuration, without secrets.
        settings: What was asked for, by the keys of the configuration: ``project``, ``mode`` and the like.
        known: The identifiers that an earlier mirror noted. They come out of a file that may be anybody's.
    """

    unit: str
    identity: str
    workplace: str
    metadata: Metadata
    config: Mapping[str, object]
    settings: Mapping[str, Setting]
    known: Mapping[str, str]


class Ending(NamedTuple):
    """How a run ended.

    Attributes:
        status: As in the metadata; ``running`` where its process died, and nobody wrote an ending.
        metadata: What ``metadata.json`` says by now.
        summary: What ``summary.yaml`` says, None where there is none.
        files: The files that go along: their paths in the unit, and on this machine.
    """

    status: Status
    metadata: Metadata
    summary: Summary | None
    files: Sequence[tuple[str, str]]


class Copy(Protocol):
    """The copy of a run at a tracker, open to be added to. Any exception is taken for a failure that may pass."""

    about: Mapping[str, str]
    """Identifiers, and addresses without credentials, for ``trackers`` in the metadata."""

    reached: "int | Mapping[str, int] | None"
    """What the copy held when it was opened: so many rows, or the last step of each series by ``split/metric``.

    None where the tracker does not say; what was noted at the last time counts then.
    """

    notes: Sequence[str]
    """What cannot be carried as it is, a sentence each."""

    def rows(self, first: int, batch: Sequence[Row]) -> None:
        """Take rows, of which the first is the row ``first`` of the run, counted from 0."""

    def finish(self, ending: Ending) -> None:
        """Take the ending, and return once all is there."""

    def leave(self) -> None:
        """Let go of it, without an ending. Nothing is raised."""


class OpenCopy(Protocol):
    """Opens the copy of a run: what an entry point of the group ``runcheck.trackers`` names."""

    def __call__(self, told: Told) -> Copy:
        """Return the copy, made where there is none yet.

        Raises:
            CannotMirrorError: it cannot be opened, and to try it again would not help.
            MissingLibraryError: the library of the tracker is not installed.
        """
