"""Numbers in texts of any format and disguise: how many, of what form, in what order."""

from dataclasses import dataclass


@dataclass(slots=True)
class NumbersContent:
    """What the numbers of a text are like."""


class NumbersScanner:
    """Looks at the bytes of any file; at those of a text, or of a compressed one, for as long as it is one."""

    def feed(self, chunk: bytes) -> bool:  # noqa: ARG002
        """Take the next bytes, and say whether more are wanted."""
        return False

    def content(self) -> NumbersContent | None:
        """Return what was seen; None where the file is no text."""
        return None
