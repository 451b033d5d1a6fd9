"""What Git knows of a tree. It is asked once for the index and once for the attributes, never once a file."""

import os
from collections.abc import Collection, Sequence

from runcheck.convention.layout import layout
from runcheck.probes.contents import GitContent
from runcheck.probes.git_command import GitFailedError, git_says, is_in_repository, parts

_NAMED = 100  # paths that a command is given; more may be too long for it


def read_git(root: str) -> GitContent | None:
    """Return what Git knows of the tree at ``root``; None where there is no repository."""
    if not is_in_repository(os.path.realpath(root)):
        return None
    try:
        wildcards = [f":(top,glob)**/{each}" for each in layout().environment_files]
        environment = parts(git_says(root, "ls-files", "-z", "--", *wildcards, is_literal=False))
    except GitFailedError as error:
        return GitContent(unverified=f"what Git tracks: {error}")
    return GitContent(tuple(path for path in sorted(environment) if _holds_keys(path)))


def with_large(git: GitContent, root: str, large: Collection[str]) -> GitContent:
    """Return what is known with what Git does with the files ``large``, in paths relative to the root."""
    if git.unverified or not large:
        return git
    try:
        named = large if len(large) <= _NAMED else ()  # of a large repository, all paths take longer than all else
        tracked = set(parts(git_says(root, "ls-files", "-z", "--", *named))) & set(large)
        return git._replace(plain=frozenset(tracked - _through_lfs(root, sorted(tracked))))
    except GitFailedError as error:
        return GitContent(unverified=f"what Git tracks: {error}")


def _through_lfs(root: str, paths: Sequence[str]) -> set[str]:
    if not paths:
        return set()
    asked = b"".join(os.fsencode(path) + b"\0" for path in paths)
    said = parts(git_says(root, "check-attr", "-z", "--stdin", "filter", asked=asked))
    return {path for path, value in zip(said[0::3], said[2::3], strict=True) if value == "lfs"}


def _holds_keys(path: str) -> bool:
    return path.rpartition("/")[2] not in layout().environment_examples
