"""The SHA-256 of a file, made beside what else looks at its bytes."""

import hashlib
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self, cast

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor
    from io import RawIOBase

_WORTH_A_THREAD = 1 << 18  # bytes; hashing fewer takes no longer than handing them over
_FIRST, _BUFFER = 1 << 12, 1 << 20


class Digest:
    """Takes the bytes of a file. Large pieces are hashed in a thread while the caller goes on with the same piece.

    Use it in a ``with``, which ends the thread.
    """

    def __init__(self) -> None:
        """Start with no bytes."""
        self._sha256 = hashlib.sha256()
        self._pool: ThreadPoolExecutor | None = None
        self._pending: Future[None] | None = None

    def take(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._wait()
        if len(chunk) < _WORTH_A_THREAD:
            self._sha256.update(chunk)
            return
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - small files need none

            self._pool = ThreadPoolExecutor(1)
        self._pending = self._pool.submit(self._sha256.update, chunk)

    def take_rest(self, stream: BinaryIO, taken: Callable[[int], None] = lambda _: None) -> None:
        """Take all that is left of a stream, which nobody else wants to see; ``taken`` is told of each piece."""
        self._wait()
        first = stream.read(_FIRST)  # mostly nothing is left, and a large buffer takes longer than a small file
        self._sha256.update(first)
        if not first:
            return
        buffer = memoryview(bytearray(_BUFFER))
        while count := cast("RawIOBase", stream).readinto(buffer):  # BytesIO has it too, and typing.BinaryIO not
            self._sha256.update(buffer[:count])
            taken(count)

    def hexdigest(self) -> str:
        """Return the digest of the bytes so far."""
        self._wait()
        return self._sha256.hexdigest()

    def _wait(self) -> None:
        if self._pending is not None:
            self._pending.result()
            self._pending = None

    def __enter__(self) -> Self:
        """Return the digest."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the thread, if there is one."""
        if self._pool is not None:
            self._pool.shutdown()
