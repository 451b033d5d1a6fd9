"""Git as it is asked here: nothing that a repository or its configuration says is run, and nothing is fetched."""

import os
from collections.abc import Collection, Sequence

_SECONDS = 60

# The repository may be somebody else's: nothing in its configuration may start a program, and nothing is fetched.
_GIT = ("git", "--no-optional-locks", "-c", "core.fsmonitor=false")
# A hook is told of the repository that it runs for: the tree's is found by its place. The index of a commit in the
# making stays.
_FOREIGN = frozenset(
    f"GIT_{each}"
    for each in (
        *("DIR", "WORK_TREE", "COMMON_DIR", "PREFIX", "NAMESPACE", "CEILING_DIRECTORIES"),
        *("LITERAL_PATHSPECS", "GLOB_PATHSPECS", "NOGLOB_PATHSPECS", "ICASE_PATHSPECS"),
        *("DIFF_OPTS", "EXTERNAL_DIFF"),
    )
)
_ENVIRONMENT = {
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "",  # for a Git that does not know the first one: no remote can be reached
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


class GitFailedError(Exception):
    """Git is not there, or said no; the text says which."""


def git_says(
    folder: str,
    *arguments: str,
    asked: bytes = b"",
    is_literal: bool = True,
    fine: Collection[int] = (0,),
    without: Sequence[str] = (),
) -> bytes:
    """Return what Git prints in a folder.

    Paths are meant literally where ``is_literal``. It ended well with one of the statuses ``fine``. The filters of the
    names ``without`` are not run.

    Raises:
        GitFailedError: it is not installed, gave no answer in time, or failed.
    """
    import subprocess  # noqa: PLC0415 - many a tree lies in no repository

    try:
        done = subprocess.run(  # noqa: S603 - git of the PATH, as the user has it
            [*command(folder, is_literal=is_literal, without=without), *arguments],
            input=asked,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            env=environment(),
        )
    except OSError:
        raise GitFailedError("git is not installed") from None
    except subprocess.TimeoutExpired:
        raise GitFailedError(f"git gave no answer in {_SECONDS} s") from None
    if done.returncode not in fine:
        first = done.stderr.decode(errors="replace").strip().partition("\n")[0]
        raise GitFailedError(f"git says {first[:200]!r}")
    return done.stdout


def command(folder: str, *, is_literal: bool = True, without: Sequence[str] = ()) -> list[str]:
    """Return how a command of Git begins that is to run in a folder."""
    filters = [f"filter.{name}.{part}" for name in without for part in ("clean=", "smudge=", "process=", "required=no")]
    settings = [word for each in filters for word in ("-c", each)]
    return [*_GIT, *settings, *(["--literal-pathspecs"] if is_literal else []), "-C", folder]


def environment() -> dict[str, str]:
    """Return the environment that Git is asked in."""
    return {**{name: value for name, value in os.environ.items() if name not in _FOREIGN}, **_ENVIRONMENT}


def parts(output: bytes) -> list[str]:
    """Return the texts of an answer in which each is ended by a NUL, as paths are with ``-z``."""
    return [os.fsdecode(each) for each in output.split(b"\0")[:-1]]


def is_in_repository(folder: str) -> bool:
    """Say whether a folder, given by its real path, lies in a repository; Git itself is not asked."""
    while not os.path.exists(f"{folder}/.git"):
        above = os.path.dirname(folder)
        if above == folder:
            return False
        folder = above
    return True
