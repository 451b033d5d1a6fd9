"""Which trial of a sweep or a study the runs are that are started now: known to what started the trial, told to no one.

A training script that starts its run as ever gets the tag and the number of its trial so.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple, Protocol

from runcheck.convention.documents import Metadata


class Begun(Protocol):
    """A run that was begun."""

    metadata: Metadata

    @property
    def path(self) -> str:
        """Its folder."""


class Membership(NamedTuple):
    """A trial: the name of its sweep, its number, what it is tried with.

    ``began`` is told of each run that the trial begins, and ``runs`` are these. ``stopped`` is the folder of a run of
    this trial that did not complete, with which one that is resumable goes on.
    """

    name: str
    number: int
    params: dict[str, object]
    began: Callable[[Begun], None]
    runs: list[Begun]
    stopped: str | None = None

    def begin(self, run: Begun) -> None:
        """Take notice of a run."""
        self.runs.append(run)
        self.began(run)

    def suggested(self, name: str, value: object) -> None:
        """Take a parameter that was not known when the trial began; its run says it once it is finished."""
        self.params[name] = value
        for run in self.runs:
            run.metadata["trial"]["params"][name] = value


_current: ContextVar[Membership | None] = ContextVar("runcheck_trial", default=None)


def membership() -> Membership | None:
    """Return the trial that goes on in this context, None where there is none."""
    return _current.get()


@contextmanager
def member(trial: Membership | None) -> Iterator[None]:
    """Let the runs that are started in a ``with`` be of a trial, or of none."""
    token = _current.set(trial)
    try:
        yield
    finally:
        _current.reset(token)
