"""The check of a change, from the command line: only what it touches is judged, and all of what it touches."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from runcheck.convention.layout import layout
from tests.conftest import DATASET, RUN
from tests.repositories import commit, git, repository


@pytest.fixture
def top(tree: Path) -> Path:
    """A repository with the good tree, committed."""
    commit(repository(tree.parent))
    return tree.parent


def runcheck(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "runcheck", "check", *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)


def found(folder: Path, *arguments: str) -> list[tuple[str, str]]:
    """Return the errors of a check, by code and path; it ends as these say."""
    done = runcheck(folder, "--format", "json", *arguments)
    assert done.stderr == ""
    errors = [(each["code"], each["path"]) for each in json.loads(done.stdout)["findings"] if each["level"] == "error"]
    assert done.returncode == bool(errors)
    return errors


def test_without_a_change_nothing_is_checked(top: Path) -> None:
    for how in (["--since", "HEAD"], ["--staged"], ["--hook"]):
        done = runcheck(top, *how)
        assert (done.returncode, done.stderr) == (0, "")
        assert re.fullmatch(
            r"All clean: 0 units, 0 files, 0 B hashed, \d\.\d\d s\.\n", done.stdout
        )  # as docs/ci.md shows


def test_a_unit_that_did_not_change_is_not_judged(top: Path, run_folder: Path) -> None:
    (run_folder / "summary.yaml").write_text("broken: [")
    base = commit(top)
    (top / "artefacts" / DATASET / "v1/note.txt").write_text("x")
    assert [code for code, _ in found(top, "--since", base)] == ["RC303"]
    assert len(found(top, "--since", f"{base}~1")) > 1


def test_a_file_that_was_deleted_is_a_finding_of_its_unit(top: Path, run_folder: Path) -> None:
    (run_folder / "config.json").unlink()
    paths = {(run_folder / "config.json").relative_to(top / "artefacts").as_posix()}
    assert found(top, "--staged") == []
    assert {path for _, path in found(top, "--since", "HEAD")} == paths
    git(top, "add", "--all")
    assert {path for _, path in found(top, "--staged")} == paths
    assert {path for _, path in found(top, "--hook")} == paths


def test_a_dataset_that_is_deleted_is_missed_by_the_run_that_was_made_from_it(top: Path, run_folder: Path) -> None:
    git(top, "rm", "-r", "--quiet", f"artefacts/{DATASET}")
    run = run_folder.relative_to(top / "artefacts").as_posix()
    for how in (["--staged"], ["--hook"], ["--since", "HEAD"]):
        assert ("RC706", f"{run}/metadata.json") in found(top, *how)


def test_a_dataset_that_changed_is_noticed_where_it_is_used_and_the_run_is_not_read_for_it(
    top: Path, run_folder: Path
) -> None:
    (run_folder / "metrics.jsonl").write_text("broken")
    base = commit(top)
    sums = top / "artefacts" / DATASET / "v1/SHA256SUMS"
    lines = sums.read_text().splitlines(keepends=True)
    sums.write_text("".join(line for line in lines if not line.endswith("README.md\n")))
    git(top, "add", "--all")
    run = run_folder.relative_to(top / "artefacts").as_posix()
    for how in (["--staged"], ["--since", base]):
        errors = found(top, *how)
        assert ("RC707", f"{run}/metadata.json") in errors
        assert not any(path == f"{run}/metrics.jsonl" for _, path in errors)


def test_a_latest_that_changed_is_judged_although_no_unit_did(top: Path) -> None:
    latest = top / "artefacts" / RUN / "latest"
    latest.unlink()
    latest.symlink_to("v9")
    assert found(top, "--since", "HEAD") == [("RC112", f"{RUN}/latest")]


def test_files_in_no_tree_are_passed_over_by_a_hook(top: Path) -> None:
    (top / "train.py").write_text("x = 1\n")
    git(top, "add", "--all")
    assert found(top, "--hook", "--", "train.py") == []


def test_a_file_that_is_named_as_an_option_is_a_file(top: Path, run_folder: Path) -> None:
    (run_folder / "summary.yaml").unlink()
    git(top, "add", "--all")
    assert runcheck(top, "--hook", "--", "--fail-on=never").returncode == 1


def test_a_hook_need_not_be_told_of_all_files_of_a_unit(top: Path, run_folder: Path) -> None:
    (run_folder / "summary.yaml").write_text("broken: [")
    (run_folder / "README.md").write_text("# x\n")
    git(top, "add", "--all")
    told = (run_folder / "README.md").relative_to(top).as_posix()
    assert any(path.endswith("summary.yaml") for _, path in found(top, "--hook", "--", told))


def test_outside_of_a_repository_a_change_cannot_be_asked_for(tmp_path: Path) -> None:
    done = runcheck(tmp_path, "--staged")
    assert done.returncode == 2
    assert "not a git repository" in done.stderr


def test_the_level_that_fails_is_chosen(top: Path, run_folder: Path) -> None:
    (top / "artefacts" / layout().registry).unlink()
    warned = ["artefacts", "--select", "RC705"]
    assert runcheck(top, *warned).returncode == 0
    assert runcheck(top, *warned, "--fail-on", "warning").returncode == 1
    (run_folder / "summary.yaml").unlink()
    assert runcheck(top, "artefacts").returncode == 1
    assert runcheck(top, "artefacts", "--fail-on", "never").returncode == 0


@pytest.mark.parametrize("option", [["--outside"], ["--exclude", "x"]])
def test_what_is_about_a_change_is_refused_without_one(top: Path, option: list[str]) -> None:
    done = runcheck(top, *option)
    assert done.returncode == 2
    assert "give --since" in done.stderr


def test_many_units_are_shared_by_processes_that_read_the_index_themselves(top: Path, run_folder: Path) -> None:
    for at in range(2, 70):
        shutil.copytree(run_folder, run_folder.with_name(f"{run_folder.name}-{at}"))
    (run_folder.with_name(f"{run_folder.name}-33") / "summary.yaml").unlink()
    git(top, "add", "--all")
    shutil.rmtree(run_folder.with_name(f"{run_folder.name}-34"))
    alone, shared = (found(top, "--staged", "--select", "RC1,RC3", "--jobs", str(jobs)) for jobs in (1, 2))
    assert alone == shared
    assert [path for code, path in shared if code == "RC305"] == [
        f"{RUN}/{run_folder.name}-33/summary.yaml",
    ]


def test_a_commit_that_is_not_here_is_explained_as_the_page_shows(top: Path) -> None:
    done = runcheck(top, "--since", "origin/main")
    assert done.returncode == 2
    assert done.stderr in (Path(__file__).parents[2] / "docs/ci.md").read_text()


def test_a_registry_that_changed_alone_is_judged_row_by_row(top: Path, run_folder: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    registry = top / "artefacts" / layout().registry
    table = parquet.read_table(registry)
    paths = table.column("path").to_pylist()
    parquet.write_table(table.slice(paths.index(f"{DATASET}/v1"), 1), registry)
    for how in (["--since", "HEAD"], ["--staged"]):
        git(top, "add", "--all")
        assert found(top, *how, "artefacts") == [("RC702", layout().registry)]


def test_a_branch_that_is_pushed_from_another_one_is_judged_as_it_is_there(
    top: Path, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(top, "checkout", "--quiet", "-b", "other")
    (run_folder / "summary.yaml").write_text("broken: [")
    monkeypatch.setenv("PRE_COMMIT_FROM_REF", "main")
    monkeypatch.setenv("PRE_COMMIT_TO_REF", commit(top))
    git(top, "checkout", "--quiet", "main")
    told = (run_folder / "summary.yaml").relative_to(top).as_posix()
    assert any(path.endswith("summary.yaml") for _, path in found(top, "--hook", "--", told))
