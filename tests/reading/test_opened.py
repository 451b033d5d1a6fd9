"""A tree that is opened tells what the documents of its units say now, whatever its registry says."""

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import runcheck
from runcheck.errors import CannotCheckError, CannotReadError

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "a" * 64 + "\nsize 12345\n"


@pytest.fixture
def dataset_folder(tree: Path) -> Path:
    """The folder of the dataset."""
    return tree / "dataset/digits/v1"


def below(root: Path, unit: Path) -> str:
    """Return the path of a unit in its tree."""
    return unit.relative_to(root).as_posix()


def change(path: Path, **changed: object) -> None:
    """Change fields of a JSON document."""
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))


def test_the_units_of_a_tree_come_with_their_documents(tree: Path, run_folder: Path, dataset_folder: Path) -> None:
    dataset, run = runcheck.open(tree).units()
    assert (dataset.path, run.path) == (below(tree, dataset_folder), below(tree, run_folder))
    assert run.metadata == json.loads((run_folder / "metadata.json").read_text())
    assert run.config == {"learning_rate": 0.1, "layers": [64, 10]}
    assert run.summary is not None
    assert run.summary["metrics"]["train"]["accuracy"]["best"] == 0.5
    assert (dataset.kind, dataset.config, dataset.summary) == ("dataset", None, None)


def test_units_of_one_kind_alone(tree: Path) -> None:
    opened = runcheck.open(str(tree))
    assert [record.kind for record in opened.units("model")] == ["model"]
    assert [record.kind for record in opened.units("dataset")] == ["dataset"]
    with pytest.raises(CannotReadError, match="no kind of unit"):
        list(opened.units("run"))


def test_runs_and_datasets_are_tables(tree: Path, run_folder: Path, dataset_folder: Path) -> None:
    opened = runcheck.open(tree)
    assert opened.runs().column("path").to_pylist() == [below(tree, run_folder)]
    assert opened.datasets().column("path").to_pylist() == [below(tree, dataset_folder)]
    assert opened.runs().schema == pq.read_schema(tree / "runs.parquet").remove_metadata()
    assert opened.runs().to_pandas().status.tolist() == ["completed"]


def test_a_stale_registry_is_not_believed_and_none_is_needed(tree: Path, run_folder: Path) -> None:
    change(run_folder / "metadata.json", status="aborted")
    opened = runcheck.open(tree)
    assert opened.runs().column("status").to_pylist() == ["aborted"]
    (tree / "runs.parquet").unlink()
    assert opened.runs().column("status").to_pylist() == ["aborted"]


def test_a_unit_without_sound_metadata_is_told(tree: Path, run_folder: Path, dataset_folder: Path) -> None:
    opened = runcheck.open(tree)
    (run_folder / "metadata.json").write_text("{")
    (dataset_folder / "metadata.json").unlink()
    assert list(opened.units()) == []
    assert opened.faults[below(tree, run_folder)].startswith("metadata.json is not JSON")
    assert opened.faults[below(tree, dataset_folder)] == "has no metadata.json"
    with pytest.raises(CannotReadError, match=r"is not JSON"):
        opened.record(below(tree, run_folder))
    (run_folder / "metadata.json").write_text(POINTER)
    list(opened.units())
    assert "Git LFS pointer" in opened.faults[below(tree, run_folder)]


def test_metadata_behind_a_link_are_not_followed(tree: Path, run_folder: Path, tmp_path: Path) -> None:
    outside = shutil.move(run_folder / "metadata.json", tmp_path / "outside.json")
    (run_folder / "metadata.json").symlink_to(outside)
    opened = runcheck.open(tree)
    assert list(opened.units("model")) == []
    assert opened.faults == {below(tree, run_folder): "metadata.json is no regular file"}


def test_a_summary_or_a_configuration_that_does_not_hold_is_none(tree: Path, run_folder: Path) -> None:
    (run_folder / "summary.yaml").write_text("rows: many\n")
    (run_folder / "config.json").write_text(POINTER)
    (record,) = runcheck.open(tree).units("model")
    assert (record.config, record.summary) == (None, None)


def test_two_configurations_are_none(tree: Path, run_folder: Path) -> None:
    (run_folder / "config.yaml").write_text("learning_rate: 0.2\n")
    (record,) = runcheck.open(tree).units("model")
    assert record.config is None


def test_metrics_of_all_runs_bear_their_units(tree: Path, run_folder: Path) -> None:
    copy = Path(shutil.copytree(run_folder, run_folder.with_name("v2")))
    with (copy / "metrics.jsonl").open("a") as stream:
        stream.write('{"step": 9, "split": "test", "metric": "loss", "value": null, "nonfinite": "nan"}\n')
    rows = runcheck.open(tree).metrics().to_pylist()
    ours = runcheck.load(run_folder)
    assert isinstance(ours, runcheck.LoadedRun)
    assert [{**row, "unit": below(tree, run_folder)} for row in ours.metrics().to_pylist()] == rows[:11]
    assert {row["unit"] for row in rows[11:]} == {below(tree, copy)}
    assert math.isnan(rows[-1]["value"])


def test_metrics_of_named_units(tree: Path, run_folder: Path, dataset_folder: Path) -> None:
    opened = runcheck.open(tree)
    by_path = opened.metrics([below(tree, run_folder)])
    assert by_path.equals(opened.metrics([run_folder]))
    assert by_path.num_rows == 11
    with pytest.raises(CannotReadError, match="has no metrics"):
        opened.metrics([dataset_folder])


def test_broken_metrics_of_one_run_are_told_and_the_others_given(tree: Path, run_folder: Path) -> None:
    copy = Path(shutil.copytree(run_folder, run_folder.with_name("v2")))
    (copy / "metrics.jsonl").write_text("no row\n")
    opened = runcheck.open(tree)
    assert opened.metrics().num_rows == 11
    assert opened.faults.keys() == {below(tree, copy)}
    with pytest.raises(CannotReadError, match="line 1"):
        opened.metrics([copy])


def test_a_unit_is_loaded_by_its_path_in_the_tree_or_here(
    tree: Path, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = runcheck.open(tree)
    assert opened.unit(below(tree, run_folder)).path == str(run_folder)
    assert opened.unit(run_folder.parent.relative_to(tree)).path == str(run_folder)
    monkeypatch.chdir(tree.parent)
    assert opened.unit(os.path.relpath(run_folder)).path == str(run_folder)


def test_what_is_no_tree_is_not_opened(tree: Path, run_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CannotCheckError):
        runcheck.open(tmp_path / "nothing")
    with pytest.raises(CannotReadError, match="part of a tree"):
        runcheck.open(run_folder)
    with pytest.raises(CannotReadError, match="another machine"):
        runcheck.open("s3://bucket/artefacts")


def test_opening_a_tree_loads_no_pyarrow_until_a_table_is_asked_for(tree: Path) -> None:
    code = f"import runcheck, sys; list(runcheck.open({str(tree)!r}).units()); print('pyarrow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_star_does_not_hide_the_open_of_python() -> None:
    assert "open" not in runcheck.__all__
