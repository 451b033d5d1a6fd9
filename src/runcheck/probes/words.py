"""Texts of any format: what looks like a secret, and what belongs to one machine or one person.

A text is what has no NUL in its first 8,000 bytes, as Git has it, or begins with the byte order mark of UTF-16. It is
read in windows that overlap, whatever its lines: a file may be one line of a gigabyte. The texts in a compressed file
or an archive are read too, as far as :mod:`runcheck.probes.unpacked` goes.
"""

import codecs
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from runcheck.convention.words import Word, WordKind, words_in
from runcheck.probes.unpacked import TEXT, Unpacker

_WINDOW = 1 << 18
# What a word may need to see before and behind it: its name there, the body of a key here.
_BEFORE = 512
_BEHIND = 8192
_KEPT = 20  # of each kind in one file
_REMEMBERED = 1000
_LONGEST = 120  # characters of a word that are kept
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class SeenWord(NamedTuple):
    """A word of a text: which clause it concerns, what it is, how it begins, and its line from 1.

    ``member`` is the text of an archive that it stands in; ``note`` names the string of a binary format's metadata
    that it does, which has no line.
    """

    kind: WordKind
    what: str
    text: str
    line: int
    is_certain: bool
    member: str | None = None
    note: str | None = None


class WordsContent(NamedTuple):
    """What was seen in a text: of each kind the first different words, and how many certain ones were not kept."""

    words: tuple[SeenWord, ...] = ()
    more: Mapping[WordKind, int] = {}


def joined(*contents: WordsContent | None) -> WordsContent:
    """Return what was seen in several ways of looking at one file."""
    seen = [each for each in contents if each is not None]
    more: Counter[WordKind] = Counter()
    for each in seen:
        more.update(each.more)
    return WordsContent(tuple(word for each in seen for word in each.words), dict(more))


class WordsScanner:
    """Looks at the bytes of any file; at those of a text for as long as it is one."""

    def __init__(self) -> None:
        """Start with no bytes."""
        self._held = b""
        self._begin = 0  # of what is new in the bytes held
        self._line = 1  # of the first byte held
        self._is_text = self._is_binary = False  # neither, as long as that is not known
        self._decoder: codecs.IncrementalDecoder | None = None
        self._words: list[SeenWord] = []
        self._kept: Counter[tuple[str, bool]] = Counter()
        self._more: Counter[WordKind] = Counter()
        self._seen: set[tuple[str, str]] = set()
        self._inside: _Inside | None = None
        self._goes_on = True

    def feed(self, chunk: bytes) -> bool:
        """Take the next bytes, and say whether more are wanted."""
        if self._inside is not None:
            self._goes_on = self._goes_on and self._inside.feed(chunk)
            return self._goes_on
        self._held += chunk if self._decoder is None else self._decoded(chunk)
        if not self._is_text and len(self._held) >= TEXT:
            self._decide()
        if self._is_text and len(self._held) >= self._begin + _WINDOW + _BEHIND:
            self._look(len(self._held) - _BEHIND)
        return self._goes_on

    def content(self) -> WordsContent | None:
        """Return what was seen; None where that is nothing, or the file is no text."""
        if not (self._is_text or self._is_binary):
            self._decide()
        if self._is_text:
            self._held += self._decoded(b"", final=True) if self._decoder else b""
            self._look(len(self._held))
            self._held, self._begin = b"", 0
        if self._inside is not None:
            self._words += self._inside.words()
        return WordsContent(tuple(self._words), dict(self._more)) if self._words else None

    def _decide(self) -> None:
        if self._held.startswith(_UTF_16):
            self._decoder = codecs.getincrementaldecoder("utf-16")("replace")
            self._is_text, self._held = True, self._decoded(self._held)
        else:
            self._is_text = b"\0" not in self._held[:TEXT]
            self._is_binary = not self._is_text
        if self._is_binary:
            self._inside = _Inside()
            self._goes_on = self._inside.feed(self._held)
            self._held = b""

    def _decoded(self, chunk: bytes, *, final: bool = False) -> bytes:
        return self._decoder.decode(chunk, final).encode("utf-8", "replace") if self._decoder else chunk

    def _look(self, end: int) -> None:
        """Look at the bytes held, take the words that begin before ``end``, and keep only what the next need to see."""
        text = self._held.decode("latin-1")  # a character a byte; what is printed of it is decoded then
        line, at = self._line, 0
        for word in words_in(text):
            if self._begin <= word.start < end:
                line += text.count("\n", at, word.start)
                at = word.start
                self._take(word, text, line)
        cut = max(0, end - _BEFORE)
        self._line += self._held.count(b"\n", 0, cut)
        self._held, self._begin = self._held[cut:], end - cut

    def _take(self, word: Word, text: str, line: int) -> None:
        found = text[word.start : min(word.end, word.start + _LONGEST)]
        if (word.kind, found) in self._seen:
            return
        if len(self._seen) < _REMEMBERED:
            self._seen.add((word.kind, found))
        self._kept[word.kind, word.is_certain] += 1
        if self._kept[word.kind, word.is_certain] <= _KEPT:
            readable = found.encode("latin-1").decode("utf-8", "replace")
            self._words.append(SeenWord(word.kind, word.what, readable, line, word.is_certain))
        elif word.is_certain:
            self._more[word.kind] += 1


class _Inside:
    """Looks at each text in a packed file."""

    def __init__(self) -> None:
        self.unpacker = Unpacker(self)
        self._scanner = WordsScanner()
        self._member = ""
        self._words: list[SeenWord] = []

    def feed(self, chunk: bytes) -> bool:
        return self.unpacker.feed(chunk)

    def begin(self, name: str) -> None:
        self._end()
        self._member, self._scanner = name, WordsScanner()

    def take(self, text: bytes) -> bool:
        return self._scanner.feed(text)

    def words(self) -> list[SeenWord]:
        self.unpacker.close()
        self._end()
        return self._words

    def _end(self) -> None:
        seen = self._scanner.content()
        for word in seen.words if seen else ():
            if len(self._words) < _KEPT:
                self._words.append(word._replace(member=self._member))
