"""Jobs of two real processes under ``jax.distributed``, on the CPU: one run, which process 0 writes."""

import inspect
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import orbax.checkpoint as ocp
import pytest

from runcheck.convention.layout import layout
from runcheck.convention.timestamps import now
from runcheck.writer.datasets.dataset import Dataset
from runcheck.writer.job.silent import SilentFolder
from runcheck.writer.job.silent_dataset import SilentDataset
from runcheck.writer.job.silent_run import SilentRun
from runcheck.writer.run import Run
from tests.checking import check
from tests.test_imports import modules_after
from tests.writer.conftest import StartRun

of_today = pytest.mark.skipif(
    hasattr(jax.config, "jax_enable_empty_arrays"),
    reason="JAX 0.6 crashes on an array that lies elsewhere, and waits five minutes for a process that is gone",
)
SECONDS = 150  # after which a job counts as hanging; one takes 5 to 20

# What each script begins with. JAX waits 300 s for processes that do not come to the end together.
BEGIN = """
import inspect, json, os, sys, warnings
import jax
import numpy as np
import runcheck
index, port, root = int(sys.argv[1]), sys.argv[2], sys.argv[3]
told = {}
heard = warnings.catch_warnings(record=True)
warned = heard.__enter__()
warnings.simplefilter("always")

def initialize():
    limits = {"shutdown_timeout_seconds": 5, "heartbeat_timeout_seconds": 10}
    known = inspect.signature(jax.distributed.initialize).parameters  # JAX 0.6 has none of these
    there = {name: seconds for name, seconds in limits.items() if name in known}
    jax.distributed.initialize(f"127.0.0.1:{port}", 2, index, **there)

def start(**changed):
    given = dict(
        dataset="digits", model="mlp", variant="spread", config={"learning_rate": 0.1}, seeds={"init": 0},
        tags={"experiment": "digits", "run_type": "train"}, data={"kind": "synthetic", "seed": 7}, description="Two.",
    )
    return runcheck.start_run(changed.pop("root", root), **{**given, **changed})

def error_of(call, *given, **named):
    try:
        call(*given, **named)
    except Exception as error:
        return type(error).__name__, str(error)

def say(**more):
    warns = [str(each.message) for each in warned if "runcheck" in str(each.message)]
    print("told:", json.dumps({**told, **more, "warned": warns}), flush=True)
"""

TRAIN = """
initialize()
from jax.sharding import Mesh, NamedSharding, PartitionSpec
mesh = Mesh(np.array(jax.devices()), ("x",))
spread, same = NamedSharding(mesh, PartitionSpec("x")), NamedSharding(mesh, PartitionSpec())
w = jax.make_array_from_callback((8,), spread, lambda at: np.arange(8.0, dtype=np.float32)[at])
train = jax.jit(lambda w: (w + 1, (w * w).sum()), out_shardings=(spread, same))
"""

GOOD = """
with runcheck.new_dataset(root, "digits", provenance={"kind": "synthetic", "seed": 7}, generator=__file__,
                          description="Numbers.") as dataset:
    told["split"] = dataset.write_parquet("train", {"x": [1.0, 2.0, 3.0]})
told["dataset"] = dataset.path
told["fingerprint"] = dataset.metadata["fingerprint"]
told["bad start"] = error_of(start, variant="No Token")
open(f"{root}.file", "a").close()
told["no folder"] = error_of(start, root=f"{root}.file")
if index == 0:
    with start(variant="alone") as alone:
        alone.log(0, {"loss": 1.0})

keep = runcheck.Keep(best=1, by="train/loss", last=1)
with start(data=dataset.path, keep=keep) as run:
    told["path"] = run.path
    for step in range(5):
        w, loss = train(w)
        run.log(step, {"loss": loss, "host": 1.5, "nested": {"np": np.float32(2)}})
        run.save_checkpoint(step, {"params": {"w": w, "b": np.ones(2)}, "count": loss})
    run.save_checkpoint(4, {"params": {"w": w}})  # is there
    told["bad tree"] = error_of(run.save_checkpoint, 7, {"a": object()})
    run.log(5, {"host": 1.5})
    run.save_checkpoint(5, {"params": {"w": w, "b": np.ones(2)}, "count": loss})
    told["exported"] = run.export("weights", {"w": w, "loss": loss}, 5)
    told["bad calls"] = [
        error_of(run.log, 5, {"no name": 1.0}), error_of(run.log, -1, {"loss": 1.0}),
        error_of(run.log, 5, {"loss": np.ones(2)}), error_of(run.export, "weights", {"w": w}, 3),
        error_of(run.plot, "../p", bytes.fromhex("89504e470d0a1a0a")), error_of(run.add_file, __file__, "/x"),
        error_of(run.link, {"No Relation": "dataset/digits/v1"}),
    ]
    if not hasattr(jax.config, "jax_enable_empty_arrays"):  # JAX 0.6 makes none without it, and crashes on it
        there = [jax.numpy.float32(3)] if index == 1 else []
        elsewhere = jax.make_array_from_single_device_arrays(
            (), jax.sharding.SingleDeviceSharding(jax.devices()[1]), there, dtype=np.float32)
        run.log(6, {"elsewhere": elsewhere})
    gone = jax.numpy.float32(1) + 1
    gone.delete()
    run.log(6, {"gone": gone})
    told["plot"] = run.plot("curve", bytes.fromhex("89504e470d0a1a0a") if index == 0 else None)
    own = f"{root}.{index}.txt"
    if index == 0:
        open(own, "w").write("a note")
    told["added"] = run.add_file(own, "own.txt")
    run.note("Two processes.")
    run.stopped_early(5)
with start(variant="stopped") as stopped:
    for step in range(2):
        stopped.log(step, {"loss": 1.0})
        stopped.save_checkpoint(step, {"params": {"w": w}})
    stopped.finish("preempted")
with start(variant="stopped", resume="latest") as again:
    told["resumed"] = [again.path == stopped.path, again.resumed_step, again.start_step, again.checkpoints]
    restored = again.restore({"params": {"w": w}})["params"]["w"]
    told["restored"] = bool(jax.jit(lambda a, b: (a == b).all(), out_shardings=same)(restored, w))
    again.log(2, {"loss": 1.0})
    again.save_checkpoint(2, {"params": {"w": restored}})
told["continued"] = again.checkpoints
told["checkpoints"] = run.checkpoints
told["sealed"] = os.path.exists(run.path + "/SHA256SUMS")
told["bad end"] = error_of(run.finish)
told["after the end"] = [
    error_of(run.note, "Late."), error_of(run.stopped_early, 5), error_of(run.link, {}),
    error_of(run.plot, "late", b""), error_of(run.add_file, __file__), error_of(run.write_role, "study", "{}"),
]
from runcheck.writer.job import processes
processes._PATIENCE_SECONDS = processes._POLL_SECONDS = 0.1
if index == 1:
    told["unheard"] = error_of(processes.Processes.of_this_job().agree, "nothing", str)
say()
"""


class Told(NamedTuple):
    """How a process ended, what it says of itself, and all that it wrote to stderr."""

    code: int
    told: dict[str, Any]
    errors: str


def job_of(folder: Path, script: str) -> list[Told]:
    """Run a script in two processes, and return what became of each. One that hangs is an error."""
    path = folder / "train.py"
    path.write_text(BEGIN + script)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    started = [
        subprocess.Popen(
            [sys.executable, str(path), str(index), port, str(folder / "artefacts")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
            env=environment,
        )
        for index in (0, 1)
    ]
    try:
        outputs = [process.communicate(timeout=SECONDS) for process in started]
    finally:
        for process in started:
            process.kill()
            process.wait()
    told = [out.partition("told: ")[2].partition("\n")[0] for out, _ in outputs]
    return [
        Told(process.returncode, json.loads(text) if text else {}, err)
        for process, text, (_, err) in zip(started, told, outputs, strict=True)
    ]


class Job(NamedTuple):
    """A job that went well, and its tree."""

    root: Path
    first: dict[str, Any]
    other: dict[str, Any]

    @property
    def run(self) -> Path:
        """The run of both processes."""
        return Path(self.first["path"])


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A job that does all that a script can do, with mistakes that it catches."""
    folder = tmp_path_factory.mktemp("job")
    first, other = job_of(folder, TRAIN + GOOD)
    assert (first.code, other.code) == (0, 0), first.errors + other.errors
    return Job(folder / "artefacts", first.told, other.told)


def test_two_processes_write_one_run_and_one_dataset_that_pass(job: Job) -> None:
    report = check(job.root)
    assert not [each for each in report.findings if each.code != "RC208"], report.findings  # there is no repository
    assert [path.name for path in (job.root / "model/digits_mlp_spread").iterdir() if not path.is_symlink()] == [
        job.run.name
    ]
    assert [path.name for path in (job.root / "dataset/digits").iterdir() if not path.is_symlink()] == ["v1"]


def test_what_is_said_of_the_run_is_the_same_in_both_processes(job: Job) -> None:
    same = ("path", "dataset", "split", "fingerprint", "exported", "plot", "added", "checkpoints", "sealed")
    assert {name: job.first[name] for name in same} == {name: job.other[name] for name in same}
    assert job.first["sealed"]
    assert all(os.path.isfile(job.first[name]) for name in ("split", "exported", "plot", "added"))


def test_rows_are_there_once(job: Job) -> None:
    rows = [json.loads(line) for line in (job.run / "metrics.jsonl").read_text().splitlines()]
    assert [row["metric"] for row in rows].count("loss") == 5
    of = {(row["step"], row["metric"]): row["value"] for row in rows}
    assert [of[step, "loss"] for step in range(5)] == [sum((at + step) ** 2 for at in range(8)) for step in range(5)]
    assert of[0, "nested/np"] == 2.0


def test_the_best_and_the_newest_checkpoint_stay_in_both(job: Job) -> None:
    assert job.first["checkpoints"] == [0, 5]
    assert sorted(path.name for path in (job.run / "checkpoints").iterdir()) == ["0", "5"]


def test_one_process_restores_what_two_saved(job: Job) -> None:
    wanted = {"params": {"w": np.zeros(8, np.float32), "b": np.zeros(2)}, "count": np.zeros((), np.float32)}
    for step, steps_done, loss in ((0, 1, 140.0), (5, 5, sum((at + 4) ** 2 for at in range(8)))):
        with ocp.StandardCheckpointer() as checkpointer:
            restored = checkpointer.restore(job.run / "checkpoints" / str(step), wanted)
        np.testing.assert_array_equal(restored["params"]["w"], np.arange(8.0, dtype=np.float32) + steps_done)
        np.testing.assert_array_equal(restored["params"]["b"], np.ones(2))
        assert restored["count"] == loss


def test_an_array_spread_over_processes_is_exported_whole(job: Job) -> None:
    from safetensors.numpy import load_file

    np.testing.assert_array_equal(load_file(job.first["exported"])["w"], np.arange(8.0, dtype=np.float32) + 5)


def test_the_metadata_count_processes_and_the_devices_of_all(job: Job) -> None:
    environment = json.loads((job.run / "metadata.json").read_text())["env"]
    assert environment["processes"] == 2
    assert len(environment["devices"]) == 2


def test_what_does_not_fit_is_refused_in_both_processes_alike(job: Job) -> None:
    for name in ("bad start", "bad tree", "bad calls", "bad end", "after the end"):
        assert job.first[name] == job.other[name], name
    assert job.first["bad start"][0] == job.first["bad tree"][0] == "InvalidArgumentError"
    assert [kind for kind, _ in job.first["bad calls"]] == ["InvalidArgumentError"] * 7
    assert job.first["bad calls"][3][1].startswith("step 3 has no checkpoint")
    assert {kind for kind, _ in job.first["after the end"]} == {"RuncheckError"}


def test_what_stops_process_0_is_raised_in_the_other(job: Job) -> None:
    assert job.first["no folder"][0] == job.other["no folder"][0] == "CannotWriteError"
    assert job.other["no folder"][1] == f"process 0 failed: {job.first['no folder'][1]}"


def test_who_waits_for_what_process_0_never_says_is_told_so(job: Job) -> None:
    assert job.other["unheard"][0] == "CannotWriteError"
    assert "process 0 did not come" in job.other["unheard"][1]


def test_a_step_that_is_there_is_not_saved_again_by_either(job: Job) -> None:
    message = "runcheck: step 4 has a checkpoint, which is kept; another one of it is not saved"
    assert message in job.first["warned"]
    assert message in job.other["warned"]


@of_today
def test_a_value_on_devices_of_other_processes_has_no_row_and_a_reason(job: Job) -> None:
    (complaint,) = [each for each in job.first["warned"] if "elsewhere" in each]
    assert "train/elsewhere of step 6 has no row" in complaint
    assert "non-addressable" in complaint


def test_nothing_is_fetched_in_a_process_that_does_not_write(job: Job) -> None:
    assert any("train/gone" in each for each in job.first["warned"])
    assert not [each for each in job.other["warned"] if "gone" in each]


def test_there_is_no_other_complaint(job: Job) -> None:
    expected = ("step 4 has a checkpoint", "train/elsewhere of step 6", "rows of train/gone are lost")
    assert [each for each in job.first["warned"] if not any(words in each for words in expected)] == []
    assert [each for each in job.other["warned"] if not any(words in each for words in expected)] == []


def test_both_go_on_with_a_run_that_was_stopped_from_its_last_checkpoint(job: Job) -> None:
    for told in (job.first, job.other):
        assert told["resumed"] == [True, 1, 2, [0, 1]]
        assert told["restored"]
        assert told["continued"] == [0, 1, 2]


def test_process_0_may_log_alone(job: Job) -> None:
    (alone,) = (job.root / "model/digits_mlp_alone").glob("2*")
    assert json.loads((alone / "metadata.json").read_text())["status"] == "completed"


ENDING = """
with start() as run:
    for step in range(4):
        w, loss = train(w)
        run.log(step, {{"loss": loss}})
        run.save_checkpoint(step, {{"params": {{"w": w}}}})
        if step == 2 and index == {index}:
            {end}
"""


def only_run(root: Path) -> tuple[Path, dict[str, Any]]:
    """Return the one run of a tree and its metadata."""
    (run,) = (path for path in (root / "model/digits_mlp_spread").iterdir() if not path.is_symlink())
    return run, json.loads((run / "metadata.json").read_text())


@of_today
def test_an_interrupt_of_process_0_leaves_an_aborted_run_and_ends_the_other(tmp_path: Path) -> None:
    first, other = job_of(tmp_path, TRAIN + ENDING.format(index=0, end="raise KeyboardInterrupt"))
    assert 0 not in (first.code, other.code)
    run, metadata = only_run(tmp_path / "artefacts")
    assert (metadata["status"], metadata["error"]) == ("aborted", "KeyboardInterrupt:")
    assert (run / "SHA256SUMS").exists()
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == ["0", "1", "2"]
    assert not [each for each in check(tmp_path / "artefacts").findings if each.code != "RC208"]


def test_an_error_in_another_process_leaves_a_failed_run_where_process_0_hears_of_it(tmp_path: Path) -> None:
    # As a launcher does that ends what is left of a failed process; JAX itself would wait for the others at its end.
    script = TRAIN + "try:" + ENDING.format(index=1, end="raise ValueError('boom')").replace("\n", "\n    ")
    first, other = job_of(tmp_path, script + "\nexcept ValueError:\n    os._exit(1)\n")
    assert first.code != 0, first.errors
    assert other.code == 1, other.errors
    run, metadata = only_run(tmp_path / "artefacts")
    assert metadata["status"] == "failed"
    assert {"0", "1"} <= {path.name for path in (run / "checkpoints").iterdir()} <= {"0", "1", "2"}
    assert not [each for each in check(tmp_path / "artefacts").findings if each.code != "RC208"]


def test_a_run_from_before_jax_distributed_refuses_checkpoints(tmp_path: Path) -> None:
    # JAX is imported already, but no backend of it is at work: jax.distributed can still be initialised.
    script = """
sys.modules["jax"] = None
run = start(variant=f"of{index}")
sys.modules["jax"] = jax
initialize()
say(refused=error_of(run.save_checkpoint, 0, {"w": np.ones(2)}))
run.finish()
"""
    for each in job_of(tmp_path, script):
        assert each.code == 0, each.errors
        kind, message = each.told["refused"]
        assert kind == "RuncheckError"
        assert "before jax.distributed.initialize" in message


def test_a_rank_of_another_launcher_silences_nobody(start: StartRun, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "RANK"):
        monkeypatch.setenv(name, "1")
    with start() as run:
        run.log(0, {"loss": 1.0})
    assert type(run) is Run
    assert Path(run.path, "SHA256SUMS").exists()
    assert "processes" not in (run.metadata["env"] or {})


def test_a_run_of_one_process_loads_nothing_for_several(tmp_path: Path) -> None:
    code = f"""
import runcheck
with runcheck.new_dataset({str(tmp_path)!r}, "digits", provenance={{"kind": "external", "hashes": {{"a": "0" * 64}}}},
                          description="d") as dataset:
    dataset.write_parquet("train", {{"x": [1]}})
"""
    loaded = modules_after(code)
    assert not loaded & {"jax", "runcheck.writer.job.silent_run", "runcheck.writer.job.silent_dataset"}


def test_a_silent_folder_writes_nothing(tmp_path: Path) -> None:
    folder = SilentFolder(str(tmp_path / "artefacts"), layout().kinds["model"], "a_b_c")
    folder.version = "v1"
    folder.write("a.txt", "a")
    folder.write_json("a.json", {"a": 1})
    folder.write_readme("a")
    folder.copy_script(__file__, "generate.py")
    metadata = folder.metadata("A.", {"kind": "synthetic", "seed": 7}, {})
    folder.register(metadata)
    folder.finish(metadata, "failed", now())
    assert not (tmp_path / "artefacts").exists()


# What writes nothing by itself, or through the folder, the log and the checkpoints, which are silent.
HARMLESS = {
    Run: {
        *("path", "log", "save_checkpoint", "checkpoints", "stopped_early", "note", "finish"),
        *("restore", "start_step", "topic_of_resume", "except_from", "redacted"),
    },
    Dataset: {"path", "finish", "except_from", "write_parquet", "write_hdf5", "write_zarr"},  # through `_write`
}


@pytest.mark.parametrize(("loud", "silent"), [(Run, SilentRun), (Dataset, SilentDataset)])
def test_each_method_that_writes_has_a_silent_one(loud: type, silent: type) -> None:
    public = {name for name in vars(loud) if not name.startswith("_")}
    assert public - HARMLESS[loud] == {name for name in vars(silent) if not name.startswith("_")}
    for name in public - HARMLESS[loud]:
        assert inspect.signature(getattr(loud, name)) == inspect.signature(getattr(silent, name))
    if loud is Dataset:
        assert "_write" in vars(silent)
