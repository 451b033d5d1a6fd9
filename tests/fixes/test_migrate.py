"""From version to version: with steps that were made up, for there is one version only."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from runcheck.cli import main
from runcheck.convention.layout import layout
from runcheck.errors import CannotWriteError
from runcheck.fixes.migrate import STEPS, Document, Step, Way, migrate
from tests.fixes.test_fixes import edit_json, everything, run_of


def renamed(role: str, document: Document) -> Document:
    """Rename a field of the metadata."""
    return {("about" if key == "description" and role == "metadata" else key): each for key, each in document.items()}


def same(_role: str, document: Document) -> Document:
    """Change nothing but the version."""
    return document


WAY = Way({"1.0": Step("1.1", renamed), "1.1": Step("2.0", same)}, "2.0")


def test_there_is_one_version_and_nothing_to_migrate(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert STEPS == {}
    assert layout().schema_version == "1.0"
    before = everything(tree)
    assert main(["migrate", str(tree)]) == 0
    assert capsys.readouterr().out == (
        "nothing to migrate: all 2 units are of version 1.0, the only version that there is\n"
    )
    assert everything(tree) == before


def test_units_that_are_not_sealed_take_every_step_and_sealed_ones_none(tree: Path) -> None:
    run = run_of(tree)
    (run / "SHA256SUMS").unlink()
    before = everything(tree)
    preview = migrate(str(tree), is_preview=True, way=WAY)
    assert everything(tree) == before
    assert [edit.path.rpartition("/")[2] for group in preview.plan.edits for edit in group] == [
        "metadata.json",
        "summary.yaml",
    ]
    migration = migrate(str(tree), way=WAY)
    assert migration.passed_over == ("dataset/digits/v1: is sealed, and keeps version 1.0 for ever",)
    metadata: dict[str, Any] = json.loads((run / "metadata.json").read_text())
    assert (metadata["schema_version"], metadata["about"]) == ("2.0", "A baseline.")
    assert "description" not in metadata
    assert yaml.safe_load((run / "summary.yaml").read_text())["schema_version"] == "2.0"
    after = everything(tree)
    changed = {path.rpartition("/")[2] for path in after if after[path] != before.get(path)}
    assert changed == {"metadata.json", "summary.yaml"}
    assert migrate(str(tree), way=WAY).plan.is_empty
    assert everything(tree) == after


@pytest.mark.parametrize("version", ["0.9", "3.0", 1, None, "1.0x"])
def test_a_version_that_no_way_leads_from_is_told(tree: Path, version: object) -> None:
    (run_of(tree) / "SHA256SUMS").unlink()
    edit_json(run_of(tree) / "metadata.json", lambda each: each.update(schema_version=version))
    before = everything(tree)
    [_, told] = migrate(str(tree), way=WAY).passed_over
    assert told.endswith(f"metadata says version {version}; no way leads to 2.0")
    assert everything(tree) == before


def test_steps_in_a_circle_end(tree: Path) -> None:
    (run_of(tree) / "SHA256SUMS").unlink()
    circle = Way({"1.0": Step("1.1", same), "1.1": Step("1.0", same)}, "2.0")
    assert "no way leads to 2.0" in migrate(str(tree), way=circle).passed_over[1]


def test_a_part_of_a_tree_is_migrated_alone(tree: Path) -> None:
    (run_of(tree) / "SHA256SUMS").unlink()
    assert migrate(str(tree / "dataset"), way=WAY).passed_over == (
        "dataset/digits/v1: is sealed, and keeps version 1.0 for ever",
    )
    assert json.loads((run_of(tree) / "metadata.json").read_text())["schema_version"] == "1.0"


def test_a_tree_at_a_url_is_not_migrated() -> None:
    with pytest.raises(CannotWriteError, match="nothing is written to a URL"):
        migrate("s3://bucket/artefacts")
