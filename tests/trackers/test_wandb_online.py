"""Copies that the real client of W&B sends, to a stand-in of the service: the service itself stays not verified."""

import getpass
import json
import os
import platform
import re
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import runcheck
from runcheck.trackers import processes
from runcheck.writer.run import Run
from tests.preloaded import Preloaded
from tests.trackers.conftest import Line, Mirror, children, errors_in, log_some, process_of, rows_of
from tests.wandb_answers import Kept
from tests.wandb_service import KEY, Service

LONGEST = 60.0  # seconds until a test gives up


@pytest.fixture
def line(service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """A line to the stand-in, which the client takes."""
    line = Line(service.port)
    monkeypatch.setenv("WANDB_BASE_URL", line.address)
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.setenv("WANDB__FILE_STREAM_TRANSMIT_INTERVAL", "0.1")  # seconds, for 15
    yield line
    line.close()


Send = Callable[..., str]


@pytest.fixture
def mirror(mirror_to_wandb: Mirror) -> Send:
    """Return what mirrors a run, and returns what that says."""

    def call(run: Path, *words: str) -> str:
        done = mirror_to_wandb(run, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return call


def kept_of(service: Service, run: Path) -> Kept:
    """Return the one run that the service has."""
    (kept,) = service.runs.values()
    assert json.loads(kept.about["config"])["runcheck"]["value"]["unit"] == "/".join(run.parts[-3:])
    return kept


def rows_in(kept: Kept) -> list[tuple[int, str, str]]:
    """Return the rows that the service shows, sorted; W&B's own step counts them."""
    rows = [
        (row["step"], name, str(float(value)))
        for row in kept.history
        for name, value in row.items()
        if name != "step" and not name.startswith("_")
    ]
    assert [row["_step"] for row in kept.history] == sorted({row["_step"] for row in kept.history})
    return sorted(rows)


def finish(run: Run) -> str:
    """Finish a run, and return the one thing that is told of its copy."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        run.finish()
    assert run.metadata["status"] == "completed"
    assert not errors_in(Path(run.path))
    (message,) = [str(each.message) for each in told if "wandb" in str(each.message)]
    assert f"`runcheck mirror {run.path} --to wandb` sends what is missing" in message
    return message


def test_every_row_arrives_and_nothing_that_is_nobody_elses_business(
    start: Callable[..., Run], service: Service, line: Line, mirror: Send, surroundings: Path
) -> None:
    secret = "sk-" + "abcdefghij" * 4
    config = {"api_key": secret, "data": f"{surroundings}/digits", "learning_rate": 0.1}
    with start(config=config, trackers=[runcheck.Mirror("wandb", project="team/digits", artifact="none")]) as run:
        log_some(run)
    unit = Path(run.path)
    kept = kept_of(service, unit)
    assert rows_in(kept) == rows_of(unit)
    assert (kept.state, kept.exit) == ("finished", 0)
    assert kept.about["tags"] == ["experiment:digits", "run_type:train", "dataset:digits", "model:logreg"]
    assert json.loads(kept.about["config"])["learning_rate"] == {"value": 0.1}
    assert run.metadata["trackers"]["wandb"]["id"] == kept.name
    told = b"\n".join(service.sent)
    host, user = platform.node(), getpass.getuser()
    private = [secret, str(surroundings), surroundings.name, "runcheck.trackers.follow", "pytest", os.environ["PATH"]]
    for word in (*private, host * (len(host) > 3), user * (user != "root")):
        assert not word or word.encode() not in told, word
    assert not [path for path in service.asked if path.startswith("/sdk/")]  # how its own code fares
    assert "0 rows sent; 27 rows were there" in mirror(unit, "--artifact", "none")  # at another address: it is asked
    assert "all is there, 27 rows" in mirror(unit, "--artifact", "none")
    assert not service.unknown


def test_what_is_there_is_not_sent_again_and_the_files_go_along(finished: Path, service: Service, mirror: Send) -> None:
    assert "27 rows sent" in mirror(finished)
    (artifact,) = service.artifacts
    assert {"metrics.jsonl", "SHA256SUMS", "metadata.json"} <= service.files(artifact).keys()
    assert service.files(artifact)["metrics.jsonl"] == (finished / "metrics.jsonl").read_bytes()
    assert artifact["state"] == "COMMITTED"
    for path in (finished.parents[2] / ".runcheck/mirrors").rglob("*.json"):
        path.unlink()
    assert "0 rows sent; 27 rows were there" in mirror(finished)
    assert rows_in(kept_of(service, finished)) == rows_of(finished)


def test_a_service_that_is_not_there_at_the_start_is_told_once_and_gets_the_run_later(
    start: Callable[..., Run], service: Service, line: Line, mirror: Send
) -> None:
    line.cut()
    run = start(trackers=[runcheck.Mirror("wandb", wait_seconds=2)])
    log_some(run)
    assert finish(run).startswith("runcheck: the run is not whole at wandb: ")
    assert "trackers" not in run.metadata
    assert not service.runs
    assert "27 rows sent" in mirror(Path(run.path))
    assert rows_in(kept_of(service, Path(run.path))) == rows_of(Path(run.path))


def test_a_run_that_could_not_be_opened_is_opened_by_the_same_process_when_the_service_is_there(
    finished: Path, service: Service, line: Line, python_with_wandb: Preloaded
) -> None:
    script = """
import os, sys
import runcheck.trackers.wandb as tracker
from runcheck.errors import CannotMirrorError
from runcheck.trackers.mirror import mirror
run, there = sys.argv[1:]
tracker._SECONDS = 1
try:
    mirror(run, "wandb", {"artifact": "none"})
except CannotMirrorError:
    os.environ["WANDB_BASE_URL"] = there
    tracker._SECONDS = 30
    print(mirror(run, "wandb", {"artifact": "none"}).sent)
"""
    done = python_with_wandb.run(
        "-c", script, str(finished), service.address, env={"WANDB_BASE_URL": "http://127.0.0.1:9"}
    )
    assert done.stdout == "27\n", done.stderr
    assert rows_in(kept_of(service, finished)) == rows_of(finished)


@pytest.mark.parametrize(("when", "seconds"), [("file_stream", 3), ("CreateArtifactFiles", 10)])
def test_a_service_that_goes_in_the_middle_or_at_the_end_gets_the_rest_later_and_nothing_twice(  # noqa: PLR0917
    start: Callable[..., Run], service: Service, line: Line, mirror: Send, when: str, seconds: int
) -> None:
    gone = threading.Event()

    def cut() -> None:
        line.cut()
        gone.set()

    service.when = (when, cut)
    run = start(trackers=[runcheck.Mirror("wandb", wait_seconds=seconds)])
    log_some(run)
    assert process_of(run)
    if when == "file_stream":
        assert gone.wait(LONGEST)
    for step in range(20, 40):
        run.log(step, {"loss": 1.0})
    finish(run)
    assert gone.is_set()
    unit = Path(run.path)
    service.when = ("nothing", lambda: None)
    said = re.search(r"(\d+) rows sent(?:; (\d+) rows were there)?", mirror(unit))
    assert said
    assert sum(map(int, filter(None, said.groups()))) == 47
    kept = kept_of(service, unit)
    assert rows_in(kept) == rows_of(unit)
    assert kept.state == "finished"


def test_rows_that_the_client_drops_are_not_said_to_be_there(
    finished: Path, service: Service, line: Line, mirror: Send, python_with_wandb: Preloaded
) -> None:
    service.refuses = "file_stream"  # the client writes that into a log of its own, and ends well
    script = """
import sys
import runcheck.trackers.wandb as tracker
from runcheck.cli import main
tracker._LAG = 0.0
sys.exit(main(sys.argv[1:]))
"""
    done = python_with_wandb.run("-c", script, "mirror", str(finished), "--to", "wandb", "--artifact", "none")
    assert done.returncode == 2
    assert done.stderr == f"runcheck: {finished}: wandb: W&B took 0 of 27 rows\n"
    service.refuses = "nothing"
    assert "27 rows sent" in mirror(finished, "--artifact", "none")
    assert rows_in(kept_of(service, finished)) == rows_of(finished)


def test_files_that_the_service_does_not_take_are_told(
    finished: Path, service: Service, mirror_to_wandb: Mirror, mirror: Send
) -> None:
    service.refuses = "/storage/artifact"
    done = mirror_to_wandb(finished)
    assert done.returncode == 2
    assert "uploads (" in done.stderr
    assert done.stderr.count("\n") == 1
    service.refuses = "nothing"
    assert "0 rows sent; 27 rows were there" in mirror(finished)
    assert service.files(service.artifacts[-1])["SHA256SUMS"] == (finished / "SHA256SUMS").read_bytes()


def test_the_service_process_of_the_client_is_killed_and_all_rows_arrive_once(
    start: Callable[..., Run], service: Service, line: Line
) -> None:
    arrived = threading.Event()
    service.when = ("file_stream", arrived.set)
    with start(trackers=[runcheck.Mirror("wandb", artifact="none")]) as run:
        log_some(run)
        process = process_of(run)
        assert arrived.wait(LONGEST)
        for each in children(process):
            os.kill(each, signal.SIGKILL)
        for step in range(20, 40):
            run.log(step, {"loss": 1.0})
    unit = Path(run.path)
    assert rows_in(kept_of(service, unit)) == rows_of(unit)


def test_the_wait_for_names_is_a_part_of_the_wait_for_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    until = []

    class Silent:
        tracker, wait_seconds, is_done, fault = "wandb", 60.0, False, "silent"

        def __init__(self, mirror: runcheck.Mirror, unit: str) -> None:
            pass

        def named(self, deadline: float) -> dict[str, str]:
            clock[0] = deadline
            return {}

        def end(self) -> None:
            clock[0] += 300.0  # the seal was put on meanwhile, which nobody waits for in vain

        def wait(self, deadline: float, *, is_left: bool) -> None:
            until.append(deadline - clock[0])

    monkeypatch.setattr(processes, "MirrorProcess", Silent)
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    mirrors = processes.Mirrors("unit", [runcheck.Mirror("wandb")])
    mirrors.names(is_hurried=False)
    with pytest.warns(RuntimeWarning, match="not whole at wandb: silent"):
        mirrors.end(is_hurried=False)
    assert until == [60.0 - 20.0 + processes._GRACE]
