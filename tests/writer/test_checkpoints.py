"""Checkpoints that Orbax restores, and exports that safetensors reads."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
import pytest
from safetensors.numpy import load_file

from runcheck.errors import InvalidArgumentError
from runcheck.pipeline import check
from runcheck.writer.checkpoints import count_parameters
from runcheck.writer.run import Run

StartRun = Callable[..., Run]


def params(scale: float = 1.0) -> dict[str, Any]:
    """Return a small tree of arrays."""
    return {
        "dense": {"kernel": jnp.arange(12.0).reshape(3, 4) * scale, "bias": jnp.zeros(4)},
        "scale": jnp.float32(scale),
        "ids": np.arange(3, dtype=np.int32),
    }


def test_orbax_restores_equal_arrays_of_each_step(root: Path, start: StartRun) -> None:
    with start() as run:
        for step in (0, 10):
            run.log(step, {"loss": 1.0 / (step + 1)})
            run.save_checkpoint(step, {"params": params(step + 1.0), "count": jnp.int32(step)})
    assert sorted(path.name for path in Path(run.path, "checkpoints").iterdir()) == ["0", "10"]
    with ocp.StandardCheckpointer() as checkpointer:
        for step in (0, 10):
            restored = checkpointer.restore(Path(run.path, "checkpoints", str(step)).absolute())
            expected = {"params": params(step + 1.0), "count": jnp.int32(step)}
            jax.tree.map(np.testing.assert_array_equal, restored, expected)
    metadata = json.loads(Path(run.path, "metadata.json").read_text())
    assert metadata["architecture"]["parameters"] == 12 + 4 + 1 + 3
    assert "checkpoint_step: 10\n" in Path(run.path, "summary.yaml").read_text()
    assert check(root).is_clean


def test_arrays_may_change_once_they_were_saved(start: StartRun) -> None:
    array = np.arange(1000.0)
    with start() as run:
        run.log(0, {"loss": 1.0})
        run.save_checkpoint(0, {"w": array})
        array[:] = -1
    with ocp.StandardCheckpointer() as checkpointer:
        restored = checkpointer.restore(Path(run.path, "checkpoints/0").absolute())
    np.testing.assert_array_equal(restored["w"], np.arange(1000.0))


def test_an_export_is_read_by_safetensors_and_its_sidecar_names_the_checkpoint(root: Path, start: StartRun) -> None:
    with start() as run:
        run.log(3, {"loss": 1.0})
        run.save_checkpoint(3, params())
        path = run.export("weights", params(), 3)
    loaded = load_file(path)
    assert set(loaded) == {"dense.kernel", "dense.bias", "scale", "ids"}
    np.testing.assert_array_equal(loaded["dense.kernel"], np.arange(12.0).reshape(3, 4))
    assert loaded["ids"].dtype == np.int32
    sidecar = json.loads(Path(f"{path}.json").read_text())
    assert (sidecar["file"], sidecar["source_step"], sidecar["format"]) == ("weights.safetensors", 3, "safetensors")
    assert check(root).is_clean


def test_a_transposed_array_is_exported_as_it_is_indexed(start: StartRun) -> None:
    array = np.arange(6.0).reshape(2, 3).T
    with start() as run:
        run.log(0, {"loss": 1.0})
        run.save_checkpoint(0, {"w": array})
        loaded = load_file(run.export("weights", {"w": array}, 0))
    np.testing.assert_array_equal(loaded["w"], array)


@pytest.mark.parametrize(("name", "step"), [("weights", 1), ("../weights", 0), ("a/b", 0), ("", 0)])
def test_an_export_needs_a_checkpoint_and_a_name(start: StartRun, name: str, step: int) -> None:
    with start() as run:
        run.log(0, {"loss": 1.0})
        run.save_checkpoint(0, {"w": np.zeros(1)})
        with pytest.raises(InvalidArgumentError):
            run.export(name, {"w": np.zeros(1)}, step)
    assert not Path(run.path, "exports").exists()


@pytest.mark.parametrize("step", [-1, 1.5, "1", True, None, 2**53])
def test_a_checkpoint_of_what_is_no_step_is_refused(root: Path, start: StartRun, step: Any) -> None:  # noqa: ANN401
    with start() as run:
        run.log(0, {"loss": 1.0})
        with pytest.raises(InvalidArgumentError):
            run.save_checkpoint(step, {"w": np.zeros(1)})
    assert not Path(run.path, "checkpoints").exists()
    assert check(root).is_clean


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
