"""The opcodes of pickles that put numbers, strings and bytes on the stack."""

import re
import struct

from runcheck.probes.packed.forward import BrokenError
from runcheck.probes.packed.pickle_machine import MAX_TEXT, EndedError, Machine, Step, opcode
from runcheck.probes.packed.pickle_values import OTHER, TEXT

MAX_LINE = 1 << 12
MAX_DIGITS = 64
MAX_MAGNITUDE = 16  # bytes of an integer that is kept
MAX_BYTES_OF_TEXT = MAX_TEXT * 4

_TRUE = b"01"  # of protocol 0, which int() takes for no number
_OCTAL = re.compile(rb"\s*[-+]?0[0-7]+")
_QUOTES = (b"'", b'"')
_ESCAPE = re.compile(rb"\\(?:(x[0-9a-fA-F]{2}|[0-7]{1,3})|(.))", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v", b"\n": b""}
_THEMSELVES = (b"\\", b"'", b'"')


def line_of(machine: Machine) -> tuple[bytes, bool]:
    """Take a line that is an argument, up to a bound, and say whether that is all of it."""
    return machine.source.line(MAX_LINE)


@opcode(b"N", b"\x88", b"\x89", b"\x8f", b"\x97")  # NONE NEWTRUE NEWFALSE EMPTY_SET NEXT_BUFFER
def _other(machine: Machine) -> None:
    machine.stack.append(OTHER)


@opcode(b"\x98")  # READONLY_BUFFER
def _readonly(machine: Machine) -> None:
    machine.top()


# --- numbers ----------------------------------------------------------------------------------------------------------


def number_of(line: bytes) -> bytes:
    """Return what the unpickler in C reads of a line of digits: a string of C, which ends at a NUL."""
    return line.partition(b"\0")[0]


@opcode(b"I", b"L")  # INT LONG, in digits
def _digits(machine: Machine) -> None:
    line, whole = line_of(machine)
    line = number_of(line).removesuffix(b"L")
    if not whole or len(line) > MAX_DIGITS or line == _TRUE:
        machine.stack.append(OTHER)
        return
    try:
        # strtol() reads octals, and nothing as 0; int() reads the rest of what one of the two machines does.
        machine.stack.append(int(line, 8 if _OCTAL.fullmatch(line) else 0) if line else 0)
    except ValueError as error:
        raise EndedError("has a number that is none") from error


@opcode(b"F")  # FLOAT, in digits
def _float(machine: Machine) -> None:
    line, whole = line_of(machine)
    try:
        float(number_of(line) if whole else 0)
    except ValueError as error:
        raise EndedError("has a number that is none") from error
    machine.stack.append(OTHER)


@opcode(b"G")  # BINFLOAT
def _binfloat(machine: Machine) -> None:
    machine.source.take(8)
    machine.stack.append(OTHER)


def _integer(form: struct.Struct) -> Step:
    def step(machine: Machine) -> None:
        machine.stack.append(form.unpack(machine.source.take(form.size))[0])

    return step


def _long(form: struct.Struct) -> Step:
    def step(machine: Machine) -> None:
        count = _count(machine, form)
        if count <= MAX_MAGNITUDE:
            machine.stack.append(int.from_bytes(machine.source.take(count), "little", signed=True))
        else:
            _pass_over(machine, count)
            machine.stack.append(OTHER)

    return step


for _code, _form in ((b"J", "<i"), (b"K", "<B"), (b"M", "<H")):  # BININT BININT1 BININT2
    opcode(_code)(_integer(struct.Struct(_form)))
for _code, _form in ((b"\x8a", "<B"), (b"\x8b", "<i")):  # LONG1 LONG4
    opcode(_code)(_long(struct.Struct(_form)))


# --- strings and bytes ------------------------------------------------------------------------------------------------


@opcode(b"S")  # STRING, in quotes
def _string(machine: Machine) -> None:
    line, whole = line_of(machine)
    line = line.strip()
    if not whole:
        machine.stack.append(TEXT)
    elif line[:1] not in _QUOTES or line[:1] != line[-1:] or len(line) == 1:
        raise EndedError("has a string without quotes")
    else:
        machine.push_text(_ESCAPE.sub(_unescaped, line[1:-1]).decode("latin-1"))


def _unescaped(match: re.Match[bytes]) -> bytes:
    digits, code = match[1], match[2]
    if digits is None:
        return code if code in _THEMSELVES else _ESCAPED.get(code, match[0])
    return bytes([int(digits.lstrip(b"x"), 16 if digits.startswith(b"x") else 8) & 0xFF])


@opcode(b"V")  # UNICODE
def _unicode(machine: Machine) -> None:
    line, whole = line_of(machine)
    try:
        machine.push_text(line.decode("raw-unicode-escape") if whole else None)
    except UnicodeDecodeError as error:
        raise EndedError("has a string that is no text") from error


def _text(form: struct.Struct, encoding: str) -> Step:
    errors = "surrogatepass" if encoding == "utf-8" else "strict"

    def step(machine: Machine) -> None:
        count = _count(machine, form)
        if count > MAX_BYTES_OF_TEXT:
            _pass_over(machine, count)
            machine.stack.append(TEXT)
            return
        try:
            machine.push_text(machine.source.take(count).decode(encoding, errors))
        except UnicodeDecodeError as error:
            raise EndedError("has a string that is no text") from error

    return step


def _bytes(form: struct.Struct) -> Step:
    def step(machine: Machine) -> None:
        _pass_over(machine, _count(machine, form))
        machine.stack.append(OTHER)

    return step


def _count(machine: Machine, form: struct.Struct) -> int:
    count: int = form.unpack(machine.source.take(form.size))[0]
    if count < 0:
        raise EndedError("has a negative length")
    return count


def _pass_over(machine: Machine, count: int) -> None:
    if machine.source.skip(count) < count:
        raise BrokenError("is cut short")


for _code, _form in ((b"T", "<i"), (b"U", "<B")):  # BINSTRING SHORT_BINSTRING, text of Python 2
    opcode(_code)(_text(struct.Struct(_form), "latin-1"))
for _code, _form in ((b"X", "<I"), (b"\x8c", "<B"), (b"\x8d", "<Q")):  # BINUNICODE, SHORT_BINUNICODE, BINUNICODE8
    opcode(_code)(_text(struct.Struct(_form), "utf-8"))
for _code, _form in ((b"B", "<I"), (b"C", "<B"), (b"\x8e", "<Q"), (b"\x96", "<Q")):  # BINBYTES, .. BYTEARRAY8
    opcode(_code)(_bytes(struct.Struct(_form)))
