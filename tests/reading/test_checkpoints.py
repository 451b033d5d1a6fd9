"""Checkpoints restored by Orbax, and exports by the path that their sidecars vouch for."""

import ast
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import optax
import pytest
from safetensors.numpy import load_file

from runcheck.errors import CannotReadError
from tests.mutation.specimens import start_run
from tests.reading.test_load import POINTER, load_run


class State(NamedTuple):
    """The state of a training loop."""

    params: Any
    opt_state: Any


def state(scale: float) -> State:
    """Return parameters and the state of an optimizer for them."""
    params = {"dense": {"kernel": jnp.full((3, 2), scale), "bias": jnp.zeros(2, jnp.bfloat16)}}
    return State(params, optax.adam(1e-3).init(params))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with two checkpoints and an export. Not to be changed."""
    root = tmp_path_factory.mktemp("checkpoints")
    with start_run(root) as run:
        for step in (9, 10):
            run.log(step, {"loss": 1.0})
            run.save_checkpoint(step, state(float(step)))
        run.export("weights", state(10.0).params, 10)
    return Path(run.path)


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    """A copy of the run, to be damaged."""
    return Path(shutil.copytree(written, tmp_path / "run"))


def test_the_newest_checkpoint_is_restored_into_the_structure_that_is_asked_for(written: Path) -> None:
    run = load_run(written)
    assert run.checkpoints == (9, 10)
    for like in (state(0.0), jax.eval_shape(lambda: state(0.0))):
        restored = run.restore(like=like)
        assert isinstance(restored, State)
        jax.tree.map(np.testing.assert_array_equal, restored, state(10.0))
        assert restored.params["dense"]["bias"].dtype == jnp.bfloat16


def test_a_checkpoint_is_restored_without_knowing_its_tree(written: Path) -> None:
    restored: Any = load_run(written).restore(9)
    np.testing.assert_array_equal(restored["params"]["dense"]["kernel"], np.full((3, 2), 9.0))


def test_a_step_without_a_checkpoint_is_told_with_those_that_there_are(written: Path) -> None:
    with pytest.raises(CannotReadError, match="holds no checkpoint of step 11; there are 9, 10"):
        load_run(written).restore(11)


def refused(folder: Path, *likes: str, imports: str = "") -> list[str]:
    """Return how step 10 is refused for each of these trees.

    In a process of its own: Orbax closes its loop before TensorStore has answered for all arrays, and what these say
    then would fail whatever test comes next.
    """
    script = f"""
import jax.numpy as jnp
import runcheck
from runcheck.errors import CannotReadError
from tests.reading.test_checkpoints import state
{imports}
like = state(0.0)
like.params["dense"]["kernel"] = jnp.zeros((4, 2))
for each in ({", ".join(likes)},):
    try:
        runcheck.load({str(folder)!r}).restore(10, like=each)
    except CannotReadError as error:
        print(repr(str(error)))
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return [ast.literal_eval(line) for line in done.stdout.splitlines()]


def test_a_checkpoint_of_another_shape_is_told(written: Path) -> None:
    host = "jax.tree.map(np.asarray, like)"
    names, *shapes = refused(written, '{"other": jnp.zeros(3)}', "like", host, imports="import jax, numpy as np")
    assert re.search(r"like lacks .*params/dense/bias.*; like has, .* does not, other$", names)
    assert "\n" not in names
    assert len(shapes) == 2
    for each in shapes:
        assert each.endswith("does not fit like: like has in another shape params/dense/kernel (4, 2), here (3, 2)")


class Mixed(NamedTuple):
    """A tree of all that a checkpoint holds, in no order of names."""

    params: Any
    best: Any
    key: Any
    seen: Any


def mixed(best: float, seed: int, seen: int) -> Mixed:
    """Return arrays, scalars of NumPy, typed keys and numbers of Python."""
    scalars = {"f4": np.float32(best), "f8": np.float64(best), "i8": np.int64(seen), "no": np.bool_(seen)}
    return Mixed({"w": jnp.full(3, best)}, {**scalars, "bf16": ml_dtypes.bfloat16(best)}, jax.random.key(seed), seen)


@pytest.fixture(scope="module")
def of_scalars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a checkpoint of scalars, keys and numbers. Not to be changed."""
    if tuple(map(int, version("orbax-checkpoint").split(".")[:3])) < (0, 11, 30):
        pytest.skip("this Orbax saves no scalars of NumPy")
    with start_run(tmp_path_factory.mktemp("scalars")) as run:
        run.log(10, {"loss": 1.0})
        run.save_checkpoint(10, mixed(0.5, 1, 7))
    return Path(run.path)


def test_scalars_of_numpy_and_keys_and_numbers_come_back_as_what_they_were(of_scalars: Path) -> None:
    saved, restored = mixed(0.5, 1, 7), load_run(of_scalars).restore(like=mixed(1e9, 0, 0))
    assert isinstance(restored, Mixed)
    assert restored.best == saved.best
    assert jax.tree.map(type, restored.best) == jax.tree.map(type, saved.best)
    assert (jax.random.key_data(restored.key) == jax.random.key_data(saved.key)).all()
    assert restored.key.dtype == saved.key.dtype
    assert (type(restored.seen), restored.seen) == (int, 7)


def test_a_number_of_python_is_restored_into_a_scalar_of_numpy(of_scalars: Path) -> None:
    restored: Any = load_run(of_scalars).restore(like=mixed(0.0, 0, 0)._replace(seen=np.int32(0)))
    assert (type(restored.seen), restored.seen) == (np.int32, 7)


def test_a_typed_key_that_fits_is_no_part_of_another_complaint(of_scalars: Path) -> None:
    keys = "from tests.reading.test_checkpoints import mixed; import jax, numpy as np"
    like = "mixed(0.0, 0, 0)"
    more, shapes, other, several = refused(
        of_scalars,
        f'{like}._replace(seen={{"more": np.zeros(2)}})',
        f'{like}._replace(params={{"w": np.float32(0)}})',
        f'{like}._replace(key=jax.random.key(0, impl="rbg"))',
        f"{like}._replace(key=jax.random.split(jax.random.key(0), 4))",
        imports=keys,
    )
    assert more.endswith("does not fit like: like lacks seen; like has, and the checkpoint does not, seen/more")
    assert shapes.endswith("does not fit like: like has in another shape params/w (), here (3,)")
    kind = "does not fit like: like has keys of jax.random of another kind or number, key of"
    assert other.endswith(f"{kind} (4,) integers, here (2,)")
    assert several.endswith(f"{kind} (4, 2) integers, here (2,)")


def test_a_checkpoint_that_was_not_committed_is_passed_over_unless_it_is_asked_for(folder: Path) -> None:
    (folder / "checkpoints/10/_CHECKPOINT_METADATA").unlink()
    run = load_run(folder)
    with pytest.warns(RuntimeWarning, match="10 was not committed; the checkpoint before it is restored"):
        restored: Any = run.restore(like=state(0.0))
    np.testing.assert_array_equal(restored.params["dense"]["kernel"], np.full((3, 2), 9.0))
    with pytest.raises(CannotReadError, match=r"checkpoints/10/_CHECKPOINT_METADATA: .*the checkpoint is not whole"):
        run.restore(10)


def test_a_checkpoint_with_a_pointer_a_link_or_without_its_tree_is_told(folder: Path, tmp_path: Path) -> None:
    run = load_run(folder)
    tree = folder / "checkpoints/10/_METADATA"
    shutil.move(tree, tmp_path / "tree")
    with pytest.raises(CannotReadError, match="_METADATA: is missing"):
        run.restore(10)
    tree.symlink_to(tmp_path / "tree")
    with pytest.raises(CannotReadError, match="_METADATA: is a link"):
        run.restore()
    tree.unlink()
    tree.write_text(POINTER)
    with pytest.raises(CannotReadError, match="_METADATA: is a Git LFS pointer"):
        run.restore()


def test_a_checkpoint_with_damaged_arrays_is_told(folder: Path) -> None:
    for data in (folder / "checkpoints/10").rglob("d/*"):  # of any one of them Orbax may have a second copy
        data.write_bytes(b"\0" * data.stat().st_size)
    (told,) = refused(folder, "state(0.0)")
    assert "checkpoints/10: Orbax does not restore it: " in told


def test_what_is_no_step_is_no_checkpoint(folder: Path) -> None:
    (folder / "checkpoints/best").symlink_to("9")
    shutil.copytree(folder / "checkpoints/9", folder / "checkpoints/10.orbax-checkpoint-tmp-1")
    (folder / "checkpoints/.gitkeep").touch()
    assert load_run(folder).checkpoints == (9, 10)


def test_an_export_is_found_by_its_name(written: Path) -> None:
    run = load_run(written)
    assert run.exports["weights.safetensors"]["source_step"] == 10
    loaded = load_file(run.export_path("weights.safetensors"))
    np.testing.assert_array_equal(loaded["dense.kernel"], np.full((3, 2), 10.0))


def test_an_export_that_is_not_there_or_not_here_is_told(folder: Path) -> None:
    run = load_run(folder)
    with pytest.raises(CannotReadError, match=r"has no export 'weights'; there is weights\.safetensors"):
        run.export_path("weights")
    (folder / "exports/weights.safetensors").write_text(POINTER)
    with pytest.raises(CannotReadError, match="is a Git LFS pointer"):
        run.export_path("weights.safetensors")
