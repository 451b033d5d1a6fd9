"""Surveys by the workers of a Dask cluster, which read the store themselves: https://distributed.dask.org.

Tasks and answers travel as pickles, as everything in Dask does: whoever reaches a scheduler can run code on its workers
and answer its clients, whether or not runcheck does. Nothing of a tree is unpickled. TLS and its certificates are
Dask's own configuration.
"""

import pickle
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

from runcheck.errors import CannotCheckError, InvalidArgumentError, MissingLibraryError
from runcheck.tree.executor import WorkerLostError
from runcheck.tree.program import differences, versions

if TYPE_CHECKING:
    from distributed import Client, Future

T = TypeVar("T")
R = TypeVar("R")
_TASKS = 256  # in flight: enough for a cluster to grow by, few enough that a million units are no million futures
_ITEMS_A_TASK = 32
_CONNECT_SECONDS = 5.0
_CLOSE_SECONDS = 5.0


class Dask:
    """Hands the work to the cluster whose scheduler listens at ``address``.

    A worker must have the program and the libraries that are here. One that ends is replaced by another, as often as
    Dask is told to try; a cluster without workers is waited for ``patience`` seconds.
    """

    def __init__(
        self, address: str, *, tasks: int = _TASKS, items_a_task: int = _ITEMS_A_TASK, patience: float = 60.0
    ) -> None:
        """Connect to nothing yet. At most so many tasks are handed out at a time, each of at most so many items."""
        self.address, self.tasks, self.items_a_task, self.patience = address, tasks, items_a_task, patience

    def map(self, work: Callable[[T], R], items: Sequence[T]) -> Generator[R]:
        """Yield what ``work`` returns for each item; the cluster is asked when the first is wanted.

        Raises:
            InvalidArgumentError: the address is none.
            CannotCheckError: the scheduler cannot be reached, or a worker is not fit for the work.
            WorkerLostError: workers ended over the same items, none are left, or the scheduler went away.
        """
        size = max(1, min(self.items_a_task, -(-len(items) // self.tasks)))
        with _connected(self.address) as client:  # whose tasks end with it
            pending: deque[Future] = deque()
            for at in range(0, len(items), size):
                # The scheduler unpickles what a task is made of: bytes, so that it need not have this library.
                load = pickle.dumps(_Task(work, items[at : at + size]))
                pending.append(client.submit(pickle.loads, load, pure=False))
                if len(pending) == self.tasks:
                    yield from self._answers(client, pending.popleft())
            while pending:
                yield from self._answers(client, pending.popleft())

    def _answers(self, client: "Client", future: "Future") -> "list[R]":
        from distributed import CancelledError, KilledWorker  # noqa: PLC0415

        try:
            while True:
                with suppress(TimeoutError):
                    future.exception(self.patience)  # of the work, or none: the wait is bounded, and not the work
                    break
                if not client.nthreads():
                    raise WorkerLostError(f"dask:{self.address}: the cluster has had no worker in {self.patience:g} s")
            answers: list[R] = future.result()
        except KilledWorker as error:
            count = error.allowed_failures + 1
            raise WorkerLostError(
                f"dask:{self.address}: {count} worker{'s' if count > 1 else ''} ended over the same units, the last at "
                f"{error.last_worker.address}; was there enough memory?"
            ) from None
        except (CancelledError, OSError) as error:
            if client.status == "running" and not isinstance(error, CancelledError):
                raise  # by the work
            raise WorkerLostError(f"dask:{self.address}: lost touch with the scheduler") from None
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "runcheck":
                raise
            raise CannotCheckError(
                f"dask:{self.address}: a worker has no {error.name}; the workers need the runcheck that is here"
            ) from None
        return answers


class _Task:
    """Becomes, where it is unpickled, what ``work`` returns for each of the items."""

    def __init__(self, work: Callable[[T], R], items: Sequence[T]) -> None:
        self._load = pickle.dumps((work, items))

    def __reduce__(self) -> tuple[object, ...]:
        return _work_off, (dict(versions()), self._load)


def _work_off(asked: Mapping[str, str | None], load: bytes) -> list[object]:
    """Do the work of a task on a worker, if that is fit for it."""
    from distributed import get_worker  # noqa: PLC0415

    if others := differences(versions(), asked):
        raise CannotCheckError(
            f"the Dask worker {get_worker().address} has {', '.join(others)}; workers need what is here, and a restart"
        )
    work, items = pickle.loads(load)  # noqa: S301 - from our own client, see above
    try:
        return [work(item) for item in items]
    except CannotCheckError as error:
        raise CannotCheckError(f"the Dask worker {get_worker().address}: {error}") from None


@contextmanager
def _connected(address: str) -> "Iterator[Client]":
    client = _client(address)
    try:
        yield client
    finally:
        client.close(_CLOSE_SECONDS)


def _client(address: str) -> "Client":
    try:
        import dask  # noqa: PLC0415

        # What it logs is told by errors of ours, and not between the lines of a report, unless somebody wants it.
        names = ("distributed", "distributed.client", "distributed.gc", "distributed.comm")
        dask.config.update_defaults({"logging": dict.fromkeys(names, "critical")})
        from distributed import Client  # noqa: PLC0415
        from distributed.comm import get_address_host_port  # noqa: PLC0415
    except ImportError:
        raise MissingLibraryError("distributed", "dask", "hand units to a Dask cluster") from None
    try:
        get_address_host_port(address)
    except ValueError as error:
        raise InvalidArgumentError(f"dask:{address}: is no address of a scheduler: {error}") from None
    client: Client = Client.__new__(Client)
    try:
        client.__init__(address, timeout=_CONNECT_SECONDS, set_as_default=False, name="runcheck")
    except Exception as error:  # noqa: BLE001 - no address, nobody there, no certificate; and who is no Dask may say anything
        client.close(_CLOSE_SECONDS)  # one that is not closed may wait for ever when it is collected
        raise CannotCheckError(
            f"dask:{address}: no scheduler of Dask answers there: {str(error) or type(error).__name__}"
        ) from None
    return client
