"""Checkpoints that Orbax restores, those of them that stay, and exports that safetensors reads."""

import json
import math
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
import pytest
from safetensors.numpy import load_file

from runcheck import Keep
from runcheck.errors import InvalidArgumentError
from runcheck.writer.log import device_queue
from runcheck.writer.run import Run
from runcheck.writer.weights import checkpoints
from runcheck.writer.weights.checkpoints import CheckpointWriter
from tests.checking import check

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


def test_what_was_logged_is_written_before_a_checkpoint_is_begun(
    start: StartRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[int] = []
    begin = CheckpointWriter._begin

    def noting(writer: CheckpointWriter, checkpointer: ocp.StandardCheckpointer, step: int, tree: object) -> bool:
        steps.extend(json.loads(line)["step"] for line in Path(run.path, "metrics.jsonl").read_text().splitlines())
        return begin(writer, checkpointer, step, tree)

    monkeypatch.setattr(CheckpointWriter, "_begin", noting)
    monkeypatch.setattr(device_queue, "_TOGETHER_SECONDS", 3600.0)
    with start() as run:
        for step in range(100):
            run.log(step, {"loss": jnp.float32(step)})
        run.save_checkpoint(99, params())
    assert steps == list(range(100))


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


def on_disk(run: Run) -> list[int]:
    """Return the names among the checkpoints, all of which must be steps."""
    return sorted(int(path.name) for path in Path(run.path, "checkpoints").iterdir())


def weights(step: int, count: int = 4) -> dict[str, Any]:
    """Return a tree that tells its step."""
    return {"params": {"w": np.full(count, float(step))}}


def restored(run: Run, step: int) -> Any:  # noqa: ANN401
    with ocp.StandardCheckpointer() as checkpointer:
        return checkpointer.restore(Path(run.path, "checkpoints", str(step)).absolute())["params"]["w"]


def await_removals() -> None:
    """Wait until the threads that follow saves are done."""
    for thread in threading.enumerate():
        if thread.name == "runcheck-checkpoint":
            thread.join(60)


def test_the_last_and_every_kth_stay_and_the_unit_is_clean(root: Path, start: StartRun) -> None:
    with start(keep=Keep(last=2, every=20)) as run:
        for step in (0, 10, 20, 30, 40, 45, 50):
            run.log(step, {"loss": 1.0})
            run.save_checkpoint(step, weights(step))
    assert on_disk(run) == run.checkpoints == [0, 20, 40, 45, 50]
    for step in run.checkpoints:
        np.testing.assert_array_equal(restored(run, step), np.full(4, float(step)))
    assert "checkpoint_step: 50\n" in Path(run.path, "summary.yaml").read_text()
    assert check(root).is_clean


@pytest.mark.parametrize(("directions", "there"), [({}, [300, 400, 500]), ({"loss": "max"}, [100, 200, 500])])
def test_the_best_stay_by_the_direction_of_the_metric_and_so_does_the_newest(
    root: Path, start: StartRun, directions: dict[str, str], there: list[int]
) -> None:
    losses = {100: 5.0, 200: 4.0, 300: 1.0, 400: 2.0, 500: math.nan}
    with start(keep=Keep(best=2, by="val/loss"), directions=directions) as run:
        for step, loss in losses.items():
            run.log(step, {"loss": jnp.float32(loss)}, split="val")
            run.log(step, {"loss": 1.0 / loss}, split="train")
            run.save_checkpoint(step, weights(step))
    assert on_disk(run) == run.checkpoints == there
    assert not check(root).errors


def test_a_save_is_ranked_by_the_metrics_that_it_is_given(start: StartRun) -> None:
    with start(keep=Keep(best=1, by="val/accuracy")) as run:
        for step, accuracy in enumerate([0.5, 0.9, 0.7, 0.8]):
            run.log(step, {"loss": 1.0})
            run.save_checkpoint(step, weights(step), metrics={"accuracy": jnp.float32(accuracy)})
    assert on_disk(run) == run.checkpoints == [1, 3]


@pytest.mark.parametrize(
    ("by", "message", "there"),
    [
        ("val/loss", "checkpoint of step 1 ranked last and was removed, since no val/loss was logged there", [0, 3]),
        ("val/losss", "no val/losss was logged at the step of a checkpoint so far, so all of them stay", [0, 1, 2, 3]),
    ],
)
def test_one_warning_says_that_checkpoints_had_no_value_and_without_any_value_all_stay(
    start: StartRun, by: str, message: str, there: list[int]
) -> None:
    run = start(keep=Keep(best=1, by=by), directions={"losss": "min"})

    def train() -> None:
        for step in range(4):
            run.log(step, {"loss": 1.0}, split="train" if step else "val")
            run.save_checkpoint(step, weights(step))
        run.finish()

    with pytest.warns(RuntimeWarning, match=message) as caught:
        train()
    assert len([each for each in caught if by in str(each.message)]) == 1
    assert on_disk(run) == there


def test_a_checkpoint_that_an_export_was_made_from_stays(root: Path, start: StartRun) -> None:
    with start(keep=Keep(last=1)) as run:
        run.log(0, {"loss": 1.0})
        run.save_checkpoint(0, weights(0))
        run.export("first", weights(0), 0)
        run.log(1, {"loss": 1.0})
        run.save_checkpoint(1, weights(1))
        other = Path(run.path, "exports", "other.safetensors")  # as somebody else's exporter writes it
        shutil.copy(Path(run.path, "exports", "first.safetensors"), other)
        sidecar = json.loads(Path(run.path, "exports", "first.safetensors.json").read_text())
        sidecar |= {"file": other.name, "source_step": 1}
        other.with_suffix(".safetensors.json").write_text(json.dumps(sidecar))
        for name, text in {"tokenizer.json": "[1]", "broken.json": "{", "deep.json": "[" * 9_000_000}.items():
            other.with_name(name).write_text(text)
        for step in (2, 3):
            run.log(step, {"loss": 1.0})
            run.save_checkpoint(step, weights(step))
        await_removals()
        with pytest.raises(InvalidArgumentError, match=r"step 2 has no checkpoint"):
            run.export("second", weights(2), 2)
    assert on_disk(run) == [0, 1, 3]
    assert "RC510" not in {finding.code for finding in check(root).findings}


def test_a_checkpoint_stays_while_an_export_is_made_from_it(start: StartRun) -> None:
    class Slow:
        """An array; while it is exported, the run goes on."""

        dtype, shape = np.dtype(np.float64), (4,)

        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:  # noqa: ANN401
            for step in (1, 2):
                run.save_checkpoint(step, weights(step))
            await_removals()
            return np.zeros(4)

    with start(keep=Keep(last=1)) as run:
        run.log(2, {"loss": 1.0})
        run.save_checkpoint(0, weights(0))
        run.export("first", {"w": Slow()}, 0)
    assert on_disk(run) == [0, 2]


def test_parameters_are_those_of_the_newest_checkpoint_that_is_there(root: Path, start: StartRun) -> None:
    with start(keep=Keep(last=1)) as run:
        for step, count in enumerate((4, 8)):
            run.log(step, {"loss": 1.0})
            run.save_checkpoint(step, weights(step, count))
    assert json.loads(Path(run.path, "metadata.json").read_text())["architecture"]["parameters"] == 8
    assert check(root).is_clean


def test_a_model_that_grows_has_no_number_of_parameters(root: Path, start: StartRun) -> None:
    with start() as run:
        for step, count in enumerate((4, 8)):
            run.log(step, {"loss": 1.0})
            run.save_checkpoint(step, weights(step, count))
    assert json.loads(Path(run.path, "metadata.json").read_text())["architecture"]["parameters"] is None
    assert check(root).is_clean


def test_the_next_save_does_not_wait_for_a_removal(start: StartRun, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, release, remove = threading.Event(), threading.Event(), shutil.rmtree
    removals: list[str] = []

    def slow_disk(path: str, **options: Any) -> None:  # noqa: ANN401
        removals.append(f"begin {Path(path).name}")
        begun.set()
        assert release.wait(60)
        remove(path, **options)
        removals.append("end")

    with start(keep=Keep(last=1)) as run:
        run.log(9, {"loss": 1.0})
        run.save_checkpoint(0, weights(0))
        with monkeypatch.context() as patch:
            patch.setattr(shutil, "rmtree", slow_disk)
            for step in (1, 2, 3):
                run.save_checkpoint(step, weights(step))
            assert begun.wait(60)
            assert Path(run.path, "checkpoints", "0.removed.tmp").is_dir()
            assert run.checkpoints[0] == 1
            run.export("weights", weights(3), 3)  # step 3 is committed, so that all three threads are at it
            assert removals == ["begin 0.removed.tmp"]
            release.set()
            await_removals()
    assert on_disk(run) == run.checkpoints == [3]


LIMITED = """
import os, resource, sys, warnings
import numpy as np
import runcheck

root, status = sys.argv[1:]
keep = runcheck.Keep(last=1)
run = runcheck.start_run(
    root, dataset="digits", model="logreg", variant="baseline", config={}, seeds={"init": 0}, keep=keep,
    tags={"experiment": "digits", "run_type": "train"}, data={"kind": "synthetic", "seed": 7}, description="A run.",
)
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
noise = np.random.default_rng(0).random
for step, count in enumerate([10, 1 << 19, 20]):
    run.log(step, {"loss": 1.0})
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))  # a file of more cannot be written
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run.save_checkpoint(step, {"params": noise(count)})
    if step == 2:
        print([name for name in os.listdir(f"{run.path}/checkpoints") if name.startswith("1")])
    print(step, run.checkpoints, [str(each.message)[:60] for each in caught if each.category is RuntimeWarning])
    if step == 1 and status == "last":
        break
warnings.simplefilter("always")
run.finish()
print(run.checkpoints)
"""


@pytest.mark.parametrize(("status", "there", "parameters"), [("first", [2], 20), ("last", [0], 10)])
def test_a_save_that_the_disk_refuses_is_warned_of_and_takes_nothing_with_it(
    root: Path, tmp_path: Path, status: str, there: list[int], parameters: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(root), status], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1] == str(there)
    if status == "first":
        assert lines[2] == "[]"  # the space is free again
    told = done.stdout + done.stderr  # at the next save or at the end; at once where a save is waited for
    assert told.count("runcheck: step 1 has no checkpoint: ValueError: OUT_OF_RANGE") == 1
    (path,) = root.glob("model/*/*Z_*/metadata.json")
    assert json.loads(path.read_text())["architecture"]["parameters"] == parameters
    assert sorted(each.name for each in path.with_name("checkpoints").iterdir()) == [str(step) for step in there]
    assert not check(root).errors


class Tensor:
    """An array of another library, such as PyTorch's, whose size is a method."""

    dtype, shape = "float32", (2, 3)

    def size(self) -> tuple[int, ...]:
        return self.shape


def test_a_tree_that_cannot_be_saved_is_refused_and_the_next_is_saved(root: Path, start: StartRun) -> None:
    with start() as run:
        run.log(3, {"loss": 1.0})
        for step, tree in enumerate([{"w": object()}, {"w": Tensor()}, {}]):
            with pytest.raises(InvalidArgumentError, match=r"of the tree is of type|the tree holds no array"):
                run.save_checkpoint(step, tree)
        run.save_checkpoint(3, weights(2))
    assert on_disk(run) == run.checkpoints == [3]
    assert check(root).is_clean


@pytest.mark.filterwarnings("ignore:runcheck. step . has no checkpoint")  # what it learns of in the background
@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # Orbax closes its loop under TensorStore
@pytest.mark.parametrize("leaf", [object(), "adam", 2**70, np.array([None])], ids=type)
def test_what_orbax_itself_refuses_leaves_nothing(
    root: Path, start: StartRun, monkeypatch: pytest.MonkeyPatch, leaf: object
) -> None:
    monkeypatch.setattr(checkpoints, "refuse_what_orbax_does_not_save", lambda _: None)  # of which we do not know yet
    with start() as run:
        for step in range(3):
            run.log(step, {"loss": 1.0})
            with suppress(InvalidArgumentError):
                run.save_checkpoint(step, {"w": np.ones(2), "other": leaf})
        run.save_checkpoint(2, weights(2))
    assert on_disk(run) == run.checkpoints == [2]
    assert check(root).is_clean


def test_numbers_that_are_no_arrays_are_counted_too(root: Path, start: StartRun) -> None:
    tree = {"w": np.ones(3), "step": 7}
    with start() as run:
        run.log(1, {"loss": 1.0})
        run.save_checkpoint(1, tree)
    assert json.loads(Path(run.path, "metadata.json").read_text())["architecture"]["parameters"] == 4
    assert check(root).is_clean


@pytest.mark.filterwarnings("ignore:runcheck. step . has a checkpoint, which is kept")
def test_of_several_threads_that_save_each_step_is_saved_once(root: Path, start: StartRun) -> None:
    with start() as run:
        together = threading.Barrier(3)

        def save(at: int) -> None:
            together.wait()
            for step in range(4):
                run.save_checkpoint(step, weights(2))
                run.export(f"w{at}", weights(2), step)

        for step in range(4):
            run.log(step, {"loss": 1.0})
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(save, range(3)))
    assert on_disk(run) == run.checkpoints == [0, 1, 2, 3]
    assert check(root).is_clean


def test_a_step_that_is_saved_again_keeps_what_it_has(root: Path, start: StartRun) -> None:
    with start() as run:
        run.log(1, {"loss": 1.0})
        run.save_checkpoint(1, weights(1))
        with pytest.warns(RuntimeWarning, match="step 1 has a checkpoint, which is kept"):
            run.save_checkpoint(1, weights(7))
    np.testing.assert_array_equal(restored(run, 1), np.full(4, 1.0))
    assert check(root).is_clean


def test_a_step_that_was_removed_can_be_saved_again(root: Path, start: StartRun) -> None:
    with start(keep=Keep(last=1)) as run:
        run.log(9, {"loss": 1.0})
        for step in (1, 2, 3):
            run.save_checkpoint(step, weights(step))
        await_removals()
        assert run.checkpoints == [3]
        run.save_checkpoint(1, weights(7))
    assert on_disk(run) == run.checkpoints == [1, 3]  # the highest, and the one that was saved last
    np.testing.assert_array_equal(restored(run, 1), np.full(4, 7.0))


def test_a_checkpoint_that_cannot_be_removed_stays_and_is_told(start: StartRun) -> None:
    run = start(keep=Keep(last=1))
    run.log(1, {"loss": 1.0})
    run.save_checkpoint(0, weights(0))
    Path(run.path, "checkpoints", "0.removed.tmp", "in the way").mkdir(parents=True)
    run.save_checkpoint(1, weights(1))
    with pytest.warns(RuntimeWarning, match="a checkpoint that need not stay could not be removed"):
        run.finish()
    assert on_disk(run) == run.checkpoints == [0, 1]


def test_what_is_left_over_and_resists_is_told(start: StartRun) -> None:
    run = start()
    run.log(1, {"loss": 1.0})
    run.save_checkpoint(1, weights(1))
    Path(run.path, "checkpoints", "1.part").touch()
    Path(run.path, "checkpoints", "11.part").touch()
    with pytest.warns(RuntimeWarning, match=r"checkpoints/1\.part is left over"):
        run.finish()


KILLED = (
    LIMITED.partition("soft, hard")[0]
    + """
import shutil

def half(path, **options):
    os.unlink(os.path.join(path, "_METADATA"))
    os._exit(9)

shutil.rmtree = half
for step in range(2):
    run.log(step, {"loss": 1.0})
    run.save_checkpoint(step, {"params": np.zeros(3)})
run.finish()
"""
)


def test_a_crash_while_a_checkpoint_is_removed_leaves_what_the_linter_explains(root: Path, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(root), ""], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 9, done.stderr
    (path,) = root.glob("model/*/*Z_*/metadata.json")
    assert sorted(each.name for each in path.with_name("checkpoints").iterdir()) == ["0.removed.tmp", "1"]
    assert not [finding for finding in check(root).findings if finding.code.startswith("RC5")]
    metadata = json.loads(path.read_text())
    ended = {"status": "aborted", "finished_at": metadata["created_at"], "error": "killed"}
    path.write_text(json.dumps(metadata | ended))
    told = [finding for finding in check(root).findings if "0.removed.tmp" in finding.path]
    assert [finding.code for finding in told] == ["RC115"]
