"""A report in a file."""

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from runcheck.report.output import CannotReportError, write_report


def test_the_pieces_are_in_the_file_and_nothing_is_beside_it(tmp_path: Path) -> None:
    write_report(str(tmp_path / "report.txt"), iter(["a\n", "日本\udcff\n"]))
    assert (tmp_path / "report.txt").read_bytes() == "a\n日本\\udcff\n".encode()
    assert os.listdir(tmp_path) == ["report.txt"]


def test_an_old_report_stays_where_the_new_one_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    path.write_text("old")

    def pieces() -> Iterator[str]:
        yield "half"
        raise RuntimeError("the second tree is not there")

    with pytest.raises(RuntimeError):
        write_report(str(path), pieces())
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["report.txt"]


def test_a_disk_that_fails_leaves_the_old_report_and_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.txt"
    path.write_text("old")

    def full(_descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CannotReportError, match=r"report\.txt: the report cannot be written: No space left on device"):
        write_report(str(path), ["new"])
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["report.txt"]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(CannotReportError, match="No such file or directory"):
        write_report(str(tmp_path / "nowhere" / "report.txt"), ["x"])
    with pytest.raises(CannotReportError, match="Is a directory"):
        write_report(str(tmp_path), ["x"])


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("old")
    (tmp_path / "report.txt").symlink_to("kept.txt")
    write_report(str(tmp_path / "report.txt"), ["new"])
    assert (tmp_path / "report.txt").is_symlink()
    assert (tmp_path / "kept.txt").read_text() == "new"


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(path.read_bytes()))
    reader.start()
    write_report(str(path), ["x\n"])
    reader.join()
    assert read == [b"x\n"]
    assert stat.S_ISFIFO(path.stat().st_mode)
