"""What went wrong while the run went on: told once, by a warning where the caller is."""

from collections import deque

from runcheck.errors import warn

_MOST = 1024


class Complaints:
    """Messages of any thread, kept until the caller's own thread can be told; a warning of a thread points nowhere."""

    def __init__(self) -> None:
        """Start without one."""
        self._known: set[str] = set()
        self.waiting: deque[str] = deque()

    def add(self, message: str) -> None:
        """Take a message, if it is new."""
        if message not in self._known and len(self._known) < _MOST:
            self._known.add(message)
            self.waiting.append(message)

    def tell(self) -> None:
        """Warn of what waits."""
        while self.waiting:
            warn(self.waiting.popleft())
