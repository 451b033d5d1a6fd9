"""What the words of a command mean: the tree, the unit, and what there is to tell of them."""

import os
from typing import NamedTuple

from runcheck.convention.timestamps import now
from runcheck.convention.unit_paths import UNIT_DEPTH
from runcheck.errors import CannotCheckError, CannotWriteError
from runcheck.prune import trash
from runcheck.prune.journal import is_unit, under_way
from runcheck.prune.plan import Plan, make_plan
from runcheck.prune.policy import Policy
from runcheck.prune.trash import Trashed
from runcheck.tree.cache import Kept as Cache
from runcheck.tree.cache import look
from runcheck.tree.locate import is_url, locate


class Look(NamedTuple):
    """What there is to tell of a tree: the plan, what checks remember, what is in the trash, what is half done."""

    plan: Plan
    cache: Cache | None
    trashed: tuple[Trashed, ...]
    is_interrupted: bool


def look_at(root: str, policy: Policy) -> Look:
    """Return what there is to tell of the tree at ``root``. Nothing is changed.

    Raises:
        InvalidArgumentError: the policy names what there is not.
    """
    return Look(make_plan(root, policy, now()), look(root), tuple(trash.in_trash(root)), under_way(root) is not None)


def root_of(path: str) -> str:
    """Return the root of a tree on this machine; all of its units may be in the trash.

    Raises:
        CannotCheckError: there is no tree, or a part of one.
        CannotWriteError: it is a URL.
    """
    if is_url(path):
        raise CannotWriteError(f"{path}: nothing is moved at a URL; prune the tree where it is written")
    try:
        target = locate(path)
    except CannotCheckError:
        if trash.sessions(path):
            return os.path.realpath(path)
        raise
    if target.focus:
        raise CannotCheckError(f"{path}: is a part of a tree; give its root, {target.root}")
    return target.root


def unit_of(unit: str, root: str) -> tuple[str, str]:
    """Return the root and the path below it of a unit that is in the trash, given by that path or behind its root.

    Raises:
        CannotWriteError: it is no path of a unit.
    """
    parts = unit.replace(os.sep, "/").rstrip("/").split("/")
    path, above = "/".join(parts[-UNIT_DEPTH:]), "/".join(parts[:-UNIT_DEPTH])
    if not is_unit(path):
        raise CannotWriteError(f"{unit}: is no unit; give its path below the root, as model/<slug>/<version> is")
    return root_of(above or ("/" if unit.startswith("/") else root)), path
