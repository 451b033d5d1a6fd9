"""Pickles: what loading one would look up and call. Nothing is looked up, nothing is called.

The opcodes are those of ``pickletools``, protocols 0 to 5. It is not asked to read them, for it reads an argument whole
whatever its length says (2^60 bytes), and knows nothing of the stack: a name may come out of the memo, be doubled, or
be computed. So this is the unpickler's own machine, on values that are only described. Where the real one would fail
for certain, it ends; what it has reached by then counts, since that much would have run.
"""

from runcheck.probes.packed import pickle_containers  # noqa: F401 - registers its opcodes
from runcheck.probes.packed.forward import BoundError, BrokenError, Budget, Forward
from runcheck.probes.packed.joblib_array import array_of
from runcheck.probes.packed.named import no_opcode
from runcheck.probes.packed.pickle_machine import (
    MAX_HELD,
    MAX_STACK,
    STEPS,
    TOO_MANY,
    EndedError,
    Machine,
    Walk,
    opcode,
)
from runcheck.probes.packed.pickle_plain import line_of
from runcheck.probes.packed.pickle_values import LOST, TEXT, Global, Made, Persistent

MAX_PROTOCOL = 5
ARRAY = Global("joblib.numpy_pickle.NumpyArrayWrapper")  # the bytes of an array follow it
STOP = ord(".")
_EXTENSION = "looks up the extension code"
_SOME = 1024  # opcodes between two looks at the bounds


def walk(source: Forward, budget: Budget) -> Walk:
    """Go through the pickle that begins in ``source``, to its end, and return what was seen."""
    machine = Machine(source, budget)
    ending: str | None = None
    bound: str | None = None
    try:
        _run(machine)
    except EndedError as error:
        ending = str(error)
        bound = "holds an array of joblib that cannot be followed to its end" if machine.arrays else None
    except BrokenError as error:
        ending = str(error)
    except BoundError as error:
        ending, bound = "could not be followed to its end", str(error)
    # One random file of some ten thousand begins with an extension code: it is one behind a header, or where all holds.
    is_meant = machine.begun or (machine.calls and ending is None)
    return Walk(
        imports=tuple(machine.imports),
        hidden=tuple(each for each in machine.hidden if is_meant or not each.startswith(_EXTENSION)),
        ending=ending,
        bound=bound or machine.doubt,
        begun=machine.begun,
        calls=machine.calls,
        value=machine.value if machine.held <= MAX_HELD else LOST,
    )


def _run(machine: Machine) -> None:
    count, next_byte, steps = 0, machine.source.byte, STEPS
    while True:
        code = next_byte()
        if code is None:
            raise BrokenError("is cut short")
        count += 1
        if not count % _SOME:
            machine.budget.walk(_SOME)
            if len(machine.stack) + machine.depth > MAX_STACK:
                raise BoundError(TOO_MANY)
        if code == STOP:
            machine.budget.walk(count % _SOME)
            machine.value = machine.pop()
            return
        step = steps.get(code)
        if step is None:
            raise EndedError(no_opcode(code))
        step(machine)


# --- names and calls --------------------------------------------------------------------------------------------------


@opcode(b"c")  # GLOBAL
def _global(machine: Machine) -> None:
    machine.look_up_lines()


@opcode(b"\x93")  # STACK_GLOBAL
def _stack_global(machine: Machine) -> None:
    name, module = machine.pop(), machine.pop()
    if isinstance(module, str) and isinstance(name, str):
        machine.look_up(module, name)
    elif LOST in (module, name):
        raise BoundError(TOO_MANY)
    elif isinstance(module, str | Made | Persistent) and isinstance(name, str | Made | Persistent):
        machine.hide("looks up a name that it computes")
        machine.stack.append(Global("?"))
    elif isinstance(module, str) or isinstance(name, str) or module is name is TEXT:
        machine.hide("looks up a name too long to be one")
        machine.stack.append(Global("?"))
    else:
        raise EndedError("looks up a name that is no text")


@opcode(b"i")  # INST
def _inst(machine: Machine) -> None:
    machine.look_up_lines()
    function = machine.pop()
    machine.push_made(function, tuple(machine.pop_mark()))


@opcode(b"o")  # OBJ
def _obj(machine: Machine) -> None:
    items = machine.pop_mark()
    if not items:
        raise EndedError("takes from an empty stack")
    machine.push_made(items[0], tuple(items[1:]))


@opcode(b"R")  # REDUCE
def _reduce(machine: Machine) -> None:
    arguments, function = machine.pop(), machine.pop()
    machine.push_made(function, arguments)


@opcode(b"\x81")  # NEWOBJ
def _newobj(machine: Machine) -> None:
    arguments, class_ = machine.pop(), machine.pop()
    machine.push_made(class_, arguments, is_new=True)


@opcode(b"\x92")  # NEWOBJ_EX
def _newobj_ex(machine: Machine) -> None:
    machine.pop()
    arguments, class_ = machine.pop(), machine.pop()
    machine.push_made(class_, arguments, is_new=True)


@opcode(b"b")  # BUILD
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
    padding, array = machine.source.peek(1), array_of(state)
    is_opcode = not padding or padding[0] in STEPS or padding[0] == STOP
    if array is not None and array.has_objects:
        machine.doubt = "holds an array of objects of joblib, which joblib and pickle read each in its own way"
        inner = walk(machine.source, machine.budget)
        machine.imports.update(dict.fromkeys(inner.imports))
        machine.hidden.update(dict.fromkeys(inner.hidden))
        if inner.bound is not None or inner.ending is not None:
            raise BoundError(inner.bound or "holds an array of joblib that cannot be followed to its end")
    elif is_opcode:
        return
    elif array is None:
        raise BoundError("holds an array of joblib whose size cannot be told")
    elif not array.padded:
        raise BoundError("holds an array of an older joblib, whose end cannot be told")
    else:
        machine.arrays += 1
        count = 1 + padding[0] + array.size
        if machine.source.skip(count) < count:
            raise BrokenError("is cut short")


# EXT1, EXT2, EXT4: a number that copyreg's registry has a name for, in the process that reads.
for _code, _count in ((b"\x82", 1), (b"\x83", 2), (b"\x84", 4)):

    def _extension(machine: Machine, count: int = _count) -> None:
        number = int.from_bytes(machine.source.take(count), "little", signed=count == 4)  # noqa: PLR2004
        if number <= 0:
            raise EndedError("has an extension code that is none")
        machine.hide(f"{_EXTENSION} {number}")
        machine.stack.append(Global("?"))

    opcode(_code)(_extension)


@opcode(b"P")  # PERSID
def _persid(machine: Machine) -> None:
    line, whole = line_of(machine)
    machine.stack.append(Persistent(line.decode("ascii", "replace") if whole else TEXT) if machine.hold(2) else LOST)


@opcode(b"Q")  # BINPERSID
def _binpersid(machine: Machine) -> None:
    identifier = machine.pop()
    machine.stack.append(Persistent(identifier) if machine.hold(2) else LOST)


@opcode(b"\x80")  # PROTO
def _proto(machine: Machine) -> None:
    if machine.source.take(1)[0] > MAX_PROTOCOL:
        raise EndedError("is of a protocol that nothing reads")
    machine.begun = True


@opcode(b"\x95")  # FRAME: only a hint for readers
def _frame(machine: Machine) -> None:
    machine.source.take(8)
