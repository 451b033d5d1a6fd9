"""What no numbered call shows: a kill or a Ctrl-C at any moment, a disk of a real size, clocks, and many at once."""

import contextlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from runcheck.errors import CannotWriteError
from runcheck.writer import run as run_module
from tests.checking import check
from tests.runs import start_run

ROOT = Path(__file__).parents[2]
SEEDS = range(int(os.environ.get("RUNCHECK_FAULT_SEEDS", "3")))
_LOST = re.compile(r"(\d+) steps of metrics could not be written")
LOOP = """
import os, random, signal, sys
from pathlib import Path
from tests.runs import start_run
def reached(what):
    os.write(1, (what + "\\n").encode())
"""


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "artefacts"


def script(body: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    return subprocess.Popen([sys.executable, "-c", LOOP + body], stdout=subprocess.PIPE, text=True, env=environment)


def codes(root: Path) -> set[str]:
    return {finding.code for finding in check(root).findings} - {"RC208"}


def rows_of(root: Path) -> list[int]:
    (path,) = root.glob("model/*/2*/metrics.jsonl")
    return [json.loads(line)["step"] for line in path.read_text().splitlines()]


@pytest.mark.parametrize("seed", SEEDS)
def test_not_one_row_is_lost_to_a_kill_at_any_moment(root: Path, seed: int) -> None:
    body = f"""
run = start_run(Path({str(root)!r}))
for step in range(10**9):
    run.log(step, {{"loss": 1.0 / (step + 1)}})
    reached(str(step))
"""
    process = script(body)
    assert process.stdout is not None
    last = random.Random(seed).randrange(1, 3000)
    for line in process.stdout:
        if int(line) >= last:
            break
    process.kill()
    logged = int((["-1", line, *process.stdout.read().split()])[-1])
    process.wait()
    process.stdout.close()
    steps = rows_of(root)
    assert steps == list(range(len(steps)))
    assert len(steps) > logged >= last
    assert {"RC216"} <= codes(root) <= {"RC216", "RC415"}  # its process is gone; an event whose write was cut


@pytest.mark.parametrize("seed", SEEDS)
def test_ctrl_c_at_any_moment_leaves_a_run_that_is_aborted_complete_or_was_never_there(root: Path, seed: int) -> None:
    body = f"""
def interrupt(number, frame):
    signal.raise_signal(signal.SIGINT)
signal.signal(signal.SIGALRM, interrupt)
import runcheck.writer.run, pyarrow.parquet
signal.setitimer(signal.ITIMER_REAL, random.Random({seed}).uniform(0.001, 1.2))
with start_run(Path({str(root)!r})) as run:
    for step in range(3000):
        run.log(step, {{"loss": 1.0 / (step + 1)}})
        reached(str(step))
"""
    process = script(body)
    logged = [int(line) for line in process.communicate(timeout=120)[0].split()]
    units = list(root.glob("model/*/2*"))
    if not units:
        assert not logged
        return
    assert rows_of(root)[: len(logged)] == logged
    metadata = json.loads((units[0] / "metadata.json").read_text())
    assert metadata["status"] in ("aborted", "completed")
    assert codes(root) <= ({"RC406"} if not rows_of(root) else set())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 400 kB."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=400k", "none", str(folder)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("mounting is not permitted here; the fault layer shows a full disk too")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.filterwarnings("ignore:runcheck")
def test_a_disk_that_fills_up_costs_rows_from_there_on_each_of_which_is_counted_and_nothing_else(
    small_disk: Path, recwarn: pytest.WarningsRecorder
) -> None:
    root = small_disk / "artefacts"
    with start_run(root) as first:
        first.log(0, {"loss": 1.0})
    run = start_run(root)
    for step in range(20_000):
        run.log(step, {"loss": 1.0 / (step + 1)})
    with contextlib.suppress(CannotWriteError):
        run.finish()
    lines = Path(run.path, "metrics.jsonl").read_text().splitlines()
    steps = [json.loads(line)["step"] for line in lines]
    (lost,) = (int(found[1]) for each in recwarn if (found := _LOST.search(str(each.message))))
    assert steps[:1001] == list(range(1001))
    assert steps == sorted(set(steps))  # what else is replaced may give some room back, for rows of then
    assert len(steps) + lost == 20_000
    assert os.readlink(Path(run.path).parent / "latest") == Path(first.path).name
    assert codes(root) <= {"RC704", "RC702", "RC415", "RC113", "RC105"}
    with pytest.raises(CannotWriteError):  # noqa: PT012 - at which of them is not said
        for number in range(1000):
            start_run(root, variant=f"v{number}")


def test_a_folder_that_cannot_be_written_is_said_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWriteError, match="cannot be made"):
        start_run(tmp_path / "file" / "artefacts")


def test_a_clock_that_goes_backwards_leaves_a_run_that_conforms(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = time.time()
    with start_run(root) as run:
        for step in range(10):
            monkeypatch.setattr(time, "time", lambda step=step: at - 3600 * step)
            run.log(step, {"loss": 1.0})
        monkeypatch.setattr(run_module, "now", lambda: datetime.now(UTC) - timedelta(days=1))
    assert codes(root) == set()


def test_sixteen_processes_that_write_the_registry_at_once_are_all_in_it(root: Path) -> None:
    body = f"""
import time
import pyarrow.parquet
together = time.monotonic() + 1.0
for number in range(16):
    if os.fork() == 0:
        time.sleep(max(0.0, together - time.monotonic()))
        with start_run(Path({str(root)!r}), variant=f"v{{number}}") as run:
            run.log(0, {{"loss": 1.0}})
        os._exit(0)
reached(" ".join(str(os.wait()[1]) for _ in range(16)))
"""
    assert script(body).communicate(timeout=120)[0].split() == ["0"] * 16
    rows = pq.read_table(root / "runs.parquet").to_pylist()
    assert {row["slug"] for row in rows} == {f"digits_logreg_v{number}" for number in range(16)}
    assert {row["status"] for row in rows} == {"completed"}
    assert codes(root) == set()
