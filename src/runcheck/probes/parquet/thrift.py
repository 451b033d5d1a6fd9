"""The Thrift compact protocol, as far as Parquet needs it: structs to fields by name, within a budget of values.

By hand, since no reader of Parquet shows page headers to Python, and since a footer of 16 MB can make the native
readers hold 100 times that: here it is walked, counted and mostly passed over before any of them sees it.
Source: thrift/doc/specs/thrift-compact-protocol.md.
"""

from collections.abc import Mapping
from typing import TypeAlias

# The fields of a struct that are wanted, by id: a name for each, and the wanted fields of a struct, or structs, in it.
Wanted: TypeAlias = Mapping[int, "str | tuple[str, Wanted]"]
Value: TypeAlias = "int | bytes | list[Value] | dict[str, Value] | None"
Struct: TypeAlias = dict[str, Value]

_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT, _UUID = 1, 2, 3, 7, 8, 9, 10, 11, 12, 13
_INTEGERS = (4, 5, 6)
_FIXED = {_BYTE: 1, _DOUBLE: 8, _UUID: 16}
_DEPTH = 32
_VARINT_BITS = 70
_LONG_SIZE = 15


class ThriftError(ValueError):
    """The bytes are no Thrift struct; the text ends a sentence."""


class ThriftShortError(ThriftError):
    """The bytes end within the struct: it may go on."""


class ThriftBudgetError(Exception):
    """The struct holds more values than the budget allows."""


class ThriftReader:
    """Reads structs from ``data``, no more than ``budget`` values in all. ``position`` is where the next one starts."""

    def __init__(self, data: bytes, budget: int) -> None:
        """Start at the first byte."""
        self._data = data
        self._left = budget
        self.position = 0

    def struct(self, wanted: Wanted) -> Struct:
        """Return the wanted fields of the struct at the position, and pass over the others.

        Raises:
            ThriftError: there is none.
            ThriftBudgetError: it holds too much.
        """
        try:
            return self._struct(wanted, _DEPTH)
        except IndexError:
            raise ThriftShortError("ends within a Thrift struct") from None

    def _struct(self, wanted: Wanted, depth: int) -> Struct:
        _check_depth(depth)
        fields: Struct = {}
        number = 0
        while header := self._byte():
            type_ = header & 15
            number = number + (header >> 4) if header >> 4 else self._integer()
            self._spend()
            match wanted.get(number):
                case None:
                    self._pass(type_, depth)
                case str(name):
                    fields[name] = self._value(type_, {}, depth)
                case (name, inner):
                    fields[name] = self._value(type_, inner, depth)
        return fields

    def _value(self, type_: int, wanted: Wanted, depth: int) -> Value:
        if type_ in (_TRUE, _FALSE):
            return int(type_ == _TRUE)
        if type_ in _INTEGERS:
            return self._integer()
        if type_ == _BINARY:
            return self._take(self._varint())
        if type_ == _STRUCT:
            return self._struct(wanted, depth - 1)
        if type_ in (_LIST, _SET):
            of, size = self._list_header()
            _check_depth(depth)
            if of not in (_TRUE, _FALSE):  # which take a byte here and none in a struct
                return [self._value(of, wanted, depth - 1) for _ in self._each(size)]
            self._skip(size)
            return None
        self._pass(type_, depth)
        return None

    def _pass(self, type_: int, depth: int) -> None:
        if type_ in (_TRUE, _FALSE):
            return
        if type_ in _INTEGERS:
            self._varint()
        elif type_ == _BINARY:
            self._skip(self._varint())
        elif type_ in _FIXED:
            self._skip(_FIXED[type_])
        elif type_ == _STRUCT:
            self._struct({}, depth - 1)
        elif type_ in (_LIST, _SET):
            of, size = self._list_header()
            self._pass_each((of,), size, depth)
        elif type_ == _MAP:
            size = self._varint()
            of = self._byte() if size else 0
            self._pass_each((of >> 4, of & 15), size, depth)
        else:
            raise ThriftError(f"has a Thrift field of the unknown type {type_}")

    def _pass_each(self, types: tuple[int, ...], size: int, depth: int) -> None:
        _check_depth(depth)
        for _ in self._each(size):
            for type_ in types:
                if type_ in (_TRUE, _FALSE):
                    self._skip(1)
                else:
                    self._pass(type_, depth - 1)

    def _each(self, size: int) -> range:
        if size > len(self._data) - self.position:  # an element takes a byte at least
            raise ThriftShortError("ends within a Thrift list")
        self._spend(size)
        return range(size)

    def _list_header(self) -> tuple[int, int]:
        header = self._byte()
        size = header >> 4
        return header & 15, self._varint() if size == _LONG_SIZE else size

    def _spend(self, values: int = 1) -> None:
        self._left -= values
        if self._left < 0:
            raise ThriftBudgetError

    def _byte(self) -> int:
        byte = self._data[self.position]
        self.position += 1
        return byte

    def _varint(self) -> int:
        byte = self._data[self.position]
        self.position += 1
        if byte < 128:  # noqa: PLR2004 - one byte holds seven bits
            return byte
        value, shift = byte & 127, 7
        while shift < _VARINT_BITS:
            byte = self._data[self.position]
            self.position += 1
            value |= (byte & 127) << shift
            if byte < 128:  # noqa: PLR2004
                return value
            shift += 7
        raise ThriftError("has a Thrift number of more than 64 bits")

    def _integer(self) -> int:
        value = self._varint()
        return value >> 1 ^ -(value & 1)

    def _take(self, size: int) -> bytes:
        start = self.position
        self._skip(size)
        return self._data[start : self.position]

    def _skip(self, size: int) -> None:
        self.position += size
        if self.position > len(self._data):
            raise ThriftShortError("ends within a Thrift value")


def _check_depth(depth: int) -> None:
    if depth <= 0:
        raise ThriftError("has Thrift values nested too deeply")
