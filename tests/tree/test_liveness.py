"""Whether the process of a heartbeat ended, as far as this machine can know."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import runcheck
from runcheck.convention.documents import Heartbeat
from runcheck.tree import liveness

START = """
import os, sys
import runcheck
run = runcheck.start_run(sys.argv[1], dataset="a", model="b", variant="c", config={}, seeds={"init": 0},
                         tags={"experiment": "e", "run_type": "train"}, data={"kind": "synthetic", "seed": 1},
                         description="A run.", risks="None.")
run.log(0, {"loss": 1.0})
if sys.argv[2:]:
    print(*[finding.code for finding in runcheck.check(sys.argv[1]).findings])
sys.stdout.flush()
os._exit(0)
"""


def found_after(root: Path, *more: str) -> tuple[str, set[str]]:
    """Return what the process that wrote a run printed, and the messages of RC216 once it is gone."""
    command = [sys.executable, "-c", START, str(root), *more]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root.parent)
    return done.stdout, {each.message for each in runcheck.check(root).findings if each.code == "RC216"}


def test_a_run_whose_process_is_gone_is_told_at_once_and_while_it_lives_it_is_not(tmp_path: Path) -> None:
    codes, messages = found_after(tmp_path / "artefacts", "check")
    assert "RC216" not in codes
    (message,) = messages
    assert message.startswith("says that the run is running; process ")
    assert message.endswith(" of this machine, which wrote it, ended")


def test_a_heartbeat_of_another_machine_is_judged_by_its_age_alone(tmp_path: Path) -> None:
    root = tmp_path / "artefacts"
    found_after(root)
    (heartbeat,) = root.glob("model/*/2*/heartbeat.json")
    heartbeat.write_text(heartbeat.read_text().replace(liveness.host(), "0" * 64))
    assert not [each for each in runcheck.check(root).findings if each.code == "RC216"]


def test_where_a_system_hides_processes_a_signal_tells_whether_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    heartbeat: Heartbeat = {
        "schema_version": "1.0",
        "at": "2026-01-01T00:00:00Z",
        "process": os.getppid(),
        "boot": liveness.boot(),
        "host": liveness.host(),
    }
    exists = os.path.exists
    monkeypatch.setattr(os.path, "exists", lambda path: not str(path).startswith("/proc/") and exists(path))
    assert not liveness.is_gone(heartbeat)
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    assert liveness.is_gone({**heartbeat, "process": process.pid})


def test_of_a_container_with_numbers_of_its_own_nothing_is_known_however_old() -> None:
    heartbeat: Heartbeat = {
        "schema_version": "1.0",
        "at": "2026-01-01T00:00:00Z",
        "process": 1,
        "boot": liveness.boot(),
        "namespace": "0" * 64,
        "host": liveness.host(),
    }
    assert not liveness.is_gone(heartbeat)
