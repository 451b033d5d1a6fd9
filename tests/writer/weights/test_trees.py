"""The arrays of trees are those that Orbax writes, whichever library the tree is of."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import ml_dtypes
import numpy as np
import numpy.typing as npt
import optax
import orbax.checkpoint as ocp
import pytest
from flax import nnx

from runcheck.convention.parameters import parameters
from runcheck.errors import InvalidArgumentError
from runcheck.probes import look_into_folder
from runcheck.reading.files import UnitFiles
from runcheck.writer.weights.trees import arrays_of, count_parameters, refuse_what_orbax_does_not_save


class Pair(NamedTuple):
    """A node of a tree with names."""

    left: Any
    right: Any


@pytest.mark.parametrize(
    ("tree", "count"),
    [
        ({"params": {"w": np.zeros((3, 4))}, "opt": np.zeros(99)}, 12),
        ({"w": np.zeros((3, 4)), "b": np.zeros(4)}, 16),
        ([np.zeros(2), (np.zeros(3), [np.zeros(5)])], 10),
        (Pair(np.zeros(2), {"a": np.zeros(())}), 3),
        ({"params": {}}, None),
        ({}, None),
        ({"a": 1.0, "b": "x"}, None),
        ({"params": np.zeros(0)}, 0),
        ({"state": {"params": {"w": np.zeros(3)}, "mu": {"params": {"w": np.zeros(3)}}}, "step": np.zeros(())}, 3),
    ],
)
def test_parameters_are_the_numbers_in_the_arrays(tree: object, count: int | None) -> None:
    assert count_parameters(tree) == count


class Net(nnx.Module):
    """A layer with parameters, statistics, and the state of a generator."""

    def __init__(self) -> None:
        """Draw the parameters."""
        rngs = nnx.Rngs(0)
        self.linear = nnx.Linear(3, 4, rngs=rngs)
        self.norm = nnx.BatchNorm(4, rngs=rngs)
        self.dropout = nnx.Dropout(0.1, rngs=rngs)


def of_equinox() -> object:
    """Return a model of Equinox and the state of its optimizer: 4 * 8 + 8 + 8 * 2 + 2 = 58 parameters."""
    params = eqx.filter(eqx.nn.MLP(4, 2, 8, 1, key=jax.random.key(0)), eqx.is_array)
    return {"params": params, "opt_state": optax.adam(1e-3).init(params)}


def of_flax() -> object:
    """Return the state of a model of Flax NNX and that of its optimizer."""
    net = Net()
    return {"model": nnx.state(net), "opt_state": nnx.state(nnx.Optimizer(net, optax.adam(1e-3), wrt=nnx.Param))}


TREES: list[Callable[[], object]] = [
    of_equinox,
    of_flax,
    Net,
    lambda: nnx.to_pure_dict(nnx.state(Net())),
    lambda: {"params": nnx.state(Net(), nnx.Param), "key": jax.random.key(1)},
    lambda: optax.adam(1e-3).init({"w": jax.numpy.ones((3, 2))}),
]


@pytest.mark.parametrize("make", TREES)
def test_the_count_is_that_of_what_orbax_writes(tmp_path: Path, make: Callable[[], Any]) -> None:
    tree = make()
    folder = tmp_path / "checkpoint"
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(folder, tree)
    content: Any = look_into_folder("orbax", UnitFiles(str(tmp_path)).subfolder("checkpoint"), deep=False)
    sizes = {each.name: int(np.prod(each.shape)) for each in content.leaves}
    assert content.unsized == ()
    assert count_parameters(tree) == sum(sizes[name] for name in parameters(sizes)) > 0
    assert len(sizes) == sum(1 for _ in arrays_of(tree))


def test_a_model_of_equinox_has_58_parameters() -> None:
    assert count_parameters(of_equinox()) == 58


def test_a_tree_with_a_function_is_refused_with_what_to_give() -> None:
    model = eqx.nn.MLP(4, 2, 8, 1, key=jax.random.key(0))
    with pytest.raises(InvalidArgumentError, match=r"activation of the tree is a function.*eqx\.filter"):
        refuse_what_orbax_does_not_save({"params": model})
    refuse_what_orbax_does_not_save(of_flax())


EXTENDED = ["g", "G"] if np.dtype("g").itemsize > 8 else []  # on some machines a double by another name


@pytest.mark.parametrize("dtype", ["U3", "S3", "O", "M8[s]", "m8[s]", [("x", "f4")], *EXTENDED])
def test_an_array_of_other_things_than_numbers_is_refused(dtype: npt.DTypeLike) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^a/b of the tree is of .*, which Orbax does not save$"):
        refuse_what_orbax_does_not_save({"a": {"b": np.zeros(2, dtype)}})


def test_an_array_of_numbers_that_orbax_saves_is_not_refused(tmp_path: Path) -> None:
    dtypes = ["?", "i1", "u8", "f2", "f4", ">f4", "f8", "c8", "c16", ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn]
    tree = {str(at): np.zeros(2, dtype) for at, dtype in enumerate(dtypes)} | {"key": jax.random.key(0)}
    refuse_what_orbax_does_not_save(tree)
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(tmp_path / "checkpoint", tree)
