"""A step that fails: it is tried again, the flow says why and where, and its record is a failed unit."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.project import command, environment, in_tree, metadata, newest, runcheck, units, write_project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project, whose flow was not taken yet."""
    return write_project(tmp_path)


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A project whose flow failed in its training, and what it said. Not to be changed."""
    project = write_project(tmp_path_factory.mktemp("failed"))
    (project / "broken").write_text("for good")
    return project, runcheck(project, "flow", "train", status=1).stderr


def test_a_step_that_fails_fails_the_flow_with_the_reason_and_a_failed_record(failed: tuple[Path, str]) -> None:
    project, told = failed
    assert "runcheck: train ended with status 1: ValueError: the loss went away" in told
    assert "Mend the cause and give the same command" in told
    said = metadata(newest(project))
    assert said["status"] == "failed"
    assert "train ended with status 1: ValueError" in said["error"]
    (run,) = units(project, "model/numbers_mean_plain")
    assert said["links"]["failed"] == in_tree(project, run)
    runcheck(project, "check", "--no-cache")


def test_a_secret_that_a_step_prints_is_replaced_as_the_page_shows(failed: tuple[Path, str]) -> None:
    page = (Path(__file__).parents[2] / "docs/flows.md").read_text()
    (shown,) = [line for line in page.splitlines() if line.startswith("runcheck: train ended")]
    assert shown in failed[1].splitlines()


def test_no_secret_that_a_step_prints_is_in_the_record(failed: tuple[Path, str]) -> None:
    record = newest(failed[0])
    assert "the loss went away" in (record / "extra/flow.log").read_text()
    assert "ghp_" not in "".join(each.read_text(errors="replace") for each in record.rglob("*") if each.is_file())


def test_a_step_is_tried_again_as_often_as_is_said(project: Path) -> None:
    (project / "broken").write_text("once")
    done = runcheck(project, "flow", "train", "--retries", "1")
    assert "it is tried again in 0 s" in done.stdout
    assert [metadata(unit)["status"] for unit in units(project, "model/numbers_mean_plain")] == ["failed", "completed"]
    assert metadata(newest(project))["status"] == "completed"


def test_after_the_cause_is_mended_only_what_failed_runs(failed: tuple[Path, str], tmp_path: Path) -> None:
    project = shutil.copytree(failed[0], tmp_path / "project", symlinks=True)
    (project / "broken").unlink()
    done = runcheck(project, "flow", "train")
    assert "Ran train; nothing changed for prepare." in done.stdout


AT_GATE = "is at the gate"


@contextlib.contextmanager
def begun(project: Path, line: str) -> Iterator[tuple["subprocess.Popen[str]", Iterator[str]]]:
    """Begin a flow, wait until it prints ``line``, and yield it with the lines that it has yet to print."""
    with subprocess.Popen(
        command("flow", "train"),
        cwd=project,
        env=environment(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as flow:
        assert flow.stdout is not None
        try:
            seen = next((each for each in flow.stdout if line in each or AT_GATE in each), "")
            assert line in seen
            yield flow, flow.stdout
        except BaseException:
            flow.terminate()
            raise


def test_sigterm_ends_the_step_with_the_flow_and_both_say_so(project: Path) -> None:
    train = project / "train.py"
    train.write_text(
        train.read_text().replace('print("step", step)', 'print("step", step); __import__("time").sleep(60)')
    )
    with begun(project, "step 1") as (flow, _):
        os.kill(flow.pid, signal.SIGTERM)
        assert flow.wait(60) == 128 + signal.SIGTERM
    (run,) = units(project, "model/numbers_mean_plain")
    assert metadata(run)["status"] == "preempted"
    assert metadata(newest(project))["status"] == "preempted"


GATE = f"""
if os.path.exists("gate"):
    print("{AT_GATE}")
    open("gate").close()
"""


@pytest.fixture
def gated(project: Path) -> Iterator[Path]:
    """The project, whose training waits at the end until somebody opens the gate."""
    train = project / "train.py"
    train.write_text(f"{train.read_text()}{GATE}")
    os.mkfifo(project / "gate")
    yield project
    with contextlib.suppress(OSError):  # nobody waits there, unless a test failed
        os.close(os.open(project / "gate", os.O_WRONLY | os.O_NONBLOCK))


def open_gate(project: Path) -> None:
    """Let the training that waits go on, and those to come pass."""
    with (project / "gate").open("w"):
        (project / "gate").unlink()


def test_two_flows_at_once_train_once(gated: Path) -> None:
    with (
        begun(gated, AT_GATE) as (first, lines),
        begun(gated, "train    | waits: another flow") as (other, more),
    ):
        open_gate(gated)
        assert "Ran prepare, train." in "".join(lines)
        assert "Nothing changed: no step was run." in "".join(more)
    assert (first.returncode, other.returncode) == (0, 0)
    assert len(units(gated, "model/numbers_mean_plain")) == 1


def test_a_command_that_a_killed_flow_left_running_is_waited_for_and_counts_for_nothing(gated: Path) -> None:
    with begun(gated, AT_GATE) as (killed, _):
        killed.kill()
    with begun(gated, "train    | waits: another flow is at this step") as (flow, lines):
        open_gate(gated)
        assert "Ran train; nothing changed for prepare." in "".join(lines)
    assert flow.returncode == 0
    assert len(units(gated, "model/numbers_mean_plain")) == 2


EVALUATE = 'evaluate = "python evaluate.py {run} {evaluation}"'


@pytest.mark.parametrize(
    ("instead", "line", "words", "said"),
    [
        ("{data}", "{dat}", (), "{dat} is no placeholder; did you mean data?"),
        ("publish.py", "publish.py {run}", (), "{run} is what the step train makes"),
        (EVALUATE, 'evaluate = "{bundle}"', ("--evaluation", "held-out.txt"), "{bundle} needs --bundle NAME"),
        ("train.py {data}", "'x", (), "flow.train.train: is no command: No closing quotation"),
        ('dataset = "numbers"', "", (), "flow.train: lacks dataset"),
        ("retry-delay-seconds = 0", 'trian = "x"', (), "flow.train.trian: is no key here; did you mean train?"),
        ("", "", ("--evaluation", "none.txt"), "--evaluation none.txt: there is no such file or folder"),
        ("", "", ("--bundle", "../out"), "--bundle '../out': is a path"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_begins(
    project: Path, instead: str, line: str, words: tuple[str, ...], said: str
) -> None:
    configuration = project / "runcheck.toml"
    configuration.write_text(configuration.read_text().replace(instead, line, 1))
    assert said in runcheck(project, "flow", "train", *words, status=2).stderr
    assert not (project / "artefacts").exists()


def test_a_flow_that_there_is_not_is_told_with_those_that_there_are(project: Path) -> None:
    assert "has no flow trian; did you mean train?" in runcheck(project, "flow", "trian", status=2).stderr


def test_a_command_that_there_is_not_is_said_in_one_line(project: Path) -> None:
    configuration = project / "runcheck.toml"
    configuration.write_text(configuration.read_text().replace("python publish.py", "no-such-program"))
    done = runcheck(project, "flow", "train", status=1)
    assert "no-such-program cannot be started: No such file or directory" in done.stderr


def test_a_step_that_makes_no_dataset_is_told_where_one_is_needed(project: Path) -> None:
    (project / "publish.py").write_text("print('nothing')\n")
    assert "train needs {data}, and prepare made no dataset in" in runcheck(project, "flow", "train", status=1).stderr
