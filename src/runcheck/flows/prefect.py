"""A flow as one of Prefect 3, where a server of it is asked for: its runs, its steps and their logs show there.

Without a server Prefect 3 starts one for the while, a process with a database: seconds of a core for each flow. So
that is not done; a flow without a server is run by :func:`runcheck.flows.engines.in_process`.
"""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from runcheck.errors import FlowError, MissingLibraryError, StepFailedError
from runcheck.flows.definition import Step
from runcheck.flows.engines import Beginning, Take, Work, again
from runcheck.flows.step import Done

if TYPE_CHECKING:
    from types import ModuleType

ADDRESS = "PREFECT_API_URL"
_FOLDER, _PROFILES = "PREFECT_HOME", "profiles.toml"
_PROFILE_BYTES = 1 << 20
_CONSOLE = "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"  # would show tracebacks of what a line of ours says


def asks_prefect() -> bool:
    """Say whether a server of Prefect is asked for: by the environment, or by a profile of Prefect's own.

    Prefect itself would be asked, if that did not take seconds.
    """
    if os.environ.get(ADDRESS):
        return True
    folder = os.environ.get(_FOLDER) or os.path.join(os.path.expanduser("~"), ".prefect")
    try:
        with open(os.path.join(folder, _PROFILES), "rb") as stream:
            return ADDRESS.encode() in stream.read(_PROFILE_BYTES) and _address() is not None
    except OSError:
        return False


def with_prefect(beginning: Beginning, body: Callable[[Take], None]) -> None:
    """Run a flow as one of Prefect, each step a task run with its log. See :class:`runcheck.flows.engines.Engine`.

    Raises:
        MissingLibraryError: Prefect is not installed.
    """
    prefect = _prefect()
    _, _, delay, tell, _ = beginning
    from prefect.cache_policies import NO_CACHE  # noqa: PLC0415
    from prefect.runtime import flow_run  # noqa: PLC0415
    from prefect.states import Completed  # noqa: PLC0415

    def take(step: Step, work: Work) -> Done:
        kept: list[Done] = []
        tries = iter(range(step.retries, -1, -1))

        def attempt() -> object:
            logger, left = prefect.get_run_logger(), next(tries)

            def say(line: str) -> None:
                tell(step.name, line)
                logger.info(line)

            try:
                kept.append(work(say))
            except StepFailedError as error:
                if left:
                    tell(step.name, again(error, left, delay))
                raise
            is_cached = kept[-1].is_cached
            return Completed(name="Cached" if is_cached else "Completed", message=", ".join(kept[-1].result.units))

        task = prefect.task(
            name=step.name,
            retries=step.retries,
            retry_delay_seconds=delay,
            cache_policy=NO_CACHE,
            persist_result=False,
        )
        task(attempt)(return_state=True).result()
        return kept[-1]

    def steps() -> None:
        beginning.known("prefect", {"flow_run": str(flow_run.id)})
        body(take)

    prefect.flow(name=beginning.name, flow_run_name=beginning.title, validate_parameters=False)(steps)(
        return_state=True
    ).result()


def _prefect() -> "ModuleType":
    """Return Prefect, which is to tell nobody of its use and to leave the terminal to us.

    Raises:
        MissingLibraryError: it is not installed.
    """
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault(_CONSOLE, "CRITICAL")
    try:
        import prefect  # noqa: PLC0415 - takes seconds
    except ImportError as error:
        raise MissingLibraryError("prefect", "flow", f"show a flow at {os.environ.get(ADDRESS, 'a server')}") from error
    return prefect


def _address() -> str | None:
    _prefect()
    from prefect.settings import PREFECT_API_URL  # noqa: PLC0415

    address: str | None = PREFECT_API_URL.value()
    return address


def assert_answers() -> None:
    """See that the server answers, before anything begins.

    Raises:
        MissingLibraryError: Prefect is not installed.
        FlowError: it does not.
    """
    address = _address()
    from prefect.client.orchestration import get_client  # noqa: PLC0415

    if address is None:
        raise FlowError(f"{ADDRESS} is empty; set it to the address of a server, http://127.0.0.1:4200/api")
    with get_client(sync_client=True) as client:
        error = client.api_healthcheck()
    if error is not None:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise FlowError(f"the server of Prefect at {address} does not answer: {reason}; unset {ADDRESS} to go without")
