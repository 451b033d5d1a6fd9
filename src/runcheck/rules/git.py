"""RC9: what Git tracks, and how."""

from collections.abc import Iterator, Mapping

from runcheck.card import Card
from runcheck.probes.contents import GitContent
from runcheck.rules.rule import Problem, tree_rule

_MIB = 1 << 20


@tree_rule
def env_tracked(git: GitContent) -> Iterator[Problem]:
    """Files of the index that hold the keys of one machine."""
    for path in git.environment:
        yield Problem(path, "is tracked by Git", help=f"git rm --cached {path}; revoke every key that it ever held.")


@tree_rule
def lfs_attributes(cards: Mapping[str, Card], git: GitContent) -> Iterator[Problem]:
    """The large files of each role in each unit that lie in the history as they are, said once a role."""
    for card in cards.values():
        for files in card.large.values():
            plain = [(path, size) for path, size in files.items() if path in git.plain]
            if plain:
                others = f"; so are {len(plain) - 1} more of this role" if len(plain) > 1 else ""
                path, size = plain[0][0], f"{plain[0][1] / _MIB:.1f} MiB"
                yield Problem(path, f"is tracked by Git as it is, with {size}, not through Git LFS{others}")
