"""Chunks of Zarr arrays that promise more than they hold, or hold more than they promise."""

import bz2
import gzip
import json
import lzma
import os
import random
import struct
import sys
import tracemalloc
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numcodecs
import numpy as np
import pytest
from google_crc32c import value as crc32c

from runcheck.probes.contents import ZarrContent
from runcheck.rules.zarr import zarr_checksums, zarr_chunk_missing, zarr_readable
from tests.probes.zarr_stores import look, write

BYTES = {"name": "bytes", "configuration": {"endian": "little"}}
EMPTY = 2**64 - 1


def store(
    path: Path, chunk: bytes, *codecs: Mapping[str, object], items: int = 8, dtype: str = "uint8", **members: object
) -> ZarrContent:
    """Look at a store of one chunk."""
    document: dict[str, object] = {
        "zarr_format": 3,
        "node_type": "array",
        "shape": [items],
        "data_type": dtype,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [items]}},
        "chunk_key_encoding": {"name": "default"},
        "fill_value": 0,
        "codecs": list(codecs),
        **members,
    }
    (path / "c").mkdir(exist_ok=True)
    (path / "c/0").write_bytes(chunk)
    (path / "zarr.json").write_text(json.dumps(document))
    return look(path)


def codec(name: str, **configuration: object) -> Mapping[str, object]:
    """Return a codec."""
    return {"name": name, "configuration": configuration}


def words(content: ZarrContent) -> list[str]:
    """Return what is said of each fault."""
    return [fault.message for fault in content.faults]


@contextmanager
def at_most(mebibytes: int) -> Iterator[None]:
    """Assert that no more memory is taken."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < mebibytes << 20
    finally:
        tracemalloc.stop()


# --- compressed chunks --------------------------------------------------------------------------------------------

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "numcodecs.zlib": zlib.compress,
    "numcodecs.bz2": bz2.compress,
    "numcodecs.lzma": partial(lzma.compress, preset=1),
    "numcodecs.lz4": numcodecs.LZ4().encode,
    "zstd": numcodecs.Zstd().encode,
    "blosc": numcodecs.Blosc().encode,
}


@pytest.mark.parametrize("name", COMPRESS)
def test_a_chunk_that_expands_beyond_its_shape_is_found_before_it_is_held(tmp_path: Path, name: str) -> None:
    bomb = COMPRESS[name](bytes(64 << 20))
    with at_most(30):
        [said] = words(store(tmp_path, bomb, BYTES, codec(name)))
        assert said.startswith("holds ")
        [said] = words(store(tmp_path, bomb, BYTES, codec("crc32c"), codec(name)))
        assert said.startswith("holds ")


def test_a_header_that_claims_more_than_there_is_takes_no_memory(tmp_path: Path) -> None:
    frame = b"\x28\xb5\x2f\xfd\xe0" + struct.pack("<Q", 10 << 30) + b"\1\0\0"
    with at_most(5):
        assert words(store(tmp_path, frame, BYTES, codec("zstd"))) == [
            "holds 10,737,418,240 bytes by its zstd header; a chunk of its array has 8"
        ]
        # Of texts nobody knows how many bytes they are.
        for claim in (10 << 30, 0):
            text = b"\x28\xb5\x2f\xfd\xe0" + struct.pack("<Q", claim) + b"\1\0\0"
            content = store(tmp_path, text, codec("vlen-utf8"), codec("zstd"), dtype="string", fill_value="")
            assert content.unverified == ("Zarr chunks of more than 201,326,592 bytes" if claim else None)
            assert words(content) == ([] if claim else ["does not hold the 8 strings of a chunk of its array"])
        lz4 = (0x7FFFFFFF).to_bytes(4, "little") + b"x"
        assert words(store(tmp_path, lz4, BYTES, codec("numcodecs.lz4")))


@pytest.mark.parametrize("name", COMPRESS)
def test_a_shape_beyond_the_bound_takes_no_memory(tmp_path: Path, name: str) -> None:
    chunk = COMPRESS[name](b"12345678")
    with at_most(5):
        content = store(tmp_path, chunk, BYTES, codec("crc32c"), codec(name), items=2**40)
        assert words(content) or content.unverified == "Zarr chunks of more than 201,326,592 bytes"


@pytest.mark.parametrize("name", COMPRESS)
def test_a_large_chunk_is_read_to_its_end(tmp_path: Path, name: str) -> None:
    content = random.Random(7).randbytes((1 << 20) + 17) + bytes(3 << 20)
    chunk = COMPRESS[name](content)
    for codecs in ((BYTES, codec(name)), (BYTES, codec(name), codec("gzip"))):
        whole = chunk if len(codecs) == 2 else gzip.compress(chunk, compresslevel=1)
        assert words(store(tmp_path, whole, *codecs, items=len(content))) == []
        assert len(words(store(tmp_path, whole, *codecs, items=len(content) + 1))) == 1
        assert len(words(store(tmp_path, whole, *codecs, items=len(content) - 1))) == 1
        assert len(words(store(tmp_path, whole[:-1], *codecs, items=len(content)))) == 1


@pytest.mark.parametrize("name", COMPRESS)
@pytest.mark.parametrize("size", [1 << 20, (1 << 20) - 1, 2 << 20])
def test_a_chunk_as_large_as_a_piece_is_read_to_its_end(tmp_path: Path, name: str, size: int) -> None:
    assert words(store(tmp_path, COMPRESS[name](bytes(size)), BYTES, codec(name), items=size)) == []


def test_frames_without_their_size_are_decoded_where_the_shape_tells_it(tmp_path: Path) -> None:
    frame = b"\x28\xb5\x2f\xfd\x00\x58" + (8 << 3 | 1).to_bytes(3, "little") + b"12345678"
    assert numcodecs.Zstd().decode(frame) == b"12345678"
    assert words(store(tmp_path, frame, BYTES, codec("zstd"))) == []
    for items in (7, 9):
        assert words(store(tmp_path, frame, BYTES, codec("zstd"), items=items)) == ["does not decompress with zstd"]
    content = store(tmp_path, frame, codec("vlen-utf8"), codec("zstd"), dtype="string", fill_value="")
    assert content.unverified == "Zarr chunks whose zstd data do not say their size"


def test_gzip_may_come_in_members_and_with_zeros_behind(tmp_path: Path) -> None:
    members = gzip.compress(b"1234") + gzip.compress(b"5678")
    assert words(store(tmp_path, members + bytes(9), BYTES, codec("gzip"))) == []
    assert words(store(tmp_path, members + b"\1", BYTES, codec("gzip"))) != []
    assert words(store(tmp_path, zlib.compress(b"12345678") + b"\0", BYTES, codec("numcodecs.zlib"))) == [
        "has 1 bytes after its zlib data"
    ]


def test_lzma_takes_no_more_memory_than_it_is_given(tmp_path: Path) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30}]
    chunk = bytearray(lzma.compress(b"12345678", filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}]))
    assert words(store(tmp_path, bytes(chunk), BYTES, codec("numcodecs.lzma"))) == []
    content = store(tmp_path, bytes(chunk), BYTES, codec("numcodecs.lzma", format=3, filters=filters))
    assert content.unverified == "the Zarr codec 'lzma' with filters of its own"
    content = store(tmp_path, bytes(chunk), BYTES, codec("numcodecs.lzma", format=9))
    assert content.unverified == "the Zarr codec 'lzma' of format 9"


def test_a_filter_that_is_not_undone_here_is_not_verified_under_a_checksum(tmp_path: Path) -> None:
    chunk = numcodecs.Zstd().encode(crc32c(b"1234").to_bytes(4, "little") + b"1234")
    codecs = [BYTES, codec("numcodecs.crc32"), codec("numcodecs.shuffle", elementsize=2), codec("zstd")]
    assert store(tmp_path, chunk, *codecs, items=4).unverified == "the Zarr codec 'shuffle' after 'crc32'"


# --- shards -------------------------------------------------------------------------------------------------------


def sharded(path: Path, shard: bytes, *, chunks: int = 4, items: int = 8, at: str = "end", **more: Any) -> ZarrContent:  # noqa: ANN401
    """Look at a store of one shard."""
    options: dict[str, Any] = {
        "chunk_shape": [items // chunks],
        "codecs": [BYTES, codec("crc32c")],
        "index_codecs": [BYTES, codec("crc32c")],
        "index_location": at,
        **more,
    }
    return store(path, shard, codec("sharding_indexed", **options), items=items)


def sealed(content: bytes) -> bytes:
    """Return bytes with their CRC32C."""
    return content + struct.pack("<I", crc32c(content))


def index(*entries: tuple[int, int]) -> bytes:
    """Return the index of a shard."""
    return sealed(b"".join(struct.pack("<QQ", *entry) for entry in entries))


CHUNKS = b"".join(sealed(bytes([at, at])) for at in range(4))
PLACES = [(at * 6, 6) for at in range(4)]


def test_a_shard_is_read_by_its_index(tmp_path: Path) -> None:
    assert words(sharded(tmp_path, CHUNKS + index(*PLACES))) == []
    shifted = [(at + 4 * 16 + 4, size) for at, size in PLACES]
    assert words(sharded(tmp_path, index(*shifted) + CHUNKS, at="start")) == []
    assert words(sharded(tmp_path, CHUNKS[6:] + CHUNKS[:6] + index(*PLACES[-1:], *PLACES[:-1]))) == []
    assert words(sharded(tmp_path, CHUNKS + index(*PLACES[1:], PLACES[0]))) == []
    assert words(sharded(tmp_path, CHUNKS + index(*PLACES)[:-4], index_codecs=[BYTES])) == []
    big = CHUNKS + b"".join(struct.pack(">QQ", *place) for place in PLACES)
    assert words(sharded(tmp_path, big, index_codecs=[codec("bytes", endian="big")])) == []


def test_a_flipped_bit_in_the_index_or_its_checksum_is_found_without_decoding(tmp_path: Path) -> None:
    whole = CHUNKS + index(*PLACES)
    for at in range(len(CHUNKS), len(whole)):
        damaged = bytearray(whole)
        damaged[at] ^= 1
        sharded(tmp_path, bytes(damaged))
        assert words(look(tmp_path, deep=False)) == ["has an index that its CRC32C does not fit"]


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([(0, 6), (6, 6), (12, 6), (18, 1000)], "lists its chunk (3,) beyond its end"),
        ([(0, 6), (6, 6), (12, 6), (2**64 - 2, 6)], "lists its chunk (3,) beyond its end"),
        ([(0, 6), (6, 6), (12, 6), (2**64 - 1, 6)], "lists its chunk (3,) beyond its end"),
        (
            [(0, 20), (6, 6), (EMPTY, EMPTY), (EMPTY, EMPTY)],
            "in its chunk (0,) has 20 bytes; a chunk of its array has 6",
        ),
        ([(0, 6), (6, 6), (12, 6), (0, 0)], "in its chunk (3,) has 0 bytes; a chunk of its array has 6"),
        ([(0, 6), (6, 6), (12, 6), (17, 6)], "in its chunk (3,) has a crc32c checksum that does not fit its bytes"),
    ],
)
def test_an_index_that_points_elsewhere_is_found(tmp_path: Path, entries: list[tuple[int, int]], said: str) -> None:
    assert words(sharded(tmp_path, CHUNKS + index(*entries))) == [said]


def test_chunks_that_lie_on_each_other_are_found(tmp_path: Path) -> None:
    many = index(*[(0, 50)] * 4)
    assert words(sharded(tmp_path, CHUNKS + many, codecs=[BYTES, codec("gzip")]))[0].startswith("lists more bytes")


def test_an_index_beyond_its_shard_or_the_bound_is_told(tmp_path: Path) -> None:
    with at_most(5):
        [said] = words(sharded(tmp_path, CHUNKS + index(*PLACES), chunks=2**16, items=2**16))
        assert said == "has 92 bytes; the index of its 65,536 chunks alone has 1,048,580"
        content = sharded(tmp_path, CHUNKS + index(*PLACES), chunks=2**60, items=2**60)
        assert content.unverified == "Zarr shards with an index of more than 33,554,432 bytes"
        content = sharded(tmp_path, CHUNKS, index_codecs=[BYTES, codec("gzip")])
        assert content.unverified == "Zarr shards with an index in bytes and gzip"


def test_a_shard_of_no_chunks_takes_no_time(tmp_path: Path) -> None:
    options = {"chunk_shape": [0, 1], "codecs": [BYTES], "index_codecs": [BYTES]}
    content = store(
        tmp_path,
        b"x",
        codec("sharding_indexed", **options),
        shape=[0, 2**60],
        chunk_grid={"name": "regular", "configuration": {"chunk_shape": [0, 2**60]}},
        chunk_key_encoding={"name": "v2"},
    )
    assert words(content) == ["is no chunk of its array, whose first is '0.0'"]


def test_shards_in_shards_are_decoded(tmp_path: Path) -> None:
    inner = {
        "chunk_shape": [1],
        "codecs": [BYTES, codec("crc32c")],
        "index_codecs": [BYTES, codec("crc32c")],
    }
    small = b"".join(sealed(bytes([at])) for at in range(2)) + index((0, 5), (5, 5))
    whole = small * 4 + index(*[(at * len(small), len(small)) for at in range(4)])
    codecs = [codec("sharding_indexed", **inner)]
    assert words(sharded(tmp_path, whole, codecs=codecs)) == []
    damaged = bytearray(whole)
    damaged[len(small)] ^= 1
    assert words(sharded(tmp_path, bytes(damaged), codecs=codecs)) == [
        "in its chunk (1,) in its chunk (0,) has a crc32c checksum that does not fit its bytes"
    ]
    assert sharded(tmp_path, whole, codecs=codecs).without_checksum == ()


def test_a_shard_may_be_compressed_as_a_whole(tmp_path: Path) -> None:
    options = {"chunk_shape": [2], "codecs": [BYTES, codec("crc32c")], "index_codecs": [BYTES, codec("crc32c")]}
    whole = CHUNKS + index(*PLACES)
    for chunk, said in ((whole, 0), (whole[:-1], 1), (b"", 1)):
        content = store(tmp_path, gzip.compress(chunk), codec("sharding_indexed", **options), codec("gzip"))
        assert len(words(content)) == said


def test_a_chunk_beyond_the_edge_of_the_array_is_nobodys(tmp_path: Path) -> None:
    for size, said in ((6, []), (5, [("c/0", (2,))])):
        options = {"chunk_shape": [2], "codecs": [BYTES], "index_codecs": [BYTES, codec("crc32c")]}
        empty = index((0, 2), (2, 2), (EMPTY, EMPTY), (EMPTY, EMPTY))
        content = store(tmp_path, b"1234" + empty, codec("sharding_indexed", **options), shape=[4 if size == 6 else 5])
        assert [missing.first[0] for missing in content.missing] == said
        (tmp_path / "zarr.json").unlink()
        content = store(
            tmp_path,
            b"1234" + empty,
            codec("sharding_indexed", **options),
            shape=[4 if size == 6 else 5],
            chunk_grid={"name": "regular", "configuration": {"chunk_shape": [8]}},
        )
        assert [missing.first[0] for missing in content.missing] == said


# --- texts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chunk", "said"),
    [
        (struct.pack("<I", 2**32 - 1), "does not hold the 2 strings of a chunk of its array"),
        (struct.pack("<II", 2, 2**32 - 1), "ends in its string 0 of 2"),
        (struct.pack("<III", 2, 0, 0), None),
        (struct.pack("<II", 2, 0), "ends in its string 1 of 2"),
        (struct.pack("<III", 2, 0, 0) + b"x", "has 1 bytes after its last string"),
        (struct.pack("<II", 2, 1) + b"\xff" + struct.pack("<I", 0), "has a string that is not UTF-8, at 0 of 2"),
        (b"", "is empty"),
        (b"\2\0", "does not hold the 2 strings of a chunk of its array"),
    ],
)
def test_strings_are_read_one_by_one(tmp_path: Path, chunk: bytes, said: str | None) -> None:
    content = store(tmp_path, chunk, codec("vlen-utf8"), items=2, dtype="string", fill_value="")
    assert words(content) == ([said] if said else [])


# --- what is not there --------------------------------------------------------------------------------------------


def test_without_its_libraries_a_chunk_is_not_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numcodecs", None)
    monkeypatch.setitem(sys.modules, "google_crc32c", None)
    content = store(tmp_path, b"\x28\xb5\x2f\xfd\x20\x08" + bytes(12), BYTES, codec("zstd"))
    assert content.unverified == "a Zarr chunk in zstd needs numcodecs: pip install 'runcheck[zarr]'"
    content = store(tmp_path, b"123456781234", BYTES, codec("crc32c"))
    assert content.unverified == "a CRC32C needs google-crc32c: pip install 'runcheck[zarr]'"
    assert words(store(tmp_path, gzip.compress(b"12345678"), BYTES, codec("gzip"))) == []


def test_a_link_in_place_of_a_chunk_is_a_missing_chunk(tmp_path: Path) -> None:
    write(tmp_path / "x", np.arange(4), chunks=(2,))
    (tmp_path / "x/c/1").unlink()
    os.symlink("0", tmp_path / "x/c/1")
    assert [missing.first for missing in look(tmp_path / "x").missing] == [(("c/1", None),)]


def test_a_chunk_that_cannot_be_read_is_left_to_the_clause_of_such_files(tmp_path: Path) -> None:
    from runcheck.probes.folder import Folder
    from runcheck.probes.zarr.store import look_into_store

    write(tmp_path / "x", np.arange(4, dtype="u1"), chunks=(2,), compressors=[{"name": "crc32c"}])
    files = {"zarr.json": 500, "c/0": 6, "c/1": 6}
    (tmp_path / "x/c/0").unlink()
    assert look_into_store(Folder(str(tmp_path / "x"), files), deep=True).faults == ()
    (tmp_path / "x/c/0").write_bytes(b"12345")
    [fault] = look_into_store(Folder(str(tmp_path / "x"), files), deep=True).faults
    assert fault.message == "has become shorter since its folder was listed"


def test_no_bytes_of_a_chunk_raise(tmp_path: Path) -> None:
    draw = random.Random(7)
    whole = {
        "gzip": gzip.compress(b"12345678"),
        "zstd": numcodecs.Zstd(checksum=True).encode(b"12345678"),
        "blosc": numcodecs.Blosc().encode(b"12345678"),
        "numcodecs.lz4": numcodecs.LZ4().encode(b"12345678"),
        "numcodecs.bz2": bz2.compress(b"12345678"),
        "numcodecs.lzma": lzma.compress(b"12345678"),
        "numcodecs.zlib": zlib.compress(b"12345678"),
        "numcodecs.fletcher32": numcodecs.Fletcher32().encode(b"12345678"),
        "numcodecs.jenkins_lookup3": numcodecs.JenkinsLookup3().encode(b"12345678"),
    }
    for name, chunk in whole.items():
        assert words(store(tmp_path, chunk, BYTES, codec(name))) == [], name
        for _ in range(40):
            damaged = bytearray(chunk)
            for _ in range(draw.choice([1, 1, 4])):
                damaged[draw.randrange(len(damaged))] = draw.randrange(256)
            kept = draw.choice([len(damaged), draw.randrange(len(damaged))])
            store(tmp_path, bytes(damaged[:kept]), BYTES, codec(name))


# --- what the rules make of it ------------------------------------------------------------------------------------


def test_a_dataset_that_is_still_written_is_let_be(tmp_path: Path) -> None:
    write(tmp_path / "x", np.arange(4), chunks=(2,))
    (tmp_path / "x/c/1").unlink()
    (tmp_path / "x/c/0").write_bytes(b"")
    stores = {"train.zarr": look(tmp_path / "x")}
    assert [problem.path for problem in zarr_readable(stores, "completed")] == ["train.zarr/c/0"]
    assert [problem.path for problem in zarr_readable(stores, "failed")] == ["train.zarr/c/0"]
    assert list(zarr_readable(stores, "running")) == []
    assert [problem.path for problem in zarr_chunk_missing(stores, "completed")] == ["train.zarr/c/1"]
    assert list(zarr_chunk_missing(stores, "failed")) == []
    assert [problem.path for problem in zarr_checksums(stores)] == ["train.zarr"]


def test_more_faults_than_are_shown_are_counted(tmp_path: Path) -> None:
    (tmp_path / "zarr.json").write_text(json.dumps({"zarr_format": 3, "node_type": "group"}))
    for at in range(70):
        (tmp_path / str(at)).mkdir()
        (tmp_path / str(at) / "zarr.json").write_text("{")
    problems = list(zarr_readable({"train.zarr": look(tmp_path)}, "completed"))
    assert len(problems) == 51
    assert problems[-1].message == "has 70 faults in all, of which 50 are shown"
