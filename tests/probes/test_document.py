"""JSON and YAML documents: what they hold, what readers differ on, and what is meant to break a reader."""

import json
import math
from itertools import pairwise, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runcheck.convention.canonical import canonical_json
from runcheck.convention.layout import layout
from runcheck.probes.contents import DocumentContent
from runcheck.probes.document import JsonProbe, YamlProbe
from runcheck.probes.yaml_events import _AMBIGUOUS, _BEGIN_WORDS, _core_schema
from tests.drawing import examples

DEPTH = layout().limits.document_depth
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=8)
# YAML has no escaped pairs of surrogates; a test of its own says so.
NARROW = st.text(alphabet=st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)


def objects(text: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Return JSON objects over a kind of text."""
    values = st.recursive(
        st.none() | st.booleans() | NUMBERS | text,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
        max_leaves=8,
    )
    return st.dictionaries(text, values, max_size=4)


def read(probe: JsonProbe | YamlProbe, content: bytes, *cuts: int) -> DocumentContent:
    """Feed ``content``, cut into chunks."""
    places = [0, *sorted(cuts), len(content)]
    for start, end in pairwise(places):
        probe.feed(content[start:end])
    return probe.content()


def of_json(content: bytes | str) -> DocumentContent:
    """Read JSON."""
    return read(JsonProbe(), content.encode() if isinstance(content, str) else content)


def of_yaml(content: bytes | str) -> DocumentContent:
    """Read YAML."""
    return read(YamlProbe(), content.encode() if isinstance(content, str) else content)


BOTH = pytest.mark.parametrize("of", [of_json, of_yaml], ids=["json", "yaml"])

# --- what is good ---------------------------------------------------------------------------------------------------


@settings(max_examples=examples(200), deadline=None)
@given(objects(TEXT), st.booleans())
def test_what_json_writes_reads_back_equal_as_json(value: dict[str, Any], ascii_only: bool) -> None:
    assert of_json(json.dumps(value, ensure_ascii=ascii_only)) == DocumentContent(value)


@settings(max_examples=examples(200), deadline=None)
@given(objects(NARROW), st.sampled_from([None, 2]))
def test_what_json_writes_reads_back_equal_as_yaml(value: dict[str, Any], indent: int | None) -> None:
    content = of_yaml(json.dumps(value, indent=indent))
    assert content.error is None
    assert content.value == value
    assert canonical_json(content.value) == canonical_json(value)


@BOTH
def test_a_character_beyond_the_basic_plane_is_read(of: Any) -> None:  # noqa: ANN401
    value = {"\U0001f600": "\U0001d54f"}
    assert of(json.dumps(value, ensure_ascii=False)).value == value


def test_a_pair_of_escaped_surrogates_is_a_character_to_json_and_an_error_to_yaml() -> None:
    value = {"\U0001f600": "\U0001d54f"}
    assert of_json(json.dumps(value)).value == value
    assert of_yaml(json.dumps(value)).error


@settings(max_examples=examples(200), deadline=None)
@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=4))
def test_random_bytes_never_raise_and_chunks_make_no_difference(content: bytes, cuts: list[int]) -> None:
    for probe in (JsonProbe, YamlProbe):
        whole = read(probe(), content)
        assert whole.error is not None or isinstance(whole.value, dict)
        assert repr(read(probe(), content, *(min(cut, len(content)) for cut in cuts))) == repr(whole)


@settings(max_examples=examples(200), deadline=None)
@given(st.text(alphabet="{}[]:,-?!&*#|>'\"%@`<= \n\t~.e019ax\\", max_size=40))
def test_random_punctuation_never_raises(text: str) -> None:
    for content in (of_json(text), of_yaml(text)):
        assert content.error is not None or isinstance(content.value, dict)


# --- what readers differ on -----------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"seed": 1,\n "seed": 2}', "'seed' twice"),
        ('{"a": {"b": 1,\n "b": 1}}', "'b' twice"),
        ('{"\\u0061": 1, "a": 2}', "'a' twice"),
        ("[1]", "an array at its top"),
        ('"x"', "a string at its top"),
        ("1", "a number at its top"),
        ("1.5", "a number at its top"),
        ("true", "a boolean at its top"),
        ("null", "null at its top"),
        ('{"a": 1e999}', "1e999, which is beyond every double"),
        ('{"a": -1e999}', "-1e999, which is beyond every double"),
    ],
)
def test_what_readers_differ_on_is_named(of: Any, text: str, words: str) -> None:  # noqa: ANN401
    content = of(text)
    assert content.value is None
    assert words in content.error


@pytest.mark.parametrize("token", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_json_does_not_have_is_named(token: str) -> None:
    assert of_json(f'{{"a": {token}}}').error == f"holds {token}, which JSON does not have"


@pytest.mark.parametrize("token", [".nan", ".NaN", ".NAN", ".inf", "-.Inf", "+.INF"])
def test_a_number_that_only_yaml_has_is_named_with_its_line(token: str) -> None:
    content = of_yaml(f"a: 1\nb: {token}\n")
    assert (content.error, content.line) == (f"holds {token}, which JSON does not have", 2)


@pytest.mark.parametrize(
    ("text", "line"), [('{"a": 1,\n"b" 2}', 2), ("{", 1), ('{"a": 1}\n{"b": 2}', 2), ("{'a': 1}", 1)]
)
def test_what_is_no_json_is_named_with_its_line(text: str, line: int) -> None:
    content = of_json(text)
    assert content.error is not None
    assert content.error.startswith("is not JSON: ")
    assert content.line == line


@pytest.mark.parametrize(("text", "line"), [("a: [1,\nb: 2", 2), ("a: 1\n b: 2", 2), ("a: 'x", 1), ("\ta: 1", 1)])
def test_what_is_no_yaml_is_named_with_its_line(text: str, line: int) -> None:
    content = of_yaml(text)
    assert content.error is not None
    assert content.error.startswith("is not YAML: ")
    assert content.line in (line, line + 1)


@BOTH
def test_a_byte_order_mark_is_named(of: Any) -> None:  # noqa: ANN401
    assert of(b'\xef\xbb\xbf{"a": 1}').error == "starts with a byte order mark"


@BOTH
@pytest.mark.parametrize(
    ("content", "byte", "line"),
    [(b'{"a":\n"\xff"}', 7, 2), (b"\xfe\xff\x00{", 0, 1), (b'{"a": "\xed\xa0\x80"}', 7, 1), (b'{"a": "\xc3', 7, 1)],
)
def test_bytes_that_are_not_utf_8_are_named_with_their_place(
    of: Any,  # noqa: ANN401
    content: bytes,
    byte: int,
    line: int,
) -> None:
    found = of(content)
    assert (found.error, found.line) == (f"byte {byte} is not UTF-8", line)


@pytest.mark.parametrize("text", ['{"a": "\\ud800"}', '{"\\udfff": 1}', '{"a": ["\\ude00\\ud83d"]}'])
def test_a_lone_surrogate_which_no_utf_8_holds_is_an_error(text: str) -> None:
    assert of_json(text).error is not None
    assert of_yaml(text).error is not None


@BOTH
@pytest.mark.parametrize("content", [b"", b" \n", b"\x00", b"\x89PNG\r\n\x1a\n", bytes(range(256)), b"PK\x03\x04"])
def test_nothing_and_binary_are_errors(of: Any, content: bytes) -> None:  # noqa: ANN401
    assert of(content).value is None
    assert of(content).error


# --- what is meant to break a reader --------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize(
    "text",
    ['{"a": ' + "[" * 100_000, '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", '{"a":' * 100_000, "[" * 100_000],
    ids=["open", "closed", "objects", "array"],
)
def test_a_nesting_bomb_is_an_error(of: Any, text: str) -> None:  # noqa: ANN401
    assert of(text).error == f"nests more than {DEPTH} deep"


@pytest.mark.parametrize("text", ["- " * 100_000, "? " * 100_000, "".join(" " * at + "a:\n" for at in range(300))])
def test_a_nesting_bomb_of_blocks_is_an_error(text: str) -> None:
    assert of_yaml(text).error == f"nests more than {DEPTH} deep"


@BOTH
def test_the_deepest_document_that_is_allowed_reads(of: Any) -> None:  # noqa: ANN401
    assert of('{"a": ' + "[" * (DEPTH - 1) + "0" + "]" * (DEPTH - 1) + "}").error is None
    assert of('{"a": ' + "[" * DEPTH + "0" + "]" * DEPTH + "}").error == f"nests more than {DEPTH} deep"


@BOTH
@pytest.mark.parametrize("sign", ["", "-"])
def test_an_integer_of_ten_thousand_digits_is_an_error(of: Any, sign: str) -> None:  # noqa: ANN401
    assert of(f'{{"a": {sign}{"7" * 10_000}}}').error == "holds an integer of thousands of digits"


@pytest.mark.parametrize("prefix", ["0x", "0o"])
def test_an_integer_of_ten_thousand_digits_to_another_base_is_an_error(prefix: str) -> None:
    assert of_yaml(f"a: {prefix}{'7' * 10_000}").error == "holds an integer of thousands of digits"


def test_an_alias_bomb_is_an_error_at_its_first_anchor() -> None:
    text = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    assert (of_yaml(text).error, of_yaml(text).line) == ("holds the anchor a", 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: !!python/object/apply:os.system [echo]", "tag tag:yaml.org,2002:python/object/apply:os.system"),
        ("a: !!python/name:os.system ''", "tag tag:yaml.org,2002:python/name:os.system"),
        ("a: !!int '3'", "tag tag:yaml.org,2002:int"),
        ("a: !local x", "tag !local"),
        ("a: ! x", "tag !"),
        ("!!map {a: 1}", "tag tag:yaml.org,2002:map"),
        ("a: !!binary aGk=", "tag tag:yaml.org,2002:binary"),
        ("a: &x 1", "anchor x"),
        ("&top\na: 1", "anchor top"),
        ("a: [1, *x]", "alias *x"),
        ("<<: {a: 1}", "merge key <<"),
        ("a:\n  <<: {b: 1}", "merge key <<"),
        ("a: 1\n---\nb: 2", "more than one document"),
        ("a: 1\n...\n---\nb: 2", "more than one document"),
        ("1: a", "the key 1, which is no string"),
        ("null: a", "the key None, which is no string"),
        ("? [a]\n: b", "which is no string"),
        ("true: a", "the key True, which is no string"),
        ("- a", "an array at its top"),
        ("a: 1\nb: 1\na: 2", "'a' twice"),
        ('a: 1\n"a": 2', "'a' twice"),
    ],
)
def test_what_a_yaml_document_must_not_hold_is_named(text: str, words: str) -> None:
    content = of_yaml(text)
    assert content.value is None
    assert content.error is not None
    assert words in content.error


@pytest.mark.parametrize(("text", "line"), [("a: 1\nb: &x 2", 2), ("a: 1\nb:\n  - *x", 3), ("a: 1\n\na: 2", 3)])
def test_the_line_of_what_must_not_be_there(text: str, line: int) -> None:
    assert of_yaml(text).line == line


def test_a_quoted_merge_key_is_a_key() -> None:
    assert of_yaml('a: {"b": 1}\n"x<<": 2').value == {"a": {"b": 1}, "x<<": 2}


@BOTH
def test_a_document_beyond_the_limit_is_not_looked_into(of: Any) -> None:  # noqa: ANN401
    content = of(b'{"a": "' + b"x" * layout().limits.document_bytes + b'"}')
    assert content == DocumentContent(too_large=True)


# --- YAML 1.2 -------------------------------------------------------------------------------------------------------

# YAML 1.2.2, section 10.3.2 and its example 10.9.
CORE = [
    ("", None),
    ("~", None),
    ("null", None),
    ("NULL", None),
    ("true", True),
    ("True", True),
    ("FALSE", False),
    ("0", 0),
    ("-19", -19),
    ("+12", 12),
    ("0o7", 7),
    ("0x3A", 58),
    ("0.", 0.0),
    ("-0.0", -0.0),
    (".5", 0.5),
    ("+12e03", 12000.0),
    ("-2E+05", -200000.0),
    ("1.5e-3", 0.0015),
    ("12e03", 12000.0),
    ("no", "no"),
    ("Yes", "Yes"),
    ("on", "on"),
    ("nUll", "nUll"),
    ("TRUe", "TRUe"),
    ("0b11", "0b11"),
    ("1_000", "1_000"),
    ("12:30:45", "12:30:45"),
    ("2026-05-27", "2026-05-27"),
    ("1.2.3", "1.2.3"),
    ("e3", "e3"),
    (".", "."),
    ("-", None),
    ("'1'", "1"),
    ('"true"', "true"),
    ("|\n  a\n  b", "a\nb"),
    (">\n  a\n  b", "a b"),
]


@pytest.mark.parametrize(("text", "value"), [case for case in CORE if case[0] != "-"])
def test_a_scalar_means_what_the_core_schema_says(text: str, value: object) -> None:
    found = of_yaml(f"a: {text}").value
    assert isinstance(found, dict)
    got = found["a"].rstrip("\n") if isinstance(found["a"], str) else found["a"]
    assert (type(got), got) == (type(value), value)
    if isinstance(value, float) and isinstance(got, float):
        assert math.copysign(1, got) == math.copysign(1, value)


@pytest.mark.parametrize(
    "text",
    [
        *("y", "No", "ON", "off", "0755", "-012", "1_000", "0b1", "12:30:45", "2026-05-27", "2026-05-27T12:00:00Z"),
        *("1e-3", "1e5", "1.5e3", "0o7", "=", "+1_0.5"),
    ],
)
def test_a_scalar_that_two_versions_of_yaml_read_differently_is_listed_with_its_line(text: str) -> None:
    assert of_yaml(f"a: 1\nb: {text}\n").ambiguous == ((2, text),)


@pytest.mark.parametrize(
    "text",
    ["yes sir", "'no'", '"1e-3"', "1.0e-3", "1.5e+3", "0.5", "10", "true", "null", "v1", "north", "0", "a_b", "1.2.3"],
)
def test_a_scalar_that_every_reader_takes_alike_is_not_listed(text: str) -> None:
    assert of_yaml(f"a: {text}\n").ambiguous == ()


def test_an_ambiguous_key_is_listed_too() -> None:
    assert of_yaml("no: 1\n").ambiguous == ((1, "no"),)


def test_what_is_listed_as_ambiguous_is_what_a_reader_of_yaml_1_1_takes_otherwise() -> None:
    import yaml

    for text, value in CORE:
        if text in ("-", ".") or "\n" in text:
            continue
        differs = yaml.safe_load(f"a: {text}")["a"] != value or type(yaml.safe_load(f"a: {text}")["a"]) is not type(
            value
        )
        assert bool(of_yaml(f"a: {text}").ambiguous) == differs, text


@pytest.mark.parametrize("text", ["", " \n\t\n"])
def test_an_empty_document_is_said_to_be_empty(text: str) -> None:
    for probe in (JsonProbe(), YamlProbe()):
        probe.feed(text.encode().replace(b"\t", b" "))
        assert probe.content().error == "is empty"


def test_a_yaml_document_of_null_is_not_called_empty() -> None:
    probe = YamlProbe()
    probe.feed(b"null\n")
    assert probe.content().error == "holds null at its top, not a mapping"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{"a": 1,\n "b": 2,\n "a": 3}', 3),
        ('{"b": {"a": 0},\n "a": 1,\n "a": 3}', None),
        ('{"\\u0061": 1,\n "a": 2}', None),
    ],
)
def test_a_key_twice_has_the_line_of_the_second_where_that_is_sure(text: str, line: int | None) -> None:
    probe = JsonProbe()
    probe.feed(text.encode())
    content = probe.content()
    assert (content.error, content.line) == ("has the key 'a' twice in one object", line)


@pytest.mark.parametrize("probe", [JsonProbe, YamlProbe])
def test_a_document_of_too_many_values_is_not_built(probe: type[JsonProbe | YamlProbe]) -> None:
    limit = layout().limits.document_values
    for count, error in ((limit // 2, None), (limit + 1, f"holds more than {limit:,} values")):
        reader = probe()
        reader.feed(b'{"a": [' + b"1," * count + b"1]}")
        assert reader.content().error == error


def test_what_begins_as_a_word_is_one_to_both_versions_of_yaml() -> None:
    rests = (
        "",
        "es",
        "ES",
        "o",
        "O",
        "n",
        "N",
        "ff",
        "FF",
        "rue",
        "RUE",
        "alse",
        "ALSE",
        "ull",
        "ULL",
        "0",
        "_1",
        ":1",
    )
    for word in map("".join, product(_BEGIN_WORDS, rests)):
        assert not _AMBIGUOUS.fullmatch(word)
        assert _core_schema(word, 1) == word
