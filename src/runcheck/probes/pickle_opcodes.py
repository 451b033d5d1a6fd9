"""Pickles: what loading one would look up and call. Nothing is looked up, nothing is called.

The opcodes are those of ``pickletools``, protocols 0 to 5. It is not asked to read them, for it reads an argument whole
whatever its length says (2^60 bytes), and knows nothing of the stack: a name may come out of the memo, out of a tuple, be
doubled, or be computed. So this is the unpickler's own machine, on values that are only described. Where the real one
would fail for certain, it ends; what it has reached by then counts, since that much would have run.
"""

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass

from runcheck.probes.forward import BoundError, BrokenError, Budget, Forward
from runcheck.probes.joblib_array import array_of
from runcheck.probes.pickle_values import LOST, OTHER, TEXT, Global, Listed, Made, Mapped, Persistent, Unknown

MAX_PROTOCOL = 5
MAX_STACK = 1_000_000  # values on the stack, and marks
MAX_MEMO = 500_000
MAX_HELD = 500_000  # values in containers
MAX_TEXT = 1 << 10  # characters of a string that is kept
MAX_TEXTS = 1 << 24  # characters of all of them
MAX_NAME = 1 << 10  # bytes of a module, or of a name in it
MAX_LINE = 1 << 12
MAX_IMPORTS = 1_000
MAX_DIGITS = 64
MAX_MAGNITUDE = 16  # bytes of an integer that is kept

ORDERED = "collections.OrderedDict"
ARRAY = Global("joblib.numpy_pickle.NumpyArrayWrapper")  # the bytes of an array follow it
_A_STRING = 32  # what a string weighs without its characters
_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_ESCAPE = re.compile(rb"\\(?:(x[0-9a-fA-F]{2}|[0-7]{1,3})|(.))", re.DOTALL)
_ESCAPED = {
    b"n": b"\n",
    b"t": b"\t",
    b"r": b"\r",
    b"a": b"\a",
    b"b": b"\b",
    b"f": b"\f",
    b"v": b"\v",
    b"\\": b"\\",
    b"'": b"'",
    b'"': b'"',
    b"\n": b"",
}


@dataclass(slots=True)
class Walk:
    """What was seen of one pickle, up to its end.

    ``ending`` says why the unpickler would fail, None where it stops as it should; ``begun`` that a header tells it is
    a pickle at all; ``calls`` that it calls something; ``value`` what it is the pickle of.
    """

    imports: tuple[str, ...]
    hidden: tuple[str, ...]
    ending: str | None
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


class _EndedError(Exception):
    """The unpickler would raise here."""


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
        self.bound: str | None = None
        self.arrays = 0

    def walk(self) -> Walk:
        """Go through the pickle to its end, and return what was seen.

        ``bound`` is set where a bound ended the walk.
        """
        ending = None
        try:
            self._run()
        except _EndedError as error:
            ending = str(error)
            if self.arrays:
                self.bound = "holds an array of joblib that cannot be followed to its end"
        except BrokenError as error:
            ending = str(error)
        except BoundError as error:
            ending, self.bound = "", str(error)
        return Walk(tuple(self.imports), tuple(self.hidden), ending, self.begun, self.calls, self.value)

    def _run(self) -> None:
        count = 0
        while True:
            code = self.source.byte()
            if code is None:
                raise BrokenError("is cut short")
            count += 1
            if not count % 1024:
                self.budget.walk(1024)
                if len(self.stack) + self.depth > MAX_STACK:
                    raise BoundError("holds a pickle with more on its stack than one look may take")
            if code == _STOP:
                self.budget.walk(count % 1024)
                self.value = self.pop()
                return
            step = _STEPS.get(code)
            if step is None:
                raise _EndedError(f"has no opcode {code:#04x}")
            step(self)

    def pop(self) -> object:
        """Take the top of the stack."""
        if not self.stack:
            raise _EndedError("takes from an empty stack")
        return self.stack.pop()

    def top(self) -> object:
        """Return the top of the stack."""
        if not self.stack:
            raise _EndedError("looks at an empty stack")
        return self.stack[-1]

    def mark(self) -> None:
        """Begin a new stack above."""
        self.depth += len(self.stack) + 8  # a list of its own weighs as much as some values
        self.below.append(self.stack)
        self.stack = []

    def pop_mark(self) -> list[object]:
        """Return what is above the last mark, and go back below it."""
        if not self.below:
            raise _EndedError("has no mark")
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

    def push_counted(self, lengths: str, *, is_text: bool, encoding: str = "utf-8") -> None:
        """Put a string on the stack, or what stands for bytes, whose length is in front of it."""
        (count,) = struct.unpack(lengths, self.source.take(struct.calcsize(lengths)))
        if count < 0:
            raise _EndedError("has a negative length")
        if is_text and count <= MAX_TEXT * 4:
            try:
                self.push_text(self.source.take(count).decode(encoding, "surrogatepass"))
            except UnicodeDecodeError as error:
                raise _EndedError("has a string that is no text") from error
            return
        if self.source.skip(count) < count:
            raise BrokenError("is cut short")
        self.stack.append(TEXT if is_text else OTHER)

    def push_made(self, function: object, arguments: object, *, is_new: bool = False) -> None:
        """Put on the stack what a call returns, and note the call."""
        if function is LOST:
            raise BoundError("holds a pickle with more values than one look may take")
        if not isinstance(function, Global | Made | Persistent):
            raise _EndedError("calls what is no function")
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
        if len(self.hidden) < MAX_IMPORTS:
            self.hidden[what] = None

    def look_up(self, module: str, name: str) -> None:
        """Put what bears a name on the stack, and note the name."""
        full = f"{module}.{name}"
        if full not in self.imports and len(self.imports) >= MAX_IMPORTS:
            raise BoundError(f"holds a pickle that imports more than {MAX_IMPORTS:,} names")
        self.imports[full] = None
        self.stack.append(Global(full))

    def name_line(self) -> str:
        """Take a line that is a name."""
        line, whole = self.source.line(MAX_NAME)
        try:
            return line.decode("utf-8") + ("" if whole else "...")
        except UnicodeDecodeError as error:
            raise _EndedError("has a name that is no text") from error

    def text_line(self) -> tuple[bytes, bool]:
        """Take a line that is an argument, up to a bound, and say whether that is all of it."""
        return self.source.line(MAX_LINE)


_Step = Callable[[Machine], None]
_STOP = ord(".")
_STEPS: dict[int, _Step] = {}


def _opcode(*codes: bytes) -> Callable[[_Step], _Step]:
    def register(step: _Step) -> _Step:
        _STEPS.update(dict.fromkeys(map(ord, codes), step))
        return step

    return register


# --- plain values -----------------------------------------------------------------------------------------------------


@_opcode(b"N", b"\x88", b"\x89")  # NONE NEWTRUE NEWFALSE
def _constant(machine: Machine) -> None:
    machine.stack.append(OTHER)


@_opcode(b"I")  # INT, and the booleans of protocol 0
def _int(machine: Machine) -> None:
    _number(machine, *machine.text_line())


@_opcode(b"L")  # LONG
def _long(machine: Machine) -> None:
    line, whole = machine.text_line()
    _number(machine, line.removesuffix(b"L"), whole)


def _number(machine: Machine, line: bytes, whole: bool) -> None:  # noqa: FBT001
    if not whole or len(line) > MAX_DIGITS:
        machine.stack.append(OTHER)
        return
    if line == b"01":  # True, which is no number to int()
        machine.stack.append(OTHER)
        return
    try:
        machine.stack.append(int(line, 0))
    except ValueError as error:
        raise _EndedError("has a number that is none") from error


@_opcode(b"J")  # BININT
def _binint(machine: Machine) -> None:
    machine.stack.append(int.from_bytes(machine.source.take(4), "little", signed=True))


@_opcode(b"K")  # BININT1
def _binint1(machine: Machine) -> None:
    machine.stack.append(machine.source.take(1)[0])


@_opcode(b"M")  # BININT2
def _binint2(machine: Machine) -> None:
    machine.stack.append(int.from_bytes(machine.source.take(2), "little"))


@_opcode(b"\x8a")  # LONG1
def _long1(machine: Machine) -> None:
    _magnitude(machine, machine.source.take(1)[0])


@_opcode(b"\x8b")  # LONG4
def _long4(machine: Machine) -> None:
    _magnitude(machine, int.from_bytes(machine.source.take(4), "little", signed=True))


def _magnitude(machine: Machine, count: int) -> None:
    if count < 0:
        raise _EndedError("has a negative length")
    if count <= MAX_MAGNITUDE:
        machine.stack.append(int.from_bytes(machine.source.take(count), "little", signed=True))
    elif machine.source.skip(count) < count:
        raise BrokenError("is cut short")
    else:
        machine.stack.append(OTHER)


@_opcode(b"F")  # FLOAT
def _float(machine: Machine) -> None:
    line, whole = machine.text_line()
    try:
        float(line) if whole else None
    except ValueError as error:
        raise _EndedError("has a number that is none") from error
    machine.stack.append(OTHER)


@_opcode(b"G")  # BINFLOAT
def _binfloat(machine: Machine) -> None:
    machine.source.take(8)
    machine.stack.append(OTHER)


@_opcode(b"S")  # STRING
def _string(machine: Machine) -> None:
    line, whole = machine.text_line()
    line = line.strip()
    if not whole:
        machine.stack.append(TEXT)
    elif len(line) < 2 or line[0] != line[-1] or line[0] not in b"\"'":  # noqa: PLR2004 - two quotes
        raise _EndedError("has a string without quotes")
    else:
        machine.push_text(_ESCAPE.sub(_unescaped, line[1:-1]).decode("latin-1"))


def _unescaped(match: re.Match[bytes]) -> bytes:
    digits, code = match[1], match[2]
    if digits is None:
        return _ESCAPED.get(code, match[0])
    return bytes([int(digits.lstrip(b"x"), 16 if digits.startswith(b"x") else 8) & 0xFF])


@_opcode(b"V")  # UNICODE
def _unicode(machine: Machine) -> None:
    line, whole = machine.text_line()
    try:
        machine.push_text(line.decode("raw-unicode-escape") if whole else None)
    except UnicodeDecodeError as error:
        raise _EndedError("has a string that is no text") from error


# Counted strings and bytes: T BINSTRING, U SHORT_BINSTRING (text of Python 2), X 8c 8d the BINUNICODEs, B C 8e the
# BINBYTES, 96 BYTEARRAY8.
for _code, _lengths, _is_text, _encoding in (
    (b"T", "<i", True, "latin-1"),
    (b"U", "<B", True, "latin-1"),
    (b"X", "<I", True, "utf-8"),
    (b"\x8c", "<B", True, "utf-8"),
    (b"\x8d", "<Q", True, "utf-8"),
    (b"B", "<I", False, ""),
    (b"C", "<B", False, ""),
    (b"\x8e", "<Q", False, ""),
    (b"\x96", "<Q", False, ""),
):

    def _counted(
        machine: Machine, lengths: str = _lengths, is_text: bool = _is_text, encoding: str = _encoding
    ) -> None:
        machine.push_counted(lengths, is_text=is_text, encoding=encoding)

    _opcode(_code)(_counted)


@_opcode(b"\x97")  # NEXT_BUFFER
def _next_buffer(machine: Machine) -> None:
    machine.stack.append(OTHER)


@_opcode(b"\x98")  # READONLY_BUFFER
def _readonly_buffer(machine: Machine) -> None:
    machine.top()


# --- containers -------------------------------------------------------------------------------------------------------


@_opcode(b")")  # EMPTY_TUPLE
def _empty_tuple(machine: Machine) -> None:
    machine.stack.append(())


@_opcode(b"\x85")  # TUPLE1
def _tuple1(machine: Machine) -> None:
    _push_tuple(machine, [machine.pop()])


@_opcode(b"\x86")  # TUPLE2
def _tuple2(machine: Machine) -> None:
    second, first = machine.pop(), machine.pop()
    _push_tuple(machine, [first, second])


@_opcode(b"\x87")  # TUPLE3
def _tuple3(machine: Machine) -> None:
    third, second, first = machine.pop(), machine.pop(), machine.pop()
    _push_tuple(machine, [first, second, third])


@_opcode(b"t")  # TUPLE
def _tuple(machine: Machine) -> None:
    _push_tuple(machine, machine.pop_mark())


def _push_tuple(machine: Machine, items: list[object]) -> None:
    machine.stack.append(tuple(items) if machine.hold(len(items) + 1) else LOST)


@_opcode(b"]")  # EMPTY_LIST
def _empty_list(machine: Machine) -> None:
    machine.stack.append(Listed() if machine.hold(2) else LOST)


@_opcode(b"l")  # LIST
def _list(machine: Machine) -> None:
    items = machine.pop_mark()
    machine.stack.append(Listed(items) if machine.hold(len(items) + 2) else LOST)


@_opcode(b"a")  # APPEND
def _append(machine: Machine) -> None:
    item = machine.pop()
    _extend(machine, [item])


@_opcode(b"e")  # APPENDS
def _appends(machine: Machine) -> None:
    _extend(machine, machine.pop_mark())


def _extend(machine: Machine, items: list[object]) -> None:
    target = machine.top()
    if isinstance(target, Global):
        machine.hide(f"changes {target.name}")
    if isinstance(target, Listed) and machine.hold(len(items)):
        target.items.extend(items)


@_opcode(b"}")  # EMPTY_DICT
def _empty_dict(machine: Machine) -> None:
    machine.stack.append(Mapped() if machine.hold(2) else LOST)


@_opcode(b"d")  # DICT
def _dict(machine: Machine) -> None:
    items = machine.pop_mark()
    machine.stack.append(Mapped(_pairs(items)) if machine.hold(len(items) + 2) else LOST)


@_opcode(b"s")  # SETITEM
def _setitem(machine: Machine) -> None:
    value, key = machine.pop(), machine.pop()
    _update(machine, [key, value])


@_opcode(b"u")  # SETITEMS
def _setitems(machine: Machine) -> None:
    _update(machine, machine.pop_mark())


def _update(machine: Machine, items: list[object]) -> None:
    target = machine.top()
    if isinstance(target, Global):
        machine.hide(f"changes {target.name}")
    if isinstance(target, Mapped) and machine.hold(len(items) * 2):
        target.items.extend(_pairs(items))


def _pairs(items: list[object]) -> list[tuple[object, object]]:
    if len(items) % 2:
        raise _EndedError("has a key without a value")
    return list(zip(items[::2], items[1::2], strict=True))


@_opcode(b"\x8f")  # EMPTY_SET
def _empty_set(machine: Machine) -> None:
    machine.stack.append(OTHER)


@_opcode(b"\x90")  # ADDITEMS
def _additems(machine: Machine) -> None:
    machine.pop_mark()
    machine.top()


@_opcode(b"\x91")  # FROZENSET
def _frozenset(machine: Machine) -> None:
    machine.pop_mark()
    machine.stack.append(OTHER)


# --- the stack and the memo -------------------------------------------------------------------------------------------


@_opcode(b"(")  # MARK
def _mark(machine: Machine) -> None:
    machine.mark()


@_opcode(b"0")  # POP, which takes a mark where one is on top
def _pop(machine: Machine) -> None:
    if machine.stack:
        machine.stack.pop()
    else:
        machine.pop_mark()


@_opcode(b"1")  # POP_MARK
def _pop_mark(machine: Machine) -> None:
    machine.pop_mark()


@_opcode(b"2")  # DUP
def _dup(machine: Machine) -> None:
    machine.stack.append(machine.top())


@_opcode(b"p")  # PUT
def _put(machine: Machine) -> None:
    _keep(machine, _index(machine))


@_opcode(b"q")  # BINPUT
def _binput(machine: Machine) -> None:
    _keep(machine, machine.source.take(1)[0])


@_opcode(b"r")  # LONG_BINPUT
def _long_binput(machine: Machine) -> None:
    _keep(machine, int.from_bytes(machine.source.take(4), "little"))


@_opcode(b"\x94")  # MEMOIZE, under the next number
def _memoize(machine: Machine) -> None:
    if machine.lost_count:
        raise BoundError("holds a pickle with more values than one look may take")
    if not _remember(machine, machine.memoized):
        machine.memoized += 1


def _keep(machine: Machine, index: int) -> None:
    if not _remember(machine, index):
        machine.lost_count = True


def _remember(machine: Machine, index: int) -> bool:
    """Put the top of the stack into the memo, and say whether there was room."""
    value = machine.top()
    if index not in machine.memo:
        if len(machine.memo) >= MAX_MEMO:
            return False
        machine.memoized += 1
    machine.memo[index] = value
    return True


@_opcode(b"g")  # GET
def _get(machine: Machine) -> None:
    _fetch(machine, _index(machine))


@_opcode(b"h")  # BINGET
def _binget(machine: Machine) -> None:
    _fetch(machine, machine.source.take(1)[0])


@_opcode(b"j")  # LONG_BINGET
def _long_binget(machine: Machine) -> None:
    _fetch(machine, int.from_bytes(machine.source.take(4), "little"))


def _fetch(machine: Machine, index: int) -> None:
    if index not in machine.memo and len(machine.memo) < MAX_MEMO:
        raise _EndedError("asks for what is not in its memo")
    machine.stack.append(machine.memo.get(index, LOST))


def _index(machine: Machine) -> int:
    line, whole = machine.text_line()
    try:
        index = int(line) if whole and len(line) <= MAX_DIGITS else -1
    except ValueError:
        index = -1
    if index < 0:
        raise _EndedError("has a number that is none")
    return index


# --- names and calls --------------------------------------------------------------------------------------------------


@_opcode(b"c")  # GLOBAL
def _global(machine: Machine) -> None:
    module = machine.name_line()
    machine.look_up(module, machine.name_line())


@_opcode(b"\x93")  # STACK_GLOBAL
def _stack_global(machine: Machine) -> None:
    name, module = machine.pop(), machine.pop()
    if isinstance(module, str) and isinstance(name, str):
        machine.look_up(module, name)
    elif LOST in (module, name):
        raise BoundError("holds a pickle with more values than one look may take")
    elif isinstance(module, str | Made | Persistent) and isinstance(name, str | Made | Persistent):
        machine.hide("looks up a name that it computes")
        machine.stack.append(Global("?"))
    elif all(isinstance(each, str | Unknown) for each in (module, name)) and TEXT in (module, name):
        machine.hide("looks up a name too long to be one")
        machine.stack.append(Global("?"))
    else:
        raise _EndedError("looks up a name that is no text")


@_opcode(b"i")  # INST
def _inst(machine: Machine) -> None:
    module = machine.name_line()
    machine.look_up(module, machine.name_line())
    function = machine.pop()
    machine.push_made(function, tuple(machine.pop_mark()))


@_opcode(b"o")  # OBJ
def _obj(machine: Machine) -> None:
    items = machine.pop_mark()
    if not items:
        raise _EndedError("takes from an empty stack")
    machine.push_made(items[0], tuple(items[1:]))


@_opcode(b"R")  # REDUCE
def _reduce(machine: Machine) -> None:
    arguments, function = machine.pop(), machine.pop()
    machine.push_made(function, arguments)


@_opcode(b"\x81")  # NEWOBJ
def _newobj(machine: Machine) -> None:
    arguments, class_ = machine.pop(), machine.pop()
    machine.push_made(class_, arguments, is_new=True)


@_opcode(b"\x92")  # NEWOBJ_EX
def _newobj_ex(machine: Machine) -> None:
    machine.pop()
    arguments, class_ = machine.pop(), machine.pop()
    machine.push_made(class_, arguments, is_new=True)


@_opcode(b"b")  # BUILD
def _build(machine: Machine) -> None:
    state, target = machine.pop(), machine.top()
    if isinstance(target, Global):
        machine.calls = True
        machine.hide(f"sets attributes of {target.name}")
    elif isinstance(target, Made):
        machine.calls = True
        target.state = state
        if target.function == ARRAY:
            _pass_array(machine, state)


def _pass_array(machine: Machine, state: object) -> None:
    """Pass over the array that joblib writes in the middle of its pickle, if there is one for joblib only.

    To ``pickle.load`` the array would be opcodes; no opcode is as small as the padding that it begins with.
    """
    padding = machine.source.peek(1)
    if not padding or padding[0] in _STEPS:
        return
    array = array_of(state)
    if array is None:
        raise BoundError("holds an array of joblib whose size cannot be told")
    machine.arrays += 1
    if array.has_objects:
        inner = Machine(machine.source, machine.budget)
        walk = inner.walk()
        machine.imports.update(dict.fromkeys(walk.imports))
        machine.hidden.update(dict.fromkeys(walk.hidden))
        if inner.bound is not None or walk.ending is not None:
            raise BoundError(inner.bound or "holds an array of joblib that cannot be followed to its end")
    elif not array.padded:
        raise BoundError("holds an array of an older joblib, whose end cannot be told")
    else:
        count = 1 + padding[0] + array.size
        if machine.source.skip(count) < count:
            raise BrokenError("is cut short")


# EXT1, EXT2, EXT4: a number that copyreg's registry has a name for, in the process that reads.
for _code, _count in ((b"\x82", 1), (b"\x83", 2), (b"\x84", 4)):

    def _extension(machine: Machine, count: int = _count) -> None:
        number = int.from_bytes(machine.source.take(count), "little", signed=count == 4)  # noqa: PLR2004
        if number <= 0:
            raise _EndedError("has an extension code that is none")
        machine.hide(f"looks up the extension code {number}")
        machine.stack.append(Global("?"))

    _opcode(_code)(_extension)


@_opcode(b"P")  # PERSID
def _persid(machine: Machine) -> None:
    line, whole = machine.text_line()
    machine.stack.append(Persistent(line.decode("ascii", "replace") if whole else TEXT) if machine.hold(2) else LOST)


@_opcode(b"Q")  # BINPERSID
def _binpersid(machine: Machine) -> None:
    identifier = machine.pop()
    machine.stack.append(Persistent(identifier) if machine.hold(2) else LOST)


@_opcode(b"\x80")  # PROTO
def _proto(machine: Machine) -> None:
    if machine.source.take(1)[0] > MAX_PROTOCOL:
        raise _EndedError("is of a protocol that nothing reads")
    machine.begun = True


@_opcode(b"\x95")  # FRAME: only a hint for readers
def _frame(machine: Machine) -> None:
    machine.source.take(8)
