"""Exports in a unit: what is judged where files are pointers, elsewhere, or not looked into."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from runcheck.convention.paths import resolve
from runcheck.depth import Depth
from runcheck.findings import Finding
from tests.checking import check

FIXTURES = Path(__file__).parents[2] / "fixtures"
SUITE = FIXTURES / "RC511-export-format"
EXPORTS = FIXTURES / "data/exports"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n"


@pytest.fixture
def run_of(tmp_path: Path) -> Callable[[str], Path]:
    """Copy the tree of a fixture, and return its run."""

    def copy(name: str) -> Path:
        shutil.copytree(SUITE / name / "tree", tmp_path / "tree", symlinks=True)
        return next((tmp_path / "tree/model").glob("*/2*"))

    return copy


def findings(run: Path, *codes: str, depth: Depth = "deep", pedantic: bool = False) -> list[Finding]:
    """Return the findings of some clauses in a run."""
    report = check(run, depth=depth, pedantic=pedantic)
    return [each for each in report.findings if each.code in codes]


def point(path: Path) -> None:
    """Replace a file by its Git LFS pointer."""
    content = path.read_bytes()
    path.write_text(POINTER.format(hashlib.sha256(content).hexdigest(), len(content)))


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("w.data", "exports/w.data"),
        ("./w.data", "exports/w.data"),
        ("a//b", "exports/a/b"),
        ("../w.data", "w.data"),
        ("../../w.data", None),
        ("a/../../../w", None),
        ("/etc/passwd", None),
    ],
)
def test_a_path_is_relative_to_the_file_that_names_it(location: str, path: str | None) -> None:
    assert resolve("exports/w.onnx", location) == path


def test_the_file_of_weights_of_a_model_needs_no_sidecar_at_any_depth(run_of: Callable[[str], Path]) -> None:
    run = run_of("pass-a-model-and-the-file-of-its-weights")
    for depth in ("structure", "content", "deep"):
        assert findings(run, "RC508", depth=depth) == []
    (run / "exports/another.data").touch()
    assert [each.path[-12:] for each in findings(run, "RC508")] == ["another.data"]


def test_a_pointer_in_place_of_a_file_of_weights_is_not_held_against_its_length(run_of: Callable[[str], Path]) -> None:
    run = run_of("pass-a-model-and-the-file-of-its-weights")
    point(run / "exports/w.onnx.data")
    assert findings(run, "RC508", "RC511", "RC512") == []


def test_a_pointer_in_place_of_an_export_is_not_judged(run_of: Callable[[str], Path]) -> None:
    run = run_of("pass-a-state-dict")
    point(run / "exports/w.pt")
    assert findings(run, "RC511", "RC512") == []


def test_a_pointer_in_a_folder_leaves_it_unjudged(run_of: Callable[[str], Path]) -> None:
    run = run_of("pass-a-saved-model")
    point(run / "exports/w/variables/variables.data-00000-of-00001")
    assert findings(run, "RC511", "RC512") == []
    report = check(run, depth="deep")
    assert any("pointers" in each.reason for each in report.unverified)


@pytest.mark.parametrize("content", ["{}", "[1]", "7", '{"hidden_size": 64}', "not JSON"])
def test_what_is_no_sidecar_is_one_finding(run_of: Callable[[str], Path], content: str) -> None:
    run = run_of("pass-a-state-dict")
    for path in run.glob("SHA256SUMS"):
        path.unlink()
    for name in ("labels.json", "w.pt.json"):
        (run / "exports" / name).write_text(content)
        errors = [each for each in check(run).findings if each.path.endswith(name)]
        assert len([each for each in errors if each.code in ("RC508", "RC201")]) == 1, errors
        (run / "exports" / name).unlink()


def test_shapes_are_not_held_against_the_shards_that_are_here(run_of: Callable[[str], Path]) -> None:
    run = run_of("pass-shards-in-a-folder")
    point(run / "exports/w/model-00001-of-00002.safetensors")
    assert findings(run, "RC511", "RC512", pedantic=True) == []


def test_at_depth_structure_nothing_is_judged_and_the_report_says_so(run_of: Callable[[str], Path]) -> None:
    run = run_of("fail-weights-cut-short")
    assert findings(run, "RC511") != []
    assert findings(run, "RC511", depth="structure") == []
    reasons = {each.reason for each in check(run, depth="structure").unverified}
    assert "exports, which are not looked into at this depth" in reasons


def test_a_pointer_tells_a_digest_at_depth_structure_and_nothing_is_judged_by_it(run_of: Callable[[str], Path]) -> None:
    run = run_of("pass-a-model-and-the-file-of-its-weights")
    point(run / "exports/w.onnx.data")
    assert findings(run, "RC511", depth="structure") == []


def test_bytes_of_variables_are_held_against_checksums_at_depth_deep_only(run_of: Callable[[str], Path]) -> None:
    run = run_of("fail-a-bit-in-the-variables-of-a-saved-model")
    assert findings(run, "RC511", depth="content") == []
    assert len(findings(run, "RC511")) == 1


def sidecar(run: Path, name: str, format_: str) -> None:
    """Write the sidecar of an export, without its true SHA-256, which has a clause of its own."""
    document = json.loads(next((run / "exports").glob("*.json")).read_text())
    document.update(file=name, format=format_)
    (run / f"exports/{name}.json").write_text(json.dumps(document))


@pytest.mark.parametrize("format_", ["torch", "numpy", "onnx", "saved_model"])
def test_a_file_of_another_format_than_its_sidecar_names_is_found(run_of: Callable[[str], Path], format_: str) -> None:
    run = run_of("pass-a-header-with-metadata-and-spaces")
    sidecar(run, "w.safetensors", format_)
    found = findings(run, "RC511", "RC512")
    assert [each.code for each in found] == ["RC511"]
    assert found[0].message.endswith("is a safetensors file")


def test_a_folder_that_holds_nothing_of_its_format_is_found(run_of: Callable[[str], Path]) -> None:
    run = run_of("pass-shards-in-a-folder")
    sidecar(run, "w", "onnx")
    assert [each.message for each in findings(run, "RC511")] == [
        "is an ONNX model to its sidecar, and a folder without any"
    ]
    for path in (run / "exports/w").glob("*.safetensors"):
        point(path)
    assert findings(run, "RC511") == []


def test_a_folder_that_is_no_saved_model_is_found_by_its_sidecar_only(run_of: Callable[[str], Path]) -> None:
    run = run_of("pass-shards-in-a-folder")
    assert findings(run, "RC511") == []
    sidecar(run, "w", "saved_model")
    assert [each.message for each in findings(run, "RC511")] == ["has no saved_model.pb"]


def test_each_file_of_a_folder_is_judged_and_all_are_one_export(run_of: Callable[[str], Path]) -> None:
    run = run_of("pass-shards-in-a-folder")
    shard = run / "exports/w/model-00002-of-00002.safetensors"
    shard.write_bytes(shard.read_bytes()[:-1])
    assert [each.path.rpartition("/")[2] for each in findings(run, "RC511")] == [shard.name]
    assert findings(run, "RC512", pedantic=True) == []
    shard.unlink()
    assert len(findings(run, "RC511")) == 1
    assert findings(run, "RC512") == []
    hints = findings(run, "RC512", pedantic=True)
    assert [each.is_certain for each in hints] == [False]


def test_a_file_of_a_folder_that_became_another_format_is_found_by_its_name(run_of: Callable[[str], Path]) -> None:
    run = run_of("pass-shards-in-a-folder")
    first = run / "exports/w/model-00001-of-00002.safetensors"
    first.rename(first.with_name("weights.safetensors"))
    (run / "exports/w/weights.safetensors").write_bytes(b"PK\x03\x04" + b"x" * 100)
    assert "exports/w/weights.safetensors" in [each.path.partition("Z_0123456/")[2] for each in findings(run, "RC511")]


def test_external_data_that_lead_out_are_left_to_their_own_clause(run_of: Callable[[str], Path]) -> None:
    run = run_of("fail-a-model-without-the-file-of-its-weights")
    model = run / "exports/w.onnx"
    content = model.read_bytes()
    assert content.count(b"w.onnx.data") == 2
    model.write_bytes(content.replace(b"w.onnx.data", b"../../../xx"))
    assert findings(run, "RC511") == []


def test_an_export_of_a_broken_checkpoint_is_not_held_against_it(run_of: Callable[[str], Path]) -> None:
    run = run_of("pass-a-state-dict")
    shutil.copyfile(FIXTURES / "data/types.pt", run / "exports/w.pt")
    assert findings(run, "RC512", pedantic=True) != []
    (run / "checkpoints/3/_CHECKPOINT_METADATA").unlink()
    assert findings(run, "RC512", pedantic=True) == []


def test_an_export_of_a_step_without_a_checkpoint_is_left_to_its_own_clause(run_of: Callable[[str], Path]) -> None:
    run = run_of("pass-a-state-dict")
    document = json.loads((run / "exports/w.pt.json").read_text())
    (run / "exports/w.pt.json").write_text(json.dumps({**document, "source_step": 2}))
    assert findings(run, "RC511", "RC512", pedantic=True) == []
