"""Checks as :func:`runcheck.check` has them, which start no native reader of their own."""

import atexit
import os
from functools import cache

from runcheck.depth import Depth
from runcheck.findings import Report
from runcheck.judgement import Judgement
from runcheck.pipeline import check_in
from runcheck.tree.quarantine import Quarantine


@cache
def readers() -> Quarantine:
    """Return the native readers of this process: to start some for each tree would be most of the time."""
    started = Quarantine()
    atexit.register(started.__exit__, None, None, None)
    return started


def check(path: str | os.PathLike[str], *, depth: Depth = "content", pedantic: bool = False) -> Report:
    """Check the tree at ``path``, a folder."""
    return check_in(readers(), path, Judgement(depth, pedantic))
