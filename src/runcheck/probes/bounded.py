"""Bytes collected up to a limit."""


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
