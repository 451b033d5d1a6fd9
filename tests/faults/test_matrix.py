"""The short form of the fault matrix; ``./dev faults`` is the long one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="each point is a fork")
def test_no_call_at_which_a_run_dies_or_its_disk_fails_harms_what_was_complete_or_passes_as_whole() -> None:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    command = [sys.executable, "-W", "ignore", "-m", "tests.faults.matrix", "29", "61", "4"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 wrong" in done.stdout
