"""The Thrift compact protocol: what it reads, and that no bytes make it hang, recurse or hold much."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcheck.probes.parquet.thrift import ThriftBudgetError, ThriftError, ThriftReader, ThriftShortError, Wanted
from tests.probes.parquet_by_hand import Long, Value, thrift, varint

WANTED: Wanted = {1: "number", 2: "text", 3: "numbers", 5: ("inner", {1: "number"}), 7: ("structs", {2: "text"})}
BUDGET = 1000


def read(data: bytes) -> object:
    return ThriftReader(data, BUDGET).struct(WANTED)


def test_wanted_fields_are_kept_by_name_and_others_passed_over() -> None:
    fields: dict[int, Value] = {
        1: -3,
        2: b"two",
        3: [1, 2, 300],
        4: {1: [b"a", b"b"], 2: {1: Long(1 << 40)}},
        5: {1: Long(-(1 << 50)), 2: 9},
        6: True,
        7: [{1: 1, 2: b"x"}, {2: b"y"}],
        8: False,
    }
    assert read(thrift(fields)) == {
        "number": -3,
        "text": b"two",
        "numbers": [1, 2, 300],
        "inner": {"number": -(1 << 50)},
        "structs": [{"text": b"x"}, {"text": b"y"}],
    }


def test_a_field_far_from_the_one_before_has_its_whole_id() -> None:
    assert ThriftReader(b"\x15\x02\x05\xc8\x01\x06\0", BUDGET).struct({100: "far"}) == {"far": 3}


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (3, b"\x07"),
        (7, bytes(8)),
        (13, bytes(16)),
        (10, b"\x25\2\4"),
        (11, b"\2\x58\2\1a\4\1b"),
        (11, b"\0"),
        (9, b"\x21\1\2"),
    ],
    ids=["byte", "double", "uuid", "set", "map", "empty map", "booleans"],
)
def test_values_of_every_type_are_passed_over(type_: int, value: bytes) -> None:
    for number in (1, 9):  # wanted, and not
        data = bytes([number << 4 | type_]) + value + bytes([1 << 4 | 8]) + b"\1x\0"
        reader = ThriftReader(data, BUDGET)
        assert reader.struct({1: "first", 2: "text", 10: "text"})["text"] == b"x"
        assert reader.position == len(data)


def test_bytes_that_end_early_are_said_to_be_short() -> None:
    data = thrift({1: 1, 2: b"text", 4: {1: [1, 2, 3]}, 7: [{2: b"x"}]})
    for kept in range(len(data)):
        with pytest.raises(ThriftShortError):
            read(data[:kept])


@pytest.mark.parametrize("opening", [b"\x1c", b"\x19", b"\x9c", b"\x99", b"\x19\x19\x1c"])
def test_endless_nesting_is_an_error(opening: bytes) -> None:
    with pytest.raises(ThriftError, match="deeply"):
        read(opening * 100_000)


def test_a_list_longer_than_the_data_is_never_begun() -> None:
    with pytest.raises(ThriftShortError):
        read(b"\x39\xfc" + varint(1 << 60))


def test_more_values_than_the_budget_are_refused() -> None:
    assert read(thrift({9: [1] * (BUDGET - 1)})) == {}
    with pytest.raises(ThriftBudgetError):
        read(thrift({9: [1] * BUDGET}))


def test_a_number_without_an_end_is_an_error() -> None:
    with pytest.raises(ThriftError, match="64 bits"):
        read(b"\x15" + b"\xff" * 20)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_struct_or_an_error(data: bytes) -> None:
    with contextlib.suppress(ThriftError, ThriftBudgetError):
        assert isinstance(read(data), dict)
