"""What a process that does not write has of a unit: the same calls, checks and errors, and nothing on the disk."""

import os
from collections.abc import Callable, Mapping
from datetime import datetime

from runcheck.convention.aggregates import SeriesAggregate
from runcheck.convention.documents import Metadata, Status
from runcheck.convention.layout import Kind
from runcheck.convention.steps import MAX_STEP
from runcheck.convention.timestamps import format_timestamp
from runcheck.errors import RuncheckError
from runcheck.writer.arguments import METRICS, checked_mapping
from runcheck.writer.job.processes import Processes
from runcheck.writer.log.metric_log import any_step
from runcheck.writer.log.rows import KnownNames, Series
from runcheck.writer.log.scalars import flattened
from runcheck.writer.unit import UnitFolder


def unit_folder(root: str, kind: Kind, slug: str) -> UnitFolder:
    """Return the folder of a unit that is to be written; in a process that does not write, a silent one."""
    processes = Processes.of_this_job()
    return (UnitFolder if processes.is_writer else SilentFolder)(root, kind, slug, processes)


class SilentFolder(UnitFolder):
    """The folder of a unit that another process writes. Where it is, that process says."""

    def write(self, path: str, text: str) -> None:
        """Write nothing."""

    def copy_script(self, source: str | os.PathLike[str], path: str) -> None:
        """Copy nothing."""

    def register(self, metadata: Metadata) -> None:
        """Leave the registry alone."""

    def finish(
        self,
        metadata: Metadata,
        status: Status,
        finished: datetime,
        fingerprint: Callable[[dict[str, str]], str] | None = None,
    ) -> None:
        """Wait until the unit is finished, unless something went wrong here: process 0 may never get so far then.

        Raises:
            CannotWriteError: it could not be finished.
        """
        metadata["status"] = status
        metadata["finished_at"] = format_timestamp(finished)
        if status == "completed":
            found = self.processes.agree(self.topic_of_end, nothing)
            if fingerprint is not None:
                metadata["fingerprint"] = found


class SilentLog:
    """Checks what is logged as :class:`MetricLog` does, and fetches and writes nothing."""

    is_forked = False

    def __init__(self) -> None:
        """Start without any names."""
        self._names = KnownNames()
        self.series: dict[Series, SeriesAggregate] = {}
        self.rows = 0

    def log(self, step: int, metrics: Mapping[str, object], split: str) -> None:
        """Check the values of one step.

        Raises:
            InvalidArgumentError: a step, a name or a value is none.
        """
        metrics = checked_mapping(metrics, "metrics", METRICS)
        names = self._names.known.get((split, *metrics))
        floats = names is not None and names.floats == [*map(type, metrics.values())]
        if not floats or type(step) is not int or not 0 <= step <= MAX_STEP:
            any_step(step)
            self._names.of(split, tuple(metric for metric, _ in flattened(metrics)))

    def catch_up(self) -> None:
        """Do nothing."""

    def close(self, limit: float = 0.0) -> None:
        """Do nothing."""


def nothing() -> str:
    """Decide nothing.

    Raises:
        RuncheckError: always.
    """
    raise RuncheckError("only process 0 decides")
