"""Kinds of checks, beyond what the trees of the shipped conventions show."""

import json
from pathlib import Path

import pytest

from runcheck.conventions.check import check_by
from runcheck.tree.quarantine import Quarantine
from tests.conventions.test_check import convention

UNITS = """
[names.run]
pattern = "[a-z0-9]+"

[units.run]
path = "runs/<run>"

[units.run.roles.doc]
path = "doc.json"
format = "document"

[units.run.roles.config]
path = "config.yaml"
format = "document"

[units.run.roles.readme]
path = "README.md"
format = "text"

[units.run.roles.table]
path = "table.csv"
format = "rows"

[[checks]]
code = "OW001"
name = "it"
level = "error"
unit = "run"
text = "It."
help = "Mend it."
"""


def messages(folder: Path, quarantine: Quarantine, check: str, **files: object) -> list[str]:
    """Return what a check says of a unit with these files."""
    run = folder / "runs/a"
    run.mkdir(parents=True, exist_ok=True)
    names = {"doc": "doc.json", "config": "config.yaml", "readme": "README.md", "table": "table.csv"}
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (run / names[name]).write_text(text)
    report = check_by(quarantine, folder, convention(folder, UNITS + check))
    return [each.message for each in report.findings]


RISKS = 'kind = "section"\nroles = ["readme"]\nheading = "Risks"\nitems = ["high", "low"]\n'


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("- **High**: x\n- low y\n", 0),
        ("- highly unlikely\n", 1),
        ("1. high\n2. nothing\n   but low\n", 0),
        ("### A\n\n- high\n", 0),
        ("none", 1),
        ("```\n- x\n```\n- high", 0),
        ("| risk | how |\n|---|---|\n| a | high |\n| b | - |\n", 1),
        ("", 0),
        ("<!-- - x -->", 0),
    ],
)
def test_items_say_one_of_the_words(tmp_path: Path, quarantine: Quarantine, body: str, count: int) -> None:
    assert len(messages(tmp_path, quarantine, RISKS, readme=f"# R\n\n## Risks:\n\n{body}\n\n## Next\n\n- x\n")) == count


@pytest.mark.parametrize(
    ("body", "is_code"), [("```sh\nrun\n```", True), ("```\n```", False), ("    run", True), ("`run`", False)]
)
def test_commands_stand_in_a_block(tmp_path: Path, quarantine: Quarantine, body: str, is_code: bool) -> None:
    check = 'kind = "section"\nroles = ["readme"]\nheading = "How"\ncode-block = true\n'
    assert (messages(tmp_path, quarantine, check, readme=f"# How\n\nx\n\n{body}\n") == []) == is_code


WITHIN = """
kind = "within"
value = "doc#/p/*"
low = ["/s/<key>/low"]
high = ["/s/<key>/high"]
range = ["/s/<key>"]
choices = ["/s/<key>/choices"]
"""
LISTS = 'kind = "folders-match"\nlists = ["doc#"]\nof = "run"\n'


@pytest.mark.parametrize(
    ("value", "space", "said"),
    [
        (0.1, {"low": 0.1, "high": 0.1}, None),
        (0.1, {"low": 0.2}, "x is 0.1, below the 0.2 that is declared"),
        (True, {"low": 0, "high": 2}, "x is true, no number, and the bounds declared are numbers"),
        ("a", {"choices": ["a"]}, None),
        (1, {"choices": [True]}, "x is 1, which is none of the choices declared: [true]"),
        (3, [1, 5], None),
        (7, [1, 5], "x is 7, above the 5 that is declared"),
        (7, [1, 5, 7], None),
        (1, {}, "x is 1, and no bounds are declared for it"),
        (0.1 + 0.2, {"low": 0, "high": 0.3}, None),
    ],
)
def test_a_value_lies_inside_what_is_declared(
    tmp_path: Path, quarantine: Quarantine, value: object, space: object, said: str | None
) -> None:
    found = messages(tmp_path, quarantine, WITHIN, doc={"p": {"x": value}, "s": {"x": space}})
    assert found == ([said] if said else [])


@pytest.mark.parametrize(
    ("before", "after", "count"),
    [
        ("2026-01-01T00:00:00Z", "2026-01-01T01:00:00+02:00", 1),
        ("2026-01-01T00:00:00", "2026-01-01T00:00:00Z", 0),
        (1.5, "1970-01-01T00:00:01Z", 1),
        ("yesterday", "2026-01-01", 0),
        (1e300, "2026-01-01", 0),
        (None, "2026-01-01", 0),
    ],
)
def test_moments_of_any_zone_are_in_order(
    tmp_path: Path, quarantine: Quarantine, before: object, after: object, count: int
) -> None:
    check = 'kind = "order"\nbefore = "doc#/a"\nafter = "doc#/b"\n'
    assert len(messages(tmp_path, quarantine, check, doc={"a": before, "b": after})) == count


def test_a_message_of_the_conventions_own_has_the_words_filled_in(tmp_path: Path, quarantine: Quarantine) -> None:
    check = 'kind = "equal"\nvalue = "doc#/n"\nother = ["<run>"]\nmessage = "<value> lies in <folder> (<path>)"\n'
    assert messages(tmp_path, quarantine, check, doc={"n": "<run>"}) == ["<run> lies in a (runs/a/doc.json)"]


def test_numbers_that_are_not_finite_are_named_by_their_places(tmp_path: Path, quarantine: Quarantine) -> None:
    check = 'kind = "finite"\nroles = ["config"]\n'
    assert messages(tmp_path, quarantine, check, config="a: {b: .inf}\nc: .nan\n") == [
        "is inf, no finite number",
        "is nan, no finite number",
    ]


def test_a_document_that_is_none_is_told_where_no_clause_says_so(tmp_path: Path, quarantine: Quarantine) -> None:
    check = 'kind = "schema"\nroles = ["doc"]\n'
    assert messages(tmp_path, quarantine, check, doc="{") == [
        "is not JSON: Expecting property name enclosed in double quotes at column 2"
    ]


def test_a_condition_asks_some_units_only(tmp_path: Path, quarantine: Quarantine) -> None:
    check = 'kind = "absent"\nvalue = "doc#/x"\nwhen = { value = "doc#/s", is = [1] }\nunless = { value = "doc#/y" }\n'
    assert messages(tmp_path, quarantine, check, doc={"x": 5, "s": 1}) == ["holds 5, which should not be there"]
    assert messages(tmp_path, quarantine, check, doc={"x": 5, "s": True}) == []
    assert messages(tmp_path, quarantine, check, doc={"x": 5, "s": 1, "y": 0}) == []


@pytest.mark.parametrize("content", ["[]", "3", '"x"', "null", '{"p": [], "s": {"x": null}}', "{}"])
def test_documents_of_any_shape_are_judged_without_an_error(
    tmp_path: Path, quarantine: Quarantine, content: str
) -> None:
    for check in (
        WITHIN,
        'kind = "present"\nvalue = "doc#/a"\n',
        'kind = "folders-match"\nlists = ["doc#"]\nof = "run"\n',
    ):
        messages(tmp_path, quarantine, check, doc=content)


def test_of_a_document_that_breaks_its_schema_everywhere_the_first_places_are_told(
    tmp_path: Path, quarantine: Quarantine
) -> None:
    schema = {"additionalProperties": {"items": {"type": "integer"}}, "maxProperties": 3}
    units = UNITS.replace('path = "doc.json"', 'path = "doc.json"\nschema = "doc.json"')
    path = convention(tmp_path, units + 'kind = "schema"\nroles = ["doc"]\n', doc=schema)
    run = tmp_path / "runs/a"
    run.mkdir(parents=True)
    (run / "doc.json").write_text(json.dumps({"list": ["x"] * 20_000} | {f"k{at}" * 100: [] for at in range(1000)}))
    found = [each.message for each in check_by(quarantine, tmp_path, path).findings]
    assert len(found) == 101
    assert "breaks its schema in more than these 100 places" in found
    assert max(map(len, found)) < 1000


@pytest.mark.parametrize(
    ("values", "doubled"),
    [
        ([1, "1", 1.0], [2]),
        ([1, True], []),
        ([[1], [1], [2]], [1]),
        ([[1], [1.0], [True]], [1]),
        ([{"a": 1}, {"b": 1}], []),
        (["x"] * 3, [1, 2]),
        ([{"a": 1, "b": 2}, {"a": 2, "b": 2}, {"b": 2, "a": 1}], [2]),
        ([{"a": {"b": [1]}}, {"a": {"b": [2]}}], []),
        ([[1, [2]], [1, [3]], [1, [2]]], [2]),
        (["x" * 600 + "a", "x" * 600 + "b", "x" * 500, "x" * 600 + "a"], [3]),
    ],
)
def test_values_that_are_the_same_are_found_whatever_they_are(
    tmp_path: Path, quarantine: Quarantine, values: list[object], doubled: list[int]
) -> None:
    for at, value in enumerate(values):
        (tmp_path / f"runs/b{at}").mkdir(parents=True)
        (tmp_path / f"runs/b{at}/doc.json").write_text(json.dumps({"v": value}))
    check = 'kind = "unique"\nvalue = "doc#/v"\n'
    found = check_by(quarantine, tmp_path, convention(tmp_path, UNITS + check)).findings
    assert [each.path for each in found] == [f"runs/b{at}/doc.json" for at in doubled]


def test_of_more_values_than_are_kept_nothing_false_is_told_and_nothing_is_silent(
    tmp_path: Path, quarantine: Quarantine
) -> None:
    names = [f"r{at}" for at in range(10_000)]
    for name in ("a", "z"):
        (tmp_path / f"runs/{name}").mkdir(parents=True)
    root = UNITS.replace("[units.run]", '[root.roles.doc]\npath = "doc.json"\nformat = "document"\n\n[units.run]')
    listed = convention(tmp_path, root.replace('unit = "run"\ntext', 'unit = "root"\ntext') + LISTS)
    (tmp_path / "doc.json").write_text(json.dumps(["a", *names, "z"]))
    report = check_by(quarantine, tmp_path, listed)
    assert {each.path for each in report.findings} == {"doc.json"}
    assert [each.reason for each in report.unverified] == ["more than 10,000 values that checks across units ask for"]
