"""Strings in the metadata of binary formats: what of them does not belong into a published tree.

People and frameworks write whole configurations there, and stack traces. The strings are judged as the values of a
document are, and only what was seen is kept.
"""

from collections.abc import Sequence

from runcheck.convention.words import Word, words_in, words_of_value
from runcheck.probes.words import SeenWord, WordsContent

NOTES = 20_000  # strings of a file that are looked at
NOTE_BYTES = 1 << 16  # of each
TOTAL_BYTES = 4 << 20  # of all
_KEPT = 20
_SHOWN = 80
_LONGEST = 120


class Notes:
    """Takes the strings of a file, and keeps the words in them that do not belong there."""

    def __init__(self) -> None:
        """Begin without a string."""
        self._words: dict[tuple[str, str], SeenWord] = {}
        self._left = TOTAL_BYTES
        self._count = 0

    @property
    def is_full(self) -> bool:
        """Whether no further string is looked at."""
        return self._left <= 0 or self._count >= NOTES or len(self._words) >= _KEPT

    def add(self, name: str, value: str) -> None:
        """Take the string ``value`` that stands under ``name``."""
        if self.is_full:
            return
        self._count += 1
        self._left -= len(value)
        value = value[:NOTE_BYTES]
        # One of several lines is a text, in which only its own form tells what a word is.
        self._take(words_in(value) if "\n" in value else words_of_value(value, name), value, name)

    def add_text(self, text: bytes) -> None:
        """Take a string without a name."""
        if not self.is_full:
            self._count += 1
            self._left -= len(text)
            value = text[:NOTE_BYTES].decode("utf-8", "replace")
            self._take(words_in(value), value, "")

    def _take(self, words: Sequence[Word], value: str, name: str) -> None:
        for word in words:
            if word.kind != "redacted":
                text = value[word.start : word.end][:_LONGEST]
                seen = SeenWord(word.kind, word.what, text, 0, word.is_certain, note=name[:_SHOWN])
                self._words.setdefault((word.kind, text), seen)

    def content(self) -> WordsContent | None:
        """Return what was seen; None where that is nothing."""
        return WordsContent(tuple(self._words.values())) if self._words else None
