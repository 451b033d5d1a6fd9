"""What the writer was given comes back; what is not there, not here or broken is told with its path."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import runcheck
from runcheck.errors import CannotReadError, RuncheckError
from tests.mutation.specimens import start_run

RUN = "model/digits_logreg_baseline"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "a" * 64 + "\nsize 12345\n"


def load_run(path: Path | str) -> runcheck.LoadedRun:
    """Load what is known to be a run."""
    run = runcheck.load(path)
    assert isinstance(run, runcheck.LoadedRun)
    return run


def rewrite(path: Path, **changed: object) -> None:
    """Change fields of a JSON document; None takes one away."""
    gone = {key for key, value in changed.items() if value is None}
    document = json.loads(path.read_text()) | changed
    path.write_text(json.dumps({key: value for key, value in document.items() if key not in gone}))


# --- what a path means ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        Path,
        lambda unit: f"{unit}/",
        lambda unit: unit.parent,
        lambda unit: unit.parent / "latest",
        lambda unit: f"{unit.parent}/latest/",
        os.path.relpath,
        lambda unit: f"{unit}/../latest",
    ],
)
def test_a_run_is_loaded_by_its_folder_by_latest_and_by_its_slug(
    run_folder: Path, path: Callable[[Path], str | Path]
) -> None:
    run = load_run(path(run_folder))
    assert run.path == str(run_folder)
    assert run.metadata == json.loads((run_folder / "metadata.json").read_text())
    assert (run.status, run.metadata["tags"]["run_type"]) == ("completed", "train")
    assert repr(run) == f"<LoadedRun digits_logreg_baseline/{run_folder.name} completed>"


@pytest.mark.parametrize("text", ["{}\n", "{}", "{}\r\n"])
def test_latest_may_be_a_text_file(run_folder: Path, text: str) -> None:
    latest = run_folder.parent / "latest"
    latest.unlink()
    latest.write_bytes(text.format(run_folder.name).encode())
    assert load_run(latest).path == load_run(run_folder.parent).path == str(run_folder)


def test_a_unit_outside_of_any_tree_is_loaded(run_folder: Path, tmp_path: Path) -> None:
    moved = shutil.move(run_folder, tmp_path / "copied")
    assert load_run(moved).config == {"learning_rate": 0.1, "layers": [64, 10]}


def test_a_path_through_a_link_above_the_unit_is_followed(run_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "here").symlink_to(run_folder.parents[2])
    assert load_run(tmp_path / "here" / RUN / "latest").path == str(run_folder)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("nowhere", r"nowhere: there is no such folder"),
        ("runs.parquet", "is no folder"),
        ("", r"is no unit: it has no metadata\.json; it holds dataset/digits/v1, model/.*: give one of these"),
        ("model", r"it holds digits_logreg_baseline/20.*: give one of these"),
        ("model/none/latest", "latest: there is no folder .*model/none$"),
        ("s3://bucket/artefacts/model/a_b_c", "is on another machine; copy the unit here"),
    ],
)
def test_what_is_no_unit_is_told_with_what_there_is(tree: Path, path: str, words: str) -> None:
    with pytest.raises(CannotReadError, match=words):
        runcheck.load(path if "://" in path else tree / path)


def test_a_slug_without_latest_means_its_only_version_and_names_several(run_folder: Path) -> None:
    slug = run_folder.parent
    (slug / "latest").unlink()
    assert runcheck.load(slug).path == str(run_folder)
    with pytest.raises(CannotReadError, match=f"the newest version is.*{run_folder.name}: give"):
        runcheck.load(slug / "latest")
    shutil.copytree(run_folder, slug / "v2")
    with pytest.raises(CannotReadError, match=f"it holds {run_folder.name}, v2: give"):
        runcheck.load(slug)


@pytest.mark.parametrize("target", ["../../../../outside", "../elsewhere", "..", ".", "v1/../../other", "{outside}"])
def test_latest_leads_to_nothing_but_a_version_beside_it(run_folder: Path, tmp_path: Path, target: str) -> None:
    outside = Path(shutil.copytree(run_folder, tmp_path / "outside"))
    shutil.copytree(run_folder, run_folder.parents[1] / "elsewhere")
    latest = run_folder.parent / "latest"
    latest.unlink()
    latest.symlink_to(target.format(outside=outside))
    for path in (latest, latest.parent):
        with pytest.raises(CannotReadError, match="names no version beside it"):
            runcheck.load(path)


def test_a_version_that_is_a_link_is_not_what_latest_may_name(run_folder: Path, tmp_path: Path) -> None:
    shutil.move(run_folder, tmp_path / "outside")
    run_folder.symlink_to(tmp_path / "outside")
    with pytest.raises(CannotReadError, match="is no folder there"):
        runcheck.load(run_folder.parent / "latest")


@pytest.mark.parametrize("content", [b"", b"v1\nv2\n", b"../v1", b"\xff", b"v1" * 1000])
def test_a_text_file_that_names_no_version_is_told(run_folder: Path, content: bytes) -> None:
    latest = run_folder.parent / "latest"
    latest.unlink()
    latest.write_bytes(content)
    with pytest.raises(CannotReadError, match="names no version"):
        runcheck.load(latest)


# --- documents --------------------------------------------------------------------------------------------------------


def test_configuration_and_summary_come_back(run_folder: Path) -> None:
    run = load_run(run_folder)
    assert run.config == {"learning_rate": 0.1, "layers": [64, 10]}
    assert run.summary["metrics"]["train"]["loss"]["best"] == 0.2
    assert run.summary["rows"] == 11


def test_a_configuration_in_yaml_is_read_as_yaml_1_2(run_folder: Path) -> None:
    (run_folder / "config.json").unlink()
    (run_folder / "config.yaml").write_text("norway: no\nrate: 1e-3\n")
    rewrite(run_folder / "metadata.json", config={"path": "config.yaml", "sha256": "0" * 64})
    assert load_run(run_folder).config == {"norway": "no", "rate": 1e-3}


BAD_METADATA: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "no JSON": (b"{", "line 1: is not JSON"),
    "key twice": (b'{"a": 1,\n "a": 2}', "line 2: has the key 'a' twice"),
    "NaN": (b'{"a": NaN}', "holds NaN"),
    "array": (b"[]", "holds an array at its top"),
    "not UTF-8": (b'{"a": "\xff"}', "is not UTF-8"),
    "no fields": (b"{}", "lacks the field"),
    "deep": (b'{"a": ' + b"[" * 10**5 + b"]" * 10**5 + b"}", "nests more than 64 deep"),
    "later version": (b'{"schema_version": "2.0"}', r"is of schema version 2\.0, and only 1\.0 is known here"),
    "pointer": (POINTER.encode(), "is a Git LFS pointer, and its object is not here; `git lfs pull` brings it"),
}


@pytest.mark.parametrize(("content", "words"), BAD_METADATA.values(), ids=BAD_METADATA.keys())
def test_metadata_that_are_none_are_told_as_the_linter_tells_it(run_folder: Path, content: bytes, words: str) -> None:
    (run_folder / "metadata.json").write_bytes(content)
    with pytest.raises(CannotReadError, match=words) as raised:
        runcheck.load(run_folder)
    assert str(raised.value).startswith(f"{run_folder}/metadata.json: ")


def test_metadata_that_break_their_schema_are_told_with_the_place(run_folder: Path) -> None:
    rewrite(run_folder / "metadata.json", status="done")
    with pytest.raises(CannotReadError, match=r"/status: .*`runcheck .*` says all that is wrong"):
        runcheck.load(run_folder)


def test_a_document_that_is_larger_than_any_is_not_read(run_folder: Path) -> None:
    with (run_folder / "metadata.json").open("r+b") as stream:
        stream.truncate(1 << 34)
    with pytest.raises(CannotReadError, match="is larger than 16,777,216 bytes"):
        runcheck.load(run_folder)


@pytest.mark.parametrize("path", ["../../../../secret.json", "/etc/hostname", "extra/../../x.json"])
def test_a_configuration_outside_of_the_unit_is_not_read(run_folder: Path, tmp_path: Path, path: str) -> None:
    (tmp_path / "secret.json").write_text("{}")
    rewrite(run_folder / "metadata.json", config={"path": path, "sha256": "0" * 64})
    with pytest.raises(CannotReadError, match=r"metadata\.json|leads out of the unit"):
        _ = load_run(run_folder).config


@pytest.mark.parametrize("name", ["metadata.json", "config.json", "summary.yaml", "metrics.jsonl"])
def test_a_link_is_not_followed(run_folder: Path, tmp_path: Path, name: str) -> None:
    shutil.move(run_folder / name, tmp_path / name)
    (run_folder / name).symlink_to(tmp_path / name)
    with pytest.raises(CannotReadError, match=rf"{name}: is a link, which is not followed"):
        everything_of(run_folder)


def test_a_folder_that_is_a_link_is_not_entered(run_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere/5").mkdir(parents=True)
    (run_folder / "checkpoints").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CannotReadError, match="checkpoints: is a link"):
        _ = load_run(run_folder).checkpoints


@pytest.mark.parametrize("name", ["config.json", "summary.yaml", "metrics.jsonl"])
def test_what_is_a_pointer_or_is_not_there_is_told(run_folder: Path, name: str) -> None:
    (run_folder / name).write_text(POINTER)
    with pytest.raises(CannotReadError, match=rf"{name}: is a Git LFS pointer"):
        everything_of(run_folder)
    (run_folder / name).unlink()
    with pytest.raises(CannotReadError, match=rf"{name}: is not there"):
        everything_of(run_folder)


@pytest.mark.parametrize("name", ["config.json", "summary.yaml", "metrics.jsonl", "metadata.json"])
def test_a_pipe_is_not_waited_for(run_folder: Path, name: str) -> None:
    (run_folder / name).unlink()
    os.mkfifo(run_folder / name)
    with pytest.raises(CannotReadError, match=rf"{name}: is no regular file"):
        everything_of(run_folder)


def everything_of(run_folder: Path) -> None:
    """Read all that a run without checkpoints has."""
    run = load_run(run_folder)
    _ = run.config, run.metrics(), run.summary, run.checkpoints, run.exports


def test_a_run_that_is_still_writing_has_no_summary_and_says_so(tmp_path: Path) -> None:
    run = start_run(tmp_path)
    run.log(0, {"loss": 0.5})
    loaded = load_run(run.path)
    assert (loaded.status, loaded.checkpoints, loaded.exports) == ("running", (), {})
    assert loaded.metrics()["value"].to_pylist() == [0.5]
    with pytest.raises(CannotReadError, match="the run is running, and it is written when a run is finished"):
        _ = loaded.summary
    with pytest.raises(CannotReadError, match="checkpoints: holds no checkpoint"):
        loaded.restore()
    run.finish()
    assert load_run(run.path).summary["rows"] == 1


# --- datasets ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def dataset_folder(tree: Path) -> Path:
    """The dataset of the copy."""
    return tree / "dataset/digits/v1"


def load_dataset(path: Path) -> runcheck.LoadedDataset:
    """Load what is known to be a dataset."""
    dataset = runcheck.load(path)
    assert isinstance(dataset, runcheck.LoadedDataset)
    return dataset


def test_the_splits_of_a_dataset_come_back(dataset_folder: Path) -> None:
    dataset = load_dataset(dataset_folder.parent)
    assert dataset.splits["train"] == {"files": ["train.parquet"], "rows": 3}
    assert dataset.table("train").to_pydict() == {"x": [1.0, 2.0, 3.0], "y": [0, 1, 0]}
    assert dataset.table("test").to_pydict() == {"x": [4.0], "y": [1]}
    assert dataset.fingerprint == json.loads((dataset_folder / "metadata.json").read_text())["fingerprint"]


def test_a_split_of_several_files_is_one_table(dataset_folder: Path) -> None:
    shutil.copy(dataset_folder / "test.parquet", dataset_folder / "more.parquet")
    rewrite(dataset_folder / "metadata.json", splits={"all": {"files": ["train.parquet", "more.parquet"], "rows": 4}})
    assert load_dataset(dataset_folder).table("all")["x"].to_pylist() == [1.0, 2.0, 3.0, 4.0]


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def with_a_byte_changed(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[40] ^= 0xFF
    path.write_bytes(content)


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "pointer": (lambda path: path.write_text(POINTER), "is a Git LFS pointer"),
    "gone": (Path.unlink, "is not there"),
    "empty": (lambda path: path.write_bytes(b""), "cannot be read"),
    "cut short": (cut_short, "cannot be read"),
    "byte changed": (with_a_byte_changed, "cannot be read"),
    "another": (lambda path: shutil.copy(path.with_name("test.parquet"), path), "has 1 rows, and the metadata say 3"),
}


@pytest.mark.parametrize(("damage", "words"), BROKEN.values(), ids=BROKEN.keys())
def test_a_split_that_is_not_whole_is_told(dataset_folder: Path, damage: Callable[[Path], object], words: str) -> None:
    damage(dataset_folder / "train.parquet")
    with pytest.raises(CannotReadError, match=rf"train\.parquet: {words}"):
        load_dataset(dataset_folder).table("train")


def test_a_split_that_is_unknown_or_of_another_format_is_told(dataset_folder: Path) -> None:
    with pytest.raises(CannotReadError, match=r"has no split .valid.; there is (test, train|train, test)"):
        load_dataset(dataset_folder).table("valid")
    (dataset_folder / "train.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    rewrite(dataset_folder / "metadata.json", splits={"train": {"files": ["train.h5"], "rows": 3}})
    dataset = load_dataset(dataset_folder)
    assert dataset.files("train") == [str(dataset_folder / "train.h5")]
    with pytest.raises(CannotReadError, match="is not Parquet"):
        dataset.table("train")


def test_files_with_other_columns_make_no_table(dataset_folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"z": [1]}), dataset_folder / "more.parquet")
    rewrite(dataset_folder / "metadata.json", splits={"all": {"files": ["train.parquet", "more.parquet"], "rows": 4}})
    with pytest.raises(CannotReadError, match="have different columns"):
        load_dataset(dataset_folder).table("all")


# --- what is loaded ---------------------------------------------------------------------------------------------------


def test_loading_a_run_imports_no_library_of_tables_or_arrays(run_folder: Path) -> None:
    code = (
        f"import runcheck, sys; run = runcheck.load({str(run_folder)!r}); run.config, run.summary, run.checkpoints;"
        "print(*(set(sys.modules) & {'numpy', 'pyarrow', 'pandas', 'jax', 'orbax', 'tensorstore'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_reading_changes_nothing(run_folder: Path) -> None:
    def state() -> dict[str, Any]:
        return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in run_folder.rglob("*")}

    before = state()
    everything_of(run_folder)
    assert state() == before


def test_its_errors_are_those_of_runcheck() -> None:
    assert issubclass(CannotReadError, RuncheckError)
