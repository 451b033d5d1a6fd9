"""Parquet files: what their own library writes is sound, and what is broken in them is found."""

import decimal
import io
import struct
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runcheck.probes.parquet import ParquetContent, look_into_parquet
from runcheck.probes.parquet_footer import read_footer
from tests.probes.parquet_by_hand import (
    Column,
    data_page,
    parquet,
)
from tests.probes.streams import raw

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
        "half": pa.array([1.5] * 40, pa.float16()),
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


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
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
    except pa.ArrowNotImplementedError:  # no writer for it: float16 in a dictionary, and such
        return
    found = deep(content)
    rows = pq.read_metadata(io.BytesIO(content)).num_rows
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
