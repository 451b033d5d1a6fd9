"""The arrays of trees are those that Orbax writes, whichever library the tree is of."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import numpy as np
import optax
import orbax.checkpoint as ocp
import pytest
from flax import nnx

from runcheck.convention.parameters import parameters
from runcheck.probes import look_into_folder
from runcheck.reading.files import UnitFiles
from runcheck.writer.weights.refusals import refuse_what_orbax_does_not_save
from runcheck.writer.weights.trees import count_parameters, leaves_of


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
        ({"a": "x"}, None),
        ({"a": 1.0, "n": 3, "b": "x"}, 2),
        ({"a/b": np.zeros(2), "a": {"b": np.zeros(3)}}, 5),
        ({"params": np.zeros(0)}, 0),
        ({"state": {"params": {"w": np.zeros(3)}, "mu": {"params": {"w": np.zeros(3)}}}, "step": np.zeros(())}, 3),
    ],
)
def test_parameters_are_the_numbers_in_the_arrays_and_those_alone(tree: object, count: int | None) -> None:
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
    lambda: {"params": {"w": jax.numpy.ones(2), "n": 3}, "step": 7, "rate": 0.5, "is_frozen": True},
    lambda: optax.adam(1e-3).init({"w": jax.numpy.ones((3, 2))}),
]


@pytest.mark.parametrize("make", TREES)
def test_the_count_is_that_of_what_orbax_writes(tmp_path: Path, make: Callable[[], Any]) -> None:
    tree = make()
    folder = tmp_path / "checkpoint"
    with ocp.StandardCheckpointer() as checkpointer:
        refuse_what_orbax_does_not_save(tree)
        checkpointer.save(folder, tree)
    content: Any = look_into_folder("orbax", UnitFiles(str(tmp_path)).subfolder("checkpoint"), deep=False)
    sizes = {each.name: int(np.prod(each.shape)) for each in content.leaves}
    assert content.unsized == ()
    assert count_parameters(tree) == sum(sizes[name] for name in parameters(sizes)) > 0
    assert len(sizes) == sum(1 for _ in leaves_of(tree))


def test_a_model_of_equinox_has_58_parameters() -> None:
    assert count_parameters(of_equinox()) == 58
