"""The schemas are schemas, say what each field is for, and accept their own examples; the types repeat them."""

import json
from collections.abc import Iterator
from inspect import signature
from pathlib import Path
from typing import Any, Literal, NotRequired, Required, get_args, get_origin, get_type_hints, is_typeddict

import jsonschema_rs
import pytest

from runcheck.convention import documents
from runcheck.convention.aggregates import SeriesAggregate
from runcheck.convention.canonical import config_sha256
from runcheck.convention.documents import Metadata, label_of, name_of
from runcheck.convention.files import convention_folder
from runcheck.convention.registry import registry_row
from runcheck.convention.schemas import is_newer_minor, major_of, schema, schema_names
from runcheck.convention.timestamps import date_of
from runcheck.convention.validation import apply_extension_schema, violations
from runcheck.rules.rule import rules
from runcheck.rules.unit_inputs import UnitInputs

FILES = sorted(Path(convention_folder("schemas")).glob("*.schema.json"))
NAMES = [path.name.removesuffix(".schema.json") for path in FILES]
DOCUMENTS = [name for name in NAMES if name != "names"]
APPLICATORS_OF_ONE = {"items", "additionalProperties", "propertyNames", "if", "then", "else", "not", "contains"}
APPLICATORS_OF_MANY = {"anyOf", "oneOf", "allOf", "prefixItems"}
APPLICATORS_BY_NAME = {"properties", "patternProperties", "$defs", "dependentSchemas"}


def loaded(name: str) -> dict[str, Any]:
    """Return a schema, read here and not by the library."""
    document: dict[str, Any] = json.loads(
        (Path(convention_folder("schemas")) / f"{name}.schema.json").read_text("utf-8")
    )
    return document


def subschemas(node: object, pointer: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every subschema with its JSON pointer."""
    if not isinstance(node, dict):
        return
    yield pointer, node
    for keyword, value in node.items():
        at = f"{pointer}/{keyword}"
        if keyword in APPLICATORS_OF_ONE:
            yield from subschemas(value, at)
        elif keyword in APPLICATORS_OF_MANY:
            for index, each in enumerate(value):
                yield from subschemas(each, f"{at}/{index}")
        elif keyword in APPLICATORS_BY_NAME:
            for key, each in value.items():
                yield from subschemas(each, f"{at}/{key}")


def registry() -> jsonschema_rs.Registry:
    """Return all schemas by their ids."""
    return jsonschema_rs.Registry([(loaded(name)["$id"], loaded(name)) for name in NAMES])


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_a_schema_of_2020_12(name: str) -> None:
    assert loaded(name)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema_rs.meta.validate(loaded(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_identified_by_the_major_version_and_its_file(name: str) -> None:
    assert loaded(name)["$id"] == f"urn:runcheck:1:{name}"


def test_the_library_sees_every_schema_as_it_stands_in_its_file() -> None:
    assert schema_names() == tuple(NAMES)
    assert all(schema(name) == loaded(name) for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_property_and_definition_says_what_it_is(name: str) -> None:
    mute = [
        f"{pointer}/{keyword}/{key}"
        for pointer, node in subschemas(loaded(name))
        for keyword in ("properties", "$defs")
        for key, each in node.get(keyword, {}).items()
        if not pointer.endswith("/if") and not (each.get("description") or each.get("$ref"))
    ]
    assert mute == []


@pytest.mark.parametrize("name", NAMES)
def test_every_example_is_valid_where_it_stands(name: str) -> None:
    found = [(pointer, node["examples"]) for pointer, node in subschemas(loaded(name)) if "examples" in node]
    assert found
    for pointer, examples in found:
        assert isinstance(examples, list), pointer
        assert examples, pointer
        reference = {"$ref": f"urn:runcheck:1:{name}#{pointer}"}
        validator = jsonschema_rs.Draft202012Validator(reference, registry=registry())
        for example in examples:
            validator.validate(example)


@pytest.mark.parametrize("name", NAMES)
def test_every_reference_leads_to_a_definition(name: str) -> None:
    for pointer, node in subschemas(loaded(name)):
        if "$ref" in node:
            target, _, definition = node["$ref"].partition("#/$defs/")
            owner = target.removeprefix("urn:runcheck:1:") or name
            assert definition in loaded(owner)["$defs"], pointer


# --- whole documents ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_has_one_or_two_whole_examples(name: str) -> None:
    examples = loaded(name)["examples"]
    assert 1 <= len(examples) <= 2
    for example in examples:
        assert violations(name, example) == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_whole_example_without_one_of_its_required_fields_is_refused(name: str) -> None:
    for example in loaded(name)["examples"]:
        for field in loaded(name)["required"]:
            broken = {key: value for key, value in example.items() if key != field}
            assert violations(name, broken), field


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_whole_example_with_a_field_that_nobody_knows_is_refused(name: str) -> None:
    for example in loaded(name)["examples"]:
        assert [each.pointer for each in violations(name, {**example, "surprise": 1})] == ["/surprise"]


def test_the_metadata_examples_are_a_dataset_and_a_run() -> None:
    assert [example["kind"] for example in loaded("metadata")["examples"]] == ["dataset", "model"]


@pytest.mark.parametrize("example", loaded("metadata")["examples"], ids=lambda example: example["kind"])
def test_a_metadata_example_conforms_to_the_clauses_that_need_metadata_alone(example: Metadata) -> None:
    judged = [rule for rule in rules().values() if rule.inputs == ("metadata",)]
    assert len(judged) > 5
    assert [problem for rule in judged for problem in rule.judge(example)] == []
    date = date_of(example["created_at"])
    assert example["name"] == name_of(date, example["slug"])
    assert example["git"]
    assert example["label"] == label_of(date, example["slug"], example["git"]["sha"][:7])


def test_the_examples_of_all_documents_tell_of_one_tree() -> None:
    dataset, run = loaded("metadata")["examples"]
    assert run["data_provenance"]["path"] == f"dataset/{dataset['slug']}/{dataset['version']}"
    assert run["data_provenance"]["fingerprint"] == dataset["fingerprint"]
    assert run["config"]["sha256"] == config_sha256({"learning_rate": 0.1, "batch_size": 64, "epochs": 20})
    summary = loaded("summary")["examples"][0]
    best = {
        f"{split}/{metric}": series["best"]
        for split, of_split in summary["metrics"].items()
        for metric, series in of_split.items()
    }
    assert run["metrics"] == best
    assert summary["rows"] == sum(
        each["count"] for of_split in summary["metrics"].values() for each in of_split.values()
    )
    config = {"learning_rate": 0.1, "batch_size": 64, "epochs": 20}
    rows = [
        registry_row(run, f"model/{run['slug']}/{run['version']}", config, summary),
        registry_row(dataset, f"dataset/{dataset['slug']}/{dataset['version']}"),
    ]
    assert loaded("registry-row")["examples"] == rows


# --- types ----------------------------------------------------------------------------------------------------------

METADATA_DEFS = loaded("metadata")["$defs"]
PROVENANCE = {each["title"]: each for each in METADATA_DEFS["provenance"]["oneOf"]}
DATASET = METADATA_DEFS["dataset"]["properties"]
MODEL = METADATA_DEFS["model"]["properties"]
WHOLE_METADATA = {
    "required": loaded("metadata")["required"],
    "properties": loaded("metadata")["properties"] | DATASET | MODEL,
}
SCHEMA_OF_TYPE: dict[str, dict[str, Any]] = {
    "Git": METADATA_DEFS["git"],
    "Hardware": METADATA_DEFS["env"]["properties"]["hardware"],
    "Env": METADATA_DEFS["env"],
    "Synthetic": PROVENANCE["synthetic"],
    "External": PROVENANCE["external"],
    "Artefact": PROVENANCE["artefact"],
    "Redaction": METADATA_DEFS["governance"]["properties"]["redactions"]["items"],
    "StatedException": METADATA_DEFS["governance"]["properties"]["exceptions"]["items"],
    "Governance": METADATA_DEFS["governance"],
    "Generator": DATASET["generator"]["anyOf"][0],
    "Split": DATASET["splits"]["additionalProperties"],
    "ConfigReference": MODEL["config"],
    "Restart": METADATA_DEFS["restart"],
    "Architecture": MODEL["architecture"],
    "Metadata": WHOLE_METADATA,
    "SeriesSummary": loaded("summary")["$defs"]["series"],
    "Summary": loaded("summary"),
    "MetricsRow": loaded("metrics-row"),
    "ExportSidecar": loaded("export-sidecar"),
    "Heartbeat": loaded("heartbeat"),
    "TrialOfRun": MODEL["trial"],
    "Study": loaded("study"),
    "TrialRow": loaded("trial-row"),
    "BestTrial": loaded("best-trial"),
    "RegistryRow": loaded("registry-row"),
}


def typed_dicts() -> dict[str, Any]:
    """Return every document type."""
    return {name: value for name, value in vars(documents).items() if is_typeddict(value)}


def test_every_document_type_has_its_schema_here() -> None:
    assert set(typed_dicts()) == set(SCHEMA_OF_TYPE)


@pytest.mark.parametrize("name", SCHEMA_OF_TYPE)
def test_a_document_type_has_the_properties_of_its_schema(name: str) -> None:
    assert set(get_type_hints(typed_dicts()[name])) == set(SCHEMA_OF_TYPE[name]["properties"])


@pytest.mark.parametrize("name", SCHEMA_OF_TYPE)
def test_a_document_type_requires_what_its_schema_requires(name: str) -> None:
    assert set(typed_dicts()[name].__required_keys__) == set(SCHEMA_OF_TYPE[name].get("required", []))


def resolved(node: dict[str, Any], owner: dict[str, Any]) -> dict[str, Any]:
    """Return ``node``, or the definition that it refers to."""
    while "$ref" in node:
        target, _, definition = node["$ref"].partition("#/$defs/")
        owner = loaded(target.removeprefix("urn:runcheck:1:")) if target else owner
        node = owner["$defs"][definition]
    return node


def json_types(node: dict[str, Any], owner: dict[str, Any]) -> set[str]:
    """Return the JSON types that a schema accepts."""
    node = resolved(node, owner)
    if alternatives := node.get("anyOf", node.get("oneOf")):
        return set().union(*(json_types(each, owner) for each in alternatives))
    if "type" in node:
        return {node["type"]} if isinstance(node["type"], str) else set(node["type"])
    return {"string" for _ in node.get("enum", [node.get("const")])}


def python_types(hint: Any) -> set[str]:  # noqa: ANN401 - a type annotation is of no type
    """Return the JSON types that a type annotation accepts."""
    if get_origin(hint) in (NotRequired, Required):
        return python_types(get_args(hint)[0])
    if get_origin(hint) is Literal:
        return {"string"}
    if hint in (str, int, float, bool, type(None)):
        names = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
        return {names[hint]}
    if get_origin(hint) is list:
        return {"array"}
    if get_origin(hint) is dict or is_typeddict(hint):
        return {"object"}
    return set().union(*(python_types(each) for each in get_args(hint)))


@pytest.mark.parametrize("name", SCHEMA_OF_TYPE)
def test_a_field_of_a_document_type_is_of_the_json_type_of_its_schema(name: str) -> None:
    owner = loaded("summary") if name == "SeriesSummary" else loaded("metadata")
    for field, hint in get_type_hints(typed_dicts()[name]).items():
        assert python_types(hint) == json_types(SCHEMA_OF_TYPE[name]["properties"][field], owner), field


def test_statuses_are_those_of_the_schema() -> None:
    assert list(documents.STATUSES) == loaded("metadata")["properties"]["status"]["enum"]
    assert list(get_args(documents.Nonfinite)) == loaded("names")["$defs"]["nonfinite"]["enum"]


def test_what_a_series_comes_to_fits_the_schema() -> None:
    owner = {"$ref": "urn:runcheck:1:summary#/$defs/series"}
    validator = jsonschema_rs.Draft202012Validator(owner, registry=registry())
    for values in ([1.0], [float("nan")], [1.0, float("-inf")]):
        series = SeriesAggregate()
        for step, value in enumerate(values):
            series.add(step, value)
        validator.validate(series.summary("min"))


# --- how violations are told ----------------------------------------------------------------------------------------


def run_example() -> dict[str, Any]:
    """Return the run of the metadata schema."""
    example: dict[str, Any] = loaded("metadata")["examples"][1]
    return example


@pytest.mark.parametrize(
    ("change", "pointer", "words"),
    [
        ({"status": "done"}, "/status", "done"),
        ({"tags": {"a/b": "no spaces here"}}, "/tags/a~1b", "no spaces here"),
        ({"data_provenance": {"kind": "synthetic"}}, "/data_provenance", "seed"),
        ({"data_provenance": {"kind": "rumour"}}, "/data_provenance/kind", "rumour"),
        ({"created_at": "2026-05-27 12:34"}, "/created_at", "2026-05-27 12:34"),
        ({"seeds": {"init": "0"}}, "/seeds/init", "integer"),
    ],
    ids=str,
)
def test_a_violation_names_its_place_and_its_value(change: dict[str, object], pointer: str, words: str) -> None:
    found = violations("metadata", {**run_example(), **change})
    assert [(each.pointer, words in each.message) for each in found] == [(pointer, True)]


def test_a_field_of_a_later_minor_version_is_passed_over_and_a_wrong_one_is_not() -> None:
    newer = {**run_example(), "schema_version": "1.7", "novelty": 1}
    assert violations("metadata", newer) == []
    assert [each.pointer for each in violations("metadata", {**newer, "status": "done"})] == ["/status"]
    assert violations("metadata", {**newer, "schema_version": "1.0"})


@pytest.mark.parametrize("bad", [[], "x", {"type": "nonsense"}, {"$ref": "https://example.org/other.json"}], ids=str)
def test_an_extension_schema_that_does_not_stand_alone_is_refused(bad: object) -> None:
    applied = apply_extension_schema(bad, {"a": {}})
    assert (applied.fault or "").startswith("is no schema: ")
    assert applied.violations == {}


def test_extensions_are_held_to_the_schema_of_their_namespace_each_by_its_name() -> None:
    of_team = {"type": "object", "properties": {"seed": {"type": "integer"}}}
    applied = apply_extension_schema(of_team, {"a": {"seed": 1}, "b": {"seed": "1"}})
    assert applied.fault is None
    assert {name: [each.pointer for each in found] for name, found in applied.violations.items()} == {
        "a": [],
        "b": ["/seed"],
    }


@pytest.mark.parametrize(
    ("version", "major"), [("1.0", 1), ("2.13", 2), ("x", None), ("", None), ("9" * 10, None), ("\u0661.0", None)]
)
def test_the_major_number_of_a_version(version: str, major: int | None) -> None:
    assert major_of(version) == major


def test_inputs_offer_what_every_rule_of_a_unit_asks_for() -> None:
    offered = {name for name in dir(UnitInputs) if not name.startswith("_")} | {*signature(UnitInputs).parameters}
    assert {name for rule in rules().values() if rule.scope == "unit" for name in rule.inputs} <= offered


@pytest.mark.parametrize("version", ["1.²", "1." + "9" * 5000, "1.", "1.x"])
def test_a_version_whose_minor_is_no_number_is_never_an_exception(version: str) -> None:
    assert not is_newer_minor({"schema_version": version})


@pytest.mark.parametrize(
    ("name", "field", "value", "words"),
    [
        ("heartbeat", "at", "yesterday", 'is "yesterday", which is not a moment in UTC, RFC 3339 with a trailing Z'),
        ("metadata", "status", "done", 'is "done", which is none of "running", "completed", "failed", "preempted", "a'),
    ],
)
def test_a_value_that_is_wrong_is_told_with_what_may_stand_there(name: str, field: str, value: str, words: str) -> None:
    (found,) = [each for each in violations(name, {field: value}) if each.pointer == f"/{field}"]
    assert found.message.startswith(words)
