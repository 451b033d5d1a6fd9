"""Publishing into a repository with the real Git LFS: what is large goes through it before anybody stages it."""

import shutil
from pathlib import Path

import pytest

from runcheck.errors import CannotReadError
from runcheck.pipeline import check_in
from runcheck.publish.publish import publish
from runcheck.publish.pull import pull
from runcheck.tree.quarantine import Quarantine
from tests.conftest import DATASET
from tests.publish.carried import check_with, dataset_in, files_of
from tests.repositories import commit, git, repository

DATA = f"artefacts/{DATASET}/v1/train.parquet"


@pytest.fixture
def git_lfs() -> None:
    if shutil.which("git-lfs") is None:
        pytest.skip("git-lfs is not on the PATH: NO POINTER IS TESTED; './dev tools' brings Debian's")


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A repository in which nothing is yet."""
    (tmp_path / "kept").mkdir()
    return repository(tmp_path / "kept")


@pytest.mark.usefixtures("git_lfs")
def test_a_unit_is_committed_as_pointers_and_comes_back_with_its_objects(
    tree: Path, tmp_path: Path, kept: Path, quarantine: Quarantine, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(kept, "lfs", "install", "--local")
    published = publish(str(dataset_in(tree)), str(kept / "artefacts"), check_with(quarantine))
    assert published.notes[0].startswith(".gitattributes: written")
    assert len(published.notes) == 1
    commit(kept)
    assert git(kept, "cat-file", "-p", f"HEAD:{DATA}").startswith("version https://git-lfs")
    assert git(kept, "cat-file", "-p", f"HEAD:artefacts/{DATASET}/v1/metadata.json").startswith("{")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(kept), str(clone), GIT_LFS_SKIP_SMUDGE="1")
    report = check_in(quarantine, clone / "artefacts")
    assert not [each for each in report.findings if each.code != "RC208"]
    unit = clone / f"artefacts/{DATASET}/v1"
    with pytest.raises(CannotReadError, match=r"parquet: is a Git LFS pointer, .* `git lfs pull` brings it"):
        pull(str(unit), None, str(tmp_path / "back"))
    git(clone, "lfs", "install", "--local")
    git(clone, "lfs", "pull")
    pull(str(unit), None, str(tmp_path / "back"))
    assert files_of(tmp_path / "back" / DATASET / "v1") == files_of(dataset_in(tree))


def test_where_git_has_the_lines_none_are_added(tree: Path, kept: Path, quarantine: Quarantine) -> None:
    (kept / ".gitattributes").write_text("*.parquet filter=lfs diff=lfs merge=lfs -text\n")
    published = publish(str(dataset_in(tree)), str(kept / "artefacts"), check_with(quarantine))
    assert not (kept / "artefacts/.gitattributes").exists()
    assert published.notes == (
        "Git LFS is not set up for this repository, and Git would take large files whole: git lfs install",
    )


def test_what_git_ignores_needs_no_lines(tree: Path, kept: Path, quarantine: Quarantine) -> None:
    (kept / ".gitignore").write_text("artefacts/\n")
    assert publish(str(dataset_in(tree)), str(kept / "artefacts"), check_with(quarantine)).notes == ()
    assert not (kept / "artefacts/.gitattributes").exists()


def test_attributes_that_are_a_link_stay_as_they_are(tree: Path, kept: Path, quarantine: Quarantine) -> None:
    (kept / "artefacts").mkdir()
    (kept / "elsewhere").write_text("x\n")
    (kept / "artefacts/.gitattributes").symlink_to("../elsewhere")
    published = publish(str(dataset_in(tree)), str(kept / "artefacts"), check_with(quarantine))
    assert published.notes[0] == ".gitattributes: is a link or no file, and stays as it is"
    assert (kept / "elsewhere").read_text() == "x\n"
