"""The machine of the unpickler, on values that are only described: its stack, marks and memo, and a bound for each."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from runcheck.probes.packed.forward import BoundError, Budget, Forward, UnendedError
from runcheck.probes.packed.pickle_values import LOST, OTHER, TEXT, Global, Made, Mapped, Persistent

MAX_STACK = 1_000_000  # values on the stack, and marks
MAX_MEMO = 500_000
MAX_HELD = 500_000  # values in containers
MAX_TEXT = 1 << 10  # characters of a string that is kept
MAX_TEXTS = 1 << 24  # characters of all of them
MAX_NAME = 1 << 10  # bytes of a module, or of a name in it
MAX_SHOWN = 300  # characters of a name that is told

ORDERED = "collections.OrderedDict"
TOO_MANY = "holds a pickle with more values than one look may take"
_A_STRING = 32  # what a string weighs without its characters
_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")

Step = Callable[["Machine"], None]
STEPS: dict[int, Step] = {}


def opcode(*codes: bytes) -> Callable[[Step], Step]:
    """Register the decorated function as what these opcodes do."""

    def register(step: Step) -> Step:
        STEPS.update(dict.fromkeys(map(ord, codes), step))
        return step

    return register


@dataclass(slots=True)
class Walk:
    """What was seen of one pickle, up to its end.

    ``ending`` says why the unpickler would fail, None where it stops as it should; ``bound`` why that may not be all;
    ``begun`` that a header tells it is a pickle; ``calls`` that it calls something; ``value`` what it is of.
    """

    imports: tuple[str, ...]
    hidden: tuple[str, ...]
    ending: str | None
    bound: str | None
    begun: bool
    calls: bool
    value: object

    @property
    def is_pickle(self) -> bool:
        """Whether these bytes are taken for a pickle: text that looks up a name by chance is none."""
        return self.ending is None or self.calls or (self.begun and bool(self.imports))

    def named(self) -> tuple[str, ...]:
        """Return what it imports; of text without a header, only what can be a name."""
        return tuple(each for each in self.imports if self.begun or _NAME.fullmatch(each))


class EndedError(Exception):
    """The unpickler would raise here. Its text is the end of a sentence about the file."""


class Machine:
    """The unpickler's stack, marks and memo."""

    def __init__(self, source: Forward, budget: Budget) -> None:
        """Read a pickle from ``source``, where it begins."""
        self.source = source
        self.budget = budget
        self.stack: list[object] = []
        self.below: list[list[object]] = []
        self.memo: dict[int, object] = {}
        self.memoized = 0
        self.lost_count = False
        self.depth = 0
        self.held = 0
        self.texts = 0
        self.imports: dict[str, None] = {}
        self.hidden: dict[str, None] = {}
        self.begun = False
        self.calls = False
        self.value: object = OTHER
        self.arrays = 0
        self.doubt: str | None = None

    def pop(self) -> object:
        """Take the top of the stack."""
        if not self.stack:
            raise EndedError("takes from an empty stack")
        return self.stack.pop()

    def top(self) -> object:
        """Return the top of the stack."""
        if not self.stack:
            raise EndedError("looks at an empty stack")
        return self.stack[-1]

    def mark(self) -> None:
        """Begin a new stack above."""
        self.depth += len(self.stack) + 8  # a list of its own weighs as much as some values
        self.below.append(self.stack)
        self.stack = []

    def pop_mark(self) -> list[object]:
        """Return what is above the last mark, and go back below it."""
        if not self.below:
            raise EndedError("has no mark")
        items, self.stack = self.stack, self.below.pop()
        self.depth -= len(self.stack) + 8
        return items

    def push_text(self, text: str | None) -> None:
        """Put a string on the stack; None where it is too long to be kept."""
        if text is not None and len(text) <= MAX_TEXT:
            self.texts += len(text) + _A_STRING
            self.stack.append(text if self.texts <= MAX_TEXTS else LOST)
        else:
            self.stack.append(TEXT)

    def push_made(self, function: object, arguments: object, *, is_new: bool = False) -> None:
        """Put on the stack what a call returns, and note the call."""
        if function is LOST:
            raise BoundError(TOO_MANY)
        if not isinstance(function, Global | Made | Persistent):
            raise EndedError("calls what is no function")
        self.calls = True
        if not isinstance(function, Global):
            self.hide("calls what it has computed")
            self.stack.append(Made(OTHER, ()))
        elif function.name == ORDERED and (arguments == () or is_new):
            self.stack.append(Mapped())
        elif self.hold(3):
            self.stack.append(Made(function, arguments, is_new))
        else:
            self.stack.append(LOST)

    def hold(self, count: int) -> bool:
        """Count values that are kept in others, and say whether there is room for them."""
        self.held += count
        return self.held <= MAX_HELD

    def hide(self, what: str) -> None:
        """Note what the pickle does that no name tells."""
        if what not in self.hidden:
            self.budget.name()
            self.hidden[what] = None

    def look_up(self, module: str, name: str) -> None:
        """Put what bears a name on the stack, and note the name."""
        self.stack.append(Global(self._note(module, name)))

    def look_up_lines(self) -> None:
        """Look up the name that stands in the next two lines: a module, and a name in it.

        An unpickler takes a line that the end of the file cuts off for a whole one, and its last byte for the line
        feed; so it imports the module, although the pickle is none.
        """
        module = None
        try:
            module = _name(*self.source.line(MAX_NAME))
            self.look_up(module, _name(*self.source.line(MAX_NAME)))
        except UnendedError as error:
            rest = _name(error.begin[:-1])
            module, name = (rest, "") if module is None else (module, rest)
            if module or name:
                self._note(module, name)
            raise

    def _note(self, module: str, name: str) -> str:
        full = f"{module}.{name}"[:MAX_SHOWN]
        if full not in self.imports:
            self.budget.name()
            self.imports[full] = None
        return full


def _name(line: bytes, whole: bool = True) -> str:  # noqa: FBT001, FBT002 - as a line is taken
    try:
        return line.decode("utf-8") + ("" if whole else "...")
    except UnicodeDecodeError as error:
        raise EndedError("has a name that is no text") from error
