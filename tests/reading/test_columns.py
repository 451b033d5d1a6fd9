"""Columns out of Python's values, which are those that pyarrow makes itself."""

import math
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcheck.reading.columns import column

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
_DOUBLES = st.floats() | st.integers(-(2**53), 2**53)
_MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.timezones())  # noqa: DTZ001 - given below


def lists(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.none() | values, max_size=20)


def is_equal(made: pa.Array, expected: pa.Array) -> bool:
    made.validate(full=True)
    assert made.type == expected.type
    return str(made.to_pylist()) == str(expected.to_pylist())  # NaN among them


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        (pa.string(), _TEXTS),
        (pa.bool_(), st.booleans()),
        (pa.int64(), st.integers(-(2**63), 2**63 - 1) | st.integers(-(2**53), 2**53).map(float)),
        (pa.float64(), _DOUBLES),
        (pa.timestamp("us", tz="UTC"), _MOMENTS),
    ],
    ids=str,
)
@given(data=st.data())
def test_a_column_is_what_pyarrow_makes_of_the_values(
    type_: pa.DataType, values: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    drawn = data.draw(lists(values))
    assert is_equal(column(drawn, type_), pa.array(drawn, type_))


@given(st.lists(st.dictionaries(_TEXTS, st.none() | _DOUBLES, max_size=5), max_size=9))
def test_a_column_of_maps_is_what_pyarrow_makes_of_their_items(maps: list[dict[str, Any]]) -> None:
    type_ = pa.map_(pa.string(), pa.float64())
    assert is_equal(column(maps, type_), pa.array([list(each.items()) for each in maps], type_))


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        (2**63, pa.int64()),
        ("1", pa.int64()),
        (True, pa.int64()),
        (1.5, pa.int64()),
        (math.nan, pa.int64()),
        ("yes", pa.bool_()),
        (1, pa.bool_()),
        (2**53 + 1, pa.float64()),
        (10**400, pa.float64()),
        ("\ud800", pa.string()),
        (1, pa.string()),
        (datetime(2026, 1, 1, tzinfo=UTC), pa.int64()),
    ],
    ids=repr,
)
def test_what_a_column_cannot_hold_is_refused(value: object, type_: pa.DataType) -> None:
    with pytest.raises((OverflowError, TypeError, ValueError)):
        column([value], type_)
