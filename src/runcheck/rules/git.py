"""RC9: what Git tracks, and how."""

from collections.abc import Iterator

from runcheck.convention.layout import layout
from runcheck.convention.units import Tree
from runcheck.probes.git import GitContent
from runcheck.rules.rule import Problem, tree_rule

_MIB = 1 << 20


@tree_rule
def env_tracked(git: GitContent) -> Iterator[Problem]:
    """Files of the index that hold the keys of one machine."""
    for path in git.environment:
        yield Problem(path, "is tracked by Git", help=f"git rm --cached {path}; revoke every key that it ever held.")


@tree_rule
def lfs_attributes(tree: Tree, git: GitContent) -> Iterator[Problem]:
    """The large files of each role in each unit that lie in the history as they are, said once a role."""
    for unit in tree.units:
        for role in layout().lfs_roles:
            plain = [unit.files[path].entry for path in unit.of_role(role) if f"{unit.path}/{path}" in git.plain]
            if plain:
                others = f"; so are {len(plain) - 1} more of this role" if len(plain) > 1 else ""
                size = f"{plain[0].size / _MIB:.1f} MiB"
                yield Problem(plain[0].path, f"is tracked by Git as it is, with {size}, not through Git LFS{others}")
