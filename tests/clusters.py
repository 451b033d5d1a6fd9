"""Dask clusters on this machine, for the tests."""

import atexit
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from typing import Any

from tests.object_store import object_store

HAS_DASK = find_spec("distributed") is not None

# A cluster stands idle most of the time, and looks at itself up to a hundred times a second: a seventh of a core for
# as long as the tests run.
_AT_REST = {
    "distributed.worker.profile.enabled": False,
    "distributed.worker.memory.monitor-interval": "10s",
    "distributed.admin.tick.interval": "10s",
    "distributed.admin.system-monitor.interval": "10s",
}


@contextmanager
def cluster_of(workers: int, **options: Any) -> Iterator[Any]:  # noqa: ANN401 - of a library without types
    """Start a scheduler here and ``workers`` processes, and end them."""
    import dask
    from distributed import LocalCluster

    with (
        dask.config.set(_AT_REST),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address=":0",  # a free port: None means the one that every cluster takes
            host="127.0.0.1",
            silence_logs="CRITICAL",
            # Of two workers that end over a task the second is one too many; Dask's own number costs seconds more.
            scheduler_kwargs={"allowed_failures": 1},
            **options,
        ) as cluster,
    ):
        yield cluster


@cache
def address_of_two() -> str:
    """Return the address of a cluster of two workers: one for all who ask, until this process ends.

    They find the S3 server of this process in their environment.
    """
    object_store()
    running = cluster_of(2)
    cluster = running.__enter__()
    atexit.register(_end, running)
    address: str = cluster.scheduler_address
    return address


def _end(running: Any) -> None:  # noqa: ANN401
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the interpreter goes, and pytest with its filters went before
        running.__exit__(None, None, None)
