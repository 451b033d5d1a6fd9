"""A real server of MLflow, started once for all tests of a worker, and what it holds, asked by its own protocol."""

import contextlib
import json
import os
import shutil
import signal
import socket
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.preloaded import Preloaded


class Server:
    """What a server of MLflow holds, asked by its own protocol."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.address = f"http://127.0.0.1:{port}"

    def run(self, unit: Path) -> dict[str, Any]:
        """Return the one run that is the copy of a unit.

        Units of other tests may have the same path, which names the second of the start; they began at another moment.
        """
        path = "/".join(unit.parts[-3:])
        created = datetime.fromisoformat(json.loads((unit / "metadata.json").read_text())["created_at"])
        experiments = [
            each["experiment_id"] for each in self._ask("experiments/search", max_results=100)["experiments"]
        ]
        wanted = f"tags.`runcheck.unit` = '{path}'"
        of_path = self._ask("runs/search", experiment_ids=experiments, filter=wanted)["runs"]
        (found,) = [each for each in of_path if int(each["info"]["start_time"]) == int(created.timestamp() * 1000)]
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


@contextlib.contextmanager
def running(folder: Path, python: Preloaded) -> Iterator[Server]:
    """Run a server on 127.0.0.1, with SQLite in a folder, which goes with it."""
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
    environment = {
        **os.environ,
        "HOME": str(folder),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # eight processes that import MLflow and do nothing here
    }
    log = folder / "log"
    process = python.start("-m", "mlflow", "server", *words, env=environment, log=log)
    try:
        until = time.monotonic() + 300
        while not _answers(port):
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.05)
        yield Server(port)
    finally:
        os.killpg(process, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
