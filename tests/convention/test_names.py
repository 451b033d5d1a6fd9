"""Names: what each pattern takes and what it refuses."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runcheck.convention.files import convention_folder
from runcheck.convention.names import is_name, is_unit_relative, pattern, words
from runcheck.convention.versions import SCHEMES, scheme_of

DEFINITIONS: dict[str, dict[str, Any]] = json.loads(
    (Path(convention_folder("schemas")) / "names.schema.json").read_text(encoding="utf-8")
)["$defs"]
PATTERNS = [name for name, definition in DEFINITIONS.items() if "enum" not in definition]
SHA = "0123456789abcdef" * 4

ACCEPTED = {
    "token": ["a", "0", "digits", "resnet-50", "lr-0.1", "a" * 64],
    "dataset-slug": ["digits", "c4-en.v2"],
    "run-slug": ["digits_logreg_baseline", "a_b_c", "c4-en_llama-3.1_lr-0.1", "_".join(["a" * 64] * 3)],
    "number-version": ["v0", "v1", "v10", "v123456"],
    "semantic-version": ["0.0.0", "1.0.0", "10.20.30", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-0.3.7", "1.0.0--"],
    "experiment-id": [
        "2026-05-27T12-34-56Z_abc1234",
        "2026-05-27T12-34-56Z_0000000-2",
        "2026-05-27T12-34-56Z_0000000-10",
    ],
    "version": ["v1", "1.0.0", "2026-05-27T12-34-56Z_abc1234"],
    "timestamp": ["2026-05-27T12:34:56Z", "2026-05-27T12:34:56.1Z", "2026-05-27T12:34:56.123456Z"],
    "clause-code": ["RC304", "SWEEP101"],
    "code-prefix": ["RC304", "RC3", "RC", "SWEEP1"],
    "tracker-project": ["digits", "team/digits", "a b"],
    "day": ["2026-05-27"],
    "sha256": [SHA],
    "commit": [SHA[:40], SHA],
    "path": ["a", "a/b", ".hidden", "..a", "...", "a/..b", "a b", "\u00e9/x", "-", " a", "a/.b"],
    "unit-path": ["dataset/digits/v1", "model/a_b_c/2026-05-27T12-34-56Z_abc1234", "dataset/x/1.0.0"],
    "run-name": ["20260527_digits", "20260527_digits_logreg_baseline"],
    "label": ["20260527-digits@0123456", f"20260527-digits_logreg_baseline@{SHA}"],
    "tag": ["train", "A", "0.1", "a_b-c"],
    "step": ["0", "1", "500"],
    "split": ["train", "T", "val-1.0_x"],
    "metric": ["loss", "_x", "recall@10", "a/b/c", "a/1", "x:0", "k+1", "a/-"],
    "extension": ["calibration", "org.example.audit", "a-b_c"],
    "schema-version": ["1.0", "1.10", "10.0"],
    "relation": ["initialised_from", "a", "a-b"],
}
REFUSED = {
    "token": ["", "A", "a_b", "-a", "a-", "a--b", "a..b", "a/b", "\u00e9", "a b", "a" * 65, "a\n", "\u0661"],
    "dataset-slug": ["", "a_b", "Digits", "digits/", "digits\n"],
    "run-slug": ["a_b", "a_b_c_d", "a__c", "_b_c", "a_b_", "A_b_c", "a_b_c\n"],
    "number-version": ["v", "1", "V1", "v01", "v-1", "v1.0", "v1\n", "v\u0661"],
    "semantic-version": ["1.0", "v1.0.0", "01.0.0", "1.0.0-01", "1.0.0+build", "1.0.0-", "1.0.0-a..b", "1.0.0\n"],
    "experiment-id": [
        "2026-05-27T12:34:56Z_abc1234",
        "2026-05-27T12-34-56Z_abc123",
        "2026-05-27T12-34-56Z_ABC1234",
        "2026-05-27T12-34-56Z_abc1234-1",
        "2026-05-27T12-34-56Z_abc1234-02",
        "2026-05-27T12-34-56_abc1234",
        "2026-05-27T12-34-56Z_abc1234\n",
    ],
    "clause-code": ["", "RC30", "rc304", "RC3041", "checksum-mismatch", "RC304\n"],
    "code-prefix": ["", "rc3", "3", "RC 3", "RC3x", "RC3\n"],
    "tracker-project": ["", "/", "a/", "/a", "a/b/c", "a\n"],
    "day": ["", "2026-5-27", "20260527", "2026-05-27T00:00:00Z", "2026-05-27\n"],
    "version": ["final", "latest", "v1-final", "1.0", "", "v1/v2"],
    "timestamp": [
        "2026-05-27T12:34:56",
        "2026-05-27 12:34:56Z",
        "2026-05-27T12:34:56+00:00",
        "2026-05-27T12:34:56.1234567Z",
        "2026-05-27T12:34Z",
        "2026-05-27T12:34:56.Z",
        "2026-05-27T12:34:56z",
    ],
    "sha256": ["", SHA[:-1], SHA + "0", SHA.upper(), SHA + "\n"],
    "commit": [SHA[:39], SHA[:41], SHA[:40].upper(), "HEAD"],
    "path": ["", "/a", "a/", "a//b", ".", "..", "a/..", "a/./b", "../a", "a\\b", "a\nb", "a\0", "./a", "a" * 4097],
    "unit-path": ["dataset/digits", "datasets/digits/v1", "dataset/digits/v1/", "dataset/../v1", "/dataset/a/v1"],
    "run-name": ["digits", "2026_digits", "20260527-digits", "20260527_", "20260527_Digits"],
    "label": ["20260527-digits@012345", "20260527_digits@0123456", "20260527-digits@", "20260527-digits@xyz1234"],
    "tag": ["", ".a", "-a", "a b", "a/b", "a" * 129, "a\n"],
    "step": ["", "00", "01", "-1", "1.0", "1e3", "+1", "\u0661"],
    "split": ["", "1", "a/b", "a b", "a" * 65, "_a"],
    "metric": ["", "1", "/a", "a/", "a//b", "a b", "a\n", "a" * 257, "a,b", '"'],
    "extension": ["", "A", "1a", "a.", "a..b"],
    "schema-version": ["1", "0.1", "1.01", "1.0.0", "01.0", "1."],
    "relation": ["", "A", "1", "a b", "_a"],
}


def cases(table: dict[str, list[str]]) -> list[tuple[str, str]]:
    """Return a table as parameters."""
    return [(name, text) for name, texts in table.items() for text in texts]


def test_every_pattern_has_names_that_it_takes_and_names_that_it_refuses() -> None:
    assert set(ACCEPTED) == set(REFUSED) == set(PATTERNS)


@pytest.mark.parametrize(("name", "text"), cases(ACCEPTED))
def test_a_good_name_is_taken(name: str, text: str) -> None:
    assert is_name(name, text)


@pytest.mark.parametrize(("name", "text"), cases(REFUSED))
def test_a_bad_name_is_refused(name: str, text: str) -> None:
    assert not is_name(name, text)


@pytest.mark.parametrize("value", [None, 1, True, 1.0, b"a", ["a"], {}])
def test_what_is_no_string_is_no_name(value: object) -> None:
    assert not is_name("token", value)


@pytest.mark.parametrize("name", [name for name in PATTERNS if "pattern" in DEFINITIONS[name]])
def test_a_pattern_is_anchored_at_both_ends(name: str) -> None:
    text = DEFINITIONS[name]["pattern"]
    assert text.startswith("^")
    assert text.endswith("$")
    assert re.compile(text).groups == 0


@pytest.mark.parametrize("name", PATTERNS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_the_library_and_the_schema_agree_on_names(name: str, data: st.DataObject) -> None:
    whole = {"$id": "urn:names", "$defs": DEFINITIONS}
    validator = jsonschema_rs.Draft202012Validator(
        {"$ref": f"urn:names#/$defs/{name}"}, registry=jsonschema_rs.Registry([("urn:names", whole)])
    )
    text = data.draw(
        st.one_of(st.from_regex(pattern(name), fullmatch=True), st.text(max_size=8)).filter(
            lambda each: not any("\ud800" <= character <= "\udfff" for character in each)
        )
    )
    assert is_name(name, text) == validator.is_valid(text)


@settings(max_examples=150, deadline=None)
@given(st.from_regex(pattern("path"), fullmatch=True))
def test_a_path_of_a_unit_never_leaves_it(path: str) -> None:
    parts = path.split("/")
    assert not {"", ".", ".."} & set(parts)
    assert is_unit_relative(path) == (len(path) <= 4096)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab./\\\n.", max_size=8))
def test_a_text_is_a_path_of_a_unit_exactly_when_its_segments_are_names(text: str) -> None:
    expected = all(part not in ("", ".", "..") for part in text.split("/")) and not {"\\", "\n"} & set(text)
    assert is_unit_relative(text) == expected


@settings(max_examples=100, deadline=None)
@given(st.one_of([st.from_regex(pattern(scheme), fullmatch=True) for scheme in SCHEMES]))
def test_a_version_follows_exactly_one_scheme(version: str) -> None:
    schemes = [scheme for scheme in SCHEMES if is_name(scheme, version)]
    assert schemes == [scheme_of(version)]
    assert is_name("version", version)


@pytest.mark.parametrize(
    "name", ["token", "dataset-slug", "split", "relation", "extension", "unit-path", "sha256", "tag"]
)
def test_what_a_caller_may_give_is_told_in_words_with_an_example(name: str) -> None:
    form, _, example = words(name).partition(", such as ")
    assert len(form) > 10
    assert is_name(name, example.strip("'"))
