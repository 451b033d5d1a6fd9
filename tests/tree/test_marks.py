"""What a tree is known by: a copy is not the tree, and a change in it is."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runcheck.errors import CannotCheckError
from runcheck.tree.marks import assert_here, marks_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_tree_that_grows_is_still_the_tree(tree: Path) -> None:
    marks = marks_of(str(tree))
    assert [name for name, _ in marks] == ["", "dataset", "model"]
    (tree / "model/other/v1").mkdir(parents=True)
    (tree / "runs.parquet").unlink()
    (tree / "notes.txt").touch()
    assert_here(str(tree), marks, NOW)


def test_a_copy_is_not_the_tree(tree: Path) -> None:
    marks = marks_of(str(tree))
    shutil.copytree(tree, tree.parent / "copy", symlinks=True)
    tree.rename(tree.parent / "before")
    (tree.parent / "copy").rename(tree)
    with pytest.raises(CannotCheckError, match=f"{tree}: is another folder"):
        assert_here(str(tree), marks, NOW)


def test_no_tree_is_not_the_tree_in_each_check_anew(tree: Path) -> None:
    marks = marks_of(str(tree))
    assert_here(str(tree), marks, NOW)
    tree.rename(tree.parent / "before")
    with pytest.raises(CannotCheckError, match=f"{tree}: there is no such folder"):
        assert_here(str(tree), marks, NOW.replace(year=2027))
