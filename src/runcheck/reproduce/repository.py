"""The repository that a run's code is in, and a worktree of it at the run's commit."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from runcheck.errors import CannotReproduceError
from runcheck.writer.provenance.git import Question, environment_of_git

_LINE_BYTES = 1 << 16


def top_of(folder: str) -> str | None:
    """Return the top of the repository that a folder lies in, or None where it lies in none."""
    said, is_there = Question(folder, "rev-parse", "--show-toplevel").answer(_LINE_BYTES)
    return os.fsdecode(said).removesuffix("\n") if is_there else None


def has_commit(top: str, sha: str) -> bool:
    """Say whether a repository holds a commit."""
    return Question(top, "cat-file", "-e", f"{sha}^{{commit}}").answer(0)[1]


def has_path(top: str, sha: str, path: str) -> bool:
    """Say whether a file or a folder is in a commit."""
    return Question(top, "cat-file", "-e", f"{sha}:{path}").answer(0)[1]


@contextmanager
def worktree(top: str, sha: str, *, keep: bool) -> Iterator[str]:
    """Return, for a ``with``, a worktree of the repository at a commit, in a folder of its own for temporary files.

    It is removed after, unless it is to be kept. No hook runs.

    Raises:
        CannotReproduceError: Git cannot make one.
    """
    folder = os.path.realpath(tempfile.mkdtemp(prefix="runcheck-"))
    code = os.path.join(folder, "code")
    try:
        _git(top, "worktree", "add", "--quiet", "--detach", code, sha)
        yield code
    finally:
        if not keep:
            _run(top, "worktree", "remove", "--force", code)  # not prune, which forgets those on a disk that is away
            shutil.rmtree(folder, ignore_errors=True)


def apply(code: str, patch: str) -> None:
    """Apply the difference of a dirty tree to a worktree.

    Raises:
        CannotReproduceError: it does not fit.
    """
    _git(code, "apply", "--whitespace=nowarn", patch)


def _git(folder: str, *arguments: str) -> None:
    done = _run(folder, *arguments)
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().replace("\n", "; ")
        raise CannotReproduceError(f"git {arguments[0]} in {folder} failed: {said[:500]}")


def _run(folder: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603 - a fixed program
            ["git", "-c", f"core.hooksPath={os.devnull}", *arguments],  # noqa: S607 - the git of the user's PATH
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            env=environment_of_git(),
        )
    except OSError as error:
        raise CannotReproduceError(f"git cannot be run: {error.strerror}") from error
