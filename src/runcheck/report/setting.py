"""Where a report is read: what its paths are relative to, how much of it is wanted, and whether it may be coloured."""

import os
from typing import NamedTuple, TextIO

from runcheck.findings import Finding, Report

_DRAWS_NO_COLOUR = "dumb"


class Setting(NamedTuple):
    """The ``folder`` that a report is read in, and the ``repository`` around it.

    One that is quiet asks for findings alone; in one that is strict, warnings and what could not be verified count too.
    One that is telling of what was waived asks for the reason of each.
    """

    folder: str
    repository: str
    is_coloured: bool = False
    is_quiet: bool = False
    is_strict: bool = False
    is_telling_of_waived: bool = False

    def here(self, report: Report, path: str) -> str:
        """Return a path of the tree as it is typed in the folder."""
        return below(self.folder, report.root, path)

    def in_repository(self, report: Report, path: str) -> str:
        """Return a path of the tree as the repository's host calls it."""
        return below(self.repository, report.root, path)


def setting_of(
    *,
    is_quiet: bool = False,
    is_strict: bool = False,
    is_telling_of_waived: bool = False,
    stream: TextIO | None = None,
) -> Setting:
    """Return the setting of this process, which writes a report to ``stream``, or into a file where there is none."""
    folder = os.path.realpath(os.curdir)
    is_coloured = stream is not None and _is_coloured(stream)
    return Setting(folder, _repository_of(folder), is_coloured, is_quiet, is_strict, is_telling_of_waived)


def place(finding: Finding) -> str:
    """Return where in its file a finding is: ``:3``, ``:/git/sha``, or nothing."""
    if finding.line is not None:
        return f":{finding.line}"
    return f":{finding.pointer}" if finding.pointer else ""


def _repository_of(folder: str) -> str:
    """Return the folder above that Git has its own in, or ``folder`` itself. In a worktree ``.git`` is a file."""
    above = folder
    while not os.path.exists(os.path.join(above, ".git")):
        if above == (above := os.path.dirname(above)):
            return folder
    return above


def below(folder: str, root: str, path: str) -> str:
    """Return a path of the tree at ``root``: relative where it lies in ``folder``, else absolute, or a URL."""
    if "://" in root:
        return root if path == "." else f"{root.rstrip('/')}/{path}"
    whole = os.path.normpath(os.path.join(root, path))
    if whole == folder or whole.startswith(os.path.join(folder, "")):
        whole = os.path.relpath(whole, folder)
    return whole.replace(os.sep, "/")


def _is_coloured(stream: TextIO) -> bool:
    """Say whether colours are wanted: what https://no-color.org and https://force-color.org ask for, else a terminal.

    The order is that of Python's own messages.
    """
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != _DRAWS_NO_COLOUR
