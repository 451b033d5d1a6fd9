"""Runs to be mirrored, the commands that do it, and a line to a server of MLflow that can be cut."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

import runcheck
from runcheck.convention.clauses import Level
from runcheck.findings import Finding
from runcheck.writer.run import Run
from tests.mlflow_server import Server
from tests.preloaded import Preloaded, preloaded
from tests.runs import start_run
from tests.wandb_service import KEY, Service, running

PRIVATE = ("WANDB_", "MLFLOW_", "RUNCHECK_")

Mirror = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of no repository, with nobody's keys, and a home that nothing is to be written to."""
    home = tmp_path / "home-of-ada"
    home.mkdir()
    for name in os.environ:
        if name.startswith(PRIVATE):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(home)
    return home


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., Run]:
    """Start a run with arguments that are good unless changed."""
    config = {"learning_rate": 0.1, "optimizer": {"name": "adam", "betas": [0.9, 0.99]}}
    return partial(start_run, tmp_path / "artefacts", config=config)


@pytest.fixture
def finished(start: Callable[..., Run]) -> Path:
    """A run of 27 rows, with a split whose steps lie behind those of the other, and values that are no numbers."""
    with start() as run:
        log_some(run)
    return Path(run.path)


def log_some(run: Run) -> None:
    """Log 27 rows."""
    for step in range(10):
        run.log(step, {"loss": 1 / (step + 1), "recall@10": step / 10})
        if step % 5 == 4:
            run.log(step - 2, {"loss": 2.0}, split="val")
    for step, value in ((10, float("nan")), (11, float("inf")), (12, float("-inf"))):
        run.log(step, {"loss": value})
    run.log(13, {"loss": 0.5, "recall@10": 1.0})


def rows_of(run: Path) -> list[tuple[int, str, str]]:
    """Return the rows of a run, sorted: step, ``split/metric``, value as text."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    rows = [(each["step"], each["split"] + "/" + each["metric"], each) for each in lines]
    return sorted((step, name, str(float(each.get("nonfinite") or each["value"]))) for step, name, each in rows)


def process_of(run: Run) -> int:
    """Return the process that keeps the one copy of a run, once there is a copy."""
    assert run._mirrors is not None
    (process,) = run._mirrors._processes
    assert process.named(time.monotonic() + 120)
    return process._process.pid


def children(process: int) -> list[int]:
    """Return the processes that a process started."""
    found = subprocess.run(["ps", "--ppid", str(process), "-o", "pid="], capture_output=True, text=True)
    return [int(each) for each in found.stdout.split()]


def errors_in(run: Path) -> list[Finding]:
    """Return the errors in the tree of a run."""
    return [each for each in runcheck.check(run.parents[2]).findings if each.level is Level.MUST]


def mirror(run: Path, tracker: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Call ``runcheck mirror`` in a new process."""
    command = [sys.executable, "-m", "runcheck", "mirror", str(run), "--to", tracker, *words]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})


@pytest.fixture
def mirror_to_mlflow(python_with_mlflow: Preloaded) -> Mirror:
    """Return what calls ``runcheck mirror RUN --to mlflow`` where MLflow is loaded."""

    def call(run: Path, *words: str) -> subprocess.CompletedProcess[str]:
        return python_with_mlflow.run("-m", "runcheck", "mirror", str(run), "--to", "mlflow", *words)

    return call


class Line:
    """A line to a server, on a port of its own, that can be cut, or left without an answer."""

    def __init__(self, port: int) -> None:
        self._target = port
        self.is_cut = self.is_silent = False
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Cut it: what is under way ends, what comes is refused."""
        self.is_cut = True
        for each in self._open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End it."""
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self.is_cut:
                    client.close()
                    continue
                self._open.append(client)
                if self.is_silent:
                    continue
                server = socket.create_connection(("127.0.0.1", self._target))
                self._open.append(server)
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=(source, target), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while content := source.recv(1 << 16):
                target.sendall(content)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="session")
def server(mlflow: Server) -> Server:
    """The server of MLflow of this worker, which has the runs of other tests as well."""
    return mlflow


@pytest.fixture
def line(server: Server) -> Iterator[Line]:
    """A line to the server."""
    line = Line(server.port)
    yield line
    line.close()


@pytest.fixture(scope="session")
def python_with_wandb() -> Iterator[Preloaded]:
    """A Python that has imported W&B's client, with what it imports when it begins."""
    with preloaded("wandb", "wandb.apis.public", "wandb.sdk.launch") as python:
        yield python


@pytest.fixture
def service() -> Iterator[Service]:
    """A stand-in for the service of W&B, with nothing in it."""
    with running() as service:
        yield service


@pytest.fixture
def mirror_to_wandb(service: Service, python_with_wandb: Preloaded) -> Mirror:
    """Return what calls ``runcheck mirror RUN --to wandb``, with a key and where W&B's client is loaded."""

    def call(run: Path, *words: str) -> subprocess.CompletedProcess[str]:
        words = ("-m", "runcheck", "mirror", str(run), "--to", "wandb", *words)
        return python_with_wandb.run(*words, env={"WANDB_BASE_URL": service.address, "WANDB_API_KEY": KEY})

    return call
