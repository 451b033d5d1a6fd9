"""Splits as HDF5, Zarr and Parquet in batches: the plain libraries read what was given, and no check complains."""

import errno
import hashlib
import struct
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import runcheck
from runcheck.errors import InvalidArgumentError, MissingLibraryError
from runcheck.writer.datasets.columns import Column, write_columns
from runcheck.writer.datasets.dataset import Dataset
from tests.checking import check

WRITERS = {"hdf5": Dataset.write_hdf5, "zarr": Dataset.write_zarr}
DTYPES = ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16")
MIXED: dict[str, Any] = {
    "image": np.arange(60, dtype=np.uint8).reshape(5, 4, 3),
    "label": [3, 1, 4, 1, 5],
    "meta": {"weight": np.linspace(0, 1, 5, dtype=np.float32), "name": ["a", "caf\u00e9", "", "d" * 1000, "e"]},
    "device": jnp.arange(10.0).reshape(5, 2),
}


def new(root: Path, **changed: Any) -> Dataset:  # noqa: ANN401
    """Start a dataset."""
    external = {"kind": "external", "hashes": {"a.csv": "0" * 64}}
    return runcheck.new_dataset(root, "digits", **{"provenance": external, "description": "D.", **changed})


def read(path: str) -> dict[str, Any]:
    """Return the arrays of a file or store, as h5py and zarr read them."""
    found: dict[str, Any] = {}
    if path.endswith(".h5"):
        with h5py.File(path) as file:

            def take(name: str, thing: object) -> None:
                if isinstance(thing, h5py.Dataset):
                    found[name] = thing.asstr()[:] if h5py.check_string_dtype(thing.dtype) else thing[:]

            file.visititems(take)
        return found
    group = zarr.open_group(path, mode="r")
    return {name: thing[:] for name, thing in group.members(max_depth=None) if isinstance(thing, zarr.Array)}


def is_sound(root: Path) -> None:
    """See that nothing is found in a tree, at the depth that decodes all."""
    report = check(root, depth="deep", pedantic=True)
    assert [(each.code, each.path, each.message) for each in report.findings if each.code != "RC208"] == []
    assert not report.unverified


@pytest.fixture(params=WRITERS)
def write(request: pytest.FixtureRequest) -> Callable[[Dataset, str, Any], str]:
    """The method of a format."""
    return WRITERS[request.param]


def test_arrays_of_every_kind_are_read_back_and_conform(root: Path, write: Callable[..., str]) -> None:
    with new(root) as dataset:
        path = write(dataset, "train", MIXED)
        write(dataset, "empty", {"x": np.zeros((0, 3), np.float32), "y": np.zeros(0, np.int8)})
        write(dataset, "dtypes", {dtype.strip("?") or "bool": np.ones((3, 2), dtype) for dtype in DTYPES})
    assert dataset.metadata["splits"]["train"] == {"files": [Path(path).name], "rows": 5}
    assert dataset.metadata["splits"]["empty"]["rows"] == 0
    found = read(path)
    assert found.keys() == {"image", "label", "meta/weight", "meta/name", "device"}
    np.testing.assert_array_equal(found["image"], MIXED["image"])
    np.testing.assert_array_equal(found["label"], MIXED["label"])
    assert found["meta/name"].tolist() == MIXED["meta"]["name"]
    np.testing.assert_array_equal(found["device"], np.arange(10.0).reshape(5, 2))
    dtypes = read(path.replace("train", "dtypes"))
    assert {array.dtype for array in dtypes.values()} == {np.dtype(dtype) for dtype in DTYPES}
    is_sound(root)


def test_every_chunk_has_a_checksum(root: Path) -> None:
    with new(root) as dataset:
        hdf5 = dataset.write_hdf5("train", MIXED)
        store = dataset.write_zarr("test", MIXED)
    with h5py.File(hdf5) as file:
        assert file["image"].fletcher32
        assert file["meta/weight"].fletcher32
    for array in ("image", "meta/name"):
        assert [type(codec).__name__ for codec in zarr.open_array(store, path=array).compressors] == [
            "ZstdCodec",
            "Crc32cCodec",
        ]


def test_arrays_larger_than_what_is_held_are_read_block_by_block(
    root: Path, tmp_path: Path, write: Callable[..., str]
) -> None:
    mapped = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.float32, (250_000, 100))  # 100 MB
    mapped[:] = np.arange(100)
    mapped[:, 0] = np.arange(250_000)
    tracemalloc.start()
    with new(root) as dataset:
        path = write(dataset, "train", {"x": mapped})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 48 << 20
    assert dataset.metadata["splits"]["train"]["rows"] == 250_000
    np.testing.assert_array_equal(read(path)["x"], mapped)


def test_batches_of_any_size_come_to_one_split_though_their_memory_is_used_again(
    root: Path, write: Callable[..., str]
) -> None:
    def batches() -> Iterator[dict[str, object]]:
        memory = np.empty((700, 300))
        for start, count in ((0, 1), (1, 700), (701, 0), (701, 640)):
            memory[:count] = np.arange(start, start + count)[:, None]
            yield {"x": memory[:count], "label": np.arange(start, start + count)}
            memory[:] = -1

    with new(root) as dataset:
        path = write(dataset, "train", batches())
    found = read(path)
    np.testing.assert_array_equal(found["label"], np.arange(1341))
    np.testing.assert_array_equal(found["x"], np.arange(1341.0)[:, None] + np.zeros(300))
    assert dataset.metadata["splits"]["train"]["rows"] == 1341
    is_sound(root)


@given(
    batches=st.lists(
        hnp.arrays(np.int64, st.tuples(st.integers(0, 9), st.just(3)), elements=st.integers(-(2**63), 2**63 - 1)),
        max_size=6,
    ),
    most=st.integers(1, 400),
)
@settings(deadline=None)
def test_chunks_are_full_but_the_last_and_hold_the_rows_in_order(
    batches: list[np.ndarray[Any, Any]], most: int
) -> None:
    made: list[tuple[tuple[int, ...], list[np.ndarray[Any, Any]]]] = []

    def create(column: Column, chunk: tuple[int, ...]) -> Callable[[np.ndarray[Any, Any]], None]:
        made.append((chunk, []))
        return made[-1][1].append

    if not batches:
        with pytest.raises(InvalidArgumentError, match="no array"):
            write_columns(iter(()), "HDF5", most, create)
        return
    expected = np.concatenate(batches)
    assert write_columns(({"x": each} for each in batches), "HDF5", most, create) == len(expected)
    (chunk, blocks), *others = made
    assert not others
    assert np.prod(chunk) * 8 <= max(most, 8)
    np.testing.assert_array_equal(np.concatenate([expected[:0], *blocks]), expected)
    assert all(len(block) % chunk[0] == 0 for block in blocks[:-1])


def test_a_row_larger_than_a_chunk_is_cut(root: Path, write: Callable[..., str]) -> None:
    volume = np.zeros((2, 300, 10_000), np.float32)
    volume[1, 299, 9_999] = 1
    with new(root) as dataset:
        path = write(dataset, "train", {"x": volume})
    np.testing.assert_array_equal(read(path)["x"], volume)
    is_sound(root)


def test_a_small_split_is_a_small_file(root: Path) -> None:
    with new(root) as dataset:
        path = dataset.write_hdf5("train", iter([{"x": [1]}, {"x": [2, 3]}]))
    assert Path(path).stat().st_size < 20_000


def test_the_same_rows_are_the_same_bytes_and_hold_no_time(root: Path) -> None:
    digests = set()
    before = int(time.time()) - 2
    for _ in range(2):
        with new(root) as dataset:
            content = Path(dataset.write_hdf5("train", MIXED)).read_bytes()
            store = Path(dataset.write_zarr("test", MIXED))
        for second in range(before, int(time.time()) + 3):
            assert struct.pack("<I", second) not in content
        chunks = b"".join(path.read_bytes() for path in sorted(store.rglob("*")) if path.is_file())
        digests.add(hashlib.sha256(content + chunks).hexdigest())
    assert len(digests) == 1


REFUSED: dict[str, tuple[Any, str]] = {
    "bfloat16": ({"x": jnp.zeros(2, jnp.bfloat16)}, r"x is bfloat16, which .* does not hold; give it as .*'float32'"),
    "float8": ({"x": np.zeros(2, ml_dtypes.float8_e4m3fn)}, "x is float8_e4m3fn, which"),
    "int4": ({"x": np.zeros(2, ml_dtypes.int4)}, r"x is int4, .*'int8'"),
    "dates": ({"x": np.zeros(2, "M8[s]")}, r"'int64'"),
    "long double": ({"x": np.zeros(2, np.longdouble)}, r"'float64'"),
    "bytes": ({"x": np.array([b"a"])}, "as texts"),
    "fields": ({"x": np.zeros(2, [("a", "i4")])}, "field by field"),
    "objects": ({"x": np.array([object()])}, "objects that are no texts"),
    "ragged": ({"x": [[1], [1, 2]]}, "x is no array"),
    "masked": ({"x": np.ma.masked_array([1, 2], [True, False])}, "the mask would be lost"),
    "no axis": ({"x": 3}, r"x has the shape \(\)"),
    "rows of nothing": ({"x": np.zeros((3, 0))}, r"x has the shape \(3, 0\)"),
    "a surrogate": ({"x": ["a", "\ud800"]}, "a text of x holds a lone surrogate"),
    "other lengths": ({"x": [1, 2], "y": [1]}, "different numbers of rows: x 2, y 1"),
    "nothing": ({}, "no array"),
    "no batch": ([], "no array"),
    "nothing in a batch": ([{"x": [1]}, {}], "no array"),
    "an array": (np.zeros((2, 2)), "give arrays by name"),
    "a frame": (pd.DataFrame({"x": [1]}), "give arrays by name"),
    "other names": ([{"x": [1]}, {"y": [1]}], "a batch has y, and those before it x"),
    "other dtype": ([{"x": [1]}, {"x": [1.5]}], r"x has rows of float64 \(\) in a batch, and of int64 \(\)"),
    "other shape": ([{"x": [[1]]}, {"x": [[1, 2]]}], "x has rows of"),
    "path": ({"../x": [1]}, "called '../x'"),
    "device": ({"con": [1]}, "called 'con'"),
    "file of Zarr": ({"zarr.json": [1]}, "called 'zarr.json'"),
    "empty name": ({"": [1]}, "called ''"),
    "array in an array": ({"a": [1], "a/c": [1]}, "called 'a'"),
    "same but for case": ({"a": [1], "A": [1]}, "called 'A'"),
    "twice": ({"a/b": [1], "a": {"b": [1]}}, "two arrays are called a/b"),
}


@pytest.mark.parametrize(("data", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_the_formats_do_not_hold_is_refused(data: Any, words: str) -> None:  # noqa: ANN401
    with pytest.raises(InvalidArgumentError, match=words):
        write_columns(data, "HDF5", 1 << 20, lambda column, chunk: lambda block: None)


def test_a_text_with_a_nul_is_refused_by_hdf5_which_ends_there_and_kept_by_zarr(root: Path) -> None:
    texts = {"x": ["a\0b", "c"]}
    with new(root) as dataset:
        with pytest.raises(InvalidArgumentError, match="a text of x holds a NUL, at which one of HDF5 ends"):
            dataset.write_hdf5("train", texts)
        path = dataset.write_zarr("train", texts)
    assert zarr.open_group(path, mode="r")["x"][:].tolist() == texts["x"]
    is_sound(root)


def test_of_what_is_refused_nothing_is_left(root: Path, write: Callable[..., str]) -> None:
    with new(root) as dataset:
        before = sorted(Path(dataset.path).iterdir())
        for name in ("bfloat16", "objects", "other dtype", "no batch", "array in an array"):
            with pytest.raises(InvalidArgumentError):
                write(dataset, "train", REFUSED[name][0])
            assert sorted(Path(dataset.path).iterdir()) == before
        write(dataset, "train", {"x": [1]})
    is_sound(root)


@pytest.mark.parametrize("method", [Dataset.write_hdf5, Dataset.write_zarr, Dataset.write_parquet])
def test_an_error_of_the_source_goes_on_and_leaves_nothing_of_the_split(root: Path, method: Callable[..., str]) -> None:
    def batches(error: BaseException) -> Iterator[dict[str, object]]:
        yield {"x": np.zeros((300_000, 10))}
        raise error

    with new(root) as dataset:
        before = sorted(Path(dataset.path).iterdir())
        for error in (ValueError("bad row"), OSError("gone"), KeyboardInterrupt()):
            with pytest.raises(type(error)):
                method(dataset, "train", batches(error))
            assert sorted(Path(dataset.path).iterdir()) == before
        method(dataset, "train", {"x": [1]})
    is_sound(root)


@pytest.mark.parametrize("method", [Dataset.write_hdf5, Dataset.write_zarr, Dataset.write_parquet])
def test_a_split_is_never_written_over(root: Path, method: Callable[..., str]) -> None:
    with new(root) as dataset:
        path = method(dataset, "train", {"x": [1]})
        for other in (Dataset.write_hdf5, Dataset.write_zarr, Dataset.write_parquet):
            with pytest.raises(InvalidArgumentError, match="written already"):
                other(dataset, "train", {"x": [2]})
        for name in ("con", "TRAIN", "../x"):
            with pytest.raises(InvalidArgumentError):
                method(dataset, name, {"x": [2]})
        beside = Path(path.replace("train", "test"))
        beside.write_text("mine")
        with pytest.raises(InvalidArgumentError, match="written already"):
            method(dataset, "test", {"x": [2]})
        assert beside.read_text() == "mine"
        beside.unlink()
    is_sound(root)


@pytest.mark.parametrize(
    ("library", "method"),
    [("h5py", Dataset.write_hdf5), ("zarr", Dataset.write_zarr), ("pyarrow.parquet", Dataset.write_parquet)],
)
def test_a_library_that_is_missing_is_named_with_its_extra(
    root: Path, monkeypatch: pytest.MonkeyPatch, library: str, method: Callable[..., str]
) -> None:
    dataset = new(root)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingLibraryError, match=r"is needed to write .*: pip install 'runcheck\["):
        method(dataset, "train", {"x": [1]})


FULL = """
import resource, signal, sys
import numpy as np
import runcheck
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
random = np.random.default_rng(0).random(1_000_000)
external = {"kind": "external", "hashes": {"a": "0" * 64}}
with runcheck.new_dataset(sys.argv[1], "d", provenance=external, description="D.") as dataset:
    for write in (dataset.write_parquet, dataset.write_hdf5, dataset.write_zarr):
        resource.setrlimit(resource.RLIMIT_FSIZE, (3 << 20, resource.RLIM_INFINITY))
        try:
            write("train", {"x": random})
        except OSError as error:
            print(error.errno)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        write(write.__name__, {"x": random})
"""


def test_a_disk_that_takes_no_more_is_an_error_that_leaves_nothing(root: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FULL, str(root)], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"{errno.EFBIG}\n" * 3), done.stderr
    names = {path.name for path in (root / "dataset/d/v1").iterdir()}
    assert {"write_parquet.parquet", "write_hdf5.h5", "write_zarr.zarr"} < names
    assert not [name for name in names if name.startswith("train")]
    is_sound(root)


def test_other_readers_are_sources_too(root: Path, tmp_path: Path, write: Callable[..., str]) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = np.arange(6).reshape(3, 2)
        array = zarr.create_array(tmp_path / "a.zarr", data=np.arange(3, dtype=">f4"))
        with new(root) as dataset:
            path = write(dataset, "train", {"h": file["x"], "z": array, "s": pd.Series([1, 2, 3], index=[7, 8, 9])})
    found = read(path)
    np.testing.assert_array_equal(found["h"], np.arange(6).reshape(3, 2))
    assert (found["z"].tolist(), found["z"].dtype) == ([0, 1, 2], np.dtype("<f4"))
    assert found["s"].tolist() == [1, 2, 3]


# --- Parquet ----------------------------------------------------------------------------------------------------------


def tables() -> Iterator[pa.Table]:
    """Yield tables of ten rows."""
    for start in range(0, 30, 10):
        yield pa.table({"x": list(range(start, start + 10))})


@pytest.mark.parametrize(
    "data",
    [
        tables,
        lambda: (each.to_batches()[0] for each in tables()),
        lambda: (each.to_pandas() for each in tables()),
        lambda: ({"x": each["x"].to_numpy()} for each in tables()),
        lambda: pa.RecordBatchReader.from_batches(
            pa.schema({"x": pa.int64()}), (each.to_batches()[0] for each in tables())
        ),
        lambda: pa.record_batch({"x": list(range(30))}),
    ],
    ids=["tables", "batches", "frames", "columns", "reader", "one batch"],
)
def test_batches_of_a_table_come_to_one_file(root: Path, data: Callable[[], Any]) -> None:
    with new(root) as dataset:
        path = dataset.write_parquet("train", data())
    assert pq.read_table(path)["x"].to_pylist() == list(range(30))
    assert pq.ParquetFile(path).num_row_groups == 1  # small batches share one
    assert dataset.metadata["splits"]["train"]["rows"] == 30
    is_sound(root)


def test_more_than_a_row_group_is_not_held(root: Path) -> None:
    def batches() -> Iterator[dict[str, object]]:
        for start in range(12):
            yield {"x": np.full((20_000, 100), start, np.float64)}  # 16 MB

    pa.default_memory_pool().release_unused()
    before, peak = pa.total_allocated_bytes(), 0

    def watched() -> Iterator[dict[str, object]]:
        nonlocal peak
        for batch in batches():
            peak = max(peak, pa.total_allocated_bytes() - before)
            yield batch

    with new(root) as dataset:
        path = dataset.write_parquet("train", watched())
    assert pq.ParquetFile(path).num_row_groups > 1
    assert peak < 128 << 20
    assert dataset.metadata["splits"]["train"]["rows"] == 240_000


def test_lists_and_columns_of_arrow_are_written_without_numpy(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)  # which pyarrow does not bring
    with new(root) as dataset:
        path = dataset.write_parquet("train", {"x": [1, 2], "name": pa.array(["a", "b"])})
    monkeypatch.undo()
    assert pq.read_table(path).to_pydict() == {"x": [1, 2], "name": ["a", "b"]}
    is_sound(root)


def test_images_are_lists_of_lists(root: Path) -> None:
    images = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    with new(root) as dataset:
        path = dataset.write_parquet("train", {"image": images, "device": jnp.arange(2.0)})
        none = dataset.write_parquet("none", {"image": images[:0]})
    assert pq.read_table(path)["image"].to_pylist() == images.tolist()
    assert pq.read_schema(none) == pq.read_schema(path).remove(1)
    is_sound(root)


def test_what_is_masked_is_null(root: Path) -> None:
    masked = np.ma.masked_array([1, 2, 3], [False, True, False])
    with new(root) as dataset:
        path = dataset.write_parquet("train", {"x": masked, "y": np.arange(3)})
    assert pq.read_table(path).to_pydict() == {"x": [1, None, 3], "y": [0, 1, 2]}
    is_sound(root)


def test_an_index_of_pandas_is_a_column_where_it_has_a_name(root: Path) -> None:
    frame = pd.DataFrame({"x": [1, 2]}, index=["a", "b"])
    with new(root) as dataset:
        plain = dataset.write_parquet("plain", frame)
        named = dataset.write_parquet("named", frame.rename_axis("key"))
    assert pq.read_schema(plain).names == ["x"]
    assert pq.read_table(named).to_pydict() == {"x": [1, 2], "key": ["a", "b"]}
    assert pd.read_parquet(named).index.tolist() == ["a", "b"]
    is_sound(root)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([], "no table"),
        ([{"x": [1]}, {"x": ["a"]}], "other columns"),
        ({"x": jnp.zeros(2, jnp.bfloat16)}, r"x is bfloat16, which Parquet does not hold; .*as .astype\('float32'\)"),
        ({"x": np.zeros((2, 2), ml_dtypes.int4)}, r"x is int4, which Parquet does not hold; .*as .astype\('int8'\)"),
        ({"x": np.zeros(2, complex)}, r"x is complex128, which Parquet does not hold; .*\.real and its \.imag"),
        ({"x": np.zeros(2, "M8[m]")}, r"x is datetime64\[m\], which .*as .astype\('M8\[s\]'\)"),
        ({"x": np.zeros(2, ">f4")}, r"x is >f4, which .*as .astype\('float32'\), in the byte order"),
        ({"x": np.zeros(2, [("a", "i4")])}, "which Parquet does not hold; give it field by field"),
        ({"x": np.ma.masked_array(np.eye(2), np.eye(2, dtype=bool))}, "x is masked"),
        ({"x": [object()]}, "the column x cannot be kept as Parquet: Could not convert"),
        ({"x": np.zeros((2, 0))}, "its rows hold nothing"),
        ({"x": np.zeros(2), "y": np.zeros(3)}, "different numbers of rows"),
        ({"x": [1], "y": [1, 2]}, "different numbers of rows: x 1, y 2"),
        ({1: [1]}, "the name of a column is an int, not a string"),
        ({"\ud800": [1]}, "the name of a column holds a lone surrogate"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "the frame cannot be kept as Parquet: Duplicate column names"),
        (pd.DataFrame({"a": [1, "x"]}), "the frame cannot be kept as Parquet: Could not convert 'x'"),
        (pa.table({"u": pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])])}), "does not hold a colu"),
        (np.zeros(3), "give a table"),
        ("train.csv", "give a table"),
        (3, "give a table"),
    ],
)
def test_what_is_no_table_is_refused(root: Path, data: Any, words: str) -> None:  # noqa: ANN401
    with new(root) as dataset:
        with pytest.raises(InvalidArgumentError, match=words):
            dataset.write_parquet("train", data)
        assert [path.name for path in Path(dataset.path).iterdir()] == ["metadata.json"]
        dataset.write_parquet("train", {"x": [1]})
