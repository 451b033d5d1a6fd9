"""Bytes up to a limit: collected, or read."""

from typing import BinaryIO


class BoundedBytes:
    """Collects chunks up to ``limit`` bytes; past it, only says so."""

    def __init__(self, limit: int) -> None:
        """Hold at most ``limit`` bytes."""
        self._limit = limit
        self._held = bytearray()
        self.exceeded = False

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        if self.exceeded or len(self._held) + len(chunk) > self._limit:
            self.exceeded = True
            self._held.clear()
        else:
            self._held += chunk

    def whole(self) -> bytes:
        """Return everything that was fed, empty where it exceeded the limit."""
        return bytes(self._held)


def read_exactly(stream: BinaryIO, length: int, fault: type[Exception]) -> bytes:
    """Return the next ``length`` bytes of a stream, which a raw one may give in pieces.

    Raises:
        fault: there are fewer.
    """
    held = b""
    while len(held) < length:
        more = stream.read(length - len(held))
        if not more:
            raise fault("became shorter while it was read")
        held += more
    return held
