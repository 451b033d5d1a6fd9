"""What texts and numbers of others say, and that none of them is an error."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcheck.adopt.values import moment_at, moment_of, number_of, step_of, value_of
from runcheck.convention.layout import layout


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", 0.1),
        ("[64, 64]", [64, 64]),
        ('{"a": null}', {"a": None}),
        ("adam", "adam"),
        ("", ""),
        ('"\\ud800"', '"\\ud800"'),
        ('{"\\ud800": 1}', '{"\\ud800": 1}'),
        ("[" * 65 + "]" * 65, "[" * 65 + "]" * 65),
        ("[" * 100_000, "[" * 100_000),
        ("1" * 5000, "1" * 5000),
    ],
)
def test_a_text_is_what_it_says_where_a_document_could_say_it(text: str, value: object) -> None:
    assert value_of(text) == value


def test_numbers_that_json_has_not() -> None:
    assert repr(value_of("[NaN, -Infinity]")) == "[nan, -inf]"


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")), st.lists))
def test_whatever_json_says_is_taken(value: object) -> None:
    assert value_of(json.dumps(value)) == value
    assert value_of("[" * (layout().limits.document_depth + 1) + "]" * (layout().limits.document_depth + 1))


@pytest.mark.parametrize("value", [10**400, True, "1", None, [1]])
def test_what_is_no_number_is_no_step(value: object) -> None:
    assert number_of(value) is None
    assert step_of(value) is None


def test_a_step_is_whole() -> None:
    assert step_of(3.0) == 3
    assert step_of(3.5) is None
    assert step_of(float("nan")) is None
    assert step_of(float("inf")) is None


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1969-01-01", "soon", 7])
def test_no_run_was_then(text: object) -> None:
    assert moment_of(text) is None


def test_moments() -> None:
    assert moment_of("2026-05-27T14:00:00+02:00") == datetime(2026, 5, 27, 12, tzinfo=UTC)
    assert moment_of("2026-05-27T14:00:00") == datetime(2026, 5, 27, 14)  # noqa: DTZ001 - it names no zone
    assert moment_at(1780000000) == datetime(2026, 5, 28, 20, 26, 40, tzinfo=UTC)
    assert moment_at(0) is moment_at(-1) is moment_at(float("nan")) is moment_at(1e300) is None
