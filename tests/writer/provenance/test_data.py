"""A provenance takes files and arrays where it keeps hashes."""

import hashlib
import struct
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest

from runcheck.errors import InvalidArgumentError
from runcheck.writer.provenance.data import with_digests

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # of b"abc": FIPS 180-4, its example


def digest_of(value: object) -> Any:  # noqa: ANN401
    """Return what stands in the place of a value among the hashes."""
    hashes: Any = with_digests({"kind": "external", "hashes": {"it": value}}, "data")["hashes"]
    return hashes["it"]


def test_a_file_is_hashed(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"abc")
    assert digest_of(tmp_path / "a.csv") == ABC
    with pytest.raises(InvalidArgumentError, match=r"b\.csv cannot be read: No such file"):
        digest_of(tmp_path / "b.csv")


def test_a_hash_and_what_is_none_stay_as_they_are() -> None:
    assert digest_of(ABC) == ABC
    assert digest_of(3) == 3
    assert with_digests({"kind": "synthetic", "seed": 7}, "data") == {"kind": "synthetic", "seed": 7}


NUMBERS = hashlib.sha256(struct.pack("<6f", 0, 1, 2, 3, 4, 5)).hexdigest()


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype="<f4").reshape(2, 3),
        np.arange(6, dtype=">f4").reshape(2, 3),
        np.asfortranarray(np.arange(6, dtype="f4").reshape(2, 3)),
        np.arange(12, dtype="f4")[::2] / 2,
        jnp.arange(6, dtype="float32"),
    ],
    ids=["C", "big-endian", "Fortran", "strided", "JAX"],
)
def test_the_numbers_of_an_array_are_hashed_however_they_lie_in_memory(array: object) -> None:
    assert digest_of(array) == NUMBERS


def test_arrays_of_other_types_are_hashed() -> None:
    assert digest_of(np.frombuffer(b"abc", dtype="u1")) == ABC
    assert digest_of(np.zeros((0, 3))) == hashlib.sha256(b"").hexdigest()
    assert digest_of(np.array(1.0, ml_dtypes.bfloat16)) == hashlib.sha256(b"\x80\x3f").hexdigest()
    assert digest_of(np.array(["ab"])) == hashlib.sha256("ab".encode("utf-32-le")).hexdigest()


def test_an_array_of_objects_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="an array of objects"):
        digest_of(np.array([None]))
