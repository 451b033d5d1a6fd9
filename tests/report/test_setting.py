"""What paths are relative to, and whether there are colours."""

import io
import os
from pathlib import Path

import pytest

from runcheck.findings import Report
from runcheck.report.setting import Setting, setting_of


class Terminal(io.StringIO):
    """A stream that a person reads."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def no_wishes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


def test_a_terminal_is_coloured_and_a_pipe_and_a_file_are_not() -> None:
    assert setting_of(stream=Terminal()).is_coloured
    assert not setting_of(stream=io.StringIO()).is_coloured
    assert not setting_of().is_coloured


@pytest.mark.parametrize(
    ("wishes", "on_terminal", "in_pipe"),
    [
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": "0"}, False, False),  # any value but the empty one
        ({"NO_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": ""}, True, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, False),
        ({"TERM": "dumb"}, False, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True, True),
    ],
)
def test_wishes_of_the_environment_count(
    wishes: dict[str, str], on_terminal: bool, in_pipe: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in wishes.items():
        monkeypatch.setenv(name, value)
    assert setting_of(stream=Terminal()).is_coloured is on_terminal
    assert setting_of(stream=io.StringIO()).is_coloured is in_pipe


@pytest.mark.parametrize("git", ["folder", "file"])
def test_the_repository_is_the_folder_above_that_git_has_its_own_in(
    git: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / ".git").mkdir() if git == "folder" else (tmp_path / ".git").write_text("gitdir: elsewhere\n")
    monkeypatch.chdir(below)
    assert setting_of()[:2] == (os.path.realpath(below), os.path.realpath(tmp_path))


@pytest.mark.parametrize(
    ("root", "path", "here", "in_repository"),
    [
        ("/srv/work/artefacts", "model/a/v1", "artefacts/model/a/v1", "work/artefacts/model/a/v1"),
        ("/srv/artefacts", "model/a/v1", "/srv/artefacts/model/a/v1", "artefacts/model/a/v1"),
        ("/srv/workshop", ".", "/srv/workshop", "workshop"),
        ("/srv/work", "model/a/v1", "model/a/v1", "work/model/a/v1"),
        ("/srv/work", ".", ".", "work"),
        ("/elsewhere", "runs.parquet", "/elsewhere/runs.parquet", "/elsewhere/runs.parquet"),
        ("/", "model/a", "/model/a", "/model/a"),
        ("s3://bucket/a", "model/a/v1", "s3://bucket/a/model/a/v1", "s3://bucket/a/model/a/v1"),
        ("memory://", ".", "memory://", "memory://"),
    ],
)
def test_paths_are_relative_where_they_lie_below(
    root: str, path: str, here: str, in_repository: str, report: Report
) -> None:
    setting, of = Setting("/srv/work", "/srv"), report._replace(root=root)
    assert setting.here(of, path) == here
    assert setting.in_repository(of, path) == in_repository
