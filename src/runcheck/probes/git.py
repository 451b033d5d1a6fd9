"""What Git knows of a tree. It is asked once for the index and once for the attributes, never once a file."""

import os
from collections.abc import Collection, Sequence

from runcheck.convention.layout import layout
from runcheck.probes.contents import GitContent

_SECONDS = 60
_NAMED = 100  # paths that a command is given; more may be too long for it

# The repository may be somebody else's: nothing in its configuration may start a program, and nothing is fetched.
_GIT = ("git", "--no-optional-locks", "--literal-pathspecs", "-c", "core.fsmonitor=false")
# A hook is told of the repository that it runs for: the tree's is found by its place. The index of a commit in the
# making stays.
_FOREIGN = frozenset(
    f"GIT_{each}"
    for each in (
        *("DIR", "WORK_TREE", "COMMON_DIR", "PREFIX", "NAMESPACE", "CEILING_DIRECTORIES"),
        *("LITERAL_PATHSPECS", "GLOB_PATHSPECS", "NOGLOB_PATHSPECS", "ICASE_PATHSPECS"),
    )
)
_ENVIRONMENT = {"GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


class _GitFailedError(Exception):
    """Git is not there, or said no."""


def read_git(root: str) -> GitContent | None:
    """Return what Git knows of the tree at ``root``; None where there is no repository."""
    if not _is_in_repository(os.path.realpath(root)):
        return None
    try:
        wildcards = [f":(top,glob)**/{each}" for each in layout().environment_files]
        environment = _paths(_git(root, "ls-files", "-z", "--", *wildcards, literal=False))
    except _GitFailedError as error:
        return GitContent(unverified=str(error))
    return GitContent(tuple(path for path in sorted(environment) if _holds_keys(path)))


def with_large(git: GitContent, root: str, large: Collection[str]) -> GitContent:
    """Return what is known with what Git does with the files ``large``, in paths relative to the root."""
    if git.unverified or not large:
        return git
    try:
        named = large if len(large) <= _NAMED else ()  # of a large repository, all paths take longer than all else
        tracked = set(_paths(_git(root, "ls-files", "-z", "--", *named))) & set(large)
        return git._replace(plain=frozenset(tracked - _through_lfs(root, sorted(tracked))))
    except _GitFailedError as error:
        return GitContent(unverified=str(error))


def _is_in_repository(folder: str) -> bool:
    while not os.path.exists(f"{folder}/.git"):
        above = os.path.dirname(folder)
        if above == folder:
            return False
        folder = above
    return True


def _through_lfs(root: str, paths: Sequence[str]) -> set[str]:
    if not paths:
        return set()
    asked = b"".join(os.fsencode(path) + b"\0" for path in paths)
    said = _paths(_git(root, "check-attr", "-z", "--stdin", "filter", asked=asked))
    return {path for path, value in zip(said[0::3], said[2::3], strict=True) if value == "lfs"}


def _git(root: str, *arguments: str, asked: bytes = b"", literal: bool = True) -> bytes:
    import subprocess  # noqa: PLC0415 - many a tree lies in no repository

    command = [part for part in _GIT if literal or part != "--literal-pathspecs"]
    try:
        done = subprocess.run(  # noqa: S603 - git of the PATH, as the user has it
            [*command, "-C", root, *arguments],
            input=asked,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            env={**{name: value for name, value in os.environ.items() if name not in _FOREIGN}, **_ENVIRONMENT},
        )
    except OSError:
        raise _GitFailedError("what Git tracks: git is not installed") from None
    except subprocess.TimeoutExpired:
        raise _GitFailedError(f"what Git tracks: git gave no answer in {_SECONDS} s") from None
    if done.returncode != 0:
        first = done.stderr.decode(errors="replace").strip().partition("\n")[0]
        raise _GitFailedError(f"what Git tracks: git says {first[:200]!r}")
    return done.stdout


def _paths(output: bytes) -> list[str]:
    return [os.fsdecode(path) for path in output.split(b"\0")[:-1]]


def _holds_keys(path: str) -> bool:
    return path.rpartition("/")[2] not in layout().environment_examples
