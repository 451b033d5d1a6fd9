"""Running a flow: its steps in their order, its record, and what is told of it."""

import os
from collections.abc import Callable
from typing import NamedTuple

from runcheck.errors import StepFailedError
from runcheck.flows.command import Tell
from runcheck.flows.definition import Flow, Step
from runcheck.flows.engines import Beginning, Engine, Take, in_process
from runcheck.flows.prefect import asks_prefect, assert_answers, with_prefect
from runcheck.flows.record import recorded
from runcheck.flows.step import Done, Progress, take


class Outcome(NamedTuple):
    """What came of a flow: the folder of its record, the steps that were taken, and why it ended before its end."""

    record: str
    done: tuple[Done, ...]
    failure: str | None


def run_flow(flow: Flow, tell: Callable[[str, str], None]) -> Outcome:
    """Run a flow; ``tell`` is told of each step, by its name, each line as it comes.

    With a server of Prefect, which ``PREFECT_API_URL`` or a profile of it names, the flow shows there; without one
    nothing but this process and its commands takes part.

    Raises:
        FlowError: the server does not answer, or what a step depends on cannot be read.
        MissingLibraryError: a server is asked for, and Prefect is not installed.
        CannotWriteError: the record cannot be written.
    """
    engine: Engine = in_process
    if asks_prefect():
        assert_answers()
        engine = with_prefect
    progress = Progress()
    path = ""
    try:
        with recorded(flow, progress) as record:
            path = record.path

            def told(step: str, line: str) -> None:
                record.tell(step, line)
                tell(step, line)

            def steps(take_step: Take) -> None:
                for number, step in enumerate(flow.steps, 1):
                    done = take_step(step, _work(flow, step, progress))
                    progress.done.append(done)
                    record.did(number, done)

            title = f"{flow.name} {os.path.basename(path)}"
            engine(Beginning(flow.name, title, flow.delay, told, record.known), steps)
    except StepFailedError as error:
        return Outcome(path, tuple(progress.done), str(error))
    return Outcome(path, tuple(progress.done), None)


def _work(flow: Flow, step: Step, progress: Progress) -> Callable[[Tell], Done]:
    return lambda tell: take(flow, step, progress, tell)
