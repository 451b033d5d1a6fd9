"""What takes the steps of a flow: this process, or another engine of the same form."""

import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from runcheck.errors import StepFailedError
from runcheck.flows.command import Tell
from runcheck.flows.definition import Step
from runcheck.flows.step import Done
from runcheck.report.words import count_in_words

Work = Callable[[Tell], Done]
Take = Callable[[Step, Work], Done]


class Beginning(NamedTuple):
    """What an engine is to know of a flow that begins.

    Its name, and that of this run of it; how many seconds lie between two tries of a step; what is told the step and a
    line; and what is told the name of a tracker, if the run is known to one, with what it is known as there.
    """

    name: str
    title: str
    delay: int
    tell: Callable[[str, str], None]
    known: Callable[[str, dict[str, str]], None]


class Engine(Protocol):
    """Runs a flow: gives ``body`` what takes a step, which is tried again as often as the step says."""

    def __call__(self, beginning: Beginning, body: Callable[[Take], None]) -> None:
        """Run it. What the last try of a step raised goes on."""


def in_process(beginning: Beginning, body: Callable[[Take], None]) -> None:
    """Run a flow in this process, with nothing beside it. See :class:`Engine`."""
    _, _, delay, tell, _ = beginning

    def take(step: Step, work: Work) -> Done:
        for left in range(step.retries, -1, -1):
            try:
                return work(lambda line: tell(step.name, line))
            except StepFailedError as error:
                if not left:
                    raise
                tell(step.name, again(error, left, delay))
                time.sleep(delay)
        raise AssertionError("no step is tried less than once")

    body(take)


def again(error: StepFailedError, left: int, delay: int) -> str:
    """Return what is told where a step is tried again."""
    return f"{error}; it is tried again in {delay} s, {count_in_words(left, 'more time')} at the most"
