"""Of what Orbax does not save nothing is begun, and all that it does save is let through."""

import fractions
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import numpy.typing as npt
import orbax.checkpoint as ocp
import pytest

from runcheck.errors import InvalidArgumentError
from runcheck.writer.weights.refusals import refuse_what_orbax_does_not_save


def deleted() -> jax.Array:
    """Return what is left of an array that was donated."""
    array = jnp.ones(3)
    array.delete()
    return array


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        (None, "the tree holds no array to save"),
        ({"a": {}, "b": None}, "the tree holds no array to save"),
        (jnp.ones(3), "the tree is one array; give it a name"),
        (3.0, "the tree is one array; give it a name"),
        ({"a": [1, deleted()]}, "a/1 of the tree is deleted, as what was donated to a step is"),
        ({"a": jnp.zeros((0, 3))}, r"a of the tree has the shape \(0, 3\), and Orbax saves no empty array"),
        ({"a": jax.eval_shape(jnp.sin, 1.0)}, "a of the tree is of type ShapeDtypeStruct, which is no array"),
        ({"a": "adam"}, "a of the tree is of type str, which is no array; give arrays alone"),
        ({"a": 1j}, "a of the tree is of type complex"),
        ({"a": fractions.Fraction(1, 2)}, "a of the tree is of type Fraction"),
        ({"a": 2**64}, "a of the tree is an integer of more than 64 bits"),
        ({"a": -(2**63) - 1}, "a of the tree is an integer of more than 64 bits"),
        ({"a.b": np.ones(2), "a": {"b": np.zeros(2)}}, r"two arrays of the tree are a\.b to Orbax"),
        ({"a": [np.ones(2)], "a.0": np.zeros(2)}, r"two arrays of the tree are a\.0 to Orbax"),
        ({"a\udcff": np.ones(2)}, "the name of an array holds a lone surrogate"),
        ({1: np.ones(2), "1": np.ones(2)}, "the tree is none that JAX can walk: "),
    ],
)
def test_what_orbax_does_not_save_is_refused(tree: object, words: str) -> None:
    with pytest.raises(InvalidArgumentError, match=f"^{words}"):
        refuse_what_orbax_does_not_save(tree)


def test_a_tree_with_a_function_is_refused_with_what_to_give() -> None:
    model = eqx.nn.MLP(4, 2, 8, 1, key=jax.random.key(0))
    with pytest.raises(InvalidArgumentError, match=r"activation of the tree is a function.*eqx\.filter"):
        refuse_what_orbax_does_not_save({"params": model})


EXTENDED = ["g", "G"] if np.dtype("g").itemsize > 8 else []  # on some machines a double by another name


@pytest.mark.parametrize("dtype", ["U3", "S3", "O", "M8[s]", "m8[s]", [("x", "f4")], *EXTENDED])
def test_an_array_of_other_things_than_numbers_is_refused(dtype: npt.DTypeLike) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^a/b of the tree is of .*, which Orbax does not save$"):
        refuse_what_orbax_does_not_save({"a": {"b": np.zeros(2, dtype)}})


def test_an_array_of_numbers_that_orbax_saves_is_not_refused(tmp_path: Path) -> None:
    dtypes = ["?", "i1", "u8", "f2", "f4", ">f4", "f8", "c8", "c16", ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn]
    tree: dict[str, Any] = {str(at): np.zeros(2, dtype) for at, dtype in enumerate(dtypes)}
    tree |= {"key": jax.random.key(0), "a.b": np.float32(1), "a": {}, "c/d": np.bool_(1), "c": {"d": True}, "": 0.5}
    tree |= {"i": -(2**63), "u": 2**64 - 1, "none": None, ".": np.zeros(()), "\0": np.ones(1)}
    refuse_what_orbax_does_not_save(tree)
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(tmp_path / "checkpoint", tree)
