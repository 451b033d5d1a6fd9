"""Questions to Git, each a process: several are answered at the same time, and none can stall the start of a run."""

import os
import subprocess
import threading

_SECONDS = 30
# What a hook of another repository tells Git about that one, and what would change the form of an answer.
_FOREIGN = frozenset(
    f"GIT_{each}"
    for each in (
        *("DIR", "WORK_TREE", "INDEX_FILE", "PREFIX", "OBJECT_DIRECTORY", "COMMON_DIR", "NAMESPACE"),
        *("LITERAL_PATHSPECS", "GLOB_PATHSPECS", "NOGLOB_PATHSPECS", "ICASE_PATHSPECS"),
        *("DIFF_OPTS", "EXTERNAL_DIFF"),
    )
)


class Question:
    """A command of Git that runs in a folder, until its answer is taken."""

    def __init__(self, folder: str, *arguments: str) -> None:
        """Start it."""
        try:
            self._process: subprocess.Popen[bytes] | None = subprocess.Popen(  # noqa: S603 - a fixed program
                ["git", *arguments],  # noqa: S607 - the git of the user's PATH is the one that is meant
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment_of_git(),
            )
        except (OSError, ValueError):  # no Git; a path that no system can name
            self._process = None

    def answer(self, most: int) -> tuple[bytes, bool]:
        """Return what it printed, at most so many bytes, and whether it ended well and that is all."""
        if self._process is None:
            return b"", False
        timer = threading.Timer(_SECONDS, self._process.kill)
        timer.daemon = True
        timer.start()
        with self._process as process:
            content = process.stdout.read(most + 1) if process.stdout else b""
            if len(content) > most:
                process.kill()
        timer.cancel()
        return content[:most], process.returncode == 0 and len(content) <= most


def environment_of_git() -> dict[str, str]:
    """Return the environment in which Git is asked: it takes no locks, and its words are the same everywhere."""
    return {**without_foreign_repository(), "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}


def without_foreign_repository() -> dict[str, str]:
    """Return the environment of this process without what it says of another repository."""
    return {name: value for name, value in os.environ.items() if name not in _FOREIGN}
