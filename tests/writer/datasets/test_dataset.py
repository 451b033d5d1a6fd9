"""A dataset version: its files, its fingerprint, and what is left when its making fails."""

import errno
import hashlib
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import runcheck
from runcheck.errors import CannotWriteError, InvalidArgumentError, RuncheckError
from runcheck.writer import unit
from runcheck.writer.datasets.dataset import Dataset
from tests.checking import check
from tests.runs import start_run

SYNTHETIC = {"kind": "synthetic", "seed": 7}
EXTERNAL = {"kind": "external", "hashes": {"a.csv": "0" * 64}}


@pytest.fixture
def generator(tmp_path: Path) -> Path:
    """A script that makes a dataset."""
    path = tmp_path / "make.py"
    path.write_text('"""Draw numbers."""\n')
    return path


def new(root: Path, **changed: Any) -> Dataset:  # noqa: ANN401
    """Start a dataset with arguments that are good unless changed."""
    return runcheck.new_dataset(
        **{"root": root, "slug": "digits", "provenance": EXTERNAL, "description": "D.", **changed}
    )


def metadata_of(dataset: Dataset) -> dict[str, Any]:
    """Return the metadata on disk."""
    document: dict[str, Any] = json.loads(Path(dataset.path, "metadata.json").read_text(encoding="utf-8"))
    return document


@pytest.mark.parametrize(
    ("data", "rows", "columns"),
    [
        ({"x": [1.0, 2.0], "y": ["a", "b"]}, 2, ["x", "y"]),
        ({"x": np.arange(6).reshape(3, 2), "y": np.zeros(3)}, 3, ["x", "y"]),
        (pa.table({"x": [1, 2, 3]}), 3, ["x"]),
        (pd.DataFrame({"x": [1, 2], "y": ["a", None]}, index=[5, 6]), 2, ["x", "y"]),
        ({"x": []}, 0, ["x"]),
    ],
    ids=["columns", "arrays", "table", "frame", "no rows"],
)
def test_a_split_is_read_back_by_pandas_with_page_checksums(
    root: Path,
    data: Any,  # noqa: ANN401
    rows: int,
    columns: list[str],
) -> None:
    with new(root) as dataset:
        path = dataset.write_parquet("train", data)
    frame = pd.read_parquet(path)
    assert (len(frame), list(frame.columns)) == (rows, columns)
    assert pq.read_table(path, page_checksum_verification=True).num_rows == rows
    assert metadata_of(dataset)["splits"] == {"train": {"files": ["train.parquet"], "rows": rows}}
    assert check(root).is_clean


def test_a_matrix_keeps_its_rows(root: Path) -> None:
    with new(root) as dataset:
        path = dataset.write_parquet("train", {"x": np.arange(6).reshape(3, 2)})
    assert pq.read_table(path)["x"].to_pylist() == [[0, 1], [2, 3], [4, 5]]


def test_coreutils_accept_the_list_and_compute_the_fingerprint(root: Path, generator: Path) -> None:
    with new(root, provenance=SYNTHETIC, generator=generator) as dataset:
        dataset.write_parquet("train", {"x": [1]})
    subprocess.run(["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=dataset.path, check=True, capture_output=True)
    lines = Path(dataset.path, "SHA256SUMS").read_bytes().splitlines(keepends=True)
    assert [line[66:].decode().strip() for line in lines] == [
        "README.md",
        "generate.py",
        "metadata.json",
        "train.parquet",
    ]
    others = b"".join(line for line in lines if not line.endswith(b"  metadata.json\n"))
    assert metadata_of(dataset)["fingerprint"] == hashlib.sha256(others).hexdigest()


def test_the_generator_and_its_parameters_are_kept_without_secrets(root: Path, generator: Path) -> None:
    params = {"rows": 3, "api_key": "8f3a9c1d2e4b5a6f", "nested": {"noise": 0.5}}
    with new(root, provenance=SYNTHETIC, generator=generator, params=params) as dataset:
        dataset.write_parquet("train", {"x": [1]})
    assert Path(dataset.path, "generate.py").read_bytes() == generator.read_bytes()
    assert metadata_of(dataset)["generator"] == {
        "script": "generate.py",
        "params": {"rows": 3, "api_key": "[redacted]", "nested": {"noise": 0.5}},
    }
    assert [each["where"] for each in metadata_of(dataset)["governance"]["redactions"]] == [
        "metadata#/generator/params/api_key"
    ]


def test_a_finished_dataset_takes_nothing_more(root: Path) -> None:
    with new(root) as dataset:
        dataset.write_parquet("train", {"x": [1]})
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    acts: list[Callable[[], object]] = [
        lambda: dataset.write_parquet("test", {"x": [1]}),
        lambda: dataset.write_hdf5("test", {"x": [1]}),
        lambda: dataset.write_zarr("test", {"x": [1]}),
        lambda: dataset.except_from("RC415", "Torn by a power cut."),
        dataset.finish,
    ]
    for act in acts:
        with pytest.raises(RuncheckError, match="the dataset is completed"):
            act()
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


def test_versions_count_up_and_latest_follows(root: Path) -> None:
    for number in (1, 2):
        with new(root) as dataset:
            dataset.write_parquet("train", {"x": [number]})
        assert Path(dataset.path).name == f"v{number}"
        assert (root / "dataset/digits/latest").resolve() == Path(dataset.path).resolve()
    assert check(root).is_clean


def test_a_version_that_is_there_is_never_written_over(root: Path) -> None:
    with new(root, version="1.0.0") as dataset:
        dataset.write_parquet("train", {"x": [1]})
    before = {path: path.read_bytes() for path in Path(dataset.path).rglob("*")}
    with pytest.raises(CannotWriteError, match="a version never changes"):
        new(root, version="1.0.0")
    assert {path: path.read_bytes() for path in Path(dataset.path).rglob("*")} == before


def test_a_disk_that_takes_nothing_leaves_no_version(
    root: Path, generator: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(unit, "write_whole", full)
        with pytest.raises(CannotWriteError, match="v1: cannot be written: No space left on device"):
            runcheck.new_dataset(root, "line", provenance={"kind": "synthetic", "seed": 1}, generator=generator)
    assert list(root.glob("dataset/line/*")) == []
    with runcheck.new_dataset(
        root, "line", provenance={"kind": "synthetic", "seed": 1}, generator=generator
    ) as dataset:
        dataset.write_parquet("train", {"x": [1]})
    assert Path(dataset.path).name == "v1"


def test_a_dataset_made_from_another_names_it_by_its_version(root: Path) -> None:
    with new(root) as raw:
        raw.write_parquet("all", {"x": [1, 2]})
    with new(root, slug="digits-clean", provenance=root / "dataset/digits/latest") as clean:
        clean.write_parquet("train", {"x": [1]})
    assert metadata_of(clean)["data_provenance"] == {
        "kind": "artefact",
        "path": "dataset/digits/v1",
        "fingerprint": metadata_of(raw)["fingerprint"],
    }
    assert check(root).is_clean


@pytest.mark.parametrize("name", [" lead", "tail ", "two  spaces", "caf\u00e9"])
def test_a_run_on_a_dataset_with_unusual_names_has_its_fingerprint(root: Path, name: str) -> None:
    with new(root) as dataset:
        dataset.write_parquet("train", {"x": [1]})
        Path(dataset.path, "extra").mkdir()
        Path(dataset.path, "extra", f"{name}.txt").write_text("x")
        Path(dataset.path, f"{name}.parquet").write_bytes(Path(dataset.path, "train.parquet").read_bytes())
    with new(root, slug="second", provenance=root / "dataset/digits/v1") as second:
        second.write_parquet("train", {"x": [1]})
    assert metadata_of(second)["data_provenance"]["fingerprint"] == metadata_of(dataset)["fingerprint"]
    assert [finding.message for finding in check(root).findings if finding.is_error] == []


BAD_ARGUMENTS: dict[str, dict[str, object]] = {
    "slug in capitals": {"slug": "Digits"},
    "slug of a run": {"slug": "a_b_c"},
    "version by hand": {"version": "final"},
    "version with path": {"version": "v1/../v2"},
    "unknown tag": {"tags": {"team": "vision"}},
    "tag with space": {"tags": {"experiment": "a b"}},
    "no provenance": {"provenance": {}},
    "synthetic without generator": {"provenance": SYNTHETIC},
    "provenance not there": {"provenance": "artefacts/dataset/x/v1"},
    "generator not there": {"generator": "nothing.py"},
    "params with object": {"generator": __file__, "params": {"a": object()}},
    "params with NaN": {"generator": __file__, "params": {"a": float("nan")}},
}


@pytest.mark.parametrize("changed", BAD_ARGUMENTS.values(), ids=BAD_ARGUMENTS.keys())
def test_a_bad_argument_is_refused_before_anything_is_written(root: Path, changed: dict[str, object]) -> None:
    with pytest.raises(InvalidArgumentError):
        new(root, **changed)
    assert not root.exists()


def test_a_split_is_written_once_and_by_a_good_name(root: Path) -> None:
    with new(root) as dataset:
        dataset.write_parquet("train", {"x": [1]})
        with pytest.raises(InvalidArgumentError, match="written already"):
            dataset.write_parquet("train", {"x": [2]})
        with pytest.raises(InvalidArgumentError):
            dataset.write_parquet("../train", {"x": [2]})
    assert pq.read_table(Path(dataset.path, "train.parquet"))["x"].to_pylist() == [1]
    with pytest.raises(RuncheckError, match="publish another version"):
        dataset.write_parquet("test", {"x": [1]})


def test_a_dataset_without_a_split_does_not_complete(root: Path) -> None:
    dataset = new(root)
    with pytest.raises(RuncheckError, match="no split"):
        dataset.finish()
    assert json.loads(Path(dataset.path, "metadata.json").read_text())["status"] == "failed"
    with pytest.raises(RuncheckError, match="no split"), new(root):
        pass
    assert not check(root).errors


def test_a_dataset_that_is_still_written_conforms_and_is_not_sealed(root: Path) -> None:
    dataset = new(root)
    dataset.write_parquet("train", {"x": [1]})
    report = check(root)
    assert [finding.message for finding in report.findings if finding.is_error] == []
    assert not Path(dataset.path, "SHA256SUMS").exists()
    with pytest.raises(InvalidArgumentError, match="v1', which is running; finish it first, or publish a new version"):
        start_run(root, data=dataset.path)
    dataset.finish()
    assert check(root).is_clean


@pytest.mark.parametrize("splits", [0, 1])
@pytest.mark.parametrize(
    ("error", "status"), [(ValueError("bad\ndata"), "failed"), (KeyboardInterrupt(), "aborted")], ids=repr
)
def test_a_dataset_whose_making_ended_badly_says_so_and_conforms(
    root: Path, splits: int, error: BaseException, status: str
) -> None:
    dataset = new(root)
    with pytest.raises(type(error)), dataset:  # noqa: PT012
        for split in range(splits):
            dataset.write_parquet(f"s{split}", {"x": [1]})
        raise error
    assert metadata_of(dataset)["status"] == status
    before = sorted(root.rglob("*"))
    for use in (lambda: start_run(root, data=dataset.path), lambda: new(root, slug="other", provenance=dataset.path)):
        with pytest.raises(InvalidArgumentError, match=f"v1', which is {status}; .*so publish a new version, and give"):
            use()
    assert sorted(root.rglob("*")) == before
    assert not (root / "dataset/digits/latest").is_symlink()
    assert [finding.message for finding in check(root).findings if finding.is_error] == []
