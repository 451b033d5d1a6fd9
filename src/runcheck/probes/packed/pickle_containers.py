"""The opcodes of pickles that build containers, and those that keep house on the stack and in the memo."""

from runcheck.probes.packed.forward import BoundError
from runcheck.probes.packed.pickle_machine import MAX_MEMO, TOO_MANY, EndedError, Machine, opcode
from runcheck.probes.packed.pickle_plain import line_of, number_of
from runcheck.probes.packed.pickle_values import LOST, OTHER, Global, Listed, Mapped

# --- containers -------------------------------------------------------------------------------------------------------


@opcode(b")")  # EMPTY_TUPLE
def _empty_tuple(machine: Machine) -> None:
    machine.stack.append(())


@opcode(b"\x85")  # TUPLE1
def _tuple1(machine: Machine) -> None:
    _push_tuple(machine, [machine.pop()])


@opcode(b"\x86")  # TUPLE2
def _tuple2(machine: Machine) -> None:
    second, first = machine.pop(), machine.pop()
    _push_tuple(machine, [first, second])


@opcode(b"\x87")  # TUPLE3
def _tuple3(machine: Machine) -> None:
    third, second, first = machine.pop(), machine.pop(), machine.pop()
    _push_tuple(machine, [first, second, third])


@opcode(b"t")  # TUPLE
def _tuple(machine: Machine) -> None:
    _push_tuple(machine, machine.pop_mark())


def _push_tuple(machine: Machine, items: list[object]) -> None:
    machine.stack.append(tuple(items) if machine.hold(len(items) + 1) else LOST)


@opcode(b"]")  # EMPTY_LIST
def _empty_list(machine: Machine) -> None:
    machine.stack.append(Listed() if machine.hold(2) else LOST)


@opcode(b"l")  # LIST
def _list(machine: Machine) -> None:
    items = machine.pop_mark()
    machine.stack.append(Listed(items) if machine.hold(len(items) + 2) else LOST)


@opcode(b"a")  # APPEND
def _append(machine: Machine) -> None:
    item = machine.pop()
    _extend(machine, [item])


@opcode(b"e")  # APPENDS
def _appends(machine: Machine) -> None:
    _extend(machine, machine.pop_mark())


def _extend(machine: Machine, items: list[object]) -> None:
    target = machine.top()
    if isinstance(target, Global):
        machine.hide(f"changes {target.name}")
    if isinstance(target, Listed) and machine.hold(len(items)):
        target.items.extend(items)


@opcode(b"}")  # EMPTY_DICT
def _empty_dict(machine: Machine) -> None:
    machine.stack.append(Mapped() if machine.hold(2) else LOST)


@opcode(b"d")  # DICT
def _dict(machine: Machine) -> None:
    items = machine.pop_mark()
    machine.stack.append(Mapped(_pairs(items)) if machine.hold(len(items) + 2) else LOST)


@opcode(b"s")  # SETITEM
def _setitem(machine: Machine) -> None:
    value, key = machine.pop(), machine.pop()
    _update(machine, [key, value])


@opcode(b"u")  # SETITEMS
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
        raise EndedError("has a key without a value")
    return list(zip(items[::2], items[1::2], strict=True))


@opcode(b"\x90")  # ADDITEMS
def _additems(machine: Machine) -> None:
    machine.pop_mark()
    machine.top()


@opcode(b"\x91")  # FROZENSET
def _frozenset(machine: Machine) -> None:
    machine.pop_mark()
    machine.stack.append(OTHER)


# --- the stack and the memo -------------------------------------------------------------------------------------------


@opcode(b"(")  # MARK
def _mark(machine: Machine) -> None:
    machine.mark()


@opcode(b"0")  # POP, which takes a mark where one is on top
def _pop(machine: Machine) -> None:
    if machine.stack:
        machine.stack.pop()
    else:
        machine.pop_mark()


@opcode(b"1")  # POP_MARK
def _pop_mark(machine: Machine) -> None:
    machine.pop_mark()


@opcode(b"2")  # DUP
def _dup(machine: Machine) -> None:
    machine.stack.append(machine.top())


@opcode(b"p")  # PUT
def _put(machine: Machine) -> None:
    _keep(machine, _index(machine))


@opcode(b"q")  # BINPUT
def _binput(machine: Machine) -> None:
    _keep(machine, machine.source.take(1)[0])


@opcode(b"r")  # LONG_BINPUT
def _long_binput(machine: Machine) -> None:
    _keep(machine, int.from_bytes(machine.source.take(4), "little"))


@opcode(b"\x94")  # MEMOIZE, under the next number
def _memoize(machine: Machine) -> None:
    if machine.lost_count:
        raise BoundError(TOO_MANY)
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


@opcode(b"g")  # GET
def _get(machine: Machine) -> None:
    _fetch(machine, _index(machine))


@opcode(b"h")  # BINGET
def _binget(machine: Machine) -> None:
    _fetch(machine, machine.source.take(1)[0])


@opcode(b"j")  # LONG_BINGET
def _long_binget(machine: Machine) -> None:
    _fetch(machine, int.from_bytes(machine.source.take(4), "little"))


def _fetch(machine: Machine, index: int) -> None:
    if index not in machine.memo and len(machine.memo) < MAX_MEMO:
        raise EndedError("asks for what is not in its memo")
    machine.stack.append(machine.memo.get(index, LOST))


def _index(machine: Machine) -> int:
    line, whole = line_of(machine)
    if not whole:
        raise BoundError("holds a pickle with a number longer than one look reads")
    try:
        index = int(number_of(line))
    except ValueError:
        index = -1
    if index < 0:
        raise EndedError("has a number that is none")
    return index
