"""The layout resolves: each pattern, each format, each schema, and each path of the tree that the design draws."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from runcheck.convention.documents import STATUSES
from runcheck.convention.files import convention_folder
from runcheck.convention.layout import layout
from runcheck.convention.names import is_name, pattern
from runcheck.convention.schemas import schema_names
from runcheck.probes import make_probe

RUN = "2026-05-27T12-34-56Z_0123456"
RAW: dict[str, Any] = tomllib.loads((Path(convention_folder("schemas")) / "layout.toml").read_text(encoding="utf-8"))


def strings(value: object) -> list[str]:
    """Return every string in a TOML value."""
    if isinstance(value, dict):
        return [each for inner in value.values() for each in strings(inner)]
    if isinstance(value, list):
        return [each for inner in value for each in strings(inner)]
    return [value] if isinstance(value, str) else []


def test_every_name_in_angle_brackets_is_a_pattern() -> None:
    named = [name for text in strings(RAW) for name in re.findall(r"<([^>]+)>", text)]
    assert named
    for name in named:
        assert isinstance(pattern(name), re.Pattern)


def test_the_slug_of_each_kind_is_a_pattern() -> None:
    assert is_name(layout().kinds["dataset"].slug, "digits")
    assert is_name(layout().kinds["model"].slug, "digits_logreg_baseline")


def test_every_schema_that_a_role_names_exists() -> None:
    assert {role.schema for role in layout().roles.values() if role.schema} <= set(schema_names())


@pytest.mark.parametrize("role", [role for role in layout().roles.values() if role.format], ids=lambda role: role.name)
def test_every_format_that_a_role_names_has_a_probe_for_each_of_its_paths(role: Any) -> None:  # noqa: ANN401
    for path in role.paths:
        assert make_probe(role.format, path.replace("*", "x")) is not None


def test_latest_as_a_text_file_has_a_probe() -> None:
    assert make_probe("latest", "model/digits_logreg_baseline/latest") is not None


@pytest.mark.parametrize(("format_", "path"), [(None, "x.json"), ("json", "x.yaml"), ("video", "x.mp4"), ("json", "x")])
def test_what_is_not_looked_into_has_no_probe(format_: str | None, path: str) -> None:
    assert make_probe(format_, path) is None


@pytest.mark.parametrize(
    ("kind", "path", "role"),
    [
        ("dataset", "README.md", "readme"),
        ("dataset", "metadata.json", "metadata"),
        ("dataset", "SHA256SUMS", "checksums"),
        ("dataset", "train.parquet", "data"),
        ("dataset", "parts/train-0.parquet", "data"),
        ("dataset", "train.h5", "data"),
        ("dataset", "train.hdf5", "data"),
        ("dataset", "train.zarr/c/0/1", "data"),
        ("dataset", "train.zarr/zarr.json", "data"),
        ("dataset", "generate.py", "generator"),
        ("dataset", "extra/uncommitted.diff", "diff"),
        ("model", "README.md", "readme"),
        ("model", "metadata.json", "metadata"),
        ("model", "config.yaml", "config"),
        ("model", "config.json", "config"),
        ("model", "metrics.jsonl", "metrics"),
        ("model", "metrics.csv", "metrics"),
        ("model", "summary.yaml", "summary"),
        ("model", "heartbeat.json", "heartbeat"),
        ("model", "SHA256SUMS", "checksums"),
        ("model", "tensorboard/events.out.tfevents.1700000000.x", "events"),
        ("model", "tensorboard/train/events.out.tfevents.1700000000.x", "events"),
        ("model", "checkpoints/400/_CHECKPOINT_METADATA", "checkpoint"),
        ("model", "checkpoints/400/state/d/0a", "checkpoint"),
        ("model", "exports/weights.safetensors", "export"),
        ("model", "exports/weights.safetensors.json", "export_sidecar"),
        ("model", "exports/saved/variables/a", "export"),
        ("model", "plots/loss.png", "plot"),
        ("model", "extra/notes.txt", "extra"),
        ("model", "extra/uncommitted.diff", "diff"),
        ("model", "train.parquet", None),
        ("model", "metrics.json", None),
        ("model", "Metadata.json", None),
        ("model", "sub/metadata.json", None),
        ("model", "metadata.json.bak", None),
        ("model", "metadata.json\n", None),
        ("model", "tensorboard/notes.txt", None),
        ("model", "model.pt", None),
        ("dataset", "train.parquet.crc", None),
    ],
)
def test_the_role_of_a_path(kind: str, path: str, role: str | None) -> None:
    found = layout().role_of(path, kind)
    assert (found.name if found else None) == role


def test_a_dot_in_a_path_is_a_dot_and_a_star_stays_in_its_segment() -> None:
    assert layout().role_of("metadataXjson", "model") is None
    sidecar = layout().role_of("exports/sub/w.onnx.json", "model")
    assert sidecar is not None
    assert sidecar.name == "export"


@pytest.mark.parametrize("role", layout().roles.values(), ids=lambda role: role.name)
def test_required_files_name_known_kinds_and_statuses(role: Any) -> None:  # noqa: ANN401
    assert set(role.required) <= set(layout().kinds)
    assert set(role.kinds) <= set(layout().kinds)
    for statuses in role.required.values():
        assert set(statuses) <= set(STATUSES)


def test_metadata_are_required_whatever_the_status() -> None:
    assert {kind: set(each) for kind, each in layout().roles["metadata"].required.items()} == {
        "dataset": set(STATUSES),
        "model": set(STATUSES),
    }


def test_a_path_of_a_role_is_found_by_its_suffix() -> None:
    assert layout().path("config") == "config.json"
    assert layout().path("config", suffix=".yaml") == "config.yaml"
    assert layout().path("metrics", suffix=".csv") == "metrics.csv"
    assert layout().folder_of("checkpoint") == "checkpoints"


@pytest.mark.parametrize(
    ("folder", "kind"),
    [("dataset", "dataset"), ("datasets", "dataset"), ("model", "model"), ("runs", "model"), ("src", None), ("", None)],
)
def test_the_kind_that_lives_in_a_folder(folder: str, kind: str | None) -> None:
    found = layout().kind_of_folder(folder)
    assert (found.name if found else None) == kind


@pytest.mark.parametrize(
    "name",
    ["metadata.json.tmp", ".tmp-1", "x.swp", "a~", ".nfs0001", "400.orbax-checkpoint-tmp-1700000000", "x.partial"],
)
def test_what_an_interrupted_write_leaves_is_known(name: str) -> None:
    assert layout().is_leftover(name)


@pytest.mark.parametrize("name", ["template.json", "tmp", "partial.csv", "400", "metadata.json", "X.TMP"])
def test_an_ordinary_name_is_no_leftover(name: str) -> None:
    assert not layout().is_leftover(name)


def test_the_schema_version_of_the_layout_is_that_of_the_examples() -> None:
    assert is_name("schema-version", layout().schema_version)
    assert layout().schema_version == RAW["schema_version"] == "1.0"


def test_tags_with_a_list_of_values_are_in_the_closed_set() -> None:
    known = {
        tag for table in (layout().mandatory_tags, layout().optional_tags) for tags in table.values() for tag in tags
    }
    assert set(layout().tag_values) <= known
    for values in layout().tag_values.values():
        assert all(is_name("tag", value) for value in values)
