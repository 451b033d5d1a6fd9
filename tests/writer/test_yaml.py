"""YAML that a reader of YAML 1.1 and a reader of YAML 1.2 take for the same document."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from runcheck.probes.document import YamlProbe
from runcheck.writer.yaml import format_yaml
from tests.drawing import examples

NARROW = st.text(alphabet=st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=12)
WORDS = st.sampled_from(
    [
        *(
            "no",
            "Yes",
            "y",
            "ON",
            "null",
            "~",
            "true",
            "1e5",
            "0x1f",
            "012",
            "1_0",
            "12:30:45",
            "2026-05-27",
            "=",
            "-",
            "",
        ),
        *("?", "recall@10", "a/b", "loss", ".5", "._", "#x", "a: b", "a #b", "'", '"', "\n", "\u2028", "\x85", "\x7f"),
        "\ufeff",
    ]
)
KEYS = NARROW | WORDS
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | NARROW
    | WORDS
)
VALUES = st.recursive(SCALARS, lambda inner: st.dictionaries(KEYS, inner, max_size=3) | st.lists(inner, max_size=3))
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=5)


def by_probe(text: str) -> Any:  # noqa: ANN401
    """Read YAML 1.2."""
    probe = YamlProbe()
    probe.feed(text.encode())
    content = probe.content()
    assert (content.error, content.ambiguous) == (None, ())
    return content.value


@settings(max_examples=examples(300), deadline=None)
@given(DOCUMENTS)
def test_both_versions_of_yaml_read_what_was_written(document: dict[str, Any]) -> None:
    text = format_yaml(document) if document else "{}\n"
    for value in (yaml.safe_load(text), by_probe(text)):
        assert value == document
        assert repr(value) == repr(document)  # 1, 1.0 and True are equal, 0.0 and -0.0 too


def test_an_empty_document_is_a_mapping() -> None:
    assert yaml.safe_load(format_yaml({})) == by_probe(format_yaml({})) == {}


@pytest.mark.parametrize("value", [1e-5, 1e16, 1e22, 1.5e-300, -1e-7, 5e-324, 1.7976931348623157e308, 0.1, -0.0, 100.0])
def test_a_float_is_a_float_to_both(value: float) -> None:
    text = format_yaml({"a": value})
    for found in (yaml.safe_load(text)["a"], by_probe(text)["a"]):
        assert repr(found) == repr(value)


@pytest.mark.parametrize("text", ["\U0001f600", "a\U0001d54fb"])
def test_characters_beyond_the_basic_plane_are_the_same_to_both(text: str) -> None:
    written = format_yaml({text: text})
    assert yaml.safe_load(written) == by_probe(written) == {text: text}


def test_a_key_that_looks_like_a_merge_is_a_key_to_both() -> None:
    text = format_yaml({"<<": {"a": 1}})
    assert yaml.safe_load(text) == by_probe(text) == {"<<": {"a": 1}}


def test_the_layout_of_a_document() -> None:
    document = {"a": 1, "b": {"c/d": {"best": 0.5}, "no": None}, "e": {}}
    assert format_yaml(document) == 'a: 1\nb:\n  c/d:\n    best: 0.5\n  "no": null\ne: {}\n'
