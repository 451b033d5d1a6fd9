"""Files of NumPy, against NumPy."""

import hashlib
import io
import zipfile
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runcheck.probes.contents import NumpyContent, PackedContent, Tensor
from tests.drawing import examples
from tests.probes.packed import EVIL, look, messages, zipped


def saved(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def headed(header: str, body: bytes = b"", version: int = 1) -> bytes:
    encoded = header.encode("utf-8")
    return (
        b"\x93NUMPY" + bytes([version, 0]) + len(encoded).to_bytes(2 if version == 1 else 4, "little") + encoded + body
    )


DTYPES = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"]


@pytest.mark.parametrize("dtype", [order + each for each in DTYPES for order in "<>"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 4)])
def test_dtype_and_shape_are_those_of_numpy(dtype: str, shape: tuple[int, ...]) -> None:
    array = np.zeros(shape, dtype)
    found = look(saved(array), "a.npy", deep=True)
    assert found == NumpyContent(tensors=(Tensor("", shape, array.dtype.newbyteorder("=").name),))


def digests(content: bytes, name: str, *, deep: bool = True) -> dict[str, str | None]:
    """Return the digest of each array of a file."""
    return {each.name: each.digest for each in look(content, name, deep=deep).tensors or ()}


@pytest.mark.parametrize("dtype", [order + each for each in DTYPES for order in "<>"])
def test_the_digest_of_an_array_is_that_of_its_bytes(dtype: str) -> None:
    """But where they lie otherwise than in the memory of a machine of today."""
    array = np.arange(60_000).reshape(300, 200).astype(dtype)
    known = {"": hashlib.sha256(array.tobytes()).hexdigest()}
    is_big = array.dtype.str.startswith(">")
    assert digests(saved(array), "a.npy") == ({"": None} if is_big else known)
    assert digests(saved(np.asfortranarray(array)), "a.npy") == {"": None}
    assert digests(saved(array), "a.npy", deep=False) == {"": None}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_the_digests_in_an_archive_are_those_of_its_arrays(save: Callable[..., None]) -> None:
    arrays = {"a": np.arange(1000.0), "b/c": np.ones((3, 4), "f4"), "nothing": np.zeros((0, 2)), "one": np.float32(7)}
    stream = io.BytesIO()
    save(stream, **arrays)
    expected = {name: hashlib.sha256(each.tobytes()).hexdigest() for name, each in arrays.items()}
    assert digests(stream.getvalue(), "a.npz") == expected


def test_an_array_that_is_cut_short_has_no_digest() -> None:
    content = saved(np.arange(1000.0))[:-1]
    assert digests(content, "a.npy") == {"": None}
    assert "cut short: 7,999 of 8,000" in str(look(content, "a.npy", deep=True).error)


@pytest.mark.parametrize(
    "dtype",
    [
        "U5",
        "S3",
        "V7",
        "M8[ns]",
        "m8[25s]",
        [("a", "<f4"), ("b", "<i8", (2, 3))],
        [("a", [("b", "u1")]), ("é", "U2")],
        [(("title", "name"), "f8")],
        np.dtype({"names": ["a"], "formats": ["f4"], "offsets": [4], "itemsize": 16}),
    ],
)
def test_other_dtypes_are_as_long_as_numpy_says(dtype: object) -> None:
    content = saved(np.zeros(4, dtype))  # type: ignore[call-overload]
    found = look(content, "a.npy")
    assert (found.error, found.object_names) == (None, ())
    assert "cut short" in str(look(content[:-1], "a.npy").error)


@settings(max_examples=examples(60), deadline=None)
@given(st.sampled_from(DTYPES), st.lists(st.integers(0, 5), max_size=4), st.booleans(), st.data())
def test_a_file_that_is_cut_short_is_found(dtype: str, shape: list[int], transposed: bool, data: st.DataObject) -> None:
    array = np.zeros(shape, dtype)
    content = saved(array.T if transposed else array)
    assert look(content, "a.npy").error is None
    if array.nbytes:
        cut = data.draw(st.integers(0, len(content) - 1))
        assert look(content[:cut], "a.npy").error is not None or cut < 7


def test_several_arrays_in_one_file_are_all_seen() -> None:
    found = look(saved(np.zeros(3)) + saved(np.zeros((2, 2), "i4")), "a.npy")
    assert [each.shape for each in found.tensors or ()] == [(3,), (2, 2)]


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("deep", [False, True])
def test_an_archive_of_arrays_names_them(save: object, deep: bool) -> None:
    stream = io.BytesIO()
    save(stream, a=np.zeros((2, 3), "f4"), **{"b/c": np.arange(100_000)})  # type: ignore[operator]
    found = look(stream.getvalue(), "a.npz", deep=deep)
    assert found == NumpyContent(tensors=(Tensor("a", (2, 3), "float32"), Tensor("b/c", (100_000,), "int64")))


def test_arrays_of_objects_are_named_and_their_pickles_looked_into() -> None:
    assert look(saved(np.array([None, "a"], object)), "a.npy").object_names == ("",)
    fields = np.zeros(2, [("a", "O"), ("b", [("c", "O"), ("d", "f4")])])
    assert look(saved(fields), "a.npy").object_names == ("a", "b.c")
    stream = io.BytesIO()
    np.savez(stream, x=np.array([{}], object), y=np.zeros(3))
    found = look(stream.getvalue(), "a.npz")
    assert (found.object_names, messages(found)) == (("x",), [])
    evil = headed("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", EVIL)
    assert messages(look(evil, "a.npy")) == ["imports posix.system"]
    assert messages(look(zipped({"x.npy": evil}, zipfile.ZIP_DEFLATED), "a.npz")) == ["imports posix.system (in x.npy)"]


def test_a_pickle_under_the_name_of_an_array_is_one() -> None:
    assert messages(look(EVIL, "a.npy")) == ["imports posix.system"]
    assert messages(look(EVIL[2:], "a.npy")) == ["imports posix.system"]


@pytest.mark.parametrize("version", [1, 2, 3])
def test_every_version_of_the_header_is_read(version: int) -> None:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.arange(3.0), version=(version, 0))
    assert look(stream.getvalue(), "a.npy").tensors == (Tensor("", (3,), "float64"),)


def test_a_header_of_python_2_is_read() -> None:
    content = headed("{'descr': '<f8', 'fortran_order': False, 'shape': (2L, 3L), }\n", bytes(48))
    assert look(content, "a.npy").tensors == (Tensor("", (2, 3), "float64"),)


BROKEN = [
    "",
    "{}",
    "[]",
    "1",
    "{'descr': '<f8'}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': 3}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (True,)}",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (1.5,)}",
    "{'descr': 'f', 'fortran_order': False, 'shape': (3" + ",1" * 70 + ")}",
    "{'descr': '<q9z', 'fortran_order': False, 'shape': (3,)}",
    "{'descr': 5, 'fortran_order': False, 'shape': (3,)}",
    "{'descr': [('a',)], 'fortran_order': False, 'shape': (3,)}",
    "{'descr': [('a', '<f8', 'x')], 'fortran_order': False, 'shape': (3,)}",
    "{'descr': '<V9999999999999', 'fortran_order': False, 'shape': (3,)}",
    "__import__('os')",
    "{[]: 1}",
    "((" * 40 + "))" * 40,
    "-" * 60_000 + "1",
    "9" * 5_000,
    "{'a': 1, " * 20 + "}" * 20,
    "'" + "x" * 60_000,
]


@pytest.mark.parametrize("header", BROKEN, ids=lambda header: header[:30])
def test_a_header_that_is_none_is_damage(header: str) -> None:
    found = look(headed(header), "a.npy")
    assert found.error is not None
    assert found.tensors is None


def test_a_header_that_promises_too_much_is_damage() -> None:
    assert "header of" in str(look(b"\x93NUMPY\x02\x00\xff\xff\xff\x7f" + bytes(100), "a.npy").error)
    assert "version 9" in str(look(b"\x93NUMPY\x09\x00" + bytes(100), "a.npy").error)
    huge = headed("{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999, 999999999999)}", bytes(8))
    assert "cut short" in str(look(huge, "a.npy").error)


@settings(max_examples=examples(200), deadline=None)
@given(st.binary(max_size=60) | st.text("{}[]()',:<f80 aO-", max_size=60).map(str.encode), st.integers(0, 4))
def test_no_header_raises(header: bytes, version: int) -> None:
    found = look(b"\x93NUMPY" + bytes([version, 0]) + len(header).to_bytes(2, "little") + header, "a.npy", deep=True)
    assert isinstance(found, PackedContent)
