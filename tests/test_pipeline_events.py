"""Event files in the whole pipeline: a run of the writer, with one thing changed."""

import json
import shutil
import struct
from pathlib import Path

import pytest

from runcheck.findings import Report
from runcheck.writer.log.tensorboard import EventFile
from tests.checking import check

CODES = {"RC415", "RC416"}


@pytest.fixture
def events(run_folder: Path) -> Path:
    """The event file of the run."""
    (path,) = (run_folder / "tensorboard").iterdir()
    return path


def found(tree: Path) -> list[tuple[str, str]]:
    """Return the findings about event files: code and name of the file."""
    return [
        (finding.code, finding.path.rpartition("/")[2]) for finding in check(tree).findings if finding.code in CODES
    ]


def set_status(run_folder: Path, status: str) -> None:
    path = run_folder / "metadata.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "status": status}))


def test_a_run_of_the_writer_has_neither_finding(tree: Path, events: Path) -> None:
    assert found(tree) == []


def test_a_row_edited_in_the_metrics_alone_is_named(tree: Path, run_folder: Path, events: Path) -> None:
    path = run_folder / "metrics.jsonl"
    path.write_text(path.read_text().replace("0.25", "0.125"))
    (message,) = (finding.message for finding in check(tree).findings if finding.code == "RC416")
    assert "train/loss" in message
    assert "step 4" in message
    assert "0.25 here" in message
    assert "0.125 in the metrics" in message


def test_a_broken_file_is_not_compared_as_well(tree: Path, events: Path) -> None:
    content = events.read_bytes()
    events.write_bytes(content[:100] + bytes(50) + content[150:])
    assert found(tree) == [("RC415", events.name)]


@pytest.mark.parametrize(
    ("status", "codes"),
    [
        ("running", []),
        ("failed", ["RC415"]),
        ("preempted", ["RC415"]),
        ("aborted", ["RC415"]),
        ("completed", ["RC415"]),
    ],
)
def test_only_a_running_run_may_be_torn(
    tree: Path, run_folder: Path, events: Path, status: str, codes: list[str]
) -> None:
    set_status(run_folder, status)
    events.write_bytes(events.read_bytes()[:-3])
    assert [code for code, _ in found(tree)] == codes


@pytest.mark.parametrize(("status", "codes"), [("running", []), ("failed", ["RC416"]), ("completed", ["RC416"])])
def test_only_a_running_run_may_be_behind(
    tree: Path, run_folder: Path, events: Path, status: str, codes: list[str]
) -> None:
    set_status(run_folder, status)
    with (run_folder / "metrics.jsonl").open("a") as stream:
        stream.write('{"step": 9, "split": "train", "metric": "loss", "value": 0.5}\n')
    assert [code for code, _ in found(tree)] == codes


def test_a_pointer_of_git_lfs_in_the_place_of_an_event_file_is_not_compared(tree: Path, events: Path) -> None:
    events.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 1234\n")
    assert found(tree) == []


def test_a_run_without_event_files_has_neither_finding(tree: Path, events: Path) -> None:
    shutil.rmtree(events.parent)
    assert found(tree) == []


def test_metrics_with_a_defect_are_not_compared(tree: Path, run_folder: Path, events: Path) -> None:
    with (run_folder / "metrics.jsonl").open("a") as stream:
        stream.write("torn")
    assert found(tree) == []


def test_a_second_file_with_the_same_points_is_the_same_log(tree: Path, events: Path) -> None:
    shutil.copy(events, events.with_name("events.out.tfevents.9999999999.runcheck"))
    assert found(tree) == []


def test_a_second_file_with_a_further_point_is_found_at_the_folder(tree: Path, events: Path) -> None:
    further = EventFile(str(events.parent), 9999999999.0)
    further.write(77, "train", [("loss", 0.5)], 9999999999.0)
    further.close()
    assert found(tree) == [("RC416", "tensorboard")]


def of(report: Report) -> str:
    return "\n".join(f"{finding.message} {finding.help}" for finding in report.findings if finding.code in CODES)


def test_where_a_torn_file_is_to_be_cut_is_said(tree: Path, events: Path) -> None:
    content = events.read_bytes()
    events.write_bytes(content + struct.pack("<Q", 99))
    assert f"truncate -s {len(content)}`" in of(check(tree))
