"""Hooks in a repository with the real Git LFS: a pointer stands for its object, wherever that is."""

from pathlib import Path

import pytest

from tests.conftest import DATASET
from tests.githooks.conftest import PRE_COMMIT, Commit, use
from tests.repositories import git, run

pytestmark = pytest.mark.usefixtures("git_lfs")
DATA = f"artefacts/{DATASET}/v1/train.parquet"


@pytest.fixture(autouse=True)
def with_lfs(top: Path, environment: dict[str, str]) -> None:
    """Let Git LFS have the Parquet files of the repository, all of which is staged."""
    git(top, "lfs", "install", "--local")
    git(top, "lfs", "track", "*.parquet")
    use(top, environment, "runcheck")
    git(top, "add", "--all")


def test_pointers_in_the_index_pass_with_their_objects(top: Path, commit: Commit) -> None:
    assert git(top, "cat-file", "-p", f":{DATA}").startswith("version https://git-lfs")
    commit()


def test_pointers_pass_without_their_objects(top: Path, commit: Commit, environment: dict[str, str]) -> None:
    commit()
    clone = top.parent / "clone"
    git(top.parent, "clone", "--quiet", str(top), str(clone), GIT_LFS_SKIP_SMUDGE="1")
    assert (clone / DATA).read_text().startswith("version https://git-lfs")
    done = run(clone, *PRE_COMMIT, "run", "--all-files", "--verbose", environment=environment)
    assert "Git LFS" in done.stdout


def test_a_pointer_to_another_object_stops_the_commit(top: Path, commit: Commit) -> None:
    commit()
    (top / DATA).write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 811\n")
    git(top, "add", "--all")
    assert "RC308 lfs-disagrees" in commit(is_fine=False)


def test_what_a_pointer_stands_for_is_looked_into_where_it_is(top: Path, commit: Commit) -> None:
    (top / DATA).write_bytes(b"PAR1 and no more")
    git(top, "add", "--all")
    assert "RC304 checksum-mismatch" in commit(is_fine=False)
