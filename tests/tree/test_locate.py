"""Which tree a path means, and what is said where it means none."""

from pathlib import Path

import pytest

from runcheck.convention.layout import layout
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


def test_who_is_within_a_tree_already_is_told_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / layout().registry).touch()
    (tmp_path / "model/slug").mkdir(parents=True)
    for folder, root in (("", r"\."), ("model/slug", r"\.\./\.\.")):
        monkeypatch.chdir(tmp_path / folder)
        with pytest.raises(CannotCheckError, match=rf"^artefacts: there is no such .*; there is a tree at {root}$"):
            locate("artefacts")
    with pytest.raises(CannotCheckError, match=r"artefacts: there is no such file or folder$"):
        locate(str(tmp_path / "artefacts"))
