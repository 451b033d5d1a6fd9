"""Schemas in one piece, as the tools of others read them."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from runcheck.cli import main
from runcheck.convention.bundles import CATALOG, bundled, catalog, write_bundles
from runcheck.convention.schemas import SUFFIX, schema_names
from tests.docs.commands import need

GOOD = Path(__file__).parents[2] / "fixtures/good"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an editor is given."""
    folder = tmp_path_factory.mktemp("schemas")
    write_bundles(str(folder))
    return folder


def validate(folder: Path, schema: str, *documents: Path) -> subprocess.CompletedProcess[str]:
    command = [need("check-jsonschema"), "--schemafile", str(folder / f"{schema}{SUFFIX}"), *map(str, documents)]
    return subprocess.run(command, capture_output=True, text=True)


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for each in node.values():
            yield from references(each)
    elif isinstance(node, list):
        for each in node:
            yield from references(each)


@pytest.mark.parametrize("name", schema_names())
def test_a_bundle_refers_to_itself_alone_and_to_what_it_has(name: str) -> None:
    bundle = bundled(name)
    definitions = bundle.get("$defs", {})
    assert isinstance(definitions, dict)
    for reference in references(bundle):
        assert reference.removeprefix("#/$defs/").split("/")[0] in definitions, reference


def test_another_validator_takes_each_bundle_for_a_schema(folder: Path) -> None:
    command = [need("check-jsonschema"), "--check-metaschema", *map(str, folder.glob(f"*{SUFFIX}"))]
    assert subprocess.run(command, capture_output=True).returncode == 0


@pytest.mark.parametrize(("schema", "pattern"), [("metadata", "metadata.json"), ("summary", "summary.yaml")])
def test_another_validator_passes_good_documents(folder: Path, schema: str, pattern: str) -> None:
    done = validate(folder, schema, *GOOD.rglob(pattern))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("field", "value"),
    [("status", "done"), ("schema_version", "one"), ("created_at", "yesterday"), ("tags", {"Team": 1}), ("extra", 1)],
)
def test_another_validator_finds_what_does_not_fit_also_by_a_shared_name(
    folder: Path, tmp_path: Path, field: str, value: object
) -> None:
    metadata = json.loads(next(GOOD.rglob("model/*/2*/metadata.json")).read_text())
    damaged = tmp_path / "metadata.json"
    damaged.write_text(json.dumps({**metadata, field: value}))
    done = validate(folder, "metadata", damaged)
    assert done.returncode == 1
    assert field in done.stdout


def test_metadata_may_say_where_their_schema_is(folder: Path, tmp_path: Path) -> None:
    metadata = json.loads(next(GOOD.rglob("model/*/2*/metadata.json")).read_text())
    document = tmp_path / "metadata.json"
    document.write_text(json.dumps({"$schema": "../../../schemas/metadata.schema.json", **metadata}))
    assert validate(folder, "metadata", document).returncode == 0


def lint(settings: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Let the language server behind Even Better TOML look at settings, without what it knows of the network."""
    command = [need("taplo"), "lint", "--no-auto-config", *options, str(settings)]
    return subprocess.run(command, cwd=settings.parent, capture_output=True, text=True)


SETTINGS = 'ignore = ["RC808"]\n\n[levels]\nRC208 = "error"\n'


@pytest.mark.parametrize(
    ("old", "new"),
    [('"error"', '"loud"'), ("ignore", "ignored"), ('["RC808"]', '"RC808"'), ("RC808", "rc808"), ("RC208", "208")],
)
def test_an_editor_finds_what_is_wrong_in_settings_that_name_their_schema(
    folder: Path, tmp_path: Path, old: str, new: str
) -> None:
    settings = tmp_path / "runcheck.toml"
    shutil.copy(folder / f"runcheck{SUFFIX}", tmp_path)
    settings.write_text(f"#:schema ./runcheck{SUFFIX}\n{SETTINGS}")
    assert lint(settings).returncode == 0
    settings.write_text(f"#:schema ./runcheck{SUFFIX}\n{SETTINGS}".replace(old, new))
    assert lint(settings).returncode == 1


def test_an_editor_finds_the_schema_of_settings_by_the_catalog(folder: Path, tmp_path: Path) -> None:
    settings = tmp_path / "runcheck.toml"
    options = ("--schema-catalog", (folder / CATALOG).as_uri())
    settings.write_text(SETTINGS)
    assert lint(settings, *options).returncode == 0
    settings.write_text(SETTINGS.replace("error", "loud"))
    done = lint(settings, *options)
    assert done.returncode == 1
    assert '"loud" is not one of' in done.stderr


def test_the_catalog_leads_from_a_file_to_its_schema(folder: Path, good_tree: Path) -> None:
    listed = json.loads((folder / CATALOG).read_text())["schemas"]
    found = {
        path.name: each["url"]
        for each in listed
        for pattern in each["fileMatch"]
        for path in good_tree.glob(pattern.removeprefix("**/"))
    }
    assert found == {
        name: (folder / f"{name.partition('.')[0]}{SUFFIX}").as_uri() for name in ("metadata.json", "summary.yaml")
    }


def test_the_catalog_of_the_repository_has_identifiers() -> None:
    listed = catalog()["schemas"]
    assert isinstance(listed, list)
    assert {each["url"].partition(":1:")[0] for each in listed} == {"urn:runcheck"}


def test_the_command_prints_a_bundle(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "metadata"]) == 0
    assert json.loads(capsys.readouterr().out) == bundled("metadata")


def test_the_command_lists_the_schemas_and_says_which_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(schema_names())
    with pytest.raises(SystemExit, match="2"):
        main(["schema", "meta"])
    assert "metadata" in capsys.readouterr().err


def test_the_command_writes_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--into", str(tmp_path / "new")]) == 0
    assert {path.name for path in (tmp_path / "new").iterdir()} == {
        CATALOG,
        *(f"{name}{SUFFIX}" for name in schema_names()),
    }
