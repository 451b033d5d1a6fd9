"""What Git is asked, and that asking it starts nothing."""

import os
import subprocess
from pathlib import Path

import pytest

from runcheck.probes.contents import GitContent
from runcheck.probes.git import read_git, with_large


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "artefacts").mkdir()
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


def add(repository: Path, name: str, content: str = "x") -> None:
    path = repository / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    git(repository, "-c", "filter.lfs.clean=cat", "add", "--force", name)


def look(root: str, large: list[str]) -> GitContent:
    """Return what Git knows of a tree with large files."""
    known = read_git(root)
    assert known is not None
    return with_large(known, root, large)


def test_a_folder_outside_of_every_repository_has_nothing_to_say(tmp_path: Path) -> None:
    assert read_git(str(tmp_path)) is None


def test_a_repository_without_a_file_is_clean(repository: Path) -> None:
    assert read_git(str(repository / "artefacts")) == GitContent()


@pytest.mark.parametrize(
    ("path", "seen_as"),
    [(".env", "../.env"), ("web/.env.local", "../web/.env.local"), ("artefacts/model/.env", "model/.env")],
)
def test_an_environment_is_found_wherever_it_is_tracked(repository: Path, path: str, seen_as: str) -> None:
    add(repository, path)
    found = read_git(str(repository / "artefacts"))
    assert found == GitContent(environment=(seen_as,))


@pytest.mark.parametrize(
    "name", [".env.example", ".env.sample", ".env.template", "env", ".envrc", "a.env", ".environment"]
)
def test_a_file_of_another_name_is_no_environment(repository: Path, name: str) -> None:
    add(repository, name)
    assert read_git(str(repository / "artefacts")) == GitContent()


@pytest.mark.parametrize("named", [100, 0])
def test_a_large_file_is_plain_where_it_is_tracked_without_a_filter(
    repository: Path, monkeypatch: pytest.MonkeyPatch, named: int
) -> None:
    monkeypatch.setattr("runcheck.probes.git._NAMED", named)
    (repository / ".gitattributes").write_text("*.h5 filter=lfs\n")
    for name in ("a.parquet", "b.h5", "ü \n.parquet", "[a].parquet"):
        add(repository, f"artefacts/{name}")
    (repository / "artefacts/new.parquet").touch()
    asked = ["a.parquet", "b.h5", "new.parquet", "ü \n.parquet", "[a].parquet"]
    found = look(str(repository / "artefacts"), asked)
    assert found == GitContent(plain=frozenset({"a.parquet", "ü \n.parquet", "[a].parquet"}))


def test_attributes_below_the_root_count(repository: Path) -> None:
    add(repository, "artefacts/dataset/x/v1/train.parquet")
    (repository / "artefacts/dataset/.gitattributes").write_text("*.parquet filter=lfs\n")
    assert look(str(repository / "artefacts"), ["dataset/x/v1/train.parquet"]) == GitContent()


def test_a_program_named_in_the_repositorys_configuration_is_not_started(repository: Path, tmp_path: Path) -> None:
    trap = repository / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    add(repository, "artefacts/a.parquet")
    for key in ("core.fsmonitor", "core.pager", "core.sshCommand", "filter.x.clean", "alias.ls-files"):
        git(repository, "config", key, str(trap))
    (repository / ".gitattributes").write_text("*.parquet filter=x\n")
    assert look(str(repository / "artefacts"), ["a.parquet"]) == GitContent(plain=frozenset({"a.parquet"}))
    assert not (tmp_path / "sprung").exists()


def test_where_git_is_not_installed_it_is_said(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    found = read_git(str(repository / "artefacts"))
    assert found == GitContent(unverified="what Git tracks: git is not installed")


def test_a_repository_that_git_cannot_read_is_said_in_its_words(repository: Path) -> None:
    (repository / ".git/config").write_text("[core\n")
    found = read_git(str(repository / "artefacts"))
    assert found is not None
    assert found.unverified is not None
    assert "bad config" in found.unverified


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_LITERAL_PATHSPECS"])
def test_what_git_tells_a_hook_does_not_mislead(repository: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    add(repository, ".env")
    add(repository, "artefacts/large.parquet")
    monkeypatch.setenv(name, str(repository / ".git") if name == "GIT_DIR" else "1")
    found = look(str(repository / "artefacts"), ["large.parquet"])
    assert found == GitContent(("../.env",), frozenset({"large.parquet"}))
