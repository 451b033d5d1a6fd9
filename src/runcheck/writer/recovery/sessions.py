"""The sessions of a run: from its start, or from a restart, to where each ended."""

import json
from typing import NamedTuple, Self

from runcheck.convention.documents import Metadata
from runcheck.convention.timestamps import parse_timestamp


class TakenUp(NamedTuple):
    """What every process of a job is to know of the run that it goes on with.

    ``step`` is that of the checkpoint, None where there is none; ``steps`` are those of all, in ascending order.
    """

    version: str
    step: int | None
    steps: tuple[int, ...]
    parameters: int | None

    def told(self) -> str:
        """Return it as a text."""
        return json.dumps(self)

    @classmethod
    def heard(cls, text: str) -> Self:
        """Return what :meth:`told` made a text of."""
        version, step, steps, parameters = json.loads(text)
        return cls(version, step, tuple(steps), parameters)


def seconds_of(metadata: Metadata) -> float:
    """Return the seconds of all sessions of a run together, as far as they ended; where a clock ran back, none."""
    restarts = metadata.get("restarts", [])
    begun = [metadata["created_at"], *(each["at"] for each in restarts)]
    ended = [*(each["ended_at"] for each in restarts), metadata["finished_at"]]
    seconds = 0.0
    for begin, end in zip(begun, ended, strict=True):
        start, stop = parse_timestamp(begin), parse_timestamp(end) if end else None
        if start is not None and stop is not None:
            seconds += max(0.0, (stop - start).total_seconds())
    return seconds
