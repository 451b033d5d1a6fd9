"""How the process of a run ends, and what the run says of it: signals, errors, the exit, forks, devices that hang."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import runcheck
from runcheck.convention.documents import Metadata
from runcheck.errors import CannotWriteError, RuncheckError
from runcheck.writer import ending, heartbeat
from runcheck.writer import run as run_module
from runcheck.writer.log import device_queue, follower
from runcheck.writer.log.metric_log import MetricLog
from runcheck.writer.run import Run
from runcheck.writer.unit import UnitFolder
from tests.checking import check
from tests.writer.log.test_metric_log import SlowScalar

StartRun = Callable[..., Run]

PROGRAM = """
import os, signal, sys, time
import runcheck
def start():
    return runcheck.start_run({root!r}, dataset="digits", model="logreg", variant="baseline", config={{"a": 1}},
        seeds={{"init": 0}}, tags={{"experiment": "digits", "run_type": "train"}},
        data={{"kind": "synthetic", "seed": 7}}, description="A baseline.")
def terminate():
    signal.raise_signal(signal.SIGTERM)
"""


def ended(root: Path, body: str) -> subprocess.CompletedProcess[str]:
    """Run a script that begins with the functions above."""
    program = PROGRAM.format(root=str(root)) + body
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)


def metadata_in(root: Path) -> dict[str, Any]:
    """Return the metadata of the only run."""
    (path,) = root.glob("model/*/2*/metadata.json")
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def codes(root: Path) -> list[str]:
    """Return what the linter finds, but for the repository that is not there."""
    return [finding.clause.code for finding in check(root).findings if finding.clause.code != "RC208"]


def steps_in(root: Path) -> list[int]:
    (path,) = root.glob("model/*/2*/metrics.jsonl")
    return [json.loads(line)["step"] for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever happens, the handlers are those that were; a run that another test left open does not count."""
    monkeypatch.setattr(ending._process, "runs", [])
    ending._restore()
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    yield
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


# --- what ended it: script, exit status, status ---

BLOCK = "with start() as run:\n    run.log(0, {'loss': 1.0})\n    "
ENDS = {
    "SIGTERM in a block": (BLOCK + "terminate()", 143, "preempted"),
    "SIGTERM without a block": ("run = start(); run.log(0, {'loss': 1.0}); terminate()", 143, "preempted"),
    "SIGTERM that is caught to leave the loop": (
        BLOCK + "try: terminate()\n    except runcheck.Preempted: pass",
        0,
        "preempted",
    ),
    "a handler of the script that exits with 143": (
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n" + BLOCK + "terminate()",
        143,
        "preempted",
    ),
    "sys.exit(1) in a block": (BLOCK + "sys.exit(1)", 1, "failed"),
    "sys.exit(0) in a block": (BLOCK + "sys.exit(0)", 0, "completed"),
    "an error without a block": ("run = start(); run.log(0, {'loss': 1.0}); 1 / 0", 1, "failed"),
    "Ctrl-C in a block": (
        BLOCK + "signal.raise_signal(signal.SIGINT)",
        -2,
        "aborted",
    ),
    "Ctrl-C without a block": (
        "run = start(); run.log(0, {'loss': 1.0}); signal.raise_signal(signal.SIGINT)",
        -2,
        "aborted",
    ),
    "the end of the script without finish": ("run = start(); run.log(0, {'loss': 1.0})", 0, "aborted"),
    "sys.exit without finish": ("run = start(); run.log(0, {'loss': 1.0}); sys.exit(1)", 1, "aborted"),
    "a run whose name is gone": ("start().log(0, {'loss': 1.0})", 0, "aborted"),
    "os._exit": ("run = start(); run.log(0, {'loss': 1.0}); os._exit(3)", 3, "running"),
    "SIGKILL": ("run = start(); run.log(0, {'loss': 1.0}); os.kill(os.getpid(), 9)", -9, "running"),
}


@pytest.mark.parametrize("event", ENDS)
def test_the_status_is_the_truth_and_the_tree_conforms(root: Path, event: str) -> None:
    body, code, status = ENDS[event]
    done = ended(root, body)
    metadata = metadata_in(root)
    assert (done.returncode, metadata["status"]) == (code, status), done.stderr
    assert steps_in(root) == [0]
    assert codes(root) == (["RC216"] if status == "running" else [])
    (unit,) = root.glob("model/*/2*")
    assert (unit / "SHA256SUMS").exists() == (status not in ("preempted", "running"))
    assert (unit / "heartbeat.json").exists() == (status == "running")
    errors = {
        "preempted": "SIGTERM ended the process",
        "an error without a block": "ZeroDivisionError: division by zero",
        "sys.exit(1) in a block": "SystemExit: 1",
        "Ctrl-C in a block": "KeyboardInterrupt:",
        "Ctrl-C without a block": "KeyboardInterrupt:",
        "completed": None,
        "running": None,
        "aborted": "the process ended without run.finish()",
    }
    assert metadata.get("error") == errors.get(event, errors.get(status))
    assert ("without run.finish()" in done.stderr) == (errors.get(event, errors.get(status)) == errors["aborted"])


def test_who_forgets_to_finish_is_told_how(root: Path) -> None:
    done = ended(root, "import concurrent.futures.thread; run = start()")  # which Python ends before all else
    # at no line of the script: "sys:1", since Python 3.13 "<sys>:0"
    assert re.search(
        r"^<?sys>?:\d: RuntimeWarning: runcheck: the process ended without run\.finish\(\)", done.stderr, re.M
    )
    assert "use `with start_run(...) as run`, or call run.finish()" in done.stderr


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("terminate()", "preempted before its first row; there is no checkpoint; "),
        (
            "run.save_checkpoint(2, {'w': 1.0}); run.log(3, {'loss': 1.0}); terminate()",
            "preempted at step 3; the last checkpoint is of step 2; ",
        ),
    ],
)
def test_a_preempted_run_says_how_far_it_came(root: Path, body: str, words: str) -> None:
    done = ended(root, f"run = start(); {body}")
    assert f'runcheck: {words}start_run(..., resume="latest") goes on\n' in done.stderr


def test_nothing_is_said_of_a_run_that_was_not_preempted(root: Path) -> None:
    assert ended(root, "with start() as run: run.log(0, {'loss': 1.0})").stderr == ""


def test_an_error_that_was_shown_before_the_run_is_not_its_own(root: Path) -> None:
    console = "sys.last_exc = sys.last_value = ValueError('of an earlier line of a console')\nrun = start()"
    assert ended(root, console).returncode == 0
    assert metadata_in(root)["error"] == "the process ended without run.finish()"


def test_a_save_in_flight_is_committed_where_the_script_just_ends(root: Path) -> None:
    done = ended(root, "import numpy as np\nrun = start()\nrun.save_checkpoint(3, {'w': np.ones((200, 200))})")
    assert done.returncode == 0, done.stderr
    assert metadata_in(root)["status"] == "aborted"
    if sys.version_info[:2] != (3, 12) or "step 3 has no checkpoint" not in done.stderr:  # 3.12 starts no thread then
        assert metadata_in(root)["architecture"]["parameters"] == 40000
        assert list(root.glob("model/*/2*/checkpoints/*")) == list(root.glob("model/*/2*/checkpoints/3"))
    assert codes(root) == []


def test_values_of_a_device_are_there_where_jax_came_after_the_run_and_nobody_finished_it(root: Path) -> None:
    body = """
run = start()
import jax, jax.numpy as jnp
step = jax.jit(lambda x: (x @ x).sum() * 0 + 0.5)
for number in range(5):
    run.log(number, {"loss": step(jnp.ones((300, 300)))})
"""
    assert ended(root, body).returncode == 0
    assert steps_in(root) == [0, 1, 2, 3, 4]
    assert codes(root) == []


# --- signals ----------------------------------------------------------------------------------------------------------


def test_a_handler_of_the_program_stays_and_ours_is_gone_with_the_last_run(start: StartRun) -> None:
    mine = lambda number, frame: None  # noqa: E731
    signal.signal(signal.SIGTERM, mine)
    try:
        with start():
            assert signal.getsignal(signal.SIGTERM) is mine
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    first, second = start(), start(variant="other")
    first.finish()
    assert signal.getsignal(signal.SIGTERM) is ending._on_sigterm
    second.finish()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_handler_that_python_does_not_know_of_stays(root: Path) -> None:
    body = """
import faulthandler
faulthandler.register(signal.SIGTERM, chain=False)
with start() as run:
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    os.kill(os.getpid(), signal.SIGTERM)
"""
    assert ended(root, body).returncode == 0
    assert metadata_in(root)["status"] == "completed"


def test_a_run_of_another_thread_sets_no_handler(start: StartRun) -> None:
    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=lambda: start().finish())
    thread.start()
    thread.join()
    run = None

    def begin() -> None:
        nonlocal run
        run = start(variant="other")

    thread = threading.Thread(target=begin)
    thread.start()
    thread.join()
    assert signal.getsignal(signal.SIGTERM) is before
    assert run is not None
    run.finish()


@pytest.mark.parametrize(
    ("number", "raised"), [(signal.SIGTERM, runcheck.Preempted), (signal.SIGINT, KeyboardInterrupt)]
)
def test_a_signal_while_the_run_is_finished_waits_for_it(
    root: Path, start: StartRun, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, raised: type[BaseException]
) -> None:
    run = start()
    run.log(0, {"loss": 1.0})
    write = run._folder.write_readme

    def write_interrupted(text: str) -> None:
        signal.raise_signal(number)
        write(text)

    monkeypatch.setattr(run._folder, "write_readme", write_interrupted)
    with pytest.raises(raised):
        run.finish()
    assert metadata_in(root)["status"] == "completed"
    assert codes(root) == []


def test_a_second_sigterm_does_not_come_between(root: Path) -> None:
    body = """
with start() as run:
    run.log(0, {"loss": 1.0})
    write = run._folder.write_readme
    run._folder.write_readme = lambda text: (terminate(), terminate(), write(text))
    terminate()
"""
    assert ended(root, body).returncode == 143
    assert metadata_in(root)["status"] == "preempted"
    assert codes(root) == []


def test_a_second_ctrl_c_leaves_the_run_unfinished_and_says_so_before(
    root: Path, start: StartRun, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    run = start()
    run.log(0, {"loss": 1.0})

    def interrupt(text: str) -> None:
        signal.raise_signal(signal.SIGINT)
        assert "second Ctrl-C" in capfd.readouterr().err
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(run._folder, "write_readme", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run.finish()
    assert metadata_in(root)["status"] == "running"
    monkeypatch.undo()
    run.finish("aborted")
    assert codes(root) == []


def test_a_preempted_run_is_not_hashed_and_waits_neither_for_devices_nor_for_saves(
    root: Path, start: StartRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = SlowScalar(1.0)
    monkeypatch.setattr(run_module, "_DEVICE_SECONDS", 0.05)
    monkeypatch.setattr("runcheck.writer.unit.hash_files", None)
    run = start()
    run.log(0, {"loss": 1.0, "grad": never})
    with pytest.warns(RuntimeWarning, match="steps of values on a device are lost"):
        run.finish("preempted")
    never.done.set()
    assert steps_in(root) == [0]
    assert codes(root) == []


# --- a device that hangs ----------------------------------------------------------------------------------------------


def test_an_end_waits_as_long_as_values_come_and_not_for_ever(
    root: Path, start: StartRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_queue, "_PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(device_queue, "_SILENCE_SECONDS", 0.3)
    there, never = SlowScalar(2.0), SlowScalar(2.0)
    there.done.set()
    run = start()
    run.log(0, {"loss": there})
    run.log(1, {"loss": never})
    run.log(2, {"loss": 1.0})
    with pytest.warns(RuntimeWarning) as warned:
        run.finish()
    assert any("are lost" in str(each.message) for each in warned)
    never.done.set()  # too late
    assert steps_in(root) == [0]
    assert codes(root) == []


# --- forks ------------------------------------------------------------------------------------------------------------


def test_a_fork_finishes_saves_and_exports_nothing_and_dies_of_sigterm_as_any(root: Path) -> None:
    body = """
import multiprocessing, warnings
warnings.simplefilter("always")
def refused(call, *arguments):
    try:
        call(*arguments)
    except runcheck.RuncheckError as error:
        assert "fork" in str(error)
        return
    raise AssertionError(call)
def work():
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    run.log(1, {"loss": 1.0})
    refused(run.save_checkpoint, 1, {})
    refused(run.export, "w", {}, 1)
    refused(run.add_file, __file__ if "__file__" in globals() else sys.executable)
    run.finish()
with start() as run:
    run.log(0, {"loss": 1.0})
    worker = multiprocessing.get_context("fork").Process(target=work)
    worker.start()
    worker.join()
    assert worker.exitcode == 0, worker.exitcode
    child = os.fork()
    if child == 0:
        sys.exit(0)  # leaves the block, and the interpreter
    assert os.waitpid(child, 0)[1] == 0
    child = os.fork()
    if child == 0:
        terminate()
    assert os.waitpid(child, 0)[1] == signal.SIGTERM
    assert os.path.exists(os.path.join(run.path, "heartbeat.json"))
    run.log(2, {"loss": 1.0})
"""
    done = ended(root, body)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("is a fork of the one that started the run, and finishes nothing") == 2
    assert steps_in(root) == [0, 2]
    assert metadata_in(root)["status"] == "completed"
    assert codes(root) == []


def test_a_fork_of_a_plain_run_ends_without_a_word_of_it(root: Path) -> None:
    done = ended(
        root, "run = start(); run.log(0, {'loss': 1.0})\nif os.fork() == 0: sys.exit(0)\nos.wait(); run.finish()"
    )
    assert done.returncode == 0, done.stderr
    assert "runcheck:" not in done.stderr
    assert codes(root) == []


# --- the heartbeat ----------------------------------------------------------------------------------------------------


def test_a_run_that_logs_nothing_shows_that_it_lives_as_long_as_its_program_does(
    start: StartRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "_SECONDS", 0.0)
    monkeypatch.setattr(follower, "_SECONDS", 0.01)
    run = start()
    path = Path(run.path, "heartbeat.json")

    def is_renewed(seconds: float) -> bool:
        path.unlink(missing_ok=True)
        end = time.monotonic() + seconds
        while time.monotonic() < end and not path.exists():
            time.sleep(0.001)
        return path.exists()

    assert is_renewed(30)
    dead = threading.Thread(target=lambda: None)
    with monkeypatch.context() as patch:
        patch.setattr(threading, "main_thread", lambda: dead)
        assert isinstance(run._log, MetricLog)
        patch.setattr(run._log._follower, "_owner", dead)
        is_renewed(0.1)  # one that was on its way
        assert not is_renewed(0.2)
    run.finish()
    assert not path.exists()


# --- a disk that refuses ----------------------------------------------------------------------------------------------


def test_a_finish_that_the_disk_refuses_says_so_and_may_be_called_again(
    root: Path, start: StartRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start()
    run.log(0, {"loss": 1.0})

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuse)
        with pytest.raises(CannotWriteError, match=r"cannot be finished: No space left on device"):
            run.finish()
    assert metadata_in(root)["status"] == "running"
    with pytest.raises(RuncheckError):
        run.log(1, {"loss": 1.0})
    run.finish()
    assert metadata_in(root)["status"] == "completed"
    assert codes(root) == []


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=repr)
def test_a_start_that_does_not_succeed_leaves_nothing(
    root: Path, start: StartRun, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def refuse(*_: object) -> None:
        raise error

    expected = CannotWriteError if isinstance(error, OSError) else KeyboardInterrupt
    with monkeypatch.context() as patch:
        patch.setattr("runcheck.writer.run.EventFile", refuse)
        with pytest.raises(expected):
            start()
    assert list(root.glob("model/*/*")) == []
    with start() as run:
        run.log(0, {"loss": 1.0})
    assert codes(root) == []


def test_no_temporary_is_left_by_a_write_that_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from runcheck.writer.atomic import write_whole

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with contextlib.suppress(OSError):
        write_whole(str(tmp_path / "a"), "text")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_before_the_script_has_the_run_leaves_an_aborted_one(
    root: Path, start: StartRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    register, calls = UnitFolder.register, iter([KeyboardInterrupt()])

    def interrupted(folder: UnitFolder, metadata: Metadata) -> None:
        for error in calls:
            raise error
        register(folder, metadata)

    monkeypatch.setattr(UnitFolder, "register", interrupted)
    with pytest.raises(KeyboardInterrupt):
        start()
    assert metadata_in(root)["status"] == "aborted"
    assert check(root).is_clean
