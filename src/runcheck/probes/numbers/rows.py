"""Rows of numbers in any text: lines, brackets within brackets, cells between commas, tabs, semicolons or bars.

No parser of one format would do: a dump may be CSV, JSON, YAML, what NumPy prints, or source code, and may be renamed
or cut out of its file. Only what all of them share is used: a row ends with its line, or with its bracket; what stands
before an opening bracket, or on a line of its own, names what follows. A string may hold a text of its own, as those of
a notebook's outputs do: where its lines end, rows end too, however deep in brackets the string stands.
"""

from collections.abc import Callable
from typing import NamedTuple

from runcheck.convention.patterns import late
from runcheck.probes.numbers.plain import BEGIN_OF_TEXT, END_OF_LINE, plain

_PARTS = late(rb"([\[\](){}\x1d\x1e])")
_OPENS, _CLOSES = frozenset((b"[", b"(", b"{")), frozenset((b"]", b")", b"}"))
_SPACES = bytes(32 if each in b",;|\t\"':=&\\#%$<>\n\r" else each for each in range(256))
_CELLS = late(rb"[,;\t|]")
_NUMBER = late(rb"([-+]?+(?:[0-9]++\.?+[0-9]*+|\.[0-9]++)(?:[eEdD][-+]?+[0-9]++)?)[fFlLjJ]?+")
_HEX_FLOAT = late(rb"[-+]?+0[xX][0-9a-fA-F]{1,16}+(?:\.[0-9a-fA-F]{0,16}+)?[pP][-+]?+[0-9]{1,4}+")
_MISSING = frozenset((b"nan", b"NaN", b"NAN", b"null", b"None", b"NA", b"inf", b"-inf", b"Infinity", b"-Infinity"))
_DECIMAL_COMMA = late(rb"(?<=[0-9]),(?=[0-9])")
# What stands around numbers in source code and in what libraries print, and names nothing.
_GLUE = late(
    rb"(?:np\.|jnp\.|numpy\.|torch\.|tf\.)?(?:array|asarray|Array|tensor|Tensor|Parameter|containing|numpy|list|tuple|float|double|new"
    rb"|dtype|device|shape|requires_grad|True|grad_fn|b?float(?:16|32|64)|int8|cpu|cuda|cpu:0|cuda:0|c|weak_type|f4)|[-+*/.]++"
)
_DEPTH = 32
_LABEL_BYTES = 64
_LABEL_LINES = 4
_LABEL_WORDS = 4  # more are a sentence
_ROW_NUMBERS = 1 << 16
_NAMED_NUMBERS = 4  # a dictionary of so many names and numbers is a row of numbers too
_COLUMN = 32  # lines of one number each are worth a try
_HEADER = 64


class Rows(NamedTuple):
    """Rows of one length: under which label they stand, within how many brackets, and their numbers with their texts.

    ``words`` are words among the numbers; ``header`` the cells of the line of words right above.
    """

    label: str
    depth: int
    line: int
    rows: int
    values: list[float]
    tokens: list[bytes]
    words: list[bytes]
    header: tuple[str, ...]


class RowReader:
    """Cuts texts into rows of numbers, and what names them."""

    def __init__(self, take: Callable[[Rows], None]) -> None:
        """Call ``take`` for rows."""
        self._take = take
        self._labels: list[list[str]] = [[]]
        self._header: tuple[str, ...] = ()
        self._named = False  # no number since the last label
        self._cut = False  # the row is too long to be held
        self._keyed = False  # which was the key of a mapping in YAML
        self._outside = 0  # brackets that were open where the string began
        self.cost = 0  # lines and words, each of which takes about a microsecond
        self._line = self._begun = 1
        self._values: list[float] = []
        self._tokens: list[bytes] = []
        self._words: list[bytes] = []

    @property
    def depth(self) -> int:
        """How many brackets are open."""
        return len(self._labels) - 1

    def gap(self, last: bytes, line: int) -> None:
        """Pass over text without rows, up to ``line``; ``last`` are its last words."""
        self._end()
        self._labels = [[]]
        self._outside = 0
        self._line = line
        for each in last.split(b"\n"):
            self._words = each.translate(_SPACES).split()
            self._end(each)

    def feed(self, text: bytes) -> None:
        """Take a text that ends before a line feed or between two numbers."""
        last = b""
        for part in _PARTS.split(plain(text)):
            if part in _OPENS:
                self._end()
                if len(self._labels) < _DEPTH:
                    self._labels.append([])
            elif part in _CLOSES:
                self._end()
                if len(self._labels) > 1:
                    self._labels.pop()
            elif part == BEGIN_OF_TEXT:
                if not self._values:
                    self._end(last)
                self._outside = self.depth
            elif part == END_OF_LINE:
                if self.depth <= self._outside:
                    self._end(last)
            else:
                last = part
                self._piece(part)

    def _piece(self, part: bytes) -> None:
        if len(self._labels) > 1:
            self._extend(part)
            self._line += part.count(b"\n")
        elif part:
            self._lines(part)

    def pass_over(self, lines: int) -> None:
        """Go on after as many lines that are not read."""
        self._line += lines

    def close(self) -> None:
        """Take the last row."""
        self._end()

    def _lines(self, text: bytes) -> None:
        lines = text.split(b"\n")
        if len(lines) > _COLUMN and self._column(lines):
            return
        for line in lines[:-1]:
            self._extend(line)
            self._end(line)
            self._line += 1
        self._extend(lines[-1])

    def _column(self, lines: list[bytes]) -> bool:
        """Take lines of one number each at once, if that is what they are."""
        inner = lines[1:-1]
        try:
            values = list(map(float, inner))
        except ValueError:
            return False
        self._extend(lines[0])
        self._end(lines[0])
        self._line += 1
        self._emit(values, inner[:_ROW_NUMBERS], [], rows=len(inner))
        self._line += len(inner)
        self._extend(lines[-1])
        return True

    def _extend(self, piece: bytes) -> None:
        if b"," in piece and b";" in piece and b"." not in piece:
            piece = _DECIMAL_COMMA.sub(b".", piece)
        self.cost += 1
        tokens = piece.translate(_SPACES).split()
        if not tokens:
            return
        if not (self._values or self._words):
            self._begun = self._line
        try:
            values = list(map(float, tokens))
        except ValueError:
            self._sort(tokens)
        else:
            self._values += values
            self._tokens += tokens[: max(0, _HEADER - len(self._tokens))]
        if len(self._values) >= _ROW_NUMBERS:  # a row without an end is a column
            self._cut = True
            self._end()
            self._cut = True

    def _sort(self, tokens: list[bytes]) -> None:
        """Tell numbers from words, one by one."""
        self.cost += len(tokens) // 2
        for token in tokens:
            if number := _NUMBER.fullmatch(token):
                self._values.append(float(number[1].replace(b"D", b"e").replace(b"d", b"e")))  # D is Fortran's
                if len(self._tokens) < _HEADER:
                    self._tokens.append(number[1])
            elif token in _MISSING:
                self._values.append(float("nan"))
            elif _HEX_FLOAT.fullmatch(token):
                self._values.append(_hex_float(token))
                if len(self._tokens) < _HEADER:
                    self._tokens.append(token[:40])
            elif not _GLUE.fullmatch(token):
                self._words.append(token)

    def _end(self, line: bytes = b"") -> None:
        """End a row: hand it over, or take its words for what names the next."""
        if not (self._values or self._words):
            return
        values, tokens, words = self._values, self._tokens, self._words
        self._values, self._tokens, self._words = [], [], []
        numbers = len(values)
        if numbers and (len(words) <= max(1, numbers // 3) or numbers >= max(_NAMED_NUMBERS, 0.8 * len(words))):
            self._emit(values, tokens, words, rows=numbers if self._cut else 1)
        elif words:
            self._name(words, line)
        self._cut = False

    def _emit(self, values: list[float], tokens: list[bytes], words: list[bytes], rows: int = 1) -> None:
        self._named = False
        label = "/".join(each for names in self._labels for each in names)
        self._take(Rows(label, len(self._labels) - 1, self._begun, rows, values, tokens, words, self._header))
        self._begun = self._line

    def _name(self, words: list[bytes], line: bytes) -> None:
        names = self._labels[-1]
        # Keys of YAML stand on lines of their own, each below the one above it.
        if len(self._labels) > 1 or not (self._named and self._keyed):
            names.clear()
        self._named, self._keyed = True, line.rstrip().endswith(b":")
        if len(words) <= _LABEL_WORDS:
            names.append(b" ".join(words)[-_LABEL_BYTES:].decode("utf-8", "replace"))
            del names[:-_LABEL_LINES]
        cells = _CELLS.split(line[: 1 << 12], _HEADER)[:_HEADER]
        self._header = tuple(each.strip(b"\"' #\r")[:40].decode("utf-8", "replace") for each in cells)


def _hex_float(token: bytes) -> float:
    try:
        return float.fromhex(token.decode("ascii"))
    except OverflowError:
        return float("inf")
