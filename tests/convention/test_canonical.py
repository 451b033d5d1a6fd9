"""Canonical JSON: RFC 8785, held against its appendix and against another implementation of it."""

import hashlib
import json
import math
import struct
from collections import OrderedDict
from types import MappingProxyType

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from runcheck.convention.canonical import canonical_json, config_sha256
from runcheck.errors import InvalidArgumentError

EXACT = 2**53 - 1
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12)
NUMBERS = st.one_of(
    st.integers(-EXACT, EXACT),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(min_value=1e-8, max_value=1e-4),
    st.floats(min_value=1e20, max_value=1e22),
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)

# RFC 8785, appendix B: the bits of a double and its text.
APPENDIX_B = [
    ("0000000000000000", "0"),
    ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"),
    ("8000000000000001", "-5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("ffefffffffffffff", "-1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"),
    ("c340000000000000", "-9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"),
    ("44b52d02c7e14af6", "1e+23"),
    ("44b52d02c7e14af7", "1.0000000000000001e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef4f", "999999999999999900000"),
    ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
    ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"),
    ("41b3de4355555554", "333333333.33333325"),
    ("41b3de4355555555", "333333333.3333333"),
    ("41b3de4355555556", "333333333.3333334"),
    ("41b3de4355555557", "333333333.33333343"),
    ("becbf647612f3696", "-0.0000033333333333333333"),
    ("43143ff3c1cb0959", "1424953923781206.2"),
]


@settings(max_examples=400, deadline=None)
@given(VALUES)
def test_the_text_is_that_of_another_implementation(value: object) -> None:
    assert canonical_json(value).encode() == rfc8785.dumps(value)  # type: ignore[arg-type]


@settings(max_examples=100, deadline=None)
@given(VALUES)
def test_the_text_reads_back_as_the_value_and_is_its_own_canonical_form(value: object) -> None:
    text = canonical_json(value)
    assert json.loads(text, parse_int=float) == json.loads(json.dumps(value), parse_int=float)
    assert canonical_json(json.loads(text)) == text


@pytest.mark.parametrize(("bits", "text"), APPENDIX_B)
def test_a_double_is_printed_as_in_the_appendix_of_the_rfc(bits: str, text: str) -> None:
    assert canonical_json(struct.unpack(">d", bytes.fromhex(bits))[0]) == text


def test_the_example_of_the_rfc() -> None:
    # RFC 8785, section 3.2.2 and its result in 3.2.4.
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": '\u20ac$\u000f\nA\'B"\\\\"/',
        "literals": [None, True, False],
    }
    expected = (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert canonical_json(value) == expected


def test_keys_are_sorted_by_their_utf_16_units() -> None:
    # RFC 8785, section 3.2.3.
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    ordered = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert list(json.loads(canonical_json(dict.fromkeys(keys)))) == ordered


@pytest.mark.parametrize(
    "value", [2**53 + 1, -(2**53) - 1, 2**60, 2**64, -(2**70), 10**21, 2**200 + 1, 0x5DEECE66D << 30 | 1]
)
def test_an_integer_beyond_what_doubles_count_by_one_keeps_all_its_digits(value: int) -> None:
    assert canonical_json(value) == str(value)


@pytest.mark.parametrize(("left", "right"), [(1, 1.0), (0, -0.0), (100, 1e2), (2**53, 2.0**53), (-3, -3.0)])
def test_a_whole_number_has_one_text_as_integer_and_as_float(left: int, right: float) -> None:
    assert canonical_json(left) == canonical_json(right) == str(left)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (math.nan, "the value"),
        ({"a": [0, math.inf]}, "/a/1"),
        ({"a": {"b": -math.inf}}, "/a/b"),
        ({1: 2}, "the key 1"),
        ({"a": {None: 2}}, "/a"),
        ({"a": b"x"}, "/a"),
        ([{1, 2}], "/0"),
        (object(), "object"),
        (1j, "complex"),
    ],
)
def test_what_json_does_not_have_is_refused_with_its_place(value: object, place: str) -> None:
    with pytest.raises(InvalidArgumentError, match=place):
        canonical_json(value)


@pytest.mark.parametrize("value", ["\ud800", {"\udfff": 1}, ["a\ud83d"]])
def test_a_lone_surrogate_is_refused_as_the_rfc_asks(value: object) -> None:
    # RFC 8785, section 3.2.2.2: invalid Unicode data terminates with an error.
    with pytest.raises(InvalidArgumentError):
        canonical_json(value)


def test_any_mapping_and_tuple_counts_as_object_and_array() -> None:
    assert canonical_json(MappingProxyType({"b": (1, 2), "a": OrderedDict(c=None)})) == '{"a":{"c":null},"b":[1,2]}'


def test_the_configuration_hash_is_the_sha_256_of_the_canonical_text() -> None:
    text = b'{"layers":[64,10],"learning_rate":0.00001,"name":"\xc3\xa4"}'
    config = {"name": "\u00e4", "learning_rate": 1e-05, "layers": [64.0, 10]}
    assert config_sha256(config) == hashlib.sha256(text).hexdigest()


def test_the_configuration_hash_forgets_order_and_keeps_case() -> None:
    assert config_sha256({"a": 1, "b": 2}) == config_sha256({"b": 2, "a": 1})
    assert len({config_sha256(each) for each in ({"a": 1}, {"A": 1}, {"a": "1"}, {"a": [1]}, {"a": True}, {})}) == 6
