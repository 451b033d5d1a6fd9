"""The real pre-commit in a real repository. Nothing here reaches the network."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
import yaml

from tests.repositories import git, repository, run

PROJECT = Path(__file__).parents[2]
MANIFEST = PROJECT / ".pre-commit-hooks.yaml"
PRE_COMMIT = (sys.executable, "-m", "pre_commit")
Commit: TypeAlias = Callable[..., str]


@pytest.fixture(autouse=True)
def with_pre_commit() -> None:
    if importlib.util.find_spec("pre_commit") is None:
        pytest.skip("pre-commit is not installed: NO HOOK IS TESTED; it is in the group dev of pyproject.toml")


@pytest.fixture
def git_lfs() -> None:
    if shutil.which("git-lfs") is None:
        pytest.skip("git-lfs is not on the PATH: NO POINTER IS TESTED; './dev tools' brings Debian's")


@pytest.fixture
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What pre-commit is told of this machine: an empty cache of its own, and the ``runcheck`` of these tests."""
    home = tmp_path_factory.mktemp("home")
    tools = Path(sys.executable).parent
    (home / "bin").mkdir()
    (home / "bin/runcheck").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m runcheck "$@"\n')
    (home / "bin/runcheck").chmod(0o755)
    return {
        "HOME": str(home),
        "PRE_COMMIT_HOME": str(home / "cache"),
        "PATH": os.pathsep.join((str(home / "bin"), str(tools), os.environ["PATH"])),
        "PIP_NO_INDEX": "1",
        "XDG_DATA_HOME": str(home / "data"),
    }


@pytest.fixture
def top(tree: Path, environment: dict[str, str]) -> Path:
    """A repository with the good tree in it, of which nothing is staged yet."""
    return repository(tree.parent)


def use(top: Path, environment: dict[str, str], *ids: str, **more: object) -> None:
    """Install these hooks of the manifest, run by the ``runcheck`` of these tests."""
    manifest = {each["id"]: each for each in yaml.safe_load(MANIFEST.read_text())}
    hooks = [{**manifest[name], "language": "system", **more} for name in ids]
    configure(top, environment, {"repo": "local", "hooks": hooks})


def configure(top: Path, environment: dict[str, str], *repositories: dict[str, object]) -> None:
    """Write the configuration of pre-commit, and let it install itself as a hook of Git."""
    (top / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": list(repositories)}))
    git(top, "add", ".pre-commit-config.yaml")
    run(top, *PRE_COMMIT, "install", environment=environment)


@pytest.fixture
def commit(top: Path, environment: dict[str, str]) -> Commit:
    """Commit what is staged, and return what the hooks say; None of them failed if ``is_fine``."""

    def try_it(*arguments: str, is_fine: bool = True) -> str:
        done = run(top, "git", "commit", "--message", "x", *arguments, environment=environment, is_fine=is_fine)
        assert (done.returncode == 0) is is_fine, f"{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    return try_it
