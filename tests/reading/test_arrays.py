"""The arrays of a split come back as they were given; what is damaged, outside or pickled does not."""

import json
import pickle
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numcodecs
import numpy as np
import pytest
import zarr

import runcheck
from runcheck import Dataset, LoadedDataset
from runcheck.errors import CannotReadError, MissingLibraryError

WRITERS = {"hdf5": Dataset.write_hdf5, "zarr": Dataset.write_zarr}
ARRAYS: dict[str, Any] = {
    "image": np.arange(1200, dtype=np.uint8).reshape(100, 4, 3),
    "meta": {"name": [f"n{number}" for number in range(100)], "weight": np.linspace(0, 1, 100)},
}


def loaded(path: str | Path) -> LoadedDataset:
    """Load a dataset."""
    found = runcheck.load(path)
    assert isinstance(found, LoadedDataset)
    return found


@pytest.fixture(params=WRITERS)
def split(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The file or store of the split of a dataset."""
    external = {"kind": "external", "hashes": {"a": "0" * 64}}
    with runcheck.new_dataset(tmp_path / "artefacts", "digits", provenance=external, description="D.") as dataset:
        return Path(WRITERS[request.param](dataset, "train", ARRAYS))


def edited(folder: Path, **changed: object) -> None:
    """Change the split in the metadata of a dataset."""
    document = json.loads((folder / "metadata.json").read_text())
    document["splits"]["train"].update(changed)
    (folder / "metadata.json").write_text(json.dumps(document))


def test_arrays_come_back_as_they_were_written(split: Path) -> None:
    arrays = loaded(split.parent).arrays("train")
    assert arrays.keys() == {"image", "meta/name", "meta/weight"}
    np.testing.assert_array_equal(arrays["image"], ARRAYS["image"])
    np.testing.assert_array_equal(arrays["meta/weight"], ARRAYS["meta"]["weight"])
    assert arrays["meta/name"].tolist() == ARRAYS["meta"]["name"]


def test_several_files_are_joined_along_the_rows(split: Path) -> None:
    second = split.with_name(f"second{split.suffix}")
    (shutil.copytree if split.is_dir() else shutil.copy)(split, second)
    edited(split.parent, files=[split.name, second.name], rows=200)
    arrays = loaded(split.parent).arrays("train")
    np.testing.assert_array_equal(arrays["image"], np.concatenate([ARRAYS["image"]] * 2))


def test_other_rows_than_the_metadata_say_are_told(split: Path) -> None:
    edited(split.parent, rows=99)
    with pytest.raises(CannotReadError, match="has 100 rows, and the metadata say 99 of train"):
        loaded(split.parent).arrays("train")


def test_a_flipped_bit_is_told(split: Path) -> None:
    files = sorted(split.rglob("c/0/0/0")) if split.is_dir() else [split]
    content = bytearray(files[0].read_bytes())
    at = content.index(ARRAYS["image"].tobytes()[:40]) if not split.is_dir() else len(content) // 2
    content[at] ^= 1
    files[0].write_bytes(content)
    with pytest.raises(CannotReadError, match="cannot be read"):
        loaded(split.parent).arrays("train")


def test_a_chunk_that_is_gone_is_told_and_a_link_is_not_followed(split: Path, tmp_path: Path) -> None:
    if split.is_dir():
        array = zarr.create_array(split, name="more", shape=(4,), chunks=(2,), dtype="i4", fill_value=0)
        array[:2] = 7
        with pytest.raises(CannotReadError, match="lacks chunks of its array 'more'"):
            loaded(split.parent).arrays("train")
        shutil.rmtree(split / "more")
    moved = tmp_path / "moved"
    split.rename(moved)
    split.symlink_to(moved)
    with pytest.raises(CannotReadError, match="is a link"):
        loaded(split.parent).arrays("train")


@pytest.mark.parametrize("split", ["hdf5"], indirect=True)
def test_what_lies_outside_of_a_file_is_not_read(split: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"0123456789abcdef" * 100)
    with h5py.File(split, "w") as file:
        file.create_dataset("x", (100,), "u1", external=[(str(tmp_path / "secret"), 0, 100)])
    with pytest.raises(CannotReadError, match="reads outside of itself"):
        loaded(split.parent).arrays("train")
    with h5py.File(split, "w") as file:
        file["x"] = np.zeros(100)
        file["soft"] = h5py.SoftLink("/x")
        file["out"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "/x")
    with pytest.raises(CannotReadError, match="reads outside of itself"):
        loaded(split.parent).arrays("train")


class Trap:
    """Says that it was unpickled."""

    sprung: bool = False

    @classmethod
    def spring(cls) -> None:
        cls.sprung = True

    def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
        return Trap.spring, ()


@pytest.mark.parametrize("split", ["zarr"], indirect=True)
def test_nothing_is_unpickled(split: Path) -> None:
    shutil.rmtree(split)
    (split / "x").mkdir(parents=True)
    (split / ".zgroup").write_text('{"zarr_format": 2}')
    array = {
        "zarr_format": 2, "shape": [1], "chunks": [1], "dtype": "|O", "compressor": None, "fill_value": None,
        "order": "C", "filters": [{"id": "pickle", "protocol": 5}],
    }  # fmt: skip
    (split / "x/.zarray").write_text(json.dumps(array))
    (split / "x/0").write_bytes(pickle.dumps(Trap()))
    assert numcodecs.get_codec({"id": "pickle"})  # which is there to spring it
    edited(split.parent, rows=1)
    with pytest.raises(CannotReadError, match="holds objects in 'x', which are not read"):
        loaded(split.parent).arrays("train")
    assert not Trap.sprung


def test_what_is_too_large_for_any_memory_is_told(split: Path) -> None:
    shutil.rmtree(split) if split.is_dir() else split.unlink()
    shape = (1 << 50, 1 << 10)
    if split.suffix == ".zarr":
        zarr.create_array(split, name="x", shape=shape, chunks=(1 << 40, 1 << 10), dtype="i1", fill_value=0)
    else:
        with h5py.File(split, "w") as file:
            file.create_dataset("x", shape, "i1", chunks=(1 << 10, 1 << 10))
    with pytest.raises(CannotReadError):
        loaded(split.parent).arrays("train")


@pytest.mark.parametrize("split", ["hdf5"], indirect=True)
def test_another_format_and_an_unknown_split_are_told(split: Path) -> None:
    dataset = loaded(split.parent)
    with pytest.raises(CannotReadError, match=r"is not Parquet; arrays\(\) reads HDF5 and Zarr"):
        dataset.table("train")
    with pytest.raises(CannotReadError, match="has no split 'x'"):
        dataset.arrays("x")
    split.rename(split.with_name("train.parquet"))
    edited(split.parent, files=["train.parquet"])
    with pytest.raises(CannotReadError, match=r"is neither HDF5 nor Zarr; table\(\) reads Parquet"):
        loaded(split.parent).arrays("train")


def test_a_library_that_is_missing_is_named(split: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zarr" if split.is_dir() else "h5py", None)
    with pytest.raises(MissingLibraryError, match=r"is needed to read .*: pip install 'runcheck\["):
        loaded(split.parent).arrays("train")
