"""``latest`` as a text file, for file systems that have no links."""

from typing import BinaryIO

from runcheck.convention.names import is_name
from runcheck.probes.bounded import BoundedBytes
from runcheck.probes.contents import LatestContent

_MAX_BYTES = 300


class LatestProbe:
    """Reads the text file ``latest``."""

    def __init__(self) -> None:
        """Start with no bytes."""
        self._bytes = BoundedBytes(_MAX_BYTES)

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._bytes.feed(chunk)

    def content(self) -> LatestContent:
        """Return the version."""
        text = self._bytes.whole().decode("utf-8", "replace").removesuffix("\n").removesuffix("\r")
        return LatestContent(text if is_name("version", text) else None)


def version_in(stream: BinaryIO) -> str | None:
    """Return the version that a text file ``latest`` names, or None where it names none.

    Raises:
        OSError: it cannot be read.
    """
    probe = LatestProbe()
    probe.feed(stream.read(_MAX_BYTES + 1))
    return probe.content().version
