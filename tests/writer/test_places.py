"""Folders of paths that a caller chose: made by several threads at once, and never behind a link."""

import os
from pathlib import Path

import pytest

from runcheck.writer.places import make_folders


def test_a_folder_that_another_thread_makes_meanwhile_is_none_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mkdir = os.mkdir

    def after_another(path: str) -> None:
        mkdir(path)
        mkdir(path)

    monkeypatch.setattr(os, "mkdir", after_another)
    make_folders(str(tmp_path), "checkpoints/5")
    assert (tmp_path / "checkpoints/5").is_dir()


@pytest.mark.parametrize("what", ["link", "file"])
def test_what_is_no_folder_is_not_gone_through(tmp_path: Path, what: str) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "unit").mkdir()
    if what == "link":
        (tmp_path / "unit/a").symlink_to("../outside")
    else:
        (tmp_path / "unit/a").write_bytes(b"")
    with pytest.raises(OSError, match="a folder on the way is"):
        make_folders(str(tmp_path / "unit"), "a/b")
    assert not list((tmp_path / "outside").iterdir())
