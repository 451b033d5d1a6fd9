from typing import Any

import pytest

from runcheck.convention.trials import is_within, told
from runcheck.convention.validation import violations
from runcheck.errors import InvalidArgumentError
from runcheck.tuning.space import Space, distribution, parsed, space_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1e-4..1e-1:log", {"type": "float", "low": 1e-4, "high": 0.1, "log": True}),
        ("0..1", {"type": "int", "low": 0, "high": 1}),
        ("0..1:float", {"type": "float", "low": 0.0, "high": 1.0}),
        ("16..128:int:step=16", {"type": "int", "low": 16, "high": 128, "step": 16}),
        ("-1.5..2", {"type": "float", "low": -1.5, "high": 2.0}),
        ("16,32,64", {"type": "categorical", "choices": [16, 32, 64]}),
        ("adam, sgd", {"type": "categorical", "choices": ["adam", "sgd"]}),
        ("true,false,null", {"type": "categorical", "choices": [True, False, None]}),
    ],
)
def test_a_space_is_what_its_words_say(text: str, expected: dict[str, Any]) -> None:
    found = parsed("x", text)
    assert found == expected
    study: dict[str, object] = {
        "schema_version": "1.0",
        "kind": "study",
        "name": "a",
        "direction": None,
        "metric": None,
        "fixed": {},
    }
    assert violations("study", {**study, "space": {"x": found}}) == []


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"low": 1}, "high is None"),
        ({"low": 1, "high": float("inf")}, "high is inf"),
        ({"low": 2, "high": 1}, "write x=1..2"),
        ({"low": 0, "high": 1, "log": True}, "above 0"),
        ({"low": 1, "high": 2, "log": True, "step": 1}, "has log and step"),
        ({"low": 0.5, "high": 2, "type": "int"}, "no integers"),
        ({"low": 0, "high": 2, "step": 0}, "step is 0"),
        ({"choices": []}, "at least one"),
        ({"choices": [1, 1.0]}, "stands twice"),
        ({"choices": [[1]]}, "is no number"),
        ({"choices": [1], "low": 1}, "has choices and low"),
        ({"lowest": 1}, "'lowest' is no key"),
        (3, "give bounds or choices"),
    ],
)
def test_what_is_no_space_is_refused_in_words(said: object, words: str) -> None:
    with pytest.raises(InvalidArgumentError, match=words):
        distribution("x", said)


def test_what_is_fixed_on_the_command_line_is_not_searched_and_the_reverse() -> None:
    space = space_of({"space": {"a": "0..1"}, "fixed": {"b": 2}}, "here").overridden(["b=1,2"], ["a=0.5"])
    assert space == Space({"b": {"type": "categorical", "choices": [1, 2]}}, {"a": 0.5})


def test_a_parameter_in_both_tables_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="a is in space and in fixed"):
        space_of({"space": {"a": "0..1"}, "fixed": {"a": 2}}, "here")


@pytest.mark.parametrize(
    ("value", "text", "is_in"),
    [
        (0.1, "0.1..1.0:log", True),
        (0.09, "0.1..1.0", False),
        (24, "8..32:int:step=8", True),
        (25, "8..32:int:step=8", False),
        (8.0, "8..32:int", True),
        (8.5, "8..32:int", False),
        (True, "0..1", False),
        ("0.5", "0..1:float", False),
        (True, "true,false", True),
        (1, "true,false", False),
        (0.30000000000000004, "0.0..1.0:step=0.1", True),
    ],
)
def test_a_value_is_within_a_space_or_not(value: object, text: str, is_in: bool) -> None:
    assert is_within(value, parsed("x", text)) is is_in


def test_a_space_is_told_in_words() -> None:
    assert told(parsed("x", "8..32:int:step=8")) == "an integer from 8 to 32 in steps of 8"
    assert told(parsed("x", "a,b")) == "one of 'a', 'b'"
