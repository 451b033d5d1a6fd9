"""The size of an item of each dtype, against NumPy's."""

import numpy as np
import pytest

from runcheck.probes.zarr.codecs import codecs_of_v2, without_checksum
from runcheck.probes.zarr.dtypes import item_bytes_of_v2, item_bytes_of_v3


@pytest.mark.parametrize(
    "dtype", ["|b1", "<i2", ">u8", "<f4", "<c16", "<M8[ns]", "<m8[25s]", "|S7", "<U5", "|V12", "|S0"]
)
def test_a_dtype_of_version_2_is_as_large_as_for_numpy(dtype: str) -> None:
    assert item_bytes_of_v2(dtype) == np.dtype(dtype).itemsize


def test_fields_of_version_2_are_added_up() -> None:
    dtype = np.dtype([("a", "<i2", (3, 2)), ("b", [("c", "<f8"), ("d", "S3")])])
    assert item_bytes_of_v2([["a", "<i2", [3, 2]], ["b", [["c", "<f8"], ["d", "|S3"]]]]) == dtype.itemsize


@pytest.mark.parametrize(
    "dtype",
    ["|O", "float32", "<f", "bfloat16", None, 7, [], [["a"]], [["a", "|O"]], [["a", "<i2", [-1]]], "|S9999999999999"],
)
def test_what_is_no_dtype_of_version_2_has_no_size(dtype: object) -> None:
    assert item_bytes_of_v2(dtype) is None


@pytest.mark.parametrize(
    ("dtype", "size"),
    [
        ("bool", 1),
        ("float64", 8),
        ("bfloat16", 2),
        ("r24", 3),
        ("r7", None),
        ("string", None),
        ("int4", None),
        ({"name": "numpy.datetime64", "configuration": {"unit": "s", "scale_factor": 1}}, 8),
        ({"name": "fixed_length_utf32", "configuration": {"length_bytes": 20}}, 20),
        ({"name": "raw_bytes", "configuration": {"length_bytes": -1}}, None),
        ({"name": "structured", "configuration": {"fields": [["a", "int16"], ["b", {"name": "float32"}]]}}, 6),
        ({"name": "struct", "configuration": {"fields": [{"name": "a", "data_type": "int16"}]}}, 2),
        ({"name": "structured", "configuration": {"fields": [["a", "string"]]}}, None),
        ({"name": "structured", "configuration": {"fields": []}}, None),
        ({"name": ["bool"]}, None),
        (None, None),
    ],
)
def test_the_size_of_a_dtype_of_version_3(dtype: object, size: int | None) -> None:
    assert item_bytes_of_v3(dtype) == size


@pytest.mark.parametrize(
    ("codec", "is_silent"),
    [
        ({"id": "lzma"}, False),
        ({"id": "lzma", "check": 0}, True),
        ({"id": "lzma", "format": 2}, True),
        ({"id": "zstd"}, True),
        ({"id": "zstd", "checksum": True}, False),
        ({"id": "zstd", "checksum": "true"}, True),
        ({"id": "blosc", "cname": "zlib"}, True),
        ({"id": "unheard-of"}, False),  # nobody here can tell
    ],
)
def test_which_codecs_notice_a_flipped_bit(codec: object, is_silent: bool) -> None:
    assert without_checksum(codecs_of_v2(None, codec)) == is_silent
