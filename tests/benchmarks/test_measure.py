"""Measuring one process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.measure import Command, children_of, evict, measure, peak_memory

ALLOCATE = "held = bytearray(150_000_000)"
IN_A_CHILD = (
    f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{ALLOCATE}; import time; time.sleep(0.1)'])"
)


def python(code: str) -> Command:
    return Command([sys.executable, "-c", code])


def test_the_largest_process_is_found_among_the_children() -> None:
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {ALLOCATE!r}])"
    script = (
        "import sys\nfrom benchmarks.measure import Command, measure\n"
        f"print(measure(Command([sys.executable, '-c', {child!r}])).largest)"
    )
    # This process may have been larger than what is to be found, and hands its peak down: the shell's child has none.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = ["sh", "-c", '"$@"; exit $?', "sh", sys.executable, "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 150_000_000


def test_a_process_smaller_than_the_one_that_measures_has_no_size() -> None:
    assert measure(python("pass")).largest == 0


def test_the_peak_of_all_processes_counts_children() -> None:
    before = set(children_of(os.getpid()))
    assert peak_memory(python(IN_A_CHILD)) > 150_000_000
    assert set(children_of(os.getpid())) <= before


def test_a_process_that_fails_is_no_measurement() -> None:
    with pytest.raises(RuntimeError, match="status 3\nno such tree"):
        measure(python("import sys; print('no such tree', flush=True); sys.exit(3)"))


def test_a_status_that_is_expected_is_one() -> None:
    assert measure(Command([sys.executable, "-c", "raise SystemExit(1)"], statuses=(0, 1))).cpu > 0


def test_eviction_leaves_the_content(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    evict([path])
    assert path.read_bytes() == b"abc"
