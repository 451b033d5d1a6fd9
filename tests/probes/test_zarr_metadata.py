"""The metadata of Zarr stores: whole, in agreement, and of any hostility."""

import json
import random
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from runcheck.probes.contents import ZarrContent
from tests.drawing import examples
from tests.probes.zarr_stores import look, write


def faults(content: ZarrContent) -> list[tuple[str, str]]:
    """Return path and words of each fault."""
    return [(fault.path, fault.message) for fault in content.faults]


def hierarchy(path: Path, format_: int = 3) -> None:
    """Write a group of two arrays, one of them in a group, with consolidated metadata."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that consolidated metadata are no part of Zarr 3
        root = zarr.create_group(str(path), zarr_format=format_, attributes={"scale": float("nan"), "a": {"b": 1}})
        config = {"write_empty_chunks": True}
        for name in ("images", "more/labels"):
            array = root.create_array(name, shape=(3, 2), chunks=(2, 2), dtype="<f4", fill_value=np.nan, config=config)
            array[...] = 1
        zarr.consolidate_metadata(str(path))


@pytest.fixture(params=[2, 3])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A store of either version."""
    hierarchy(tmp_path / "x", request.param)
    return tmp_path / "x"


def document_of(store: Path, node: str) -> Path:
    """Return the document of a node, whatever its version."""
    return next(path for name in ("zarr.json", ".zarray", ".zgroup") if (path := store / node / name).exists())


def edit(path: Path, change: Callable[[Any], object]) -> None:
    """Edit a document in place."""
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def test_a_store_of_groups_is_whole(store: Path) -> None:
    content = look(store)
    assert content.faults == ()
    assert content.missing == ()
    assert content.unverified is None
    assert content.arrays == 2
    assert content.rows == 3
    assert sorted(content.without_checksum) == ["images", "more/labels"]


def test_arrays_of_different_lengths_have_no_rows(store: Path) -> None:
    write(store.parent / "y", np.arange(4))
    assert look(store.parent / "y").rows == 4
    edit(document_of(store, "images"), lambda document: document.update(shape=[4, 2]))
    assert look(store).rows is None


def test_an_array_without_an_axis_has_no_say_in_the_rows(store: Path) -> None:
    zarr.open_group(str(store), use_consolidated=False).create_array("crs", shape=(), dtype="i8")
    assert look(store).rows == 3


STALE = [
    (3, "shape", [4, 2], "shape (3, 2), not (4, 2)"),
    (2, "shape", [4, 2], "shape (3, 2), not (4, 2)"),
    (3, "fill_value", 0.0, "another fill value"),
    (2, "fill_value", 0.0, "another fill value"),
    (3, "data_type", "int32", "dtype float32, not int32"),
    (2, "dtype", "<i4", "dtype <f4, not <i4"),
    (3, "codecs", [{"name": "bytes", "configuration": {"endian": "little"}}], "other codecs"),
    (2, "compressor", None, "other codecs"),
    (2, "chunks", [1, 2], "chunks of (2, 2), not (1, 2)"),
    (2, "dimension_separator", "/", "another separator in the keys of its chunks"),
    (3, "dimension_names", ["a", "b"], "other names of its dimensions"),
    (3, "attributes", {"a": 2}, "other attributes"),
]


@pytest.mark.parametrize(("format_", "key", "value", "words"), STALE)
def test_consolidated_metadata_that_are_stale_are_found(
    tmp_path: Path, format_: int, key: str, value: object, words: str
) -> None:
    hierarchy(tmp_path, format_)
    edit(document_of(tmp_path, "images"), lambda document: document.update({key: value}))
    assert (".zmetadata" if format_ == 2 else "zarr.json", f"says of 'images': {words}") in faults(look(tmp_path))


def test_a_dtype_of_many_fields_that_is_stale_is_found(tmp_path: Path) -> None:
    fields = [[f"field_{at}", "<i4"] for at in range(20)]
    other = [*fields[:-1], ["field_x", "<i4"]]
    copy = {"zarr_consolidated_format": 1, "metadata": {".zarray": V2 | {"dtype": fields}}}
    (tmp_path / ".zmetadata").write_text(json.dumps(copy))
    assert alone(tmp_path, V2 | {"dtype": fields}).faults == ()
    assert faults(alone(tmp_path, V2 | {"dtype": other})) == [(".zmetadata", "says of '': another dtype")]


def test_attributes_of_version_2_that_are_stale_are_found(tmp_path: Path) -> None:
    hierarchy(tmp_path, 2)
    (tmp_path / "images/.zattrs").write_text('{"scale": 2}')
    assert faults(look(tmp_path)) == [(".zmetadata", "says of 'images': other attributes")]
    (tmp_path / "images/.zattrs").write_text("{}")
    (tmp_path / ".zattrs").write_text("{")
    assert [path for path, _ in faults(look(tmp_path))] == [".zattrs"]


def test_a_node_that_consolidated_metadata_do_not_name_is_found(store: Path) -> None:
    zarr.open_group(str(store), use_consolidated=False).create_array("new", shape=(3,), dtype="i8")
    consolidated = ".zmetadata" if (store / ".zmetadata").exists() else "zarr.json"
    assert faults(look(store)) == [(consolidated, "does not name 'new', which is there")]


def test_a_node_that_is_gone_is_found_where_it_was_consolidated(store: Path) -> None:
    document_of(store, "more/labels").unlink()
    found = look(store)
    assert any(words == "names 'more/labels', which is not there" for _, words in faults(found))
    assert any(
        path.startswith("more/labels/") and words.startswith("belongs to no array") for path, words in faults(found)
    )


def test_a_copy_that_says_the_same_in_other_words_is_no_fault(store: Path) -> None:
    path = document_of(store, "images")

    def reword(document: dict[str, Any]) -> None:
        for key in ("attributes", "storage_transformers", "filters"):
            document.pop(key, None)
        if "codecs" in document:
            document["codecs"][1]["configuration"]["level"] = 3
            document["dimension_names"] = None

    edit(path, reword)
    assert faults(look(store)) == []


@pytest.mark.parametrize("format_", [2, 3])
def test_a_group_without_its_document_is_found(tmp_path: Path, format_: int) -> None:
    hierarchy(tmp_path / "x", format_)
    document_of(tmp_path / "x", "more").unlink()
    found = faults(look(tmp_path / "x"))
    name = "zarr.json" if format_ == 3 else ".zgroup"
    assert ("more", f"lacks {name}, so that no reader comes to 'more/labels' in it") in found


def test_a_lost_group_is_named_once(tmp_path: Path) -> None:
    hierarchy(tmp_path)
    for at in range(3):
        write(tmp_path / f"lost/{at}", np.arange(3))
    document_of(tmp_path, "").unlink()
    assert [path for path, words in faults(look(tmp_path)) if "lacks" in words] == ["", "lost"]


def test_a_store_without_its_root_is_found(store: Path) -> None:
    document_of(store, "").unlink()
    assert any(path == "" and "lacks" in words for path, words in faults(look(store)))


def test_an_empty_folder_is_no_store(tmp_path: Path) -> None:
    assert faults(look(tmp_path)) == [("", "has no metadata: neither zarr.json nor .zarray nor .zgroup")]


def test_a_store_that_is_moved_to_version_3_in_place_is_whole(tmp_path: Path) -> None:
    hierarchy(tmp_path / "x", 2)
    (tmp_path / "x/.zmetadata").unlink()
    from zarr.metadata.migrate_v3 import migrate_v2_to_v3

    migrate_v2_to_v3(input_store=zarr.storage.LocalStore(str(tmp_path / "x")))
    assert (tmp_path / "x/images/zarr.json").exists()
    assert faults(look(tmp_path / "x")) == []
    edit(tmp_path / "x/images/zarr.json", lambda document: document.update(shape=[4, 2]))
    assert [path for path, _ in faults(look(tmp_path / "x"))] == ["images/zarr.json"]


# --- files that belong to nothing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("images/c/2/0", "lies outside of the 2x1 chunks of its array"),
        ("images/c/9/9", "lies outside of the 2x1 chunks of its array"),
        ("images/c/0/00", "is no chunk of its array, whose first is 'c/0/0'"),
        ("images/0.0", "is no chunk of its array, whose first is 'c/0/0'"),
        ("images/c/" + "9" * 90 + "/0", "is no chunk of its array, whose first is 'c/0/0'"),
        ("lost/c/0/0", "belongs to no array"),
        ("lost/.zattrs", "is of no node: neither .zarray nor .zgroup is beside it"),
    ],
)
def test_a_file_of_no_chunk_is_found(tmp_path: Path, path: str, words: str) -> None:
    hierarchy(tmp_path / "x")
    (tmp_path / "x" / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "x" / path).write_bytes(b"{}")
    assert faults(look(tmp_path / "x")) == [(path, words)]


def test_files_of_conventions_on_top_of_zarr_are_not_certain(tmp_path: Path) -> None:
    hierarchy(tmp_path / "x")
    for path in ("more/METADATA.ome.xml", "points.parquet/part.0.parquet", "images/.DS_Store", "images/c/0/\u0661"):
        (tmp_path / "x" / path).parent.mkdir(exist_ok=True)
        (tmp_path / "x" / path).write_bytes(b"x")
    assert [fault.is_certain for fault in look(tmp_path / "x").faults] == [False] * 3  # one an array or group
    assert look(tmp_path / "x").fault_count == 0


def test_placeholders_and_leftovers_have_clauses_of_their_own(tmp_path: Path) -> None:
    hierarchy(tmp_path / "x")
    for path in (".gitkeep", "images/.gitkeep", "images/c/0/0.0123456789abcdef.partial", "more/zarr.json.tmp"):
        (tmp_path / "x" / path).write_bytes(b"")
    assert faults(look(tmp_path / "x")) == []


def test_a_node_in_an_array_is_found(tmp_path: Path) -> None:
    hierarchy(tmp_path / "x")
    write(tmp_path / "x/images/inner", np.arange(3))
    found = faults(look(tmp_path / "x"))
    assert ("images/inner", "is a node inside of the array 'images'") in found


# --- documents that are broken ----------------------------------------------------------------------------------------

V3: dict[str, Any] = {
    "zarr_format": 3,
    "node_type": "array",
    "shape": [3, 2],
    "data_type": "float32",
    "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2, 2]}},
    "chunk_key_encoding": {"name": "default"},
    "fill_value": 0,
    "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
}
V2: dict[str, Any] = {
    "zarr_format": 2,
    "shape": [3, 2],
    "chunks": [2, 2],
    "dtype": "<f4",
    "compressor": None,
    "fill_value": 0,
    "order": "C",
    "filters": None,
}
SHARDS: dict[str, Any] = {
    "chunk_shape": [1, 2],
    "codecs": V3["codecs"],
    "index_codecs": [*V3["codecs"], {"name": "crc32c"}],
}


def alone(folder: Path, document: object) -> ZarrContent:
    """Look at a store of one document."""
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    name = "zarr.json" if not isinstance(document, dict) or document.get("zarr_format") != 2 else ".zarray"
    (folder / name).write_bytes(content)
    return look(folder)


@pytest.mark.parametrize("base", [V2, V3])
def test_the_smallest_metadata_are_whole(tmp_path: Path, base: dict[str, Any]) -> None:
    assert alone(tmp_path, base).faults == ()
    assert zarr.open_array(str(tmp_path)).shape == (3, 2)


@pytest.mark.parametrize(
    ("base", "key"),
    [
        *((V2, key) for key in ("zarr_format", "shape", "chunks", "dtype", "compressor", "fill_value", "order")),
        *((V3, key) for key in V3),
    ],
)
def test_a_member_that_is_lacking_is_named(tmp_path: Path, base: dict[str, Any], key: str) -> None:
    document = {name: value for name, value in base.items() if name != key}
    name = ".zarray" if base is V2 else "zarr.json"
    (tmp_path / name).write_text(json.dumps(document))
    [(path, words)] = faults(look(tmp_path))
    assert path == name
    assert key in words


@pytest.mark.parametrize(
    "change",
    [
        {"zarr_format": "3"},
        {"zarr_format": True},
        {"node_type": "arrays"},
        {"node_type": ["array"]},
        {"attributes": []},
        {"shape": [-1, 2]},
        {"shape": [3.0, 2]},
        {"shape": [True, 2]},
        {"shape": 3},
        {"shape": [2**63, 2]},
        {"shape": [1] * 65, "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [1] * 65}}},
        {"shape": [3]},
        {"chunk_grid": {"name": "regular"}},
        {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [0, 2]}}},
        {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": ["2", 2]}}},
        {"chunk_grid": None},
        {"chunk_key_encoding": {"name": "default", "configuration": {"separator": ".."}}},
        {"chunk_key_encoding": {"name": "default", "configuration": {"separator": ["/"]}}},
        {"chunk_key_encoding": {"name": "default", "configuration": []}},
        {"dimension_names": ["a"]},
        {"codecs": []},
        {"codecs": {}},
        {"codecs": [7]},
        {"codecs": V3["codecs"] * 65},
        {"codecs": V3["codecs"] * 2},
        {"codecs": [{"name": "gzip"}]},
        {"codecs": [{"name": "transpose", "configuration": {"order": [0, 0]}}, *V3["codecs"]]},
        {"codecs": [{"name": "transpose", "configuration": {"order": [True, 0]}}, *V3["codecs"]]},
        {"codecs": [{"name": "sharding_indexed", "configuration": {}}]},
        {"codecs": [{"name": "sharding_indexed", "configuration": SHARDS | {"chunk_shape": [3, 2]}}]},
        {"codecs": [{"name": "sharding_indexed", "configuration": SHARDS | {"chunk_shape": [0, 2]}}]},
        {"codecs": [{"name": "sharding_indexed", "configuration": SHARDS | {"index_location": "middle"}}]},
        {"codecs": [{"name": "sharding_indexed", "configuration": SHARDS | {"index_codecs": None}}]},
    ],
    ids=lambda change: json.dumps(change)[:60],
)
def test_metadata_of_version_3_that_are_none_are_found(tmp_path: Path, change: dict[str, Any]) -> None:
    assert [path for path, _ in faults(alone(tmp_path, V3 | change))] == ["zarr.json"]


@pytest.mark.parametrize(
    "change",
    [
        {"shape": [-1, 2]},
        {"shape": None},
        {"chunks": [2]},
        {"chunks": [2, 0]},
        {"order": "A"},
        {"order": ["C"]},
        {"dimension_separator": "x"},
        {"filters": {"id": "delta"}},
        {"filters": [{}]},
        {"filters": [None]},
        {"compressor": "zlib"},
        {"compressor": {"id": 7}},
    ],
    ids=json.dumps,
)
def test_metadata_of_version_2_that_are_none_are_found(tmp_path: Path, change: dict[str, Any]) -> None:
    assert [path for path, _ in faults(alone(tmp_path, V2 | change))] == [".zarray"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not JSON"),
        (b"null", "is no JSON object"),
        (b"[]", "is no JSON object"),
        (b'{"zarr_format": 3', "is not JSON"),
        (b"\xff{}", "is not UTF-8 at byte 0"),
        (b"\xef\xbb\xbf{}", "is not JSON"),
        (b'{"zarr_format": 3, "zarr_format": 3}', "has a key twice"),
        (b'{"a": ' * 50_000, "nests deeper"),
        (b'{"zarr_format": 3, "node_type": "group", "attributes": ' + b'{"a":' * 700 + b"1" + b"}" * 701, ""),
        (b'{"a": 1' + b"0" * 5000 + b"}", "thousands of digits"),
        (b'{"zarr_format": 3, "node_type": "group", "attributes": {"\\ud800": 1}}', ""),
    ],
    ids=range(11),
)
def test_what_is_no_document_is_found(tmp_path: Path, content: bytes, words: str) -> None:
    found = faults(alone(tmp_path, content))
    assert [path for path, _ in found] == (["zarr.json"] if words else [])
    assert all(words in said for _, said in found)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"zarr_format": 4}, "Zarr format 4"),
        ({"chunk_grid": {"name": "rectilinear"}}, "the Zarr chunk grid 'rectilinear'"),
        ({"chunk_key_encoding": {"name": "hashed"}}, "the Zarr chunk keys 'hashed'"),
        ({"storage_transformers": [{"name": "x"}]}, "Zarr storage transformers"),
        ({"novelty": {"name": "x"}}, "the Zarr extension 'novelty'"),
        ({"novelty": {"must_understand": True}}, "the Zarr extension 'novelty'"),
        ({"novelty": {"must_understand": False}}, None),
        ({"storage_transformers": []}, None),
        ({"chunk_grid": {"name": "rectilinear"}, "node_type": "group"}, "the Zarr extension 'shape'"),
    ],
)
def test_what_is_not_understood_is_not_verified(tmp_path: Path, change: dict[str, Any], reason: str | None) -> None:
    content = alone(tmp_path, V3 | change)
    assert content.unverified == reason
    assert content.faults == ()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"data_type": "int4"}, "a Zarr dtype of unknown size"),
        (
            {"codecs": [{"name": "numcodecs.delta", "configuration": {"dtype": "odd"}}, *V3["codecs"]]},
            "the Zarr codec 'delta' with a dtype of unknown size",
        ),
        ({"codecs": [*V3["codecs"], {"name": "pcodec"}]}, "the Zarr codec 'pcodec'"),
        ({"codecs": [*V3["codecs"], {"name": "numcodecs.pcodec"}]}, "the Zarr codec 'pcodec'"),
        ({"codecs": [{"name": "packbits"}]}, "the Zarr codec 'packbits'"),
    ],
)
def test_a_codec_or_dtype_that_is_not_known_is_not_verified(
    tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    (tmp_path / "c/0").mkdir(parents=True)
    (tmp_path / "c/0/0").write_bytes(b"x")
    content = alone(tmp_path, V3 | change)
    assert content.unverified == reason
    assert content.faults == ()
    assert [missing.missing for missing in content.missing] == [1]


def test_pickled_objects_are_named_and_never_decoded(tmp_path: Path) -> None:
    bomb = b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x0ftouch /tmp/owned\x85R."
    document = V2 | {"dtype": "|O", "filters": [{"id": "pickle"}], "shape": [1], "chunks": [1]}
    (tmp_path / "0").write_bytes(bomb)
    content = alone(tmp_path, document)
    assert content.object_names == ("",)
    assert content.unverified == "the Zarr codec 'pickle'"
    assert not Path("/tmp/owned").exists()
    assert content.without_checksum == ()


# --- bounds -----------------------------------------------------------------------------------------------------------


def test_a_document_of_too_many_values_is_not_verified(tmp_path: Path) -> None:
    tracemalloc.start()
    content = alone(tmp_path, b'{"zarr_format": 3, "attributes": [' + b"[]," * 5_000_000 + b"0]}")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert content.unverified == "Zarr metadata of more than 1,000,000 values"
    assert peak < 40 << 20


def test_a_document_of_too_many_bytes_is_not_verified(tmp_path: Path) -> None:
    content = alone(tmp_path, b'{"zarr_format": 3, "attributes": "' + b"x" * (17 << 20) + b'"}')
    assert content.unverified == "Zarr metadata of more than 16,777,216 bytes"


def test_many_groups_one_in_the_other_are_read(tmp_path: Path) -> None:
    group = json.dumps({"zarr_format": 3, "node_type": "group"})
    path = tmp_path
    for _ in range(400):
        (path / "zarr.json").write_text(group)
        path /= "g"
        path.mkdir()
    assert look(tmp_path).faults == ()


def test_faults_are_bounded(tmp_path: Path) -> None:
    (tmp_path / "zarr.json").write_text(json.dumps({"zarr_format": 3, "node_type": "group"}))
    for at in range(200):
        (tmp_path / str(at)).mkdir()
        (tmp_path / str(at) / "zarr.json").write_text("{")
    content = look(tmp_path)
    assert content.fault_count == 200
    assert len(content.faults) == 50


# --- anything ---------------------------------------------------------------------------------------------------------

scalars = st.none() | st.booleans() | st.integers(-3, 9) | st.floats() | st.sampled_from(["a", "..", "/", "c", "bytes"])
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner))


def places(document: object, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value in a document."""
    found = [at]
    items = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in items:
        found += places(value, (*at, key))
    return found


@settings(max_examples=examples(120), deadline=None)
@given(
    base=st.sampled_from([V2, V3, V3 | {"codecs": [{"name": "sharding_indexed", "configuration": SHARDS}]}]),
    data=st.data(),
)
def test_no_metadata_raise(tmp_path_factory: pytest.TempPathFactory, base: dict[str, Any], data: st.DataObject) -> None:
    document = json.loads(json.dumps(base))
    *above, last = data.draw(st.sampled_from([place for place in places(document) if place]))
    holder = document
    for key in above:
        holder = holder[key]
    holder[last] = data.draw(values)
    path = tmp_path_factory.mktemp("any")
    for key in ("c/0/0", "0.0"):
        (path / key).parent.mkdir(parents=True, exist_ok=True)
        (path / key).write_bytes(bytes(16))
    alone(path, document)


def test_no_flipped_bit_in_a_store_raises(tmp_path: Path) -> None:
    hierarchy(tmp_path / "2", 2)
    hierarchy(tmp_path / "3", 3)
    write(tmp_path / "4", np.arange(20).reshape(4, 5), chunks=(2, 2), shards=(4, 4))
    draw = random.Random(7)
    for store in ("2", "3", "4"):
        for path in sorted((tmp_path / store).rglob("*")):
            if path.is_dir():
                continue
            content = path.read_bytes()
            for _ in range(12):
                damaged = bytearray(content)
                damaged[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
                path.write_bytes(damaged[: draw.choice([len(damaged), draw.randrange(len(damaged))])])
                look(tmp_path / store)
            path.write_bytes(content)
