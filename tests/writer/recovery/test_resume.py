"""A run that was stopped goes on: from where, with what, and what becomes of the rows that are done again."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import runcheck
from runcheck.convention.documents import Status
from runcheck.errors import CannotReadError, CannotWriteError, InvalidArgumentError
from runcheck.writer.run import Run
from runcheck.writer.weights.retention import Keep
from tests.checking import check

StartRun = Callable[..., Run]
SOURCE = str(Path(runcheck.__file__).parents[1])


def document(path: Path) -> dict[str, Any]:
    """Return a JSON document."""
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return value


def points_of(run: str | Path) -> list[tuple[int, str, float]]:
    """Return step, metric and value of each row."""
    lines = Path(run, "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return [(row["step"], row["metric"], row["value"]) for row in map(json.loads, lines)]


def everything(root: Path) -> dict[str, bytes]:
    """Return the bytes of every file but those of the tools."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".runcheck" not in path.parts
    }


def tree(value: float) -> dict[str, Any]:
    """Return a small tree of arrays."""
    return {"params": {"w": np.full((2, 2), value)}}


@pytest.fixture
def stopped(start: StartRun) -> Callable[..., Path]:
    """Return a run of six steps with checkpoints at 1 and 3 that ended with a status."""

    def stop(status: Status = "preempted", checkpoints: tuple[int, ...] = (1, 3), **changed: object) -> Path:
        run = start(**changed)
        for step in range(6):
            run.log(step, {"loss": 6.0 - step})
            if step in checkpoints:
                run.save_checkpoint(step, tree(step))
        run.finish(status, None if status == "completed" else "a reason")
        return Path(run.path)

    return stop


def go_on(run: Run) -> None:
    """Do the steps that are left of eight."""
    for step in range(run.start_step, 8):
        run.log(step, {"loss": 10.0 - step})


@pytest.mark.parametrize("status", ["preempted", "failed", "aborted"])
def test_a_run_goes_on_behind_its_last_checkpoint_in_the_same_unit(
    root: Path, start: StartRun, stopped: Callable[..., Path], status: Status
) -> None:
    path = stopped(status)
    ended = document(path / "metadata.json")["finished_at"]
    with start(resume=path) as run:
        assert Path(run.path) == path
        assert (run.resumed_step, run.start_step) == (3, 4)
        assert run.checkpoints == [1, 3]
        assert np.array_equal(run.restore(tree(0))["params"]["w"], np.full((2, 2), 3.0))
        assert document(path / "metadata.json")["status"] == "running"
        assert not (path / "SHA256SUMS").exists()
        assert check(root).is_clean
        go_on(run)
    assert points_of(path) == [(step, "loss", 6.0 - step if step < 4 else 10.0 - step) for step in range(8)]
    assert points_of_aside(path) == [(4, "loss", 2.0), (5, "loss", 1.0)]
    assert len(list((path / "tensorboard").iterdir())) == 2
    metadata = document(path / "metadata.json")
    assert metadata["status"] == "completed"
    assert "error" not in metadata
    [restart] = metadata["restarts"]
    assert {**restart, "at": None} == {
        "at": None,
        "step": 3,
        "status": status,
        "ended_at": ended,
        "git": None,
        "error": "a reason",
    }
    assert ended <= restart["at"] <= metadata["finished_at"]
    summary = yaml.safe_load((path / "summary.yaml").read_text())
    assert summary["rows"] == 8
    assert summary["metrics"]["train"]["loss"] == {
        "direction": "min",
        "best": 3.0,
        "best_step": 3,
        "last": 3.0,
        "last_step": 7,
        "count": 8,
    }
    assert not [finding for finding in check(root).findings if finding.code != "RC208"]


def points_of_aside(path: Path) -> list[tuple[int, str, float]]:
    """Return the rows that were set aside."""
    return points_of(path / "extra/restart-1")


def test_the_newest_run_is_taken_up_unless_it_is_completed(start: StartRun, stopped: Callable[..., Path]) -> None:
    with start(resume="latest") as first:
        assert (first.resumed_step, first.start_step) == (None, 0)
        like = tree(0)
        assert first.restore(like) is like
        first.log(0, {"loss": 1.0})
    with start(resume="latest") as second:
        assert second.path != first.path
        second.log(0, {"loss": 1.0})
    older = stopped()
    newer = stopped()
    with start(resume="latest") as third:
        assert Path(third.path) == newer
        go_on(third)
    with start(resume="latest") as fourth:
        assert fourth.path not in {first.path, second.path, str(older), str(newer)}
        fourth.log(0, {"loss": 1.0})


def test_without_a_checkpoint_it_begins_anew_and_all_rows_are_kept_aside(
    root: Path, start: StartRun, stopped: Callable[..., Path]
) -> None:
    path = stopped(checkpoints=())
    with start(resume=path) as run:
        assert (run.resumed_step, run.start_step) == (None, 0)
        go_on(run)
    assert len(points_of(path)) == 8
    assert len(points_of_aside(path)) == 6
    assert document(path / "metadata.json")["restarts"][0]["step"] is None
    assert check(root).is_clean


def test_seconds_are_those_of_all_sessions_together(start: StartRun, stopped: Callable[..., Path]) -> None:
    path = stopped()
    metadata = document(path / "metadata.json")
    metadata |= {"created_at": "2026-01-01T00:00:00Z", "finished_at": "2026-01-01T01:00:00Z"}
    (path / "metadata.json").write_text(json.dumps(metadata))
    with start(resume=path) as run:
        go_on(run)
    seconds = yaml.safe_load((path / "summary.yaml").read_text())["duration_seconds"]
    assert 3600 <= seconds < 3700


def test_a_run_may_be_taken_up_again_and_again(root: Path, start: StartRun, stopped: Callable[..., Path]) -> None:
    path = stopped()
    for number in (1, 2, 3):
        run = start(resume="latest")
        run.note(f"session {number}")
        run.log(run.start_step, {"loss": float(number)})
        run.finish("preempted")
        assert check(root).is_clean
    with start(resume="latest") as run:
        go_on(run)
    metadata = document(path / "metadata.json")
    assert [each["step"] for each in metadata["restarts"]] == [3, 3, 3, 3]
    assert [points_of(path / f"extra/restart-{number}") for number in (2, 3, 4)] == [
        [(4, "loss", float(number))] for number in (1, 2, 3)
    ]
    assert all(f"session {number}" in (path / "README.md").read_text() for number in (1, 2, 3))
    assert check(root).is_clean


# --- what is refused ------------------------------------------------------------------------------------------------


def test_a_completed_run_another_slug_and_another_tree_are_refused(
    tmp_path: Path, root: Path, start: StartRun, stopped: Callable[..., Path]
) -> None:
    path = stopped("completed")
    with pytest.raises(InvalidArgumentError, match="is completed"):
        start(resume=path)
    other = stopped("failed", variant="other")
    with pytest.raises(InvalidArgumentError, match="is no run of model/digits_logreg_baseline"):
        start(resume=other)
    copy = tmp_path / "copy"
    shutil.copytree(root, copy)
    with pytest.raises(InvalidArgumentError, match="is no run of"):
        start(resume=copy / other.relative_to(root))
    with pytest.raises(CannotReadError, match="there is no such folder"):
        start(resume=tmp_path / "nothing")


def test_a_run_that_lives_is_refused(root: Path, start: StartRun) -> None:
    run = start()
    run.log(0, {"loss": 1.0})
    for resume in ("latest", run.path):
        with pytest.raises(CannotWriteError, match="of this machine writes it"):
            start(resume=resume)
    run.finish("failed")
    assert check(root).is_clean


def flip(run: Path) -> str:
    path = next(path for path in (run / "checkpoints/3").rglob("*") if path.is_file() and path.stat().st_size > 100)
    content = bytearray(path.read_bytes())
    content[50] ^= 1
    path.write_bytes(content)
    return "checkpoints/3/.* is not what SHA256SUMS lists"


def edit_a_row(run: Path) -> str:
    path = run / "metrics.jsonl"
    path.write_text(path.read_text().replace("6.0", "7.5", 1))
    return "metrics.jsonl is not what SHA256SUMS lists"


def lose_the_newest_checkpoint(run: Path) -> str:
    shutil.rmtree(run / "checkpoints/3")
    return "checkpoints/3/.* is missing, and SHA256SUMS lists it"


def tear_the_list(run: Path) -> str:
    (run / "SHA256SUMS").write_text("no list\n")
    return "SHA256SUMS is damaged"


def tear_the_metadata(run: Path) -> str:
    path = run / "metadata.json"
    path.write_bytes(path.read_bytes()[:-9])
    return "metadata.json"


@pytest.mark.parametrize(
    "damage",
    [flip, edit_a_row, lose_the_newest_checkpoint, tear_the_list, tear_the_metadata],
    ids=lambda each: each.__name__,
)
def test_a_run_that_is_not_as_it_was_sealed_is_refused_and_its_list_stays(
    root: Path, start: StartRun, stopped: Callable[..., Path], damage: Callable[[Path], str]
) -> None:
    run = stopped("failed")
    words = damage(run)
    before = everything(root)
    with pytest.raises((CannotReadError, CannotWriteError), match=words):
        start(resume="latest")
    assert everything(root) == before


def test_another_configuration_is_refused_unless_it_is_meant_and_then_the_old_one_is_kept(
    root: Path, start: StartRun, stopped: Callable[..., Path]
) -> None:
    path = stopped("failed")
    before = everything(root)
    with pytest.raises(InvalidArgumentError, match=r"in learning_rate: 0\.1 -> 0\.2; start another run"):
        start(resume=path, config={"learning_rate": 0.2})
    assert everything(root) == before
    old = document(path / "metadata.json")["config"]["sha256"]
    with start(resume=path, config={"learning_rate": 0.2}, allow_config_change=True) as run:
        go_on(run)
    assert document(path / "config.json") == {"learning_rate": 0.2}
    assert document(path / "extra/restart-1/config.json") == {"learning_rate": 0.1}
    [restart] = document(path / "metadata.json")["restarts"]
    assert restart["config"] == {"path": "extra/restart-1/config.json", "sha256": old}
    assert check(root).is_clean


@pytest.mark.parametrize(
    ("resume", "error", "words"),
    [
        (True, InvalidArgumentError, "resume is True; give 'latest', or the folder of the run to go on with"),
        ("lastest", CannotReadError, r"resume: lastest: there is no such folder; did you mean 'latest'\?"),
        ("elsewhere", CannotReadError, "resume: elsewhere: there is no such folder$"),
    ],
)
def test_what_names_no_run_is_told_as_resume(
    root: Path, start: StartRun, resume: object, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        start(resume=resume)
    assert not root.exists()


def test_another_configuration_is_told_with_its_values(start: StartRun, stopped: Callable[..., Path]) -> None:
    path = stopped("failed", config={"learning_rate": 0.1, "api_key": "hunter2-and-more", "layers": [8, 8]})
    with pytest.raises(InvalidArgumentError, match=r"in layers: .8, 8. -> .8., learning_rate: 0.1 -> 0.2;") as told:
        start(resume=path, config={"learning_rate": 0.2, "api_key": "another-secret-42", "layers": [8]})
    assert "secret" not in str(told.value)
    assert "hunter2" not in str(told.value)


def test_other_data_are_refused(root: Path, start: StartRun, stopped: Callable[..., Path]) -> None:
    path = stopped("failed")
    before = everything(root)
    words = (
        "was trained on synthetic data of the seed 7; these are other data, synthetic data of the seed 8; start another"
    )
    with pytest.raises(InvalidArgumentError, match=words):
        start(resume=path, data={"kind": "synthetic", "seed": 8}, allow_config_change=True)
    assert everything(root) == before


def test_other_external_data_are_told_with_the_hashes_that_differ(
    start: StartRun, stopped: Callable[..., Path]
) -> None:
    def of(**hashes: str) -> dict[str, object]:
        return {"kind": "external", "hashes": {name: letter * 64 for name, letter in hashes.items()}}

    path = stopped("failed", data=of(train="a", test="b"))
    words = "was trained on other external data than these, in hashes/test: .bbb.*-> .ccc.*; start another run$"
    with pytest.raises(InvalidArgumentError, match=words) as told:
        start(resume=path, data=of(train="a", test="c"))
    assert "hashes/train" not in str(told.value)
    with pytest.raises(
        InvalidArgumentError, match="on external data; these are other data, synthetic data of the seed 1;"
    ):
        start(resume=path, data={"kind": "synthetic", "seed": 1})


def test_other_seeds_are_told_and_those_of_the_beginning_stay(start: StartRun, stopped: Callable[..., Path]) -> None:
    path = stopped("failed")
    with pytest.warns(RuntimeWarning, match="keeps the seeds that it began with"):
        run = start(resume=path, seeds={"init": 5})
    run.finish("failed")
    assert document(path / "metadata.json")["seeds"] == {"init": 0}


# --- what goes on ---------------------------------------------------------------------------------------------------


def test_retention_takes_on_the_checkpoints_that_are_there(root: Path, start: StartRun) -> None:
    keep = Keep(best=1, by="train/loss", last=1)
    run = start(keep=keep)
    for step, loss in enumerate([5.0, 1.0, 3.0, 4.0]):
        run.log(step, {"loss": loss})
        run.save_checkpoint(step, tree(step))
    run.finish("preempted")
    with start(keep=keep, resume="latest") as run:
        assert run.checkpoints == [1, 3]
        run.log(4, {"loss": 2.0})
        run.save_checkpoint(4, tree(4))
        run._checkpoints.close()
        assert run.checkpoints == [1, 4]
        run.log(5, {"loss": 0.5})
    assert sorted(path.name for path in Path(run.path, "checkpoints").iterdir()) == ["1", "4"]
    assert check(root).is_clean


def test_a_model_that_grew_between_sessions_has_no_number_of_parameters(root: Path, start: StartRun) -> None:
    statuses: tuple[Status, Status] = ("preempted", "completed")
    run = start()
    for step, status in enumerate(statuses):
        run.log(step, {"loss": 1.0})
        run.save_checkpoint(step, {"params": {"w": np.zeros(3 + step)}})
        run._checkpoints.close()
        assert not check(root).errors
        run.finish(status)
        assert document(Path(run.path, "metadata.json"))["architecture"]["parameters"] == (None if step else 3)
        run = run if step else start(resume="latest")
    assert check(root).is_clean


def test_a_checkpoint_of_which_nobody_knows_how_good_it_is_stays(start: StartRun) -> None:
    keep = Keep(best=1, by="val/loss", last=1)
    run = start(keep=keep)
    run.log(0, {"loss": 1.0})
    run.save_checkpoint(0, tree(0), {"loss": 0.1})
    run.finish("preempted")
    with start(keep=keep, resume="latest") as run:
        for step in (1, 2):
            run.log(step, {"loss": 1.0})
            run.log(step, {"loss": 3.0 - step}, split="val")
            run.save_checkpoint(step, tree(step))
        run._checkpoints.close()
        assert run.checkpoints == [0, 2]


def test_a_step_that_goes_backwards_is_kept_and_told(root: Path, start: StartRun, stopped: Callable[..., Path]) -> None:
    path = stopped()
    run = start(resume=path)
    run.log(2, {"loss": 0.5})
    with pytest.warns(RuntimeWarning, match="step 2 of train/loss follows step 3"):
        run.finish("failed")
    assert points_of(path)[-1] == (2, "loss", 0.5)
    assert {finding.code for finding in check(root).findings} == {"RC404", "RC208"}


def test_many_rows_that_are_set_aside_are_no_weights(root: Path, start: StartRun) -> None:
    run = start()
    for step in range(5000):
        run.log(step, {"loss": 1 / (step + 1), "norm": step * 0.7531})
    run.finish("preempted")
    with start(resume="latest") as run:
        run.log(0, {"loss": 1.0})
    assert len(points_of_aside(Path(run.path))) == 10000
    assert not [finding for finding in check(root).findings if finding.code != "RC208"]


def test_a_dirty_tree_keeps_its_difference_at_each_restart(
    root: Path, start: StartRun, stopped: Callable[..., Path], nowhere: Path
) -> None:
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@example.org")
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "a"]):
        subprocess.run([*git, *words], check=True, cwd=nowhere)
    path = stopped("failed")
    (nowhere / "a.py").write_text("x = 1\n")
    subprocess.run([*git, "add", "a.py"], check=True, cwd=nowhere)
    with start(resume=path) as run:
        go_on(run)
    [restart] = document(path / "metadata.json")["restarts"]
    assert restart["git"]["diff"] == "extra/restart-1/uncommitted.diff"
    assert b"+x = 1" in (path / restart["git"]["diff"]).read_bytes()
    assert document(path / "metadata.json")["git"]["dirty"] is False
    assert not check(root).findings


# --- end to end -----------------------------------------------------------------------------------------------------

_TRAIN = '''
"""Linear regression by gradient descent with momentum; dies at a step where one is given."""
import os, signal, sys, time
import jax, jax.numpy as jnp, optax
import runcheck

root, dies = sys.argv[1], int(sys.argv[2])
steps, optimizer = 30, optax.adam(0.05)
key = jax.random.key(0)
x = jax.random.normal(key, (64, 8))
y = x @ jnp.arange(8.0) + 0.1

def loss_of(params, noise):
    return jnp.mean((x @ params["w"] + params["b"] + noise - y) ** 2)

@jax.jit
def train_step(params, state, step):
    noise = 0.01 * jax.random.normal(jax.random.fold_in(key, step), (64,))
    loss, gradient = jax.value_and_grad(loss_of)(params, noise)
    updates, state = optimizer.update(gradient, state)
    return optax.apply_updates(params, updates), state, {"loss": loss, "norm": optax.global_norm(gradient)}

params = {"w": jnp.zeros(8), "b": jnp.zeros(())}
with runcheck.start_run(root, dataset="lines", model="linear", variant="baseline", config={"steps": steps},
                        seeds={"init": 0}, tags={"experiment": "lines", "run_type": "train"},
                        data={"kind": "synthetic", "seed": 0},
                        resume="latest") as run:
    params, state = run.restore((params, optimizer.init(params)))
    for step in range(run.start_step, steps):
        params, state, metrics = train_step(params, state, step)
        run.log(step, metrics)
        if step % 5 == 4:
            run.save_checkpoint(step, (params, state))
        if step == dies:
            while not run.checkpoints:
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGKILL)
'''


def train(root: Path, dies: int) -> int:
    """Train in a process of its own; return how it ended."""
    command = [sys.executable, "-W", "ignore", "-c", _TRAIN, str(root), str(dies)]
    environment = {**os.environ, "PYTHONPATH": SOURCE, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root.parent, env=environment)
    assert done.returncode in (0, -9), done.stderr[-2000:]
    return done.returncode


def arrays_of(run: Path, step: int) -> list[Any]:
    """Return the arrays of a checkpoint."""
    import jax

    loaded = runcheck.load(run)
    assert isinstance(loaded, runcheck.LoadedRun)
    return [np.asarray(leaf) for leaf in jax.tree.leaves(loaded.restore(step))]


def test_a_training_that_is_killed_twice_ends_as_one_that_was_not(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert train(whole, -1) == 0
    assert [train(killed, dies) for dies in (12, 21, -1)] == [-9, -9, 0]
    [one], [other] = (list(root.glob("model/*/2*")) for root in (whole, killed))
    assert (one / "metrics.jsonl").read_bytes() == (other / "metrics.jsonl").read_bytes()
    for left, right in zip(arrays_of(one, 29), arrays_of(other, 29), strict=True):
        assert left.dtype == right.dtype
        assert left.tobytes() == right.tobytes()
    assert len(document(other / "metadata.json")["restarts"]) == 2
    assert not [finding for finding in check(killed).findings if finding.code != "RC208"]
