"""Zarr stores that zarr-python and TensorStore write, whole and damaged."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import numcodecs
import numpy as np
import pytest
import tensorstore as ts
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from zarr.codecs import BloscCodec, Crc32cCodec, GzipCodec, TransposeCodec, ZstdCodec

from runcheck.probes.zarr.store import look_into_store
from tests.drawing import examples
from tests.probes.zarr_stores import chunks_of, folder_of, look, write

DTYPES = ["b1", "i1", "<i2", ">i2", "<u4", "<f4", ">f8", "<c8", "<M8[s]", "<U3", "S4"]


def of_numcodecs(name: str, **configuration: object) -> dict[str, object]:
    """Return a codec of numcodecs as the metadata of version 3 name it."""
    return {"name": f"numcodecs.{name}", "configuration": configuration}


V3_CODECS: dict[str, list[Any]] = {
    "none": [],
    "crc32c": [Crc32cCodec()],
    "gzip": [GzipCodec()],
    "zstd": [ZstdCodec()],
    "zstd with a checksum": [ZstdCodec(checksum=True)],
    "blosc": [BloscCodec(cname="lz4")],
    "blosc, blosclz": [BloscCodec(cname="blosclz", shuffle="bitshuffle")],
    "zstd and crc32c": [ZstdCodec(), Crc32cCodec()],
    "crc32c and gzip": [Crc32cCodec(), GzipCodec()],
    "gzip and gzip": [GzipCodec(), GzipCodec()],
    **{name: [of_numcodecs(name)] for name in ("bz2", "lzma", "lz4", "zlib")},
    **{name: [of_numcodecs(name)] for name in ("adler32", "crc32", "fletcher32", "jenkins_lookup3")},
    "shuffle and zstd": [of_numcodecs("shuffle", elementsize=1), ZstdCodec()],
}
V2_CODECS: dict[str, tuple[list[Any] | None, Any]] = {
    "none": (None, None),
    "blosc": (None, numcodecs.Blosc()),
    "zstd": (None, numcodecs.Zstd()),
    "zlib": (None, numcodecs.Zlib()),
    "gzip": (None, numcodecs.GZip()),
    "bz2": (None, numcodecs.BZ2()),
    "lzma": (None, numcodecs.LZMA()),
    "lz4": (None, numcodecs.LZ4()),
    "crc32": ([numcodecs.CRC32()], None),
    "adler32 and zstd": ([numcodecs.Adler32()], numcodecs.Zstd()),
    "crc32c": ([numcodecs.CRC32C()], None),
    "fletcher32": ([numcodecs.Fletcher32()], None),
    "shuffle": ([numcodecs.Shuffle(elementsize=1)], numcodecs.Zstd()),
}


def sample(shape: tuple[int, ...], dtype: str) -> np.ndarray[Any, Any]:
    """Return an array of values that differ."""
    numbers = np.arange(int(np.prod(shape)), dtype="i8").reshape(shape)
    return numbers.astype(dtype)


@st.composite
def forms(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Draw a shape, the shape of its chunks and that of its shards."""
    axes = draw(st.integers(0, 3))
    shape = tuple(draw(st.integers(0, 7)) for _ in range(axes))
    chunks = tuple(draw(st.integers(1, 4)) for _ in range(axes))
    return shape, chunks, tuple(chunk * draw(st.integers(1, 3)) for chunk in chunks)


@settings(max_examples=examples(80), deadline=None)
@given(form=forms(), dtype=st.sampled_from(DTYPES), codecs=st.sampled_from(list(V3_CODECS)), data=st.data())
def test_what_zarr_writes_in_version_3_is_whole(
    tmp_path_factory: pytest.TempPathFactory,
    form: tuple[tuple[int, ...], ...],
    dtype: str,
    codecs: str,
    data: st.DataObject,
) -> None:
    shape, chunks, shards = form
    path = tmp_path_factory.mktemp("zarr")
    options: dict[str, Any] = {"chunks": chunks, "compressors": V3_CODECS[codecs] or None}
    if data.draw(st.booleans()) and shape:
        options["shards"] = shards
    if data.draw(st.booleans()):
        options["filters"] = [TransposeCodec(order=tuple(reversed(range(len(shape)))))]
    if data.draw(st.booleans()):
        separator = data.draw(st.sampled_from("./"))
        options["chunk_key_encoding"] = {"name": data.draw(st.sampled_from(["default", "v2"])), "separator": separator}
    write(path / "x", sample(shape, dtype), **options)
    content = look(path / "x")
    assert content.faults == ()
    assert content.missing == ()
    assert content.unverified is None
    assert content.rows == (shape[0] if shape else None)
    notices = codecs not in ("none", "zstd", "blosc", "blosc, blosclz", "lz4", "shuffle and zstd")
    assert content.without_checksum == (() if notices or 0 in shape else ("",))


@settings(max_examples=examples(60), deadline=None)
@given(form=forms(), dtype=st.sampled_from(DTYPES), codecs=st.sampled_from(list(V2_CODECS)), data=st.data())
def test_what_zarr_writes_in_version_2_is_whole(
    tmp_path_factory: pytest.TempPathFactory,
    form: tuple[tuple[int, ...], ...],
    dtype: str,
    codecs: str,
    data: st.DataObject,
) -> None:
    shape, chunks, _ = form
    path = tmp_path_factory.mktemp("zarr")
    filters, compressor = V2_CODECS[codecs]
    separator = data.draw(st.sampled_from("./"))
    write(
        path / "x",
        sample(shape, dtype),
        zarr_format=2,
        chunks=chunks,
        filters=filters,
        compressors=compressor,
        order=data.draw(st.sampled_from("CF")),
        chunk_key_encoding={"name": "v2", "separator": separator},
    )
    content = look(path / "x")
    assert content.faults == ()
    assert content.missing == ()
    assert content.unverified is None
    notices = codecs not in ("none", "blosc", "zstd", "lz4", "shuffle")
    assert content.without_checksum == (() if notices or 0 in shape else ("",))


@pytest.mark.parametrize("dtype", ["T", "object"])
@pytest.mark.parametrize("shards", [None, (4,)])
def test_texts_are_whole(tmp_path: Path, dtype: str, shards: tuple[int, ...] | None) -> None:
    texts = np.array(["", "a", "\u00e9\U0001f600", "word " * 100, "z"], dtype=object)
    if dtype == "T":
        array = write(tmp_path / "x", texts.astype(np.dtypes.StringDType()), chunks=(2,), shards=shards)
        assert list(array[:]) == list(texts)
    else:
        zarr_v2 = zarr.create_array(
            str(tmp_path / "x"), shape=(5,), chunks=(2,), dtype=str, zarr_format=2, compressors=None
        )
        zarr_v2[:] = texts
        assert json.loads((tmp_path / "x/.zarray").read_text())["dtype"] == "|O"
    assert look(tmp_path / "x").faults == ()
    assert look(tmp_path / "x").unverified is None
    for chunk in chunks_of(tmp_path / "x"):
        content = chunk.read_bytes()
        chunk.write_bytes(content[:-1])
        assert [fault.path for fault in look(tmp_path / "x").faults] == [chunk.relative_to(tmp_path / "x").as_posix()]
        chunk.write_bytes(content)


def test_filters_that_change_the_number_of_bytes_are_reckoned_with(tmp_path: Path) -> None:
    for at, (dtype, filters) in enumerate(
        [
            ("<i8", [numcodecs.Delta(dtype="<i8", astype="<i4")]),
            ("<f8", [numcodecs.FixedScaleOffset(offset=0, scale=10, dtype="<f8", astype="u1")]),
            ("<f8", [numcodecs.Quantize(digits=1, dtype="<f8", astype="<f4")]),
            ("<f4", [numcodecs.BitRound(keepbits=3)]),
            ("<f4", [numcodecs.AsType(encode_dtype="<f2", decode_dtype="<f4")]),
            ("b1", [numcodecs.PackBits()]),
        ]
    ):
        for compressor in (None, numcodecs.Zlib()):
            path = tmp_path / f"{at}{compressor is None}"
            write(path, sample((3, 3), dtype), zarr_format=2, chunks=(2, 2), filters=filters, compressors=compressor)
            assert look(path).faults == (), filters
            assert look(path).unverified is None
            chunk = chunks_of(path)[1]
            chunk.write_bytes(chunk.read_bytes()[:-1] if compressor is None else numcodecs.Zlib().encode(b"1234567"))
            assert [fault.path for fault in look(path).faults] == [chunk.name], filters


def test_items_of_several_fields_are_reckoned_with(tmp_path: Path) -> None:
    fields = np.zeros((3,), dtype=[("a", "<i2"), ("b", ">f8"), ("c", "S3")])
    fields["a"] = 1
    for format_ in (2, 3):
        path = tmp_path / str(format_)
        write(path, fields, zarr_format=format_, chunks=(2,), compressors=None)
        assert {chunk.stat().st_size for chunk in chunks_of(path)} == {26}
        assert look(path).faults == ()
        assert look(path).unverified is None


@pytest.mark.parametrize("driver", ["zarr", "zarr3"])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "bfloat16", "bool", "complex64"])
def test_what_tensorstore_writes_is_whole(tmp_path: Path, driver: str, dtype: str) -> None:
    spec: dict[str, Any] = {"driver": driver, "kvstore": {"driver": "file", "path": f"{tmp_path}/x"}}
    if driver == "zarr3":
        spec["metadata"] = {
            "shape": [5, 6],
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [4, 4]}},
            "codecs": [
                {
                    "name": "sharding_indexed",
                    "configuration": {
                        "chunk_shape": [2, 2],
                        "codecs": [{"name": "bytes", "configuration": {"endian": "big"}}, {"name": "crc32c"}],
                        "index_location": "start",
                    },
                }
            ],
        }
    store = ts.open(spec, dtype=ts.dtype(dtype), shape=[5, 6], create=True).result()
    store[...] = np.ones((5, 6)).astype(store.dtype.numpy_dtype)
    content = look(tmp_path / "x")
    assert content.faults == ()
    assert content.missing == ()
    assert content.rows == 5
    # TensorStore's own name for a dtype that Zarr 2 has none for.
    assert content.unverified == ("a Zarr dtype of unknown size" if (driver, dtype) == ("zarr", "bfloat16") else None)


def test_shards_that_are_transposed_are_whole(tmp_path: Path) -> None:
    codecs = [
        {"name": "transpose", "configuration": {"order": [1, 0]}},
        {
            "name": "sharding_indexed",
            "configuration": {"chunk_shape": [3, 2], "codecs": [{"name": "bytes"}, {"name": "crc32c"}]},
        },
    ]
    grid = {"name": "regular", "configuration": {"chunk_shape": [4, 9]}}
    spec = {
        "driver": "zarr3",
        "kvstore": {"driver": "file", "path": f"{tmp_path}/x"},
        "metadata": {"shape": [4, 9], "data_type": "uint8", "chunk_grid": grid, "codecs": codecs},
    }
    store = ts.open(spec, create=True).result()
    store[...] = sample((4, 9), "u1") + 1
    assert look(tmp_path / "x").faults == ()
    chunk = tmp_path / "x/c/0/0"
    damaged = bytearray(chunk.read_bytes())
    damaged[0] ^= 1
    chunk.write_bytes(damaged)
    assert [fault.path for fault in look(tmp_path / "x").faults] == ["c/0/0"]


# --- chunks that are missing ----------------------------------------------------------------------------------------

WAYS: dict[str, dict[str, Any]] = {
    "version 3": {},
    "version 3 with dots": {"chunk_key_encoding": {"name": "default", "separator": "."}},
    "version 3 as 2": {"chunk_key_encoding": {"name": "v2", "separator": "."}},
    "version 2": {"zarr_format": 2},
    "version 2 in folders": {"zarr_format": 2, "chunk_key_encoding": {"name": "v2", "separator": "/"}},
    "shards": {"shards": (4, 4)},
}


@pytest.mark.parametrize("way", WAYS)
def test_every_chunk_that_is_removed_is_missed(tmp_path: Path, way: str) -> None:
    write(tmp_path / "x", sample((5, 9), "<i4"), chunks=(2, 2), **WAYS[way])
    for chunk in chunks_of(tmp_path / "x"):
        chunk.rename(tmp_path / "away")
        [missing] = look(tmp_path / "x", deep=False).missing
        (tmp_path / "away").rename(chunk)
        assert missing.first[0] == (chunk.relative_to(tmp_path / "x").as_posix(), None)
        assert missing.total == 15
        assert missing.missing == (missing.missing if way == "shards" else 1)


def test_chunks_of_nothing_but_fill_value_may_all_be_absent(tmp_path: Path) -> None:
    for options in WAYS.values():
        shutil.rmtree(tmp_path / "x", ignore_errors=True)
        array = zarr.create_array(
            str(tmp_path / "x"), shape=(5, 9), chunks=(2, 2), dtype="<i4", fill_value=7, **options
        )
        array[...] = 7
        assert chunks_of(tmp_path / "x") == []
        assert look(tmp_path / "x").missing == ()
        array[4, 8] = 1
        [missing] = look(tmp_path / "x").missing
        assert (missing.missing, missing.total) == (14, 15)


def test_what_is_written_with_empty_chunks_has_all(tmp_path: Path) -> None:
    data = np.zeros((5, 9), dtype="<i4")
    data[0, 0] = 1
    for at, options in enumerate(WAYS.values()):
        write(tmp_path / str(at), data, chunks=(2, 2), **options)
        assert look(tmp_path / str(at)).missing == (), options


def test_a_chunk_that_its_shard_calls_empty_is_missed(tmp_path: Path) -> None:
    data = sample((5, 9), "<i4") + 1
    data[2:4, 2:4] = 0
    array = zarr.create_array(str(tmp_path / "x"), shape=(5, 9), chunks=(2, 2), shards=(4, 4), dtype="<i4")
    array[...] = data
    [missing] = look(tmp_path / "x", deep=False).missing
    assert missing.first == (("c/0/0", (1, 1)),)
    assert (missing.missing, missing.total) == (1, 15)


def test_an_array_may_promise_more_chunks_than_there_are_atoms(tmp_path: Path) -> None:
    write(tmp_path / "x", sample((2, 2), "u1"), chunks=(1, 1))
    edit(tmp_path / "x/zarr.json", lambda document: document.update(shape=[2**62, 2**62]))
    [missing] = look(tmp_path / "x").missing
    assert missing.total == 2**124
    assert [path for path, _ in missing.first] == ["c/0/2", "c/0/3", "c/0/4"]


def edit(path: Path, change: Callable[[Any], object]) -> None:
    """Edit a metadata document in place."""
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


# --- chunks that are damaged ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codecs", "shards"),
    [
        ("crc32c", None),
        ("zstd and crc32c", None),
        ("zstd with a checksum", None),
        ("adler32", None),
        ("crc32", None),
        ("fletcher32", None),
        ("jenkins_lookup3", None),
        ("crc32c", (4, 4)),
        ("zstd with a checksum", (4, 4)),
    ],
)
def test_every_flipped_bit_under_a_checksum_is_found(
    tmp_path: Path, codecs: str, shards: tuple[int, ...] | None
) -> None:
    array = write(tmp_path / "x", sample((3, 5), "<i4"), chunks=(2, 2), shards=shards, compressors=V3_CODECS[codecs])
    content = look(tmp_path / "x")
    assert content.without_checksum == ()
    silent = []
    for chunk, damaged, where in flipped(tmp_path / "x"):
        chunk.write_bytes(damaged)
        found = look(tmp_path / "x")
        if not found.faults and not found.missing and is_changed(array, (3, 5)):
            silent.append((chunk, where))
    assert silent == []


@pytest.mark.parametrize("codecs", ["gzip", "zlib", "bz2", "lzma"])
def test_no_flipped_bit_in_a_compression_with_its_own_checksum_changes_values(tmp_path: Path, codecs: str) -> None:
    array = write(tmp_path / "x", sample((3, 5), "<i4"), chunks=(2, 2), compressors=V3_CODECS[codecs])
    for chunk, damaged, where in flipped(tmp_path / "x"):
        chunk.write_bytes(damaged)
        assert look(tmp_path / "x").faults or not is_changed(array, (3, 5)), (chunk, where)


def flipped(store: Path) -> Iterator[tuple[Path, bytes, int]]:
    """Yield each chunk with one bit flipped, at every other byte, and put it back."""
    for chunk in chunks_of(store):
        content = chunk.read_bytes()
        for at in range(0, len(content), 2):
            damaged = bytearray(content)
            damaged[at] ^= 1 << at // 2 % 8
            yield chunk, bytes(damaged), at
        chunk.write_bytes(content)


def is_changed(array: zarr.Array, shape: tuple[int, ...]) -> bool:
    """Say whether zarr-python reads other values than were written, and says nothing."""
    try:
        return not np.array_equal(array[...], sample(shape, "<i4"))
    except Exception:  # noqa: BLE001 - of any kind: then it is not silent
        return False


@pytest.mark.parametrize("codecs", V3_CODECS)
def test_a_chunk_that_is_cut_short_is_found(tmp_path: Path, codecs: str) -> None:
    write(tmp_path / "x", sample((3, 5), "<i4"), chunks=(2, 2), compressors=V3_CODECS[codecs] or None)
    for chunk in chunks_of(tmp_path / "x")[:2]:
        content = chunk.read_bytes()
        for kept in range(len(content)):
            chunk.write_bytes(content[:kept])
            found = [fault.path for fault in look(tmp_path / "x").faults]
            assert found == [chunk.relative_to(tmp_path / "x").as_posix()], kept
        chunk.write_bytes(content + b"\0\1")
        assert look(tmp_path / "x").faults
        chunk.write_bytes(content)


@pytest.mark.parametrize("at", ["start", "end"])
def test_a_shard_that_is_cut_short_is_found_without_decoding_it(tmp_path: Path, at: str) -> None:
    shards = {"shape": (4, 4), "index_location": at}
    write(tmp_path / "x", sample((4, 4), "<i4"), chunks=(2, 2), shards=shards, compressors=None)
    assert look(tmp_path / "x").faults == ()
    [chunk] = chunks_of(tmp_path / "x")
    content = chunk.read_bytes()
    assert len(content) == 4 * 16 + 4 * 16 + 4
    for kept in range(len(content)):
        chunk.write_bytes(content[:kept])
        assert [fault.path for fault in look(tmp_path / "x", deep=False).faults] == ["c/0/0"], kept


def test_a_chunk_without_compression_is_measured_without_reading_it(tmp_path: Path) -> None:
    write(tmp_path / "x", sample((3, 5), "<i4"), chunks=(2, 2), compressors=[Crc32cCodec()])
    chunk = chunks_of(tmp_path / "x")[0]
    chunk.write_bytes(chunk.read_bytes()[:-1])
    [fault] = look(tmp_path / "x", deep=False).faults
    assert fault.message == "has 19 bytes; a chunk of its array has 20"


def test_a_chunk_of_another_shape_is_found(tmp_path: Path) -> None:
    for at, codecs in enumerate(V3_CODECS.values()):
        write(tmp_path / f"{at}a", sample((4, 4), "<i4"), chunks=(2, 2), compressors=codecs or None)
        write(tmp_path / f"{at}b", sample((4, 4), "<i4"), chunks=(2, 1), compressors=codecs or None)
        shutil.copy(tmp_path / f"{at}b/c/0/0", tmp_path / f"{at}a/c/0/0")
        assert [fault.path for fault in look(tmp_path / f"{at}a").faults] == ["c/0/0"]
        shutil.copy(tmp_path / f"{at}a/c/1/0", tmp_path / f"{at}b/c/0/0")
        assert [fault.path for fault in look(tmp_path / f"{at}b").faults] == ["c/0/0"]


@pytest.mark.parametrize("version", [2, 3])
def test_a_store_of_which_an_array_is_a_pointer_has_no_rows(tmp_path: Path, version: Literal[2, 3]) -> None:
    group = zarr.open_group(str(tmp_path / "x"), mode="w", zarr_format=version)
    for name, rows in (("a", 4), ("b", 4), ("c", 5)):
        group.create_array(name, shape=(rows,), chunks=(2,), dtype="f4", config={"write_empty_chunks": True})[...] = 1
    folder = folder_of(tmp_path / "x")
    document = "c/.zarray" if version == 2 else "c/zarr.json"
    content = look_into_store(folder._replace(pointers=frozenset({document})), True)
    assert (content.rows, content.faults, content.missing) == (None, (), ())
    chunks = frozenset(path for path in folder.files if path.startswith("c/") and path[-1].isdigit())
    assert chunks
    content = look_into_store(folder._replace(pointers=chunks), True)
    assert (content.arrays, content.faults, content.missing) == (3, (), ())
