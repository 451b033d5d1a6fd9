"""Parquet files: what their own library writes is sound, and what is broken in them is found."""

import base64
import decimal
import io
import struct
import sys
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runcheck.probes.contents import ParquetContent
from runcheck.probes.parquet import look_into_parquet
from runcheck.probes.parquet.footer import read_footer
from tests.drawing import examples
from tests.probes.parquet_by_hand import (
    BYTE_ARRAY,
    DELTA_BYTE_ARRAY,
    DELTA_LENGTH_BYTE_ARRAY,
    OPTIONAL,
    REPEATED,
    RLE_DICTIONARY,
    Column,
    Long,
    data_page,
    dictionary_page,
    levels,
    parquet,
    rle,
    varint,
    zigzag,
)
from tests.probes.streams import look_alone, raw

CODECS = ["none", "snappy", "gzip", "brotli", "lz4", "zstd"]
TABLE = pa.table(
    {
        "number": pa.array(range(40)),
        "text": [f"text {at % 7}" for at in range(40)],
        "list": pa.array([[1.5, None], None, [], [3.0]] * 10, pa.list_(pa.float32())),
        "image": pa.array([[at, at + 1] for at in range(40)], pa.list_(pa.uint8(), 2)),
        "struct": [{"a": at, "b": [{"c": "x"}, None]} for at in range(40)],
        "map": pa.array([[("k", 1)], []] * 20, pa.map_(pa.string(), pa.int32())),
        "decimal": pa.array([decimal.Decimal("1.25"), None] * 20, pa.decimal128(12, 2)),
        "time": pa.array([datetime(2026, 5, 27, tzinfo=UTC)] * 40, pa.timestamp("ns", "UTC")),
        "fixed": pa.array([b"abcd"] * 40, pa.binary(4)),
        "category": pa.array(["a", "b"] * 20).dictionary_encode(),
        "flag": [True, None] * 20,
        "half": pa.array(np.full(40, 1.5, np.float16)),
        "nothing": pa.nulls(40),
    }
)


def written(table: pa.Table = TABLE, **options: Any) -> bytes:  # noqa: ANN401
    """Return a file as pyarrow writes it, with page checksums."""
    sink = io.BytesIO()
    pq.write_table(table, sink, **{"write_page_checksum": True, **options})
    return sink.getvalue()


def deep(content: bytes) -> ParquetContent:
    return look_into_parquet(raw(content), True)


def shallow(content: bytes) -> ParquetContent:
    return look_into_parquet(raw(content), False)


def pages_end(content: bytes) -> int:
    return read_footer(raw(content)).start


ENCODINGS: list[dict[str, object]] = [
    {},
    {"use_dictionary": False},
    {"use_dictionary": False, "use_byte_stream_split": ["number", "fixed"]},
    {
        "use_dictionary": False,
        "column_encoding": {"number": "DELTA_BINARY_PACKED", "text": "DELTA_LENGTH_BYTE_ARRAY"},
    },
]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("encoding", ENCODINGS, ids=["dictionary", "plain", "split", "delta"])
def test_what_pyarrow_writes_is_sound(codec: str, version: str, encoding: dict[str, Any]) -> None:
    content = written(
        compression=codec,
        data_page_version=version,
        row_group_size=16,
        data_page_size=64,
        write_page_index=True,
        **encoding,
    )
    whole = ParquetContent(rows=40, columns=15)
    assert shallow(content) == whole
    assert deep(content) == whole


@pytest.mark.parametrize(
    "table", [TABLE.slice(0, 0), pa.table({}), pa.table({"x": pa.nulls(3)}), pa.table({"x": pa.array([], pa.string())})]
)
@pytest.mark.parametrize("checked", [True, False])
def test_tables_without_rows_or_columns_are_sound_and_bare_of_nothing(table: pa.Table, checked: bool) -> None:
    found = deep(written(table, write_page_checksum=checked))
    assert (found.rows, found.error, found.unverified) == (table.num_rows, None, None)
    assert checked is (not found.bare) or not table.num_rows


def test_a_file_without_row_groups_is_sound() -> None:
    sink = io.BytesIO()
    pq.ParquetWriter(sink, TABLE.schema).close()
    assert deep(sink.getvalue()) == ParquetContent(rows=0, columns=15)


def test_what_pandas_writes_is_sound(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]}, index=pd.Index([5, 7], name="i"))
    frame.to_parquet(tmp_path / "x.parquet")
    found = deep((tmp_path / "x.parquet").read_bytes())
    assert (found.rows, found.error, found.bare) == (2, None, frozenset("abi"))


def test_two_columns_of_one_name_and_names_with_dots_are_sound() -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array(["x"]), pa.array([{"b": 1}])], ["a.b", "a.b", "a"])
    assert deep(written(table)).error is None


_TYPES = st.sampled_from(
    [
        pa.int8(), pa.uint64(), pa.float16(), pa.float64(), pa.bool_(), pa.string(), pa.large_string(), pa.binary(),
        pa.binary(3), pa.date32(), pa.time64("us"), pa.timestamp("ns"), pa.duration("s"), pa.decimal128(20, 3),
        pa.decimal256(50, 3), pa.null(), pa.dictionary(pa.int8(), pa.string()), pa.string_view(),
    ]
)  # fmt: skip


def _nested(inner: st.SearchStrategy[pa.DataType]) -> st.SearchStrategy[pa.DataType]:
    structs = st.lists(inner, min_size=1, max_size=3).map(
        lambda types: pa.struct([(f"f{number}", type_) for number, type_ in enumerate(types)])
    )
    fixed = inner.map(lambda type_: pa.list_(type_, 2))
    return inner.map(pa.list_) | fixed | structs | inner.map(lambda type_: pa.map_(pa.string(), type_))


def values_of(type_: pa.DataType) -> st.SearchStrategy[Any]:
    """Return values of an Arrow type, nulls among them."""
    if pa.types.is_nested(type_):
        values = _values_of_nested(type_)
    elif pa.types.is_dictionary(type_) or "string" in str(type_):
        values = st.text(st.characters(codec="utf-8"), max_size=3)
    elif pa.types.is_decimal(type_):
        values = st.integers(-(10**9), 10**9).map(lambda number: decimal.Decimal(number) / 1000)
    elif "binary" in str(type_):
        values = st.binary(min_size=3, max_size=3)
    elif type_ == pa.float16():
        values = st.integers(0, 9).map(np.float16)
    else:
        values = st.booleans() if type_ == pa.bool_() else st.integers(0, 100)
    return st.none() if type_ == pa.null() else st.none() | values


def _values_of_nested(type_: pa.DataType) -> st.SearchStrategy[Any]:
    if pa.types.is_struct(type_):
        return st.fixed_dictionaries({field.name: values_of(field.type) for field in type_})
    if pa.types.is_map(type_):
        return st.dictionaries(st.sampled_from("abc"), values_of(type_.item_type), max_size=2).map(
            lambda value: list(value.items())
        )
    sizes = (2, 2) if pa.types.is_fixed_size_list(type_) else (0, 3)
    return st.lists(values_of(type_.value_type), min_size=sizes[0], max_size=sizes[1])


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    rows = draw(st.integers(0, 12))
    types = draw(st.lists(st.recursive(_TYPES, _nested, max_leaves=3), max_size=4))
    columns = [pa.array(draw(st.lists(values_of(each), min_size=rows, max_size=rows)), each) for each in types]
    return pa.Table.from_arrays(columns, [f"c{number}" for number in range(len(types))])


@settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    tables(),
    st.sampled_from(CODECS),
    st.sampled_from(["1.0", "2.0"]),
    st.booleans(),
    st.integers(1, 8),
)
def test_any_table_is_sound(table: pa.Table, codec: str, version: str, dictionary: bool, group: int) -> None:
    try:
        content = written(
            table, compression=codec, data_page_version=version, use_dictionary=dictionary, row_group_size=group
        )
    except (
        pa.ArrowNotImplementedError,
        pa.ArrowIndexError,
    ):  # float16 in a dictionary, missing entries of one, and such
        return
    found = deep(content)
    rows = pq.read_metadata(io.BytesIO(content)).num_rows
    if found.unverified is not None:  # what pyarrow wrote and cannot read
        assert int(pa.__version__.partition(".")[0]) < 26
        assert "by this pyarrow: Expected all lists" in found.unverified
        found = found._replace(unverified=None)
    assert found == ParquetContent(rows=rows, columns=found.columns), found
    assert shallow(content) == found


# --- checksums


def test_pages_without_checksums_are_seen_at_every_depth() -> None:
    for version in ("1.0", "2.0"):
        content = written(TABLE.select(["number", "text"]), write_page_checksum=False, data_page_version=version)
        for found in (shallow(content), deep(content)):
            assert (found.bare, found.columns, found.error) == (frozenset({"number", "text"}), 2, None)


def test_a_page_in_the_middle_without_a_checksum_is_seen_at_full_depth() -> None:
    values = struct.pack("<2i", 1, 2)
    checked = data_page(values, 2, _4=_signed(zlib.crc32(values)))
    content = parquet(Column(checked + data_page(values, 2), 4), rows=4)
    assert shallow(content).bare == frozenset()
    assert (deep(content).bare, deep(content).error) == (frozenset("x"), None)


def _signed(crc: int) -> int:
    return crc - (1 << 32) if crc >> 31 else crc


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("codec", ["none", "zstd"])
def test_every_flipped_bit_of_a_page_is_found_or_changes_nothing(version: str, codec: str) -> None:
    table = TABLE.select(["number", "text", "list"])
    content = written(table, compression=codec, data_page_version=version)
    silent = 0
    for at in range(4, pages_end(content)):
        damaged = bytearray(content)
        damaged[at] ^= 1 << at % 8
        found = deep(bytes(damaged))
        if found.error is None:  # in the header of a page, which no checksum covers
            silent += 1
            read = pq.ParquetFile(io.BytesIO(damaged), page_checksum_verification=True).read()
            assert found.bare or read.equals(table), at
    assert silent < 100


# --- damage


def flat(*pages: bytes, values: int, **options: Any) -> bytes:  # noqa: ANN401
    """Return a file of one column without nulls, by hand."""
    return parquet(Column(b"".join(pages), values, **options), rows=values)


INTS = struct.pack("<4i", 1, 2, 3, 4)
GOOD = flat(data_page(INTS, 4), values=4)


def test_the_file_by_hand_is_one_that_pyarrow_reads() -> None:
    assert pq.read_table(io.BytesIO(GOOD))["x"].to_pylist() == [1, 2, 3, 4]
    assert deep(GOOD) == ParquetContent(rows=4, columns=1, bare=frozenset("x"))


def test_a_file_cut_short_anywhere_is_an_error() -> None:
    content = written()
    for kept in (*range(0, len(content), 97), len(content) - 8, len(content) - 4, len(content) - 1):
        assert shallow(content[:kept]).error is not None, kept


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "is empty"),
        (b"a,b\n1,2\n" * 9, "is no Parquet file"),
        (b"PAR1", "is no Parquet file"),
        (b"PAR1" + b"x" * 90, "does not end as a Parquet file"),
        (b"PAR1\xff\xff\xff\x7fPAR1", "has a footer of 2147483647 bytes"),
        (b"PAR1" + bytes(4) + b"PAR1", "broken footer"),
        (b"XXXX" + GOOD[4:], "is no Parquet file"),
        (parquet(rows=0, _3=Long(-1)), "num_rows is -1"),
        (parquet(Column(data_page(INTS, 4), 4), rows=4, _3=Long(5)), "has 5 rows by its footer and 4 in its"),
        (parquet(Column(data_page(INTS, 4), 4), rows=3), "has 4 values"),
        (parquet(Column(data_page(INTS, 4), 4, repetition=REPEATED), rows=5), "fewer than its 5 rows"),
        (flat(data_page(INTS, 4), values=4, meta={9: Long(1 << 40)}), "outside of the file's data"),
        (flat(data_page(INTS, 4), values=4, meta={9: Long(2)}), "outside of the file's data"),
        (flat(data_page(INTS, 4), values=4, meta={7: Long(1 << 40)}), "outside of the file's data"),
        (flat(data_page(INTS, 4), values=4, meta={7: Long(9), 9: Long(9)}), "has a page whose header is"),
        (flat(data_page(INTS, 4), values=4, meta={1: 2}), "another type"),
        (parquet(Column(data_page(INTS, 4), 4), rows=4, groups=2), "overlapping chunks"),
        (flat(data_page(INTS, 4, _3=1 << 30), values=4), "has a page whose header is broken"),
        (flat(data_page(INTS, 4, _3=-1), values=4), "has a page whose header is broken"),
        (flat(dictionary_page(INTS, 1 << 30), values=4), "has a page whose header is broken"),
    ],
)  # fmt: skip
def test_what_a_footer_cannot_say_is_an_error_at_every_depth(content: bytes, error: str) -> None:
    for found in (shallow(content), deep(content)):
        assert found.error is not None
        assert error in found.error


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (flat(data_page(INTS, 4, _4=7), values=4), "has a page with a wrong checksum at byte 2"),
        (flat(data_page(INTS, 4), values=5), "has a page whose header is"),
        (flat(data_page(INTS, 4), data_page(INTS, 4), values=7), "has more values in the pages"),
        (flat(data_page(INTS[:-1], 4), values=4), "cannot be decoded"),
        (flat(data_page(INTS, 4, encoding=99), values=4), "cannot be decoded"),
        (flat(data_page(b"\x1f\x8b" + INTS, 4), values=4, codec=2), "cannot be decoded"),
        (flat(data_page(b"\2\0\0\0\xff\xfe", 1), values=1, type=BYTE_ARRAY, meta={}), None),
        (flat(d := dictionary_page(INTS, 4), data_page(b"\3" + rle(7, 4, 3), 4, RLE_DICTIONARY), values=4,
              dictionary=len(d)), "cannot be decoded"),
        (flat(d := dictionary_page(INTS, 4), data_page(b"\2" + rle(1, 2, 2), 4, RLE_DICTIONARY), values=4,
              dictionary=len(d)), "cannot be decoded"),
        (parquet(Column(data_page(levels(1, 4) + levels(1, 4) + INTS, 4, _5={1: 4, 2: 0, 3: 3, 4: 3}), 4,
                        repetition=REPEATED), rows=1), "repetition level"),
    ],
)  # fmt: skip
def test_what_does_not_decode_is_an_error_at_full_depth(content: bytes, error: str | None) -> None:
    assert shallow(content).error is None
    found = deep(content).error
    assert found is None if error is None else found is not None and error in found


def test_without_pyarrow_a_file_is_not_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert shallow(GOOD) == ParquetContent(unverified="needs pyarrow: pip install 'runcheck[parquet]'")


def test_a_text_that_is_not_utf_8_is_an_error() -> None:
    content = bytearray(written(pa.table({"x": ["abc"]}), write_page_checksum=False, compression="none"))
    content[content.index(b"abc")] = 0xFF
    assert "cannot be decoded" in (deep(bytes(content)).error or "")


@pytest.mark.parametrize("footer", ["encrypted", "plain"])
def test_encrypted_files_are_not_verified_rather_than_broken(tmp_path: Path, footer: str) -> None:
    class Keys(pe.KmsClient):  # type: ignore[misc]
        def wrap_key(self, key: bytes, _: str) -> str:
            return base64.b64encode(key).decode()

        def unwrap_key(self, key: str, _: str) -> bytes:
            return base64.b64decode(key)

    properties = pe.CryptoFactory(lambda _: Keys()).file_encryption_properties(
        pe.KmsConnectionConfig(),
        pe.EncryptionConfiguration(footer_key="f", column_keys={"c": ["text"]}, plaintext_footer=footer == "plain"),
    )
    with pq.ParquetWriter(tmp_path / "x.parquet", TABLE.schema, encryption_properties=properties) as writer:
        writer.write_table(TABLE)
    found = shallow((tmp_path / "x.parquet").read_bytes())
    assert (found.error, found.unverified) == (None, "is encrypted")


@settings(deadline=None)
@given(st.data())
def test_no_damage_escapes_as_an_exception(data: st.DataObject) -> None:
    content = bytearray(written(TABLE.select(["text", "list"]), row_group_size=20, compression="snappy"))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.sampled_from([1, 1, 4]))] = data.draw(st.binary(min_size=1, max_size=8))
    for found in (shallow(bytes(content)), deep(bytes(content))):
        assert isinstance(found, ParquetContent)


# --- memory

MANY = 1 << 30


def _delta(count: int) -> bytes:
    """Return the header of ``count`` numbers, all 0, in the delta encoding, and its one block."""
    return varint(1 << 30) + varint(1) + varint(count) + zigzag(0) + zigzag(0) + b"\0"


def _nulls() -> bytes:
    return parquet(Column(data_page(levels(0, MANY), MANY), MANY, repetition=OPTIONAL), rows=MANY)


def _a_row_of_nulls() -> bytes:
    repetitions = varint(2) + b"\0" + rle(1, MANY - 1, 1)
    page = data_page(len(repetitions).to_bytes(4, "little") + repetitions + levels(0, MANY), MANY)
    return parquet(Column(page, MANY, repetition=REPEATED), rows=1)


def _a_text_repeated() -> bytes:
    text = b"x" * (8 << 20)
    dictionary = dictionary_page(len(text).to_bytes(4, "little") + text, 1)
    page = data_page(b"\1" + rle(0, 40_000_000, 1), 40_000_000, RLE_DICTIONARY)
    return flat(dictionary, page, values=40_000_000, dictionary=len(dictionary), type=BYTE_ARRAY)


def _texts_in_a_list() -> bytes:
    text = b"x" * (1 << 20)
    dictionary = dictionary_page(len(text).to_bytes(4, "little") + text, 1)
    count = 100_000
    repetitions = varint(2) + b"\0" + rle(1, count - 1, 1)
    body = len(repetitions).to_bytes(4, "little") + repetitions + levels(1, count) + b"\1" + rle(0, count, 1)
    pages = dictionary + data_page(body, count, RLE_DICTIONARY)
    column = Column(pages, count, type=BYTE_ARRAY, repetition=REPEATED, dictionary=len(dictionary))
    return parquet(column, rows=1)


def _texts(count: int, encoding: int, body: bytes) -> bytes:
    return flat(data_page(body, count, encoding), values=count, type=BYTE_ARRAY)


def _inflated(size: int, claimed: int) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = b"".join(deflate.compress(bytes(1 << 20)) for _ in range(size >> 20)) + deflate.flush()
    return flat(data_page(body, claimed >> 2, decoded=claimed), values=claimed >> 2, codec=2)


def _wide_values() -> bytes:
    column = Column(data_page(levels(0, 1000), 1000), 1000, type=7, repetition=OPTIONAL, width=(1 << 31) - 1)
    return parquet(column, rows=1000)


BOMBS: dict[str, Callable[[], bytes]] = {
    "nulls": _nulls,
    "a row of nulls": _a_row_of_nulls,
    "a text repeated": _a_text_repeated,
    "texts in a list": _texts_in_a_list,
    "lengths beyond the page": lambda: _texts(10, DELTA_LENGTH_BYTE_ARRAY, _delta(MANY)),
    "lengths": lambda: _texts(MANY, DELTA_LENGTH_BYTE_ARRAY, _delta(MANY)),
    "prefixes": lambda: _texts(1 << 20, DELTA_BYTE_ARRAY, _delta(1 << 20) * 2),
    "gzip": lambda: _inflated(60 << 20, 60 << 20),
    "a page of a gigabyte": lambda: flat(data_page(b"x", 1 << 28, decoded=1 << 30), values=1 << 28, codec=2),
    "more than the page says": lambda: _inflated(200 << 20, claimed=1 << 20),
    "wide values": _wide_values,
    "column chunks": lambda: parquet(rows=0, _4=[{1: [{2: Long(0)}] * 200_000, 2: Long(0), 3: Long(0)}]),
    "row groups": lambda: parquet(Column(b"", 0), rows=0, groups=20_000),
    "columns": lambda: parquet(*[Column(data_page(INTS, 4), 4) for _ in range(4_000)], rows=4),
    "a long remark": lambda: parquet(rows=0, _5=[{1: b"k", 2: b"v" * (15 << 20)}]),
    "a schema": lambda: parquet(rows=0, _2=[{4: b"x"}] * 600_000),
}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("name", list(BOMBS))
def test_no_bomb_takes_much_memory(tmp_path: Path, name: str) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(BOMBS[name]())
    rss, error, unverified = look_alone(path)
    print(name, path.stat().st_size, rss, error, unverified)
    assert rss < 300


def test_what_is_beyond_a_bound_is_said_and_the_rows_stand() -> None:
    for name, reason in (("a page of a gigabyte", "64 MiB"), ("prefixes", "DELTA_BYTE_ARRAY"), ("lengths", "texts")):
        found = deep(BOMBS[name]())
        assert found.error is None
        assert reason in (found.unverified or "")
        assert found.rows


def test_values_without_number_are_not_waited_for() -> None:
    group: dict[int, Any] = {
        1: [{2: Long(4), 3: {1: 1, 2: [0], 3: [b"x"], 4: 0, 5: Long(1 << 50), 6: Long(9), 7: Long(9), 9: Long(4)}}],
        2: Long(9),
        3: Long(1 << 50),
    }
    content = parquet(
        Column(data_page(levels(0, MANY), MANY), MANY, repetition=OPTIONAL), rows=0, _3=Long(1 << 50), _4=[group]
    )
    assert "claims 1125899906842624 values" in (deep(content).unverified or "")
