"""The registry file: its rows, or why there are none, however it is broken."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runcheck.convention.schemas import schema
from runcheck.probes.registry import columns, read_registry

EXAMPLES: list[dict[str, Any]] = schema("registry-row")["examples"]  # type: ignore[assignment]
MAPS = {
    **dict.fromkeys(("tags", "directions", "links", "trackers"), pa.map_(pa.string(), pa.string())),
    **dict.fromkeys(("metrics", "last"), pa.map_(pa.string(), pa.float64())),
}
TYPES = {
    "git_dirty": pa.bool_(),
    "duration_seconds": pa.float64(),
    **dict.fromkeys(("rows", "parameters", "last_step", "checkpoint_step"), pa.int64()),
    **dict.fromkeys(("created_at", "finished_at"), pa.timestamp("us", tz="UTC")),
    **MAPS,
}


def table(rows: list[dict[str, Any]]) -> pa.Table:
    """Return a registry, built here and not by the library."""
    fields = [(name, TYPES.get(name, pa.string())) for name in columns()]
    plain = [
        {
            key: datetime.fromisoformat(value)
            if key in ("created_at", "finished_at") and isinstance(value, str)
            else list(value.items())
            if isinstance(value, dict)
            else value
            for key, value in row.items()
        }
        for row in rows
    ]
    return pa.Table.from_pylist(plain, schema=pa.schema(fields))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A registry of two rows."""
    pq.write_table(table(EXAMPLES), tmp_path / "runs.parquet", write_page_checksum=True)
    return tmp_path / "runs.parquet"


def test_rows_are_read_as_the_schema_has_them(path: Path) -> None:
    content = read_registry(str(path))
    assert content.error is None
    assert list(content.rows) == EXAMPLES


def test_a_registry_without_a_row_is_one(path: Path) -> None:
    pq.write_table(table([]), path)
    assert read_registry(str(path)).rows == ()
    assert read_registry(str(path)).error is None


def test_the_columns_are_those_of_the_schema_in_order() -> None:
    assert list(columns()) == list(schema("registry-row")["properties"])  # type: ignore[call-overload]


@pytest.mark.parametrize("column", list(columns()))
def test_a_missing_column_is_named(path: Path, column: str) -> None:
    pq.write_table(table(EXAMPLES).drop_columns([column]), path)
    assert read_registry(str(path)).error == f"lacks the column {column}"


def test_an_extra_column_is_named(path: Path) -> None:
    pq.write_table(table(EXAMPLES).append_column("owner", pa.array(["ada", "ada"])), path)
    assert read_registry(str(path)).error == "has the unknown column owner"


def test_a_frame_that_pandas_wrote_with_its_index_has_an_unknown_column(path: Path) -> None:
    frame = pd.DataFrame(EXAMPLES).drop(columns=list(MAPS))
    frame.index = pd.Index([3, 7], name="i")
    frame.to_parquet(path)
    assert read_registry(str(path)).error == "lacks the column tags"


@pytest.mark.parametrize("value", [None, 7, b"\xff"])
def test_a_row_whose_path_is_no_text_is_an_error(path: Path, value: object) -> None:
    at = table(EXAMPLES).column_names.index("path")
    changed = table(EXAMPLES).set_column(at, "path", pa.array([value, value]))
    pq.write_table(changed, path)
    error = read_registry(str(path)).error
    assert error is not None
    assert "path" in error


def test_a_key_that_stands_twice_in_a_map_is_an_error(path: Path) -> None:
    twice = {**EXAMPLES[0], "tags": None}
    broken = table([twice])
    at = broken.column_names.index("tags")
    broken = broken.set_column(at, "tags", pa.array([[("a", "1"), ("a", "2")]], type=MAPS["tags"]))
    pq.write_table(broken, path)
    assert read_registry(str(path)).error is not None


def test_rows_in_several_row_groups_are_read_in_their_order(path: Path) -> None:
    pq.write_table(table(EXAMPLES), path, row_group_size=1)
    assert pq.ParquetFile(path).num_row_groups == 2
    assert list(read_registry(str(path)).rows) == EXAMPLES


def test_a_row_without_a_path_is_named_by_its_number_in_the_file(path: Path) -> None:
    rows = [*EXAMPLES, {**EXAMPLES[0], "path": None}]
    pq.write_table(table(rows), path, row_group_size=1)
    assert read_registry(str(path)).error == "has no path in its row 3"


def repeated(column: str, text: str, rows: int) -> pa.Table:
    """Return a registry of many rows, in each of which a text stands that the file holds once."""
    texts = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([text]))
    if column == "tags":
        texts = pa.MapArray.from_arrays(np.arange(rows + 1, dtype=np.int32), pa.array(["a"] * rows), texts)
    whole = table([EXAMPLES[0]] * rows)
    return whole.set_column(whole.column_names.index(column), column, texts)


@pytest.mark.parametrize("column", ["slug", "tags"])
def test_a_text_that_would_fill_the_memory_is_not_made_into_rows(path: Path, column: str) -> None:
    pq.write_table(repeated(column, "x" * 200_000, 20_000), path, compression="zstd", store_schema=False)
    assert path.stat().st_size < 20_000
    before = pa.default_memory_pool().max_memory()
    content = read_registry(str(path))
    assert content.rows == ()
    assert content.unverified == "holds more than 256 MiB, more than one read may hold"
    assert pa.default_memory_pool().max_memory() - before < 64 << 20


@pytest.mark.parametrize("column", ["slug", "tags"])
def test_a_text_that_is_repeated_within_reason_is_read(path: Path, column: str) -> None:
    pq.write_table(repeated(column, "x" * 2_000, 100), path, store_schema=False)
    content = read_registry(str(path))
    assert content.error is None
    assert len(content.rows) == 100


def test_a_column_that_stands_twice_is_an_error(path: Path) -> None:
    pq.write_table(table(EXAMPLES).append_column("path", pa.array(["a", "b"])), path)
    assert read_registry(str(path)).error is not None


@pytest.mark.parametrize(
    "content", [b"", b"PAR1", b"PAR1PAR1", b"{}", b"PAR1\xff\xff\xff\x7fPAR1", bytes(range(256)) * 9]
)
def test_what_is_no_parquet_is_an_error(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    error = read_registry(str(path)).error
    assert error is not None
    assert error.startswith("is not a readable Parquet file")


def test_a_file_cut_short_anywhere_is_an_error(path: Path) -> None:
    content = path.read_bytes()
    footer = int.from_bytes(content[-8:-4], "little")
    for kept in (
        1,
        4,
        100,
        len(content) - footer - 8,
        len(content) - footer,
        len(content) - 8,
        len(content) - 4,
        len(content) - 1,
    ):
        path.write_bytes(content[:kept])
        assert read_registry(str(path)).error is not None, kept


def flipped(content: bytes, start: int, end: int) -> Iterator[bytes]:
    """Yield ``content`` with one bit flipped, at every seventh byte: each bit of eight in turn."""
    for at in range(start, end, 7):
        damaged = bytearray(content)
        damaged[at] ^= 1 << at % 8
        yield bytes(damaged)


def footer_of(content: bytes) -> int:
    """Return where the footer of a Parquet file starts."""
    return len(content) - int.from_bytes(content[-8:-4], "little") - 8


def test_a_flipped_bit_in_the_pages_is_never_silent(path: Path) -> None:
    content, good = path.read_bytes(), read_registry(str(path)).rows
    for damaged in flipped(content, 4, footer_of(content)):
        path.write_bytes(damaged)
        found = read_registry(str(path))
        assert found.error or found.rows == good


def test_a_flipped_bit_in_the_footer_never_raises(path: Path) -> None:
    content = path.read_bytes()
    for damaged in flipped(content, footer_of(content), len(content)):
        path.write_bytes(damaged)
        found = read_registry(str(path))
        assert found.error or found.unverified or isinstance(found.rows, tuple)


def test_a_folder_and_nothing_are_errors(tmp_path: Path) -> None:
    assert read_registry(str(tmp_path)).error is not None
    assert read_registry(str(tmp_path / "nothing")).error is not None


@pytest.mark.parametrize("type_", [pa.timestamp("us"), pa.time64("us")])
def test_a_moment_that_python_cannot_hold_is_an_error(tmp_path: Path, type_: pa.DataType) -> None:
    whole = table(EXAMPLES[:1])
    at = whole.column_names.index("slug")
    path = tmp_path / "runs.parquet"
    pq.write_table(whole.set_column(at, "slug", pa.array([2**62], type_)), path)
    assert "cannot be read" in (read_registry(str(path)).error or "")


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads as Linux shows them")
def test_reading_starts_no_thread_that_could_outlive_a_training_script(path: Path) -> None:
    program = """
import os, sys, pyarrow.parquet
from runcheck.probes.registry import read_registry
before = len(os.listdir("/proc/self/task"))
assert len(read_registry(sys.argv[1]).rows) == 2
sys.exit(len(os.listdir("/proc/self/task")) - before)
"""
    assert subprocess.run([sys.executable, "-c", program, str(path)], check=False).returncode == 0
