"""With a server of Prefect a flow shows there: a real one, on this machine, of which nobody else is told."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flows.project import environment, in_tree, metadata, newest, runcheck, steps, units, write_project

pytest.importorskip("prefect")

LONGEST = 30.0  # seconds until the server has worked off what it was told


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment that names a server of Prefect, which runs until the tests of this module end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = tmp_path_factory.mktemp("prefect")
    quiet = {"PREFECT_HOME": str(home), "DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    words = ("server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui")
    process = subprocess.Popen(
        [sys.executable, "-m", "prefect", *words],
        env=environment(**quiet),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=home,
    )
    address = f"http://127.0.0.1:{port}/api"
    try:
        assert process.stdout is not None
        said = b""
        while b"Check out" not in said and b"dashboard is disabled" not in said:
            line = process.stdout.readline()
            assert line, said.decode()
            said += line
        _wait_for(address, process)
        yield {**quiet, "PREFECT_API_URL": address}
    finally:
        process.terminate()
        process.communicate(timeout=60)


def _wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    """Wait until the server answers; it says that it is there before it is."""
    while process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5):
                return
        except OSError:
            os.sched_yield()
    raise AssertionError("the server of Prefect ended")


def asked(server: dict[str, str], what: str, **body: object) -> list[Any]:
    """Return what the API of the server answers to a filter."""
    request = urllib.request.Request(
        f"{server['PREFECT_API_URL']}/{what}/filter",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        found: list[Any] = json.load(answer)
        return found


def of_the_newest(server: dict[str, str]) -> tuple[Any, dict[str, Any]]:
    """Return the newest flow run of the server, and its task runs by their step, once it has heard how they ended."""
    run = asked(server, "flow_runs", sort="START_TIME_DESC")[0]
    until = time.monotonic() + LONGEST
    while True:
        tasks = asked(server, "task_runs", flow_runs={"id": {"any_": [run["id"]]}})
        if time.monotonic() > until or all(each["state_type"] not in ("PENDING", "RUNNING") for each in tasks):
            return run, {each["name"].rpartition("-")[0]: each for each in tasks}


def test_a_flow_shows_at_the_server_with_its_steps_their_states_and_their_log(
    server: dict[str, str], tmp_path: Path
) -> None:
    project = write_project(tmp_path)
    runcheck(project, "flow", "train", status=0, **server)
    run, tasks = of_the_newest(server)
    assert (run["state_type"], set(tasks)) == ("COMPLETED", {"prepare", "train"})
    assert metadata(newest(project))["trackers"]["prefect"]["flow_run"] == run["id"]
    assert newest(project).name in run["name"]
    lines = [each["message"] for each in asked(server, "logs", logs={"flow_run_id": {"any_": [run["id"]]}})]
    assert {"step 1", "step 2", "step 3"} <= set(lines)

    done = runcheck(project, "flow", "train", status=0, **server)  # the second time nothing changed
    assert "Nothing changed: no step was run." in done.stdout
    assert {task["state_name"] for task in of_the_newest(server)[1].values()} == {"Cached"}
    assert steps(newest(project)) == {"prepare": True, "train": True}
    runcheck(project, "check", "--strict", "--no-cache")


def test_a_step_that_fails_is_tried_again_by_prefect_and_failed_there(server: dict[str, str], tmp_path: Path) -> None:
    project = write_project(tmp_path)
    (project / "broken").write_text("for good")
    done = runcheck(project, "flow", "train", "--retries", "1", status=1, **server)
    assert "runcheck: train ended with status 1: ValueError: the loss went away" in done.stderr
    run, tasks = of_the_newest(server)
    assert (run["state_type"], tasks["train"]["state_type"]) == ("FAILED", "FAILED")
    assert tasks["train"]["run_count"] == 2
    assert metadata(newest(project))["status"] == "failed"
    tried = units(project, "model/numbers_mean_plain")
    assert [metadata(each)["status"] for each in tried] == ["failed", "failed"]
    assert metadata(newest(project))["links"]["failed"] == in_tree(project, tried[-1])
    lines = [each["message"] for each in asked(server, "logs", logs={"flow_run_id": {"any_": [run["id"]]}})]
    assert not any("ghp_" in line for line in lines)


def test_a_server_that_does_not_answer_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/api"
        project = write_project(tmp_path)
        done = runcheck(project, "flow", "train", status=2, PREFECT_API_URL=address, PREFECT_HOME=str(tmp_path / "p"))
    assert f"the server of Prefect at {address} does not answer" in done.stderr
    assert not (project / "artefacts").exists()
