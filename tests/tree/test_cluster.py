"""Work in a Dask cluster: the same answers in the same order, few at a time; what is not fit for it is said."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from runcheck.convention.settings import Settings
from runcheck.errors import CannotCheckError, InvalidArgumentError
from runcheck.findings import Report
from runcheck.judgement import Judgement
from runcheck.pipeline import check_in
from runcheck.tree.cluster import Dask
from runcheck.tree.executor import Here, WorkerLostError
from runcheck.tree.marks import marks_of
from runcheck.tree.program import differences, versions
from runcheck.tree.quarantine import Quarantine

pytest.importorskip("distributed")

from tests.clusters import address_of_two, cluster_of
from tests.object_store import to_s3

RUNCHECK = [sys.executable, "-m", "runcheck"]


@pytest.fixture(scope="module")
def address() -> str:
    """The scheduler of two workers."""
    return address_of_two()


def square(number: int) -> tuple[int, int]:
    """Return the square of a number and the process that computed it."""
    return number * number, os.getpid()


def refuse(error: Exception, number: int) -> int:
    """Raise what the work may raise, at the seventh item."""
    if number == 7:
        raise error
    return number


def die_once(seen: str, number: int) -> int:
    """End the process that does the work, at the seventh item, but for the second time."""
    if number == 7 and not os.path.exists(seen):
        Path(seen).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die(number: int) -> int:
    """End the process that does the work, at the seventh item."""
    if number == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


class Handed(Sequence[int]):
    """So many numbers, which know how many of them were handed over."""

    def __init__(self, count: int) -> None:
        self.numbers = range(count)
        self.most = 0

    def __getitem__(self, at: int | slice) -> "int | Sequence[int]":  # type: ignore[override]
        assert isinstance(at, slice)
        self.most = at.stop
        return self.numbers[at]

    def __len__(self) -> int:
        return len(self.numbers)


def test_answers_come_in_the_order_of_the_items_from_other_processes(address: str) -> None:
    for size in (1, 7, 32):
        answers = list(Dask(address, tasks=4, items_a_task=size).map(square, range(100)))
        assert [answer for answer, _ in answers] == [number**2 for number in range(100)]
        assert os.getpid() not in {process for _, process in answers}


def test_no_item_is_no_answer(address: str) -> None:
    assert list(Dask(address).map(square, [])) == []


def test_no_more_than_so_many_tasks_are_handed_out_before_their_answers_are_taken(address: str) -> None:
    items = Handed(200)
    for taken, _ in enumerate(Dask(address, tasks=5, items_a_task=4).map(square, items)):
        assert items.most <= (taken // 4 + 5) * 4
    assert items.most >= 200


def test_who_takes_no_more_answers_leaves_no_task_behind(address: str) -> None:
    from distributed import Client

    answers = Dask(address, tasks=50, items_a_task=1).map(square, range(1000))
    next(answers)
    answers.close()
    with Client(address, set_as_default=False) as client:
        left = partial(client.run_on_scheduler, lambda dask_scheduler: len(dask_scheduler.tasks))
        assert any(left() == 0 for _ in range(1000))


@pytest.mark.parametrize("error", [ValueError("seven"), PermissionError(13, "seven"), TimeoutError("seven")])
def test_what_the_work_raises_is_raised(address: str, error: Exception) -> None:
    with pytest.raises(type(error), match="seven"):
        list(Dask(address).map(partial(refuse, error), range(20)))


def test_the_work_of_a_worker_that_ends_is_done_by_another(address: str, tmp_path: Path) -> None:
    assert list(Dask(address).map(partial(die_once, str(tmp_path / "seen")), range(20))) == [*range(20)]


def test_work_that_ends_each_worker_is_an_error_and_not_a_shorter_answer(address: str) -> None:
    with pytest.raises(WorkerLostError, match=r"2 workers ended over the same units, the last at tcp://.*memory"):
        list(Dask(address).map(die, range(20)))


def test_a_cluster_without_workers_is_not_waited_for_for_ever() -> None:
    with cluster_of(0) as cluster, pytest.raises(WorkerLostError, match=r"has had no worker in 0\.1 s"):
        list(Dask(cluster.scheduler_address, patience=0.1).map(square, range(20)))


def test_a_scheduler_that_goes_away_is_an_error_and_dask_says_nothing_of_it() -> None:
    script = (
        "import sys; from tests.clusters import cluster_of\n"
        "if __name__ == '__main__':\n"
        "    with cluster_of(1) as cluster: print(cluster.scheduler_address, flush=True); sys.stdin.read()"
    )
    kill = (
        "import os, sys; from functools import partial; from runcheck.tree.cluster import Dask\n"
        "list(Dask(sys.argv[1]).map(partial(os.kill, int(sys.argv[2])), [9] * 3))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        done = subprocess.run([sys.executable, "-c", kill, address, str(process.pid)], capture_output=True, text=True)
    assert done.stderr.endswith(f"WorkerLostError: dask:{address}: lost touch with the scheduler\n")
    assert " - distributed." not in done.stderr


def test_an_address_where_no_scheduler_listens_is_told_by_one_line(tree: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    done = subprocess.run(
        [*RUNCHECK, tree, "--no-cache", "--executor", f"dask:127.0.0.1:{port}"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"runcheck: dask:127.0.0.1:{port}: no scheduler of Dask answers there: ")
    assert done.stderr.count("\n") == 1


def test_who_answers_but_is_no_scheduler_is_told_by_one_line(tree: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10)

        thread = threading.Thread(target=answer)
        thread.start()
        where = f"dask:127.0.0.1:{server.getsockname()[1]}"
        done = subprocess.run([*RUNCHECK, tree, "--executor", where], capture_output=True, text=True)
        thread.join()
    assert done.returncode == 2
    assert done.stderr.startswith(f"runcheck: {where}: no scheduler of Dask answers there: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("address", ["nonsense", "tcp://nonsense", "foo://host:1", "host:port"])
def test_what_is_no_address_is_told(address: str) -> None:
    with pytest.raises(InvalidArgumentError, match=f"dask:{address}: is no address"):
        list(Dask(address).map(square, range(3)))


def test_a_worker_with_another_library_does_nothing(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    here = {**versions(), "numpy": "1.0", "more": "2"}
    monkeypatch.setattr("runcheck.tree.cluster.versions", lambda: here)
    numpy = versions()["numpy"]
    with pytest.raises(CannotCheckError, match=f"Dask worker tcp://.* has numpy {numpy} and not 1.0, more is missing"):
        list(Dask(address).map(square, range(20)))


def test_a_worker_without_this_library_does_nothing(tmp_path: Path) -> None:
    preload = tmp_path / "without.py"
    preload.write_text("import sys\nsys.modules['runcheck'] = None\n")
    with (
        cluster_of(1, preload=[str(preload)]) as cluster,
        pytest.raises(CannotCheckError, match="a worker has no runcheck"),
    ):
        list(Dask(cluster.scheduler_address).map(square, range(20)))


def test_versions_are_told_apart_by_name() -> None:
    assert differences(versions(), versions()) == []
    ours: dict[str, str | None] = {"a": "1", "b": None, "c": "3"}
    theirs: dict[str, str | None] = {"a": "2", "b": "1", "c": None}
    assert differences(theirs, ours) == ["a 2 and not 1", "b 1 and not none", "c is missing and not 3"]


@pytest.fixture(params=["good", "damaged"])
def shown(request: pytest.FixtureRequest, tree: Path, run_folder: Path) -> Path:
    """A tree as it should be, and one with damages of a document, of a list and of a native format."""
    if request.param == "damaged":
        (run_folder / "summary.yaml").unlink()
        (run_folder / "README.md").write_text("changed")
        parquet = next(tree.glob("dataset/*/v1/*.parquet"))
        parquet.write_bytes(parquet.read_bytes()[:-9])
    return tree


def test_a_report_is_the_same_as_that_of_this_process(shown: Path, address: str, quarantine: Quarantine) -> None:
    here = check_in(quarantine, shown, Judgement(depth="deep", pedantic=True), executor=Here())
    there = check_in(quarantine, shown, Judgement(depth="deep", pedantic=True), executor=Dask(address))
    assert comparable(there) == comparable(here)


def test_the_settings_of_a_team_reach_the_workers(tree: Path, address: str, quarantine: Quarantine) -> None:
    settings = Settings(further_tags={"model": ("sweep",)})
    report = check_in(quarantine, tree, Judgement(settings=settings), executor=Dask(address))
    assert "RC802" in {each.code for each in report.findings}


def comparable(report: Report) -> Report:
    """Return a report without its clock."""
    return report._replace(seconds=0.0)


def test_the_command_line_says_the_same_and_nothing_of_dask(tree: Path, run_folder: Path, address: str) -> None:
    (run_folder / "summary.yaml").unlink()
    command = [*RUNCHECK, str(tree), "--no-cache", "--format", "json"]
    here = subprocess.run(command, capture_output=True, text=True)
    there = subprocess.run([*command, "--executor", f"dask:{address}"], capture_output=True, text=True)
    assert (there.returncode, there.stderr) == (1, "")
    assert "RC105" in there.stdout
    without_clock = [line for line in there.stdout.splitlines() if "seconds" not in line]
    assert without_clock == [line for line in here.stdout.splitlines() if "seconds" not in line]


def test_a_worker_that_sees_another_tree_is_an_error_and_not_a_list_of_missing_files(
    tree: Path, address: str, quarantine: Quarantine, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tuple((name, inode + 1) for name, inode in marks_of(str(tree)))
    monkeypatch.setattr("runcheck.pipeline.marks_of", lambda root: other)
    with pytest.raises(CannotCheckError, match=f"the Dask worker tcp://.*: {tree}: is another folder"):
        check_in(quarantine, tree, executor=Dask(address))


def test_the_workers_read_a_store_themselves(tree: Path, run_folder: Path, address: str) -> None:
    (run_folder / "config.json").write_text("{")
    (run_folder / "plots").mkdir()
    (run_folder / "plots/x.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    url = to_s3(tree, "artefacts")
    with Quarantine() as readers:  # started anew, so that they find the server in the environment
        there = check_in(readers, url, Judgement(depth="deep"), executor=Dask(address))
        here = check_in(readers, url, Judgement(depth="deep"))
    assert there.findings == here.findings != ()
    assert there.hashed_bytes == here.hashed_bytes > 0
