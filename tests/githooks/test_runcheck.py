"""The hook ``runcheck``: what a commit brings is judged as it is staged, and nothing else."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import RUN
from tests.githooks.conftest import PRE_COMMIT, Commit, use
from tests.repositories import git, run

SWEEPS = Path(__file__).parents[2] / "fixtures/conventions/sweep-manifest/pass-good/tree"


@pytest.fixture(autouse=True)
def with_hook(top: Path, environment: dict[str, str]) -> None:
    use(top, environment, "runcheck")


@pytest.fixture
def committed(top: Path, commit: Commit) -> None:
    """The good tree is committed, as the hook lets it be."""
    git(top, "add", "--all")
    commit()


def test_a_good_commit_passes(top: Path, commit: Commit) -> None:
    git(top, "add", "--all")
    assert "runcheck" in commit()
    assert git(top, "status", "--porcelain") == ""


def test_a_bad_commit_stops_with_the_finding(top: Path, run_folder: Path, commit: Commit) -> None:
    (run_folder / "summary.yaml").write_text("best: [\n")
    git(top, "add", "--all")
    said = commit(is_fine=False)
    assert "RC304 checksum-mismatch" in said
    assert f"{run_folder.relative_to(top / 'artefacts')}" in said
    assert run(top, "git", "rev-parse", "HEAD", is_fine=False).returncode != 0


@pytest.mark.usefixtures("committed")
def test_a_commit_that_touches_no_tree_passes_although_a_tree_is_broken(
    top: Path, run_folder: Path, commit: Commit
) -> None:
    (run_folder / "summary.yaml").write_text("best: [\n")
    git(top, "add", "--all")
    commit("--no-verify")
    (top / "train.py").write_text("x = 1\n")
    git(top, "add", "--all")
    commit()


@pytest.mark.usefixtures("committed")
def test_what_is_staged_counts_and_not_what_was_changed_since(top: Path, run_folder: Path, commit: Commit) -> None:
    summary = run_folder / "summary.yaml"
    good = summary.read_text()
    summary.write_text(good + "# bad\n")
    git(top, "add", "--all")
    summary.write_text(good)
    assert "RC304" in commit(is_fine=False)
    assert summary.read_text() == good
    git(top, "add", "--all")
    (top / "train.py").write_text("x = 1\n")
    git(top, "add", "--all")
    summary.write_text(good + "# bad, and not staged\n")
    commit()
    assert summary.read_text().endswith("not staged\n")


def test_a_file_of_a_unit_that_nobody_staged_is_missing_although_it_is_there(
    top: Path, run_folder: Path, commit: Commit
) -> None:
    (top / ".gitignore").write_text("summary.yaml\n")
    git(top, "add", "--all")
    said = commit(is_fine=False)
    assert (run_folder / "summary.yaml").exists()
    assert "RC305 listed-file-missing" in said


def test_a_file_that_lies_in_a_unit_and_is_not_staged_is_nothing_to_the_commit(
    top: Path, run_folder: Path, commit: Commit
) -> None:
    git(top, "add", "--all")
    (run_folder / "scratch.txt").write_text("mine")
    commit()
    git(top, "add", "--all")
    assert "RC303 unlisted-file" in commit(is_fine=False)


@pytest.mark.usefixtures("committed")
def test_a_commit_that_only_deletes_is_judged(top: Path, run_folder: Path, commit: Commit) -> None:
    git(top, "rm", "--quiet", str(run_folder / "metrics.jsonl"))
    assert "RC305 listed-file-missing" in commit(is_fine=False)


@pytest.mark.usefixtures("committed")
def test_a_link_that_changed_is_judged(top: Path, commit: Commit) -> None:
    latest = top / "artefacts" / RUN / "latest"
    latest.unlink()
    latest.symlink_to("v7")
    git(top, "add", "--all")
    assert "RC112 latest-dangling" in commit(is_fine=False)


@pytest.mark.usefixtures("committed")
def test_what_commit_all_brings_is_judged_by_its_own_index(top: Path, run_folder: Path, commit: Commit) -> None:
    (run_folder / "summary.yaml").unlink()
    assert "RC305" in commit("--all", is_fine=False)


@pytest.mark.usefixtures("committed")
def test_all_files_are_judged_where_all_are_asked_for(
    top: Path, run_folder: Path, environment: dict[str, str], commit: Commit
) -> None:
    def check() -> int:
        return run(top, *PRE_COMMIT, "run", "--all-files", environment=environment, is_fine=False).returncode

    assert check() == 0
    (run_folder / "summary.yaml").write_text("best: [\n")
    git(top, "add", "--all")
    commit("--no-verify")
    assert check() == 1


@pytest.mark.usefixtures("committed")
def test_the_commits_of_a_branch_are_judged_with_what_they_delete(
    top: Path, run_folder: Path, environment: dict[str, str], commit: Commit
) -> None:
    git(top, "rm", "--quiet", str(run_folder / "metrics.jsonl"))
    commit("--no-verify")

    def check(old: str, new: str) -> int:
        command = (*PRE_COMMIT, "run", "--from-ref", old, "--to-ref", new)
        return run(top, *command, environment=environment, is_fine=False).returncode

    assert check("HEAD~1", "HEAD") == 1
    assert check("HEAD", "HEAD") == 0


@pytest.mark.usefixtures("committed")
def test_a_folder_is_passed_over_by_a_pattern_that_both_are_told(
    top: Path, run_folder: Path, environment: dict[str, str], commit: Commit
) -> None:
    git(top, "rm", "--quiet", str(run_folder / "metrics.jsonl"))
    use(top, environment, "runcheck", exclude="^artefacts/", args=["--exclude", "^artefacts/", "--"])
    commit()


def test_a_commit_to_a_tree_of_a_convention_of_ones_own_is_judged_by_that(top: Path, commit: Commit) -> None:
    shutil.copytree(SWEEPS, top / "sweeping")
    (top / "sweeping/runcheck.toml").write_text('convention = "sweep-manifest"\n')
    git(top, "add", "--all")
    commit()
    git(top, "rm", "-r", "--quiet", "sweeping/sweeps/noise-train")
    assert "SM008 link-to-train" in commit(is_fine=False)
    git(top, "reset", "--quiet", "--hard")
    (top / "sweeping/sweeps/noise-test/aggregate.csv").unlink()
    git(top, "add", "--all")
    assert "SM011 aggregate-missing" in commit(is_fine=False)
