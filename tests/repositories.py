"""Repositories of Git for tests: made in a temporary folder, with nothing of the configuration of whoever tests."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PRE_COMMIT"))},
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    **{f"GIT_{who}_{what}": "ada@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


def git(folder: Path, *arguments: str, **more: str) -> str:
    """Run Git in a folder and return what it prints."""
    return run(folder, "git", *arguments, environment=more).stdout


def run(
    folder: Path, *command: str, environment: Mapping[str, str] | None = None, is_fine: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder; it ends well if ``is_fine``."""
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env={**ENVIRONMENT, **(environment or {})}
    )
    assert done.returncode == 0 or not is_fine, f"{command}: {done.stdout}{done.stderr}"
    return done


def repository(folder: Path) -> Path:
    """Make a repository of a folder, in which nothing is staged."""
    git(folder, "init", "--quiet", "--initial-branch=main")
    return folder


def commit(folder: Path, message: str = "All of it") -> str:
    """Commit all that is in a repository, and return the commit."""
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--no-verify", "--message", message)
    return git(folder, "rev-parse", "HEAD").strip()
