"""A configuration is held to its schema as the library holds it, in words of our own."""

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcheck.configuration.shape import faults
from runcheck.convention.schemas import schema, schema_names
from tests.convention.test_schemas import subschemas

SCHEMA: Any = schema("runcheck")
VALIDATOR = jsonschema_rs.Draft202012Validator(
    SCHEMA, registry=jsonschema_rs.Registry([(str(schema(each)["$id"]), schema(each)) for each in schema_names()])
)
WORDS = ["", "RC3", "RC304", "rc3", "RC3\n", "error", "off", "digits", "a/b", "a/b/c", "x" * 300, "ä", "plot"]
LEAVES = st.one_of(st.sampled_from(WORDS), st.integers(-2, 2**40), st.booleans(), st.floats(0.1, 0.9))
KEYS = st.sampled_from([*SCHEMA["properties"], *SCHEMA["properties"]["limits"]["properties"], "surprise", *WORDS])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)


@st.composite
def near(draw: st.DrawFn, node: Any, whole: Any = SCHEMA) -> Any:  # noqa: ANN401 - any JSON
    """Draw a value that is mostly of the form of a schema."""
    if draw(st.integers(0, 19)) == 0:
        return draw(VALUES)
    if "$ref" in node:
        owner, _, name = node["$ref"].partition("#/$defs/")
        whole = schema(owner.rpartition(":")[2]) if owner else whole
        return draw(near(whole["$defs"][name], whole))
    if "enum" in node:
        return draw(st.sampled_from(node["enum"]))
    match node.get("type"):
        case "object":
            known = node.get("properties", {})
            others = node.get("additionalProperties")
            names = draw(st.lists(st.sampled_from([*known]) if known else KEYS, max_size=4, unique=True))
            return {name: draw(near(known.get(name, others), whole)) for name in names}
        case "array":
            return draw(st.lists(near(node["items"], whole), max_size=3))
        case "integer":
            return draw(st.integers(-1, 100))
    return draw(st.sampled_from([*node.get("examples", []), *WORDS]))


@given(near(SCHEMA))
def test_a_configuration_is_refused_if_the_library_refuses_it(value: object) -> None:
    assert (faults(value) == []) == VALIDATOR.is_valid(value)


@given(VALUES)
def test_no_value_is_an_error_of_the_program(value: object) -> None:
    assert (faults(value) == []) == VALIDATOR.is_valid(value)


@pytest.mark.parametrize(
    ("within", "beyond"),
    [
        ({"tag-values": {"experiment": ["x" * 128]}}, {"tag-values": {"experiment": ["x" * 129]}}),
        ({"select": ["RC3"] * 1000}, {"select": ["RC3"] * 1001}),
        ({"roots": ["x"]}, {"roots": []}),
        ({"roots": ["x"]}, {"roots": [""]}),
        ({"per-path-ignores": {"x" * 1024: []}}, {"per-path-ignores": {"x" * 1025: []}}),
        ({"per-path-ignores": {"x": []}}, {"per-path-ignores": {"": []}}),
        ({"levels": {f"RC{n}": "off" for n in range(1000)}}, {"levels": {f"RC{n}": "off" for n in range(1001)}}),
        ({"limits": {"lfs-bytes": 0}}, {"limits": {"lfs-bytes": -1}}),
        ({"wandb-project": "a/b"}, {"wandb-project": "a\n"}),
    ],
)
def test_a_bound_is_where_the_library_has_it(within: object, beyond: object) -> None:
    assert faults(within) == []
    assert VALIDATOR.is_valid(within)
    assert len(faults(beyond)) == 1
    assert not VALIDATOR.is_valid(beyond)


def test_every_keyword_of_the_schema_is_one_that_is_looked_at() -> None:
    looked_at = {"$ref", "type", "enum", "properties", "additionalProperties", "propertyNames", "items", "minimum"}
    looked_at |= {"minLength", "maxLength", "pattern", "minItems", "maxItems", "maxProperties"}
    says = {"description", "examples", "$schema", "$id", "title", "$defs", "required"}
    referred = [schema("names")["$defs"][each] for each in ("tag", "code-prefix", "tracker-project")]  # type: ignore[index]
    used = {keyword for node in (SCHEMA, *referred) for _, each in subschemas(node) for keyword in each}
    assert used <= looked_at | says
    assert SCHEMA["required"] == []


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        ('{"selekt": []}', "selekt", "is no key here; did you mean select?"),
        ('{"limits": {"lfs_bytes": 1}}', "limits.lfs_bytes", "is no key here; did you mean lfs-bytes?"),
        ('{"levels": {"RC8": "fatal"}}', "levels.RC8", "is 'fatal'; there is error, warning, off"),
        ('{"levels": {"RC8": "warn"}}', "levels.RC8", "is 'warn'; did you mean warning?"),
        ('{"select": "RC3"}', "select", "is the text 'RC3', not a list"),
        ('{"select": ["RC3", 4]}', "select[1]", "is the whole number 4, not a text"),
        ('{"select": ["rc3"]}', "select[0]", "is 'rc3', which is none: The code of a clause, or what codes begin with"),
        ('{"limits": {"heartbeat-seconds": true}}', "limits.heartbeat-seconds", "is true, not a whole number"),
        ('{"limits": {"heartbeat-seconds": 0}}', "limits.heartbeat-seconds", "is 0; the least is 1"),
        ('{"roots": []}', "roots", "is empty"),
        ('{"limits": 0.5}', "limits", "is another kind of value, not a table"),
    ],
)
def test_a_fault_names_the_key_what_is_there_and_what_is_allowed(text: str, key: str, message: str) -> None:
    (fault,) = faults(json.loads(text))
    assert fault.key == key
    assert fault.message.startswith(message)
