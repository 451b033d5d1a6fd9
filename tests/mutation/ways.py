"""Ways to check a tree that must all say the same: with a memory, in other processes, from elsewhere, bit by bit."""

import atexit
import multiprocessing
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from runcheck.convention.clauses import clauses
from runcheck.findings import Report
from runcheck.judgement import Judgement
from runcheck.pipeline import check_in
from runcheck.rules.selection import select
from runcheck.tree.cache import DiskCache, open_cache
from runcheck.tree.executor import Processes, Threads, executor_of
from runcheck.tree.quarantine import Quarantine
from tests.clusters import HAS_DASK, address_of_two
from tests.object_store import to_memory, to_s3

# Checks a tree, before the damage and after it.
Way = Callable[[Path, Quarantine], Report]


def plainly(root: Path, quarantine: Quarantine) -> Report:
    """Check with nothing remembered, in this process."""
    return check_in(quarantine, root, Judgement(depth="deep"))


def with_cache(root: Path, quarantine: Quarantine) -> Report:
    """Check with what the last check of the tree remembered, however young its files are."""

    def at_once(folder: str) -> DiskCache:
        cache = open_cache(folder, is_blind=False)
        assert isinstance(cache, DiskCache)
        return DiskCache(cache.folder, 1 << 63)

    return check_in(quarantine, root, Judgement(depth="deep"), open_cache=at_once)


def in_processes(root: Path, quarantine: Quarantine) -> Report:
    """Check in worker processes, however few units there are."""
    return check_in(quarantine, root, Judgement(depth="deep"), executor=Processes(2, least_items=1, method=_method()))


@cache
def _method() -> str:
    """Return how a process is made: by one that has loaded what it needs, where the system can fork, or anew."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return "spawn"
    multiprocessing.set_forkserver_preload(["runcheck.survey", "runcheck.unit_reading"])
    return "forkserver"


def a_family_at_a_time(root: Path, quarantine: Quarantine) -> Report:
    """Check by the clauses of one family after the other, each of which reads what it needs and no more."""
    families = sorted({code[:3] for code in clauses()})
    reports = [check_in(quarantine, root, Judgement(depth="deep", selection=select([each]))) for each in families]
    return reports[0]._replace(findings=tuple(finding for report in reports for finding in report.findings))


def through_dask(root: Path, quarantine: Quarantine) -> Report:
    """Check with the workers of a Dask cluster."""
    return check_in(quarantine, root, Judgement(depth="deep"), executor=executor_of(f"dask:{address_of_two()}"))


def in_an_object_store(root: Path, quarantine: Quarantine) -> Report:
    """Check a copy on an S3 server.

    Raises:
        NotCarriedError: the tree holds a link, a device, or a name that is none of Unicode.
    """
    url = to_s3(root, "artefacts")
    return check_in(_readers(), url, Judgement(depth="deep"), executor=Threads(4))


def in_memory(root: Path, quarantine: Quarantine) -> Report:
    """Check a copy in the memory of this process.

    Raises:
        NotCarriedError: as :func:`in_an_object_store`.
    """
    return check_in(quarantine, to_memory(root, "artefacts"), Judgement(depth="deep"), executor=Threads(4))


@cache
def _readers() -> Quarantine:
    """Return readers that were started with what the environment says of the server."""
    readers = Quarantine()
    atexit.register(readers.__exit__, None, None, None)
    return readers


# Those that need not see a tree whole before it is damaged: they work in new processes, or at a URL where another tree
# was before.
FORGETFUL: frozenset[Way] = frozenset({in_processes, in_an_object_store})

WAYS: Mapping[str, Way] = {
    "with the cache": with_cache,
    "in processes": in_processes,
    "a family at a time": a_family_at_a_time,
    "in an object store": in_an_object_store,
    "in memory": in_memory,
    **({"through Dask": through_dask} if HAS_DASK else {}),
}
