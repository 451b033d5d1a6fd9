"""Documents of other conventions."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcheck.conventions.documents import OwnJsonProbe, OwnYamlProbe
from runcheck.probes.contents import DocumentContent


def yaml(text: str | bytes) -> DocumentContent:
    probe = OwnYamlProbe()
    probe.feed(text.encode() if isinstance(text, str) else text)
    return probe.content()


def test_anchors_aliases_and_merge_keys_mean_what_they_do_in_yaml() -> None:
    content = yaml("base: &b {lr: 0.1, steps: 5}\nrun:\n  <<: *b\n  steps: 7\nlist: [*b]\n")
    assert content.value == {
        "base": {"lr": 0.1, "steps": 5},
        "run": {"lr": 0.1, "steps": 7},
        "list": [{"lr": 0.1, "steps": 5}],
    }
    assert content.ambiguous == ()


def test_the_first_of_several_merged_mappings_counts() -> None:
    content = yaml("a: &a {x: 1}\nb: &b {x: 2, y: 3}\nc:\n  <<: [*a, *b]\n")
    assert isinstance(content.value, dict)
    assert content.value["c"] == {"x": 1, "y": 3}


def test_a_document_that_swells_by_its_aliases_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 10)}]" for at in range(1, 9)]
    assert yaml("\n".join(lines)).error == "holds more than 500,000 values"


@pytest.mark.parametrize(
    "text", ["a: *b\n", "a: &a [*a]\n", "a: !!python/object:os.system x\n", "<<: 3\n", "a: 1\na: 2\n"]
)
def test_what_means_nothing_is_told(text: str) -> None:
    assert yaml(text).error


def test_keys_that_are_no_strings_and_numbers_that_are_not_finite_are_taken() -> None:
    content = yaml("1: .inf\ntrue: -.inf\nx: .nan\n")
    assert isinstance(content.value, dict)
    assert content.value["1"] == math.inf
    assert content.value["true"] == -math.inf
    assert math.isnan(content.value["x"])


def test_a_list_may_be_at_the_top() -> None:
    probe = OwnJsonProbe()
    probe.feed(b"[1]")
    assert probe.content().value == [1]
    assert yaml("- a\n- b\n").value == ["a", "b"]


@given(st.text(alphabet="&*<>:-{}[]ab \n\"'!#|1.", max_size=60))
def test_any_text_is_read_without_an_error(text: str) -> None:
    yaml(text)
