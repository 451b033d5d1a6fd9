"""Texts of any format: what looks like a secret, and what belongs to one machine or one person."""

from dataclasses import dataclass


@dataclass(slots=True)
class WordsContent:
    """What was seen in a text."""


class WordsScanner:
    """Looks at the bytes of any file; at those of a text for as long as it is one."""

    def feed(self, chunk: bytes) -> bool:  # noqa: ARG002
        """Take the next bytes, and say whether more are wanted."""
        return False

    def content(self) -> WordsContent | None:
        """Return what was seen; None where the file is no text."""
        return None
