"""Which clauses concern what."""

import json
from pathlib import Path
from typing import get_args

import pytest

from runcheck.convention.clauses import clauses
from runcheck.convention.layout import layout
from runcheck.explain.concerns import Above, concerns_above, concerns_of_file, unmapped
from runcheck.explain.meaning import explain
from runcheck.rules.rule import rules

SUITE = Path(__file__).parents[2] / "fixtures"
PLACES: tuple[Above, ...] = get_args(Above)


def test_every_input_of_every_rule_is_known() -> None:
    assert unmapped() == []


def test_every_clause_concerns_something() -> None:
    """A rule whose inputs no role is made of would be said nowhere."""
    told = {clause.code for place in PLACES for clause in concerns_above(place)}
    for role in layout().roles.values():
        for format_ in (role.format, "parquet", "hdf5", "zarr"):
            concerns = concerns_of_file(role.name, format_)
            told |= {clause.code for clause in (*concerns.own, *concerns.general)}
    assert told == set(rules())


@pytest.mark.parametrize(
    ("role", "format_", "code"),
    [
        ("checksums", None, "RC301"),
        ("config", "document", "RC210"),
        ("metrics", "metrics", "RC401"),
        ("summary", "document", "RC408"),
        ("metrics", "metrics", "RC408"),
        ("events", "events", "RC415"),
        ("checkpoint", "orbax", "RC504"),
        ("export", None, "RC511"),
        ("data", "parquet", "RC607"),
        ("metadata", "json", "RC707"),
        ("readme", "text", "RC807"),
        ("heartbeat", "json", "RC219"),
    ],
)
def test_the_clauses_of_a_role_are_its_own(role: str, format_: str, code: str) -> None:
    assert code in {clause.code for clause in concerns_of_file(role, format_).own}


@pytest.mark.parametrize("code", ["RC106", "RC303", "RC304", "RC902", "RC906"])
def test_what_is_asked_of_every_file_is_asked_of_one_without_a_role(code: str) -> None:
    concerns = concerns_of_file(None, None)
    assert concerns.own == ()
    assert code in {clause.code for clause in concerns.general}


def test_a_format_asks_only_what_is_its_own() -> None:
    own = {clause.code for clause in concerns_of_file("data", "parquet").own}
    assert not own & {"RC609", "RC610", "RC611", "RC612", "RC613", "RC614"}
    assert {"RC601", "RC604", "RC607", "RC608"} <= own


def test_what_the_suite_finds_at_a_path_is_among_what_is_said_of_that_path() -> None:
    missed = set()
    for expected in SUITE.glob("RC*/fail-*/expected.json"):
        for finding in json.loads(expected.read_text())["findings"]:
            path = finding["path"]
            if finding["code"] not in clauses() or path == "." or path.endswith("/.gitkeep"):  # which says no more
                continue
            meaning = explain(str(expected.parent / "tree" / path))
            if finding["code"] not in {clause.code for clause in (*meaning.clauses, *meaning.general)}:
                missed.add((finding["code"], path))
    assert missed <= {("RC101", "notes.txt")}  # a tree of which nothing has a name that tells
