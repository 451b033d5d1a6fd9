"""A tree in a repository of Git: what goes through Git LFS is said in ``.gitattributes`` before it is there."""

import os

from runcheck.convention.git_lines import lfs_lines, merged
from runcheck.convention.layout import layout
from runcheck.probes.git_command import GitFailedError, git_says, is_in_repository, parts
from runcheck.project import NO_LFS, has_lfs, put
from runcheck.publish.sealed import SealedUnit

ATTRIBUTES = ".gitattributes"


def make_sure_of_lfs(root: str, unit: SealedUnit) -> list[str]:
    """Add the lines that ``unit`` needs to the attributes of the tree at ``root``, if Git has it; say what was done."""
    if not is_in_repository(os.path.realpath(root)):
        return []
    kind = unit.path.partition("/")[0]
    name = next(each.name for each in layout().kinds.values() if each.folder == kind)
    roles = {path: layout().role_of(path, name) for path in unit.sums}
    large = [f"{unit.path}/{path}" for path, role in roles.items() if role and role.name in layout().lfs_roles]
    try:
        if not large or git_says(root, "check-ignore", "--no-index", "--", large[0], fine=(0, 1), is_literal=False):
            return []
        done = []
        if _not_through_lfs(root, large):
            done.append(f"{ATTRIBUTES}: {put(os.path.join(root, ATTRIBUTES), lambda text: merged(text, lfs_lines()))}")
        if not has_lfs(root):
            done.append(NO_LFS)
    except GitFailedError as error:
        return [f"{ATTRIBUTES}: was not looked at: {error}"]
    return done


def _not_through_lfs(root: str, paths: list[str]) -> bool:
    asked = b"".join(os.fsencode(path) + b"\0" for path in paths)
    said = parts(git_says(root, "check-attr", "-z", "--stdin", "filter", asked=asked))
    return any(value != "lfs" for value in said[2::3])
