"""Safetensors files: what the library refuses is refused, what it writes passes, and tensors are read when asked."""

import hashlib
import io
import json
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors import SafetensorError, deserialize
from safetensors.numpy import save

from runcheck.probes.contents import SafetensorsContent, Tensor
from runcheck.probes.safetensors import FORMAT_HEADER_BYTES, HEADER_BYTES, look_into_safetensors

ONE = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


def look(content: bytes) -> SafetensorsContent:
    """Return what a file of these bytes holds."""
    return look_into_safetensors(io.BytesIO(content), False)


def pack(header: object, data: int = 0) -> bytes:
    """Return a file of a header, as it is or as JSON, and so many bytes of data."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(data)


def library_refuses(content: bytes) -> bool:
    """Say whether the library refuses a file."""
    try:
        deserialize(content)
    except SafetensorError:
        return True
    return False


SEED = pack(
    {
        "__metadata__": {"format": "np"},
        "a": ONE,
        "bb": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [8, 20]},
        "c": {"dtype": "I64", "shape": [], "data_offsets": [20, 28]},
    },
    28,
)


def test_the_tensors_are_named_with_shape_and_dtype_in_the_order_of_their_data() -> None:
    assert look(SEED).tensors == (
        Tensor("a", (2,), "float32"),
        Tensor("bb", (2, 3), "bfloat16"),
        Tensor("c", (), "int64"),
    )


DTYPES = ["bool", "uint8", "int8", "uint16", "int16", "float16", "int32", "uint32", "float32", "int64", "float64"]
SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple)
FILES = st.dictionaries(st.text(max_size=8), st.tuples(SHAPES, st.sampled_from(DTYPES)), max_size=6)


@given(FILES, st.none() | st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3))
def test_what_the_library_writes_is_read_as_it_was(
    files: dict[str, tuple[tuple[int, ...], str]], metadata: dict[str, str] | None
) -> None:
    if "__metadata__" in files or (metadata == {} and not files):  # the library cannot read what it writes then
        return
    content = save({name: np.zeros(shape, dtype) for name, (shape, dtype) in files.items()}, metadata)
    found = look(content)
    assert found.error is None
    assert {(each.name, each.shape, each.dtype) for each in found.tensors or ()} == {
        (name, shape, dtype) for name, (shape, dtype) in files.items()
    }


@pytest.mark.parametrize(
    "dtype", ["F4", "F6_E2M3", "F6_E3M2", "F8_E5M2", "F8_E4M3", "F8_E8M0", "BF16", "C64", "F64", "BOOL"]
)
def test_every_dtype_of_the_library_has_its_size(dtype: str) -> None:
    for bits in range(1, 129):
        content = pack({"a": {"dtype": dtype, "shape": [8], "data_offsets": [0, bits]}}, bits)
        assert (look(content).error is not None) == library_refuses(content), bits


BROKEN = {
    "dtype unknown": ({"a": {**ONE, "dtype": "F33"}}, 8),
    "size of another shape": ({"a": {**ONE, "shape": [3]}}, 8),
    "a bit too much": ({"a": {"dtype": "F4", "shape": [3], "data_offsets": [0, 2]}}, 2),
    "hole": ({"a": ONE, "b": {**ONE, "data_offsets": [12, 20]}}, 20),
    "overlap": ({"a": ONE, "b": {**ONE, "data_offsets": [4, 12]}}, 12),
    "the same bytes": ({"a": ONE, "b": ONE}, 8),
    "hole at the start": ({"a": {**ONE, "data_offsets": [8, 16]}}, 16),
    "nothing, within another": ({"a": ONE, "b": {**ONE, "shape": [0], "data_offsets": [4, 4]}}, 8),
    "backwards": ({"a": {**ONE, "data_offsets": [8, 0]}}, 8),
    "fraction": ({"a": {**ONE, "shape": [2.0]}}, 8),
    "negative": ({"a": {**ONE, "shape": [-2]}}, 8),
    "a boolean": ({"a": {**ONE, "shape": [True, 2]}}, 8),
    "three offsets": ({"a": {**ONE, "data_offsets": [0, 8, 9]}}, 8),
    "no dtype": ({"a": {"shape": [2], "data_offsets": [0, 8]}}, 8),
    "overflow": ({"a": {**ONE, "shape": [2**63, 2**63, 0], "data_offsets": [0, 0]}}, 0),
    "a tensor that is no object": ({"a": 3}, 0),
    "metadata of numbers": ({"__metadata__": {"a": 1}, "a": ONE}, 8),
    "metadata that is a list": ({"__metadata__": ["a"], "a": ONE}, 8),
    "data of no tensor": ({}, 4),
    "one byte less": ({"a": ONE}, 7),
    "one byte more": ({"a": ONE}, 9),
    "not JSON": (b'{"a":}', 0),
    "zero bytes behind the header": (b"{}\0\0", 0),
    "not UTF-8": (b'{"\xff":{}}', 0),
    "an array": (b"[]", 0),
    "deep": (b'{"a":' + b"[" * 500 + b"]" * 500 + b"}", 0),
    "a number of 5,000 digits": (b'{"a":' + b"9" * 5000 + b"}", 0),
    "a name twice": (b'{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"a":3}', 0),
    "a field twice": (b'{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}', 8),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_the_library_refuses_is_refused(name: str) -> None:
    content = pack(*BROKEN[name])
    assert library_refuses(content)
    assert look(content).error is not None


STRICTER = {
    "space before the header": b' {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
    "metadata with a key twice": b'{"__metadata__":{"":"","":""},"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}',
}


@pytest.mark.parametrize("name", STRICTER)
def test_what_the_format_forbids_and_the_library_lets_pass_is_refused(name: str) -> None:
    content = pack(STRICTER[name], 8)
    assert not library_refuses(content)
    assert look(content).error is not None


@pytest.mark.parametrize("padding", [b"   ", b"\n"])
def test_space_behind_the_header_is_no_fault(padding: bytes) -> None:
    assert look(pack(json.dumps({"a": ONE}).encode() + padding, 8)).error is None


def test_a_field_of_a_later_version_and_null_as_metadata_are_no_fault() -> None:
    content = pack({"__metadata__": None, "a": {**ONE, "novelty": 1}}, 8)
    assert not library_refuses(content)
    assert look(content).error is None


def test_a_file_cut_short_anywhere_is_refused() -> None:
    for kept in range(len(SEED)):
        assert look(SEED[:kept]).error is not None, kept


def test_no_flipped_bit_passes_here_that_the_library_refuses_and_none_raises() -> None:
    for at in range(len(SEED) - 28):
        for bit in range(8):
            damaged = bytearray(SEED)
            damaged[at] ^= 1 << bit
            found = look(bytes(damaged))
            assert found.error or found.tensors
            assert found.error or not library_refuses(bytes(damaged)), (at, bit)


def test_no_text_in_place_of_a_header_passes_here_that_the_library_refuses() -> None:
    draw = random.Random(7)
    for _ in range(3000):
        header = bytearray(SEED[8:-28])
        for _ in range(draw.randint(1, 4)):
            at = draw.randrange(len(header))
            header[at : at + draw.randint(0, 2)] = draw.choices(b'0123456789{}[]":,\\ue-.a ', k=draw.randint(0, 3))
        content = pack(bytes(header), 28)
        assert look(content).error or not library_refuses(content), content


def test_a_header_that_promises_too_much_is_refused_before_it_is_read() -> None:
    for length in (FORMAT_HEADER_BYTES + 1, 2**63, 2**64 - 1):
        assert "header" in str(look(length.to_bytes(8, "little") + b"{}").error)
    assert "cut short" in str(look((3).to_bytes(8, "little") + b"{}").error)


class Sparse(io.BytesIO):
    """A stream that says it is larger than its bytes, and counts what is read."""

    def __init__(self, content: bytes, size: int) -> None:
        super().__init__(content)
        self.size = size
        self.count = 0

    def seek(self, offset: int, whence: int = 0) -> int:
        return super().seek(offset, whence) if whence == 0 else self.size

    def read(self, size: int | None = -1) -> bytes:
        found = super().read(size)
        self.count += len(found)
        return found


def test_of_a_terabyte_only_the_header_is_read() -> None:
    length = 1 << 40
    header: dict[str, Any] = {"a": {"dtype": "U8", "shape": [length], "data_offsets": [0, length]}}
    content = pack(header)
    stream = Sparse(content, len(content) + length)
    found = look_into_safetensors(stream, False)
    assert found.tensors == (Tensor("a", (length,), "uint8"),)
    assert stream.count == len(content)


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_the_digest_of_a_tensor_is_that_of_its_bytes(contents: list[bytes]) -> None:
    header: dict[str, Any] = {}
    end = 0
    for number, content in enumerate(contents):
        places = [end, end + len(content)]
        header[str(number)] = {"dtype": "U8", "shape": [len(content)], "data_offsets": places}
        end = places[1]
    file = pack(header) + b"".join(contents)
    found = look_into_safetensors(io.BytesIO(file), True).tensors or ()
    assert {each.name: each.digest for each in found} == {
        str(number): hashlib.sha256(each).hexdigest() for number, each in enumerate(contents)
    }
    assert {each.digest for each in look(file).tensors or ()} <= {None}


def test_a_header_beyond_the_bound_of_one_check_is_not_verified() -> None:
    content = pack(b"{" + b" " * HEADER_BYTES + b"}")
    assert not library_refuses(content)
    found = look(content)
    assert found.error is None
    assert found.unverified == "safetensors files with a header of more than 4 MiB"
