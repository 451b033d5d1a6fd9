"""A convention from its file: what makes no sense is refused with what to change."""

import contextlib
import json
import os
import pickle
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcheck.conventions.load import convention_of, load, shipped
from runcheck.errors import ConventionError

GUIDE = Path(__file__).parents[2] / "docs/conventions.md"
TINY = GUIDE.read_text(encoding="utf-8").partition("```toml\n")[2].partition("```")[0]


DOUBLING = {f"a{at}": {"allOf": [{"$ref": f"#/$defs/a{at + 1}"}] * 2} for at in range(40)} | {"a40": {}}


ITSELF = {"a": {"allOf": [{"additionalProperties": {"$ref": "#/$defs/a"}}] * 2}}


def loading(folder: Path, text: str) -> str:
    """Return what is said of a convention that is refused."""
    (folder / "tiny.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConventionError) as caught:
        load(str(folder / "tiny.toml"))
    return str(caught.value).partition("tiny.toml: ")[2]


def test_the_convention_of_the_guide_is_one(tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(TINY, encoding="utf-8")
    convention = load(str(tmp_path / "tiny.toml"))
    assert list(convention.own_clauses) == ["TY001", "TY002"]
    assert convention.clauses == ("RC201", "RC902")


@pytest.mark.parametrize("name", shipped())
def test_a_convention_that_is_shipped_travels_to_other_processes(name: str) -> None:
    convention = load(name)
    assert pickle.loads(pickle.dumps(convention)) == convention
    assert convention.name == name


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "tiny"', 'name = "tiny', "is not TOML: "),
        ('prefix = "TY"', "", "its top: lacks the field prefix"),
        ('prefix = "TY"', 'prefix = "TZ"', "TY001: a code begins with the prefix TZ"),
        ('"[a-z0-9-]+"', '"(a"', "names run: "),
        (
            'path = "runs/<run>"',
            'path = "runs/<name>"',
            "unit run: path 'runs/<name>' has <name>, and names",
        ),
        ('path = "runs/<run>"', 'path = "/runs/<run>"', "unit run: path '/runs/<run>' is not relative"),
        ('path = "runs/<run>"', 'path = "runs/<run>"\nin = "sweep"', "unit run: in 'sweep' is no other unit"),
        ('format = "document"', 'format = "json"', "/units/run/roles/metadata/format: "),
        ('format = "document"', 'format = "document"\nschema = "none.json"', "role run.metadata: schema "),
        (
            'format = "document"',
            'format = "document"\nas = "meta"',
            "role run.metadata: as 'meta' is no role",
        ),
        ('format = "document"', 'format = "text"', "TY002: value 'metadata#/name': the role 'metadata' is read as no"),
        ('kind = "required"', 'kind = "requires"', "TY001 kind: "),
        ('roles = ["metadata"]', 'roles = ["meta"]', "TY001: role 'meta' is none of run; it has metadata"),
        ('unit = "run"\nroles', 'unit = "sweep"\nroles', "TY001: unit 'sweep': there is no such unit; units are run"),
        ('other = ["<run>"]', 'other = ["<name>"]', "TY002: value '<name>' is no placeholder of the path of run"),
        ('value = "metadata#/name"', 'value = "metadata"', "TY002: value 'metadata' is neither role#/pointer nor"),
        ("has the name <value>", "has the name <valeu>", "TY002: message or help has <valeu>; known are "),
        ('code = "TY002"', 'code = "TY001"', "TY001: the code or the name run-name is taken"),
        ('clauses = ["RC201"', 'clauses = ["RC999"', "clauses: RC999 is no clause and no family"),
        ('clauses = ["RC201"', 'clauses = ["RC111"', "clauses: RC111 is about the tree of the main convention"),
        (
            'clauses = ["RC201"',
            'clauses = ["RC401"',
            "clauses: RC401 needs a role that is the main",
        ),
        ('level = "warning"', 'level = "warning"\nsurprise = 1', "TY002"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in TINY
    assert said in loading(tmp_path, TINY.replace(old, new, 1))


def test_a_kind_is_not_given_what_it_does_not_take(tmp_path: Path) -> None:
    assert "TY001" in loading(tmp_path, TINY.replace('roles = ["metadata"]', 'roles = ["metadata"]\nbytes = 5', 1))
    assert "TY002: lacks the field other" in loading(tmp_path, TINY.replace('other = ["<run>"]', "", 1))


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ("[]", "it is not an object"),
        ("{", "is not JSON"),
        ('{"type": "objekt"}', "is no schema"),
        ('{"$ref": "https://example.org/x.json"}', "refers to https://example.org/x.json"),
        ('{"$ref": "#/$defs/a", "$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}}', "refers to itself"),
        ('{"pattern": "(?=a)"}', "is no schema"),
        (json.dumps({"$ref": "#/$defs/a0", "$defs": DOUBLING}), "is of more than 20,000 parts"),
        (
            json.dumps({"allOf": [{"$id": "urn:x", "$ref": "#/$defs/a", "$defs": ITSELF}], "$defs": {"a": {}}}),
            "holds $id",
        ),
        ('{"items": {"$schema": "https://json-schema.org/draft/2019-09/schema"}}', "holds $schema"),
        ('{"$recursiveRef": "#"}', "holds $recursiveRef"),
    ],
)
def test_a_schema_of_unbounded_work_is_refused(tmp_path: Path, schema: str, said: str) -> None:
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny/s.json").write_text(schema)
    assert said in loading(tmp_path, TINY.replace('format = "document"', 'format = "document"\nschema = "s.json"', 1))


def test_a_schema_has_an_address_and_fields_of_any_name(tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    schema = {"$id": "urn:tiny", "$schema": "https://json-schema.org/draft/2020-12/schema"}
    fields = {"properties": {"$id": {"type": "string"}, "$schema": {}}}
    (tmp_path / "tiny/s.json").write_text(json.dumps(schema | fields))
    (tmp_path / "tiny.toml").write_text(
        TINY.replace('format = "document"', 'format = "document"\nschema = "s.json"', 1)
    )
    assert load(str(tmp_path / "tiny.toml")).name == "tiny"


def test_nobody_waits_for_a_schema_that_is_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    os.mkfifo(tmp_path / "tiny/s.json")
    assert "cannot be read" in loading(
        tmp_path, TINY.replace('format = "document"', 'format = "document"\nschema = "s.json"', 1)
    )


def test_a_path_of_too_many_places_is_refused(tmp_path: Path) -> None:
    long = f'path = "{"*a" * 1000}"'
    assert "more than 24 places" in loading(tmp_path, TINY.replace('path = "metadata.json"', long, 1))


def test_a_file_that_is_not_there_and_a_name_that_is_not_shipped_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConventionError, match="there is no such file; shipped are brain-bundles"):
        load(str(tmp_path / "none.toml"))
    with pytest.raises(ConventionError, match="'none' is no convention that is shipped"):
        load("none")
    (tmp_path / "large.toml").write_bytes(b"#" * (1 << 21))
    with pytest.raises(ConventionError, match="is larger than 1,048,576 bytes"):
        load(str(tmp_path / "large.toml"))


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.lists(st.text(max_size=3), max_size=2)
)


def places_in(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Return the path of every value in a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in items for place in places_in(each, (*path, key)))]


@pytest.mark.parametrize("name", shipped())
@given(data=st.data())
def test_a_convention_with_anything_in_it_is_one_or_is_refused(name: str, data: st.DataObject) -> None:
    path = Path(load(name).source)
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    place = data.draw(st.sampled_from(places_in(raw)[1:]))
    holder: Any = raw
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = data.draw(
        VALUES | st.sampled_from(["<run>", "<none>", "metadata#/x", "**", "a/<sweep>/b", "<", "#"])
    )
    with contextlib.suppress(ConventionError):
        convention_of(str(path), raw)
