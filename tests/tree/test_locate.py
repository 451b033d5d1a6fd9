"""Which tree a path means, and what is said where it means none."""

from pathlib import Path

import pytest

from runcheck.errors import CannotCheckError
from runcheck.tree.locate import locate


def test_where_there_is_no_latest_the_newest_version_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in ("v2", "v10", "v9"):
        (tmp_path / "dataset/digits" / version).mkdir(parents=True)
    slug = tmp_path / "dataset/digits"
    with pytest.raises(CannotCheckError, match=f"there is no latest, .*; the newest version is {slug}/v10: give this"):
        locate(f"{slug}/latest/")
    monkeypatch.chdir(slug)
    with pytest.raises(CannotCheckError, match=r"the newest version is v10: give this"):
        locate("latest")


def test_where_there_is_no_slug_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(CannotCheckError, match=r"latest: there is no folder .*digits$"):
        locate(str(tmp_path / "dataset/digits/latest"))
    (tmp_path / "dataset/digits").mkdir(parents=True)
    with pytest.raises(CannotCheckError, match=r"there is no latest, which is written when a version is completed$"):
        locate(str(tmp_path / "dataset/digits/latest"))
    with pytest.raises(CannotCheckError, match="v1: there is no such file or folder"):
        locate(str(tmp_path / "dataset/digits/v1"))
