"""Paths with placeholders."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcheck.conventions.forms import NameForm, PathForm, fault_of_pattern, filled, path_form

FORMS = {
    "number": NameForm("[0-9]{3,}", "three digits or more"),
    "name": NameForm("[a-z0-9]+(?:_[a-z0-9]+)*", "words"),
    "run": NameForm("[a-z-]+", "letters and hyphens"),
}


def form(text: str) -> PathForm:
    return path_form(text, FORMS)


@pytest.mark.parametrize(
    ("text", "path", "names"),
    [
        ("experiments/exp_<number>_<name>", "experiments/exp_001_base_line", {"number": "001", "name": "base_line"}),
        ("experiments/exp_<number>_<name>", "experiments/exp_01_base", None),
        ("experiments/<run>", "experiments/a/b", None),
        ("experiments/<run>", "experiments/a\n", None),
        ("artifacts/**", "artifacts/a/b.txt", {}),
        ("artifacts/**", "artifacts", None),
        ("results/*", "results/a.json", {}),
        ("results/*", "results/a/b.json", None),
        ("**gpu_metrics*.jsonl", "deep/er/my_gpu_metrics_2.jsonl", {}),
        ("**gpu_metrics*.jsonl", "gpu_metrics.jsonl.gz", None),
        ("*.pt", ".pt", {}),
        ("a.b", "axb", None),
    ],
)
def test_a_path_fits_its_form_and_no_other(text: str, path: str, names: dict[str, str] | None) -> None:
    assert form(text).match(path) == names


def test_the_folders_above_a_unit_are_told_from_the_outermost_on() -> None:
    above = list(form("a/<run>/c/<name>").above())
    assert [each.text for each in above] == ["a", "a/<run>", "a/<run>/c"]
    assert above[2].match("a/x/c") == {"run": "x"}


def test_an_expression_that_would_try_for_ever_elsewhere_comes_to_an_end() -> None:
    hostile = path_form("<x>/<x2>", {"x": NameForm("(a+)+b", ""), "x2": NameForm("(a|a)*c", "")})
    assert hostile.match("a" * 250 + "/" + "a" * 250) is None


def test_many_wildcards_do_not_multiply() -> None:
    assert form("**a**a**a**a**a**a**b").match("a" * 1000) is None


@pytest.mark.parametrize("pattern", ["(", "(?=a)", "(a)\\1", "a{1000000}{1000}"])
def test_what_is_no_expression_of_linear_time_is_told(pattern: str) -> None:
    assert fault_of_pattern(pattern)


@given(st.lists(st.sampled_from(["a", "/", "ab", "_", "1"]), max_size=12).map("".join))
def test_a_path_without_placeholders_fits_itself_alone(path: str) -> None:
    assert (form("a/ab_1").match(path) is not None) == (path == "a/ab_1")


def test_a_template_is_filled_with_the_words_that_there_are() -> None:
    assert filled("says <value>, not <other>; <<value>", {"value": "<other>"}) == "says <other>, not <other>; <<other>"
