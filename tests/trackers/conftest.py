"""Runs to be mirrored, the commands that do it, and a real server of MLflow behind a line that can be cut."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import runcheck
from runcheck.convention.clauses import Level
from runcheck.findings import Finding
from runcheck.writer.run import Run
from tests.runs import start_run

PRIVATE = ("WANDB_", "MLFLOW_", "RUNCHECK_")


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


def errors_in(run: Path) -> list[Finding]:
    """Return the errors in the tree of a run."""
    return [each for each in runcheck.check(run.parents[2]).findings if each.level is Level.MUST]


def mirror(run: Path, tracker: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Call ``runcheck mirror`` in a process of its own, which an in-house client would change."""
    command = [sys.executable, "-m", "runcheck", "mirror", str(run), "--to", tracker, *words]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})


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


class Server:
    """What a server of MLflow holds, asked by its own protocol."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.address = f"http://127.0.0.1:{port}"

    def run(self, unit: Path) -> dict[str, Any]:
        """Return the one run that is the copy of a unit."""
        path = "/".join(unit.parts[-3:])
        experiments = [
            each["experiment_id"] for each in self._ask("experiments/search", max_results=100)["experiments"]
        ]
        wanted = f"tags.`runcheck.unit` = '{path}'"
        (found,) = self._ask("runs/search", experiment_ids=experiments, filter=wanted)["runs"]
        data = found["data"]
        info: dict[str, Any] = found["info"]
        return {
            "id": info["run_id"],
            "status": info["status"],
            "info": info,
            "tags": {each["key"]: each["value"] for each in data.get("tags", ())},
            "parameters": {each["key"]: each["value"] for each in data.get("params", ())},
            "metrics": [each["key"] for each in data.get("metrics", ())],
        }

    def rows(self, unit: Path) -> list[tuple[int, str, str]]:
        """Return the rows of the copy of a unit, sorted, without those that are the best."""
        run = self.run(unit)
        rows = []
        for name in run["metrics"]:
            if not name.startswith("best/"):
                history = self._get("metrics/get-history", run_id=run["id"], metric_key=name)["metrics"]
                rows += [(int(each.get("step", 0)), name, str(float(each["value"]))) for each in history]
        return sorted(rows)

    def files(self, unit: Path) -> list[str]:
        """Return the files of the copy of a unit, at its top."""
        found = self._get("artifacts/list", run_id=self.run(unit)["id"]).get("files", ())
        return sorted(each["path"] for each in found)

    def _ask(self, path: str, **body: object) -> dict[str, Any]:
        request = urllib.request.Request(f"{self.address}/api/2.0/mlflow/{path}", json.dumps(body).encode())
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def _get(self, path: str, **words: str) -> dict[str, Any]:
        query = urllib.parse.urlencode(words)
        with urllib.request.urlopen(f"{self.address}/api/2.0/mlflow/{path}?{query}") as answer:
            found: dict[str, Any] = json.load(answer)
            return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real server of MLflow on 127.0.0.1, with SQLite."""
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = {
        "backend-store-uri": f"sqlite:///{folder}/mlflow.db",
        "artifacts-destination": str(folder / "artifacts"),
        "host": "127.0.0.1",
        "port": str(port),
        "workers": "1",
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    command = [sys.executable, "-m", "mlflow", "server", *words]
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "HOME": str(folder)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
    try:
        until = time.monotonic() + 300
        while not _answers(port):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < until, (folder / "log").read_text()
            time.sleep(0.2)
        yield Server(port)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def line(server: Server) -> Iterator[Line]:
    """A line to the server."""
    line = Line(server.port)
    yield line
    line.close()


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
