"""HDF5 files: what h5py writes is sound, what is broken is found, and nothing outside is ever read."""

import io
import itertools
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runcheck.probes.contents import Hdf5Content, Tensor
from runcheck.probes.hdf5 import look_into_hdf5
from runcheck.probes.hdf5.decode import Decoder
from runcheck.probes.hdf5.filters import Hdf5Error
from tests.drawing import examples
from tests.probes.streams import look_alone, raw

ROWS = np.arange(60, dtype="f4").reshape(20, 3)
TEXT = h5py.string_dtype()
LAYOUTS: list[dict[str, Any]] = [{}, {"libver": "latest"}, {"userblock_size": 512}]


def written(fill: Callable[[h5py.File], object], **options: Any) -> bytes:  # noqa: ANN401
    """Return a file as h5py writes it."""
    sink = io.BytesIO()
    with h5py.File(sink, "w", **options) as file:
        fill(file)
    return sink.getvalue()


def deep(content: bytes) -> Hdf5Content:
    return look_into_hdf5(raw(content), True)


def shallow(content: bytes) -> Hdf5Content:
    return look_into_hdf5(raw(content), False)


def everything(file: h5py.File) -> None:
    file.create_dataset("checked", data=ROWS, fletcher32=True)
    file.create_dataset("all", data=ROWS, chunks=(3, 2), shuffle=True, compression="gzip", fletcher32=True)
    file.create_dataset("lzf", data=ROWS, compression="lzf", shuffle=True, fletcher32=True)
    file.create_dataset("scaled", data=np.arange(20), scaleoffset=True, chunks=(6,))
    file.create_dataset("contiguous", data=ROWS)
    file.create_dataset("grown", data=ROWS, maxshape=(None, 3), chunks=(7, 3), compression="gzip")
    file.create_dataset("text", data=["a", "", "é" * 300] * 4, dtype=TEXT)
    file.create_dataset("packed text", data=["a", "b"] * 50, dtype=TEXT, chunks=(15,), compression="gzip", shuffle=True)
    file.create_dataset("fixed text", data=np.array([b"ab", b"c"]))
    file.create_dataset("scalar", data=1.5)
    file.create_dataset("scalar text", data="one")
    file["nothing"] = h5py.Empty("f4")
    file.create_dataset("no row", (0, 3), "f4", chunks=(1, 3), maxshape=(None, 3))
    file.create_dataset("never written", (10**6, 10**6, 10**6), "f8")
    file.create_dataset("hardly written", (10**4, 10**4), "f8", chunks=(10, 10))[5, 5] = 1
    lists = file.create_dataset("lists", (3,), h5py.vlen_dtype(np.int32))
    lists[1] = [1, 2, 3]
    references = file.create_dataset("references", (2,), h5py.ref_dtype)
    references[0] = lists.ref
    file.create_dataset("records", data=np.zeros(4, [("a", "f4", (2,)), ("b", "i2")]))
    file.create_dataset("flags", data=[True, False])
    file.create_dataset("names", (2,), h5py.enum_dtype({"a": 1}))
    file.create_dataset("complex", data=np.zeros(3, "c8"))
    file.create_dataset("half", data=np.zeros(3, "f2"))
    file["a/b/c/deep"] = 1
    file["type"] = np.dtype("f4")


@pytest.mark.parametrize("options", LAYOUTS, ids=["earliest", "latest", "userblock"])
def test_what_h5py_writes_is_sound(options: dict[str, Any]) -> None:
    for content in (written(everything, **options), written(everything, track_order=True, **options)):
        for found in (shallow(content), deep(content)):
            assert (found.error, found.unverified, found.outside) == (None, None, ())
            assert len(found.datasets) == 23
            assert Tensor("all", (20, 3), "float32") in found.datasets
            assert found.object_names == ("lists", "references")
            assert set(found.bare) == {
                "complex", "contiguous", "fixed text", "flags", "half", "hardly written", "records", "scaled",
            }  # fmt: skip


@settings(max_examples=examples(30), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_dataset_is_sound(data: st.DataObject) -> None:
    shape = tuple(data.draw(st.lists(st.integers(0, 9), max_size=3)))
    dtype = data.draw(st.sampled_from(["u1", ">i4", "f8", "S3", "?", "c8", "M8[s]", "text", "list"]))
    filters: dict[str, Any] = {}
    if shape and 0 not in shape:
        filters = data.draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "chunks": st.tuples(*(st.integers(1, length) for length in shape)),
                    "compression": st.sampled_from(["gzip"] if dtype in ("text", "list") else ["gzip", "lzf"]),
                    "shuffle": st.just(True),
                    "fletcher32": st.just(dtype not in ("text", "list")),
                },
            )
        )
    kinds = {"text": TEXT, "list": h5py.vlen_dtype(np.int16), "M8[s]": h5py.opaque_dtype("M8[s]")}
    used = data.draw(st.booleans())

    def fill(file: h5py.File) -> None:
        dataset = file.create_dataset("x", shape, kinds.get(dtype, dtype), **filters)
        for at in itertools.islice(np.ndindex(*shape), 30 if used else 0):
            if dtype in ("text", "list"):
                dataset[at] = "é" * sum(at) if dtype == "text" else range(sum(at))

    found = deep(written(fill, **data.draw(st.sampled_from(LAYOUTS))))
    assert (found.error, found.unverified) == (None, None), filters
    assert [tensor.shape for tensor in found.datasets] == [shape]


@pytest.mark.parametrize(
    ("fill", "rows"),
    [
        ({"x": ROWS, "y": np.zeros(20), "mean": 1.5}, 20),
        ({"x": ROWS, "y": np.zeros(19)}, None),
        ({"mean": 1.5}, None),
        ({}, 0),
        ({"a/x": ROWS, "a/b/y": np.zeros(20)}, 20),
    ],
)
def test_rows_are_the_first_axis_that_all_share(fill: dict[str, Any], rows: int | None) -> None:
    content = written(lambda file: [file.create_dataset(name, data=value) for name, value in fill.items()])
    assert shallow(content).rows == deep(content).rows == rows


def test_objects_within_records_are_objects_and_texts_are_none() -> None:
    def fill(file: h5py.File) -> None:
        file.create_dataset("texts", (2,), [("a", TEXT), ("b", "i4")])
        file.create_dataset("lists", (2,), [("a", h5py.vlen_dtype("i4")), ("b", "i4")])

    found = deep(written(fill))
    assert (found.object_names, found.error, found.unverified) == (("lists",), None, None)


# --- links


def test_links_in_circles_end() -> None:
    def fill(file: h5py.File) -> None:
        file["x"] = 1
        file["loop"] = h5py.SoftLink("/loop")
        file["gone"] = h5py.SoftLink("/nowhere/at/all")
        file["a/above"] = file["/"]
        file["a/b"] = file["a"]
        file["again"] = file["x"]

    found = deep(written(fill))
    assert (found.error, found.outside) == (None, ())
    assert [tensor.name for tensor in found.datasets] == ["again"]


def test_groups_thousands_deep_end() -> None:
    def fill(file: h5py.File) -> None:
        group = file.id
        for _ in range(3000):
            group = h5py.h5g.create(group, b"g")
        h5py.Group(group)["x"] = 1

    found = deep(written(fill))
    assert (found.error, len(found.datasets)) == (None, 1)


def virtual(file: h5py.File, source: str) -> None:
    file.create_dataset("image", data=ROWS, fletcher32=True)
    layout = h5py.VirtualLayout((20, 3), "f4")
    layout[:] = h5py.VirtualSource(source, "image", (20, 3))
    file.create_virtual_dataset("view", layout)


def test_what_lies_outside_is_named_and_never_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"a secret")
    os.mkfifo(tmp_path / "pipe")  # who opens it waits for ever

    def fill(file: h5py.File) -> None:
        file.create_dataset("stored", (8,), "S1", external=[(str(tmp_path / "pipe"), 0, 4), (str(secret), 0, 4)])
        file["link"] = h5py.ExternalLink(str(tmp_path / "pipe"), "/x")
        virtual(file, str(tmp_path / "pipe"))

    before = secret.stat().st_atime_ns
    found = deep(written(fill))
    assert found.error is None
    assert found.outside == (
        f"the external link 'link' to '{tmp_path}/pipe:/x'",
        f"the external storage of 'stored' in '{tmp_path}/pipe'",
        f"the external storage of 'stored' in '{secret}'",
        f"the virtual dataset 'view' of '{tmp_path}/pipe'",
    )
    assert secret.stat().st_atime_ns == before


def test_a_view_of_the_file_itself_leads_nowhere_else() -> None:
    found = deep(written(lambda file: virtual(file, ".")))
    assert (found.error, found.outside, found.rows) == (None, (), None)


# --- damage

CHECKED = written(lambda file: file.create_dataset("x", data=ROWS, fletcher32=True), libver="latest")
GZIP = written(lambda file: file.create_dataset("x", data=ROWS, compression="gzip", chunks=(5, 3)), libver="latest")


@pytest.mark.parametrize("content", [CHECKED, GZIP], ids=["fletcher32", "gzip"])
def test_a_flipped_bit_anywhere_is_found_or_changes_nothing(content: bytes) -> None:
    silent = 0
    for at in range(len(content)):
        damaged = bytearray(content)
        damaged[at] ^= 1 << at % 8
        if deep(bytes(damaged)).error is None:
            silent += 1
            with h5py.File(io.BytesIO(damaged)) as file:
                assert np.array_equal(file["x"][()], ROWS), at
    assert silent < len(content)


@pytest.mark.parametrize("options", LAYOUTS, ids=["earliest", "latest", "userblock"])
def test_a_file_cut_short_anywhere_is_an_error(options: dict[str, Any]) -> None:
    content = written(lambda file: file.create_dataset("x", data=ROWS, fletcher32=True), **options)
    for kept in (*range(0, len(content), 41), len(content) - 1):
        assert shallow(content[:kept]).error is not None, kept


def test_a_file_that_a_dead_process_left_open_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    code = (
        "import h5py, os, sys; f = h5py.File(sys.argv[1], 'w', libver=sys.argv[2]); f['x'] = 1; f.flush(); os._exit(0)"
    )
    for libver, error in (("latest", "is open to be written"), ("earliest", None)):  # which has no flag
        subprocess.run([sys.executable, "-c", code, str(path), libver], check=True)
        found = shallow(path.read_bytes()).error
        assert found is None if error is None else found is not None and error in found


def test_without_h5py_a_file_is_not_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert shallow(CHECKED) == Hdf5Content(unverified="needs h5py: pip install 'runcheck[hdf5]'")


def test_many_files_at_once_are_each_looked_into() -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(deep, [CHECKED, GZIP, EARLIEST] * 20))
    assert [(each.error, each.rows) for each in found] == [(None, 20)] * 60


def test_what_is_no_hdf5_is_an_error() -> None:
    for content in (b"", b"x", b"\x89HDF\r\n\x1a\n", b"\x89HDF\r\n\x1a\n" + bytes(500), b"PAR1" * 100):
        assert (shallow(content).error or "").startswith("does not open")


def with_chunk(chunk: bytes, mask: int = 0, shape: tuple[int, ...] = (8,), **filters: Any) -> bytes:  # noqa: ANN401
    """Return a file whose one chunk, of bytes, is stored as given."""

    def fill(file: h5py.File) -> None:
        dataset = file.create_dataset("x", shape, "u1", chunks=shape, **filters)
        dataset.id.write_direct_chunk((0,) * len(shape), chunk, mask)

    return written(fill)


ZEROS = zlib.compress(bytes(100 << 20), 9)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (with_chunk(ZEROS, compression="gzip"), "inflates beyond its size"),
        (with_chunk(zlib.compress(bytes(7)), compression="gzip"), "a chunk of 7 bytes instead of 8"),
        (with_chunk(zlib.compress(bytes(8))[:-1], compression="gzip"), "cannot be read"),
        (with_chunk(b"no zlib at all", compression="gzip"), "does not inflate"),
        (with_chunk(b"abc", fletcher32=True), "too small for its checksum"),
        (with_chunk(bytes(8) + b"abcd", fletcher32=True), "cannot be read"),
        (with_chunk(b"\xff" * 9, compression="lzf"), "cannot be read"),
    ],
)
def test_a_chunk_that_is_not_what_its_filters_make_is_an_error(content: bytes, error: str) -> None:
    assert shallow(content).error is None
    found = deep(content).error
    assert found is not None
    assert error in found


def test_a_chunk_whose_filters_were_not_applied_is_sound() -> None:
    assert deep(with_chunk(bytes(8), mask=1, compression="gzip")).error is None
    assert deep(with_chunk(bytes(8), mask=1, fletcher32=True)).error is None


@pytest.mark.parametrize(
    ("filters", "reason"),
    [
        ({"compression": 32015, "allow_unknown_filter": True}, "needs the filter zstd"),
        ({"compression": 29999, "allow_unknown_filter": True}, "needs the filter 29999"),
        ({"chunks": (40 << 20,)}, "chunks of more than 32 MiB"),
    ],
)
def test_what_is_beyond_a_bound_is_said(filters: dict[str, Any], reason: str) -> None:
    def fill(file: h5py.File) -> None:
        length = filters.get("chunks", (8,))[0]
        dataset = file.create_dataset("x", (length,), "u1", **{"chunks": (length,), **filters})
        dataset.id.write_direct_chunk((0,), b"12345678", 0)

    found = deep(written(fill))
    assert found.error is None
    assert reason in (found.unverified or "")


def test_datasets_hold_no_more_bytes_than_their_file() -> None:
    with h5py.File(io.BytesIO(CHECKED)) as file:
        dataset = file["x"].id
        asked = (dataset, dataset.get_create_plist(), dataset.dtype, dataset.shape)
        decoder = Decoder(raw(CHECKED), len(CHECKED), file)
        for _ in range(len(CHECKED) // (ROWS.nbytes + 4)):  # with its checksum
            decoder.decode(*asked)
        with pytest.raises(Hdf5Error, match="where others lie too"):
            decoder.decode(*asked)
        with pytest.raises(Hdf5Error, match="beyond the end"):
            Decoder(raw(CHECKED), len(CHECKED) - 1, file).decode(*asked)


def test_chunks_without_number_are_not_counted() -> None:
    def fill(file: h5py.File) -> None:
        file.create_dataset("x", (10**12,), "u1", chunks=(10,))[5] = 1

    assert "10000000 chunks" in (deep(written(fill)).unverified or "")


def test_texts_of_more_bytes_than_the_file_are_not_read() -> None:
    assert "more bytes than the file" in (deep(_repeated()).unverified or "")


def test_filters_in_another_order_are_undone_or_said_to_be_unusual() -> None:
    def file_of(*codes: int) -> bytes:
        def fill(file: h5py.File) -> None:
            plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            plist.set_chunk((8,))
            for code in codes:
                plist.set_filter(code, h5py.h5z.FLAG_OPTIONAL, (1,) if code == 1 else ())
            space = h5py.h5s.create_simple((8,))
            h5py.h5d.create(file.id, b"x", h5py.h5t.NATIVE_INT32, space, plist).write(space, space, np.zeros(8, "i4"))

        return written(fill)

    for codes in ((2, 1, 3), (3, 2, 1), (2, 3, 1), (3, 1)):  # of h5py, PyTables, netCDF
        found = deep(file_of(*codes))
        assert (found.error, found.unverified) == (None, None), codes
    for codes in ((1, 2), (1, 32000), (3, 32000)):
        found = deep(file_of(*codes))
        assert (found.error, found.unverified) == (None, "has its filters in an unusual order"), codes
    assert deep(file_of(1, 1)).unverified == "has a filter twice"


def test_references_to_texts_that_are_shuffled_are_not_taken_for_others() -> None:
    def fill(file: h5py.File) -> None:  # no library shuffles them
        dataset = file.create_dataset("x", (2,), TEXT, chunks=(2,), shuffle=True)
        dataset.id.write_direct_chunk((0,), bytes(32), 0)

    assert "nothing here undoes" in (deep(written(fill)).unverified or "")


def test_a_text_that_claims_to_be_longer_than_its_place_is_an_error() -> None:
    content = bytearray(written(lambda file: file.create_dataset("x", data=["hello"], dtype=TEXT)))
    with h5py.File(io.BytesIO(content)) as file:
        at = file["x"].id.get_offset()
    for length, error in ((1 << 31, "longer than the place"), (6, "cannot be read")):
        content[at : at + 4] = struct.pack("<I", length)
        assert error in (deep(bytes(content)).error or "")
    content[at + 4 : at + 12] = struct.pack("<Q", 1 << 40)
    assert "whose place in the file is damaged" in (deep(bytes(content)).error or "")


def test_a_collection_of_texts_that_goes_round_is_an_error() -> None:
    content = bytearray(written(lambda file: file.create_dataset("x", data=["hello"], dtype=TEXT)))
    free = content.index(b"GCOL") + 16 + 16 + 8  # after its header and its one text: the free space, of number 0
    assert content[free : free + 8] == bytes(8)
    content[free + 8 : free + 16] = bytes(8)
    assert "whose place in the file is damaged" in (deep(bytes(content)).error or "")


@settings(max_examples=examples(150), deadline=None)
@given(st.data())
def test_no_damage_escapes_as_an_exception(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from([CHECKED, GZIP, EARLIEST])))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, min(len(content), 3000) - 1))
        content[at : at + 1] = data.draw(st.binary(min_size=1, max_size=1))
    for found in (shallow(bytes(content)), deep(bytes(content))):
        assert isinstance(found, Hdf5Content)


EARLIEST = written(lambda file: [file.create_dataset("x", data=ROWS), file.create_dataset("t", data="text")])


# --- memory


def _many_texts(file: h5py.File) -> None:
    """Let every element refer to one long text."""
    dataset = file.create_dataset("x", (20_000,), TEXT)
    dataset[0] = "x" * (1 << 20)


def _repeated() -> bytes:
    content = bytearray(written(_many_texts))
    with h5py.File(io.BytesIO(content)) as file:
        at = file["x"].id.get_offset()
    content[at : at + 16 * 20_000] = content[at : at + 16] * 20_000
    return bytes(content)


BOMBS: dict[str, Callable[[], bytes]] = {
    "inflates": lambda: with_chunk(zlib.compress(bytes(400 << 20), 9), compression="gzip"),
    "lzf": lambda: with_chunk((b"\0x" + b"\xe0\xff\0" * 4_000_000)[: 8 << 20], compression="lzf"),
    "a chunk of 10 GB": lambda: with_chunk(b"x", shape=(10 << 30,), compression="gzip"),
    "10^15 numbers": lambda: written(lambda file: file.create_dataset("x", (10**15,), "u1")),
    "10^15 chunks": lambda: written(
        lambda file: file.create_dataset("x", (10**15,), "u1", chunks=(1,), compression="gzip"), libver="latest"
    ),
    "texts repeated": _repeated,
    "large chunks": lambda: written(
        lambda file: file.create_dataset("x", data=np.zeros(1, "S67108864"), chunks=(1,), compression="gzip")
    ),
    "full chunks": lambda: written(
        lambda file: file.create_dataset(
            "x",
            data=np.frombuffer(np.random.default_rng(0).bytes(64 << 20), "u1"),
            chunks=(32 << 20,),
            compression="gzip",
            compression_opts=1,
            shuffle=True,
            fletcher32=True,
        )
    ),
}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("name", list(BOMBS))
def test_no_bomb_takes_much_memory(tmp_path: Path, name: str) -> None:
    path = tmp_path / "x.h5"
    path.write_bytes(BOMBS[name]())
    rss, error, unverified = look_alone(path)
    print(name, path.stat().st_size, rss, error, unverified)
    assert rss < 300
