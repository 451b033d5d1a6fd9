"""The processes of one job: which of them writes, and how the others learn what it decided.

Under ``jax.distributed`` each process runs the same script, and process 0 writes. What it alone can decide, such as the
name of a version, it tells through the key-value store of JAX' coordination service, which is also what Orbax' barriers
in the background rest on: no device is needed, and a wait has an end. Process 0 waits for nobody here, so a script
that calls the writer in process 0 only works as well, as long as it saves no checkpoint.

Processes that JAX does not know as one job are jobs of their own, whatever their rank is in that of ``torchrun``,
``mpirun`` or Slurm: each writes what it starts. A script of that kind calls the writer in one of them.
"""

import contextlib
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import ClassVar, Protocol, cast

from runcheck.errors import CannotWriteError, RuncheckError

_PATIENCE_SECONDS = 1800.0
_POLL_SECONDS = 5.0  # after which an interrupt is noticed
_DECIDED, _FAILED = "=", "!"


class KeyValueStore(Protocol):
    """What JAX' client of the coordination service has."""

    def key_value_set(self, key: str, value: str) -> None:
        """Set a key that is not set."""

    def blocking_key_value_get(self, key: str, timeout_in_ms: int) -> str:
        """Wait for a key, and return its value."""


class Processes:
    """The processes that write one unit together, seen from one of them."""

    _turns: ClassVar[Counter[str]] = Counter()  # alike in all processes, which run the same script

    def __init__(self, index: int = 0, count: int = 1, store: KeyValueStore | None = None) -> None:
        """Take the number of this process, how many there are, and where they tell each other something."""
        self.index = index
        self.count = count
        self._store = store

    @classmethod
    def of_this_job(cls) -> "Processes":
        """Return those of ``jax.distributed``, or this one alone where the script did not initialise that.

        Neither JAX nor, in a process that is alone, a backend of it is initialised by this.
        """
        jax = sys.modules.get("jax")
        distributed = getattr(jax, "distributed", None)  # not there while jax is being imported
        if jax is None or distributed is None or not distributed.is_initialized():
            return cls()
        # JAX has no public name for its client. Orbax takes the same one, and saves nothing without it.
        store = sys.modules["jax._src.distributed"].global_state.client
        return cls(jax.process_index(), jax.process_count(), cast("KeyValueStore", store))

    @property
    def is_writer(self) -> bool:
        """Whether this process writes."""
        return self.index == 0

    def check(self) -> None:
        """See that ``jax.distributed`` was not initialised later than this was asked.

        Raises:
            RuncheckError: it was.
        """
        if self._store is None and self.of_this_job().count > 1:
            raise RuncheckError(
                "the run was started before jax.distributed.initialize, so each process has one of its own, and none "
                "can save a checkpoint; call start_run after it"
            )

    def agree(self, topic: str, decide: Callable[[], str]) -> str:
        """Return, in every process, what ``decide`` returns in process 0. It is not called in the others.

        The n-th call for a topic in one process meets the n-th call for it in the others.

        Raises:
            CannotWriteError: in another process than 0, what process 0 raised, or that it said nothing for long.
        """
        if self._store is None or self.count == 1:
            return decide()
        self._turns[topic] += 1
        key = f"runcheck/{topic}/{self._turns[topic]}"
        return self._told(key, decide) if self.is_writer else self._heard(key)

    def whole(self, tree: object) -> object:
        """Return ``tree`` with arrays that this process can read.

        Those that are spread over several processes are gathered, one after the other: all processes call this.
        """
        if self.count == 1:
            return tree
        import jax  # noqa: PLC0415 - who has several processes has imported it

        def gathered(leaf: object) -> object:
            if not isinstance(leaf, jax.Array) or leaf.is_fully_addressable or leaf.is_fully_replicated:
                return leaf
            from jax.experimental import multihost_utils  # noqa: PLC0415

            return multihost_utils.process_allgather(leaf, tiled=True)

        return cast("object", jax.tree.map(gathered, tree))

    def _told(self, key: str, decide: Callable[[], str]) -> str:
        said = f"{_FAILED}it was stopped"
        try:
            decided = decide()
            said = _DECIDED + decided
        except Exception as error:
            said = f"{_FAILED}{error}"
            raise
        finally:
            with contextlib.suppress(RuntimeError):  # the service is gone, and with it who would hear this
                cast("KeyValueStore", self._store).key_value_set(key, said)
        return decided

    def _heard(self, key: str) -> str:
        store, until = cast("KeyValueStore", self._store), time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                said = store.blocking_key_value_get(key, int(_POLL_SECONDS * 1000))
                break
            except RuntimeError as error:
                if "DEADLINE_EXCEEDED" not in str(error):
                    raise CannotWriteError(f"process 0 cannot be heard any more: {str(error)[:300]}") from error
                if time.monotonic() > until:
                    silence = f"process 0 did not come to {key} within {_PATIENCE_SECONDS / 60:.0f} minutes"
                    raise CannotWriteError(f"{silence}; call the writer in all processes, or in process 0") from error
        if said.startswith(_FAILED):
            raise CannotWriteError(f"process 0 failed: {said[1:]}")
        return said[1:]
