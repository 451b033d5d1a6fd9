"""The files that changed: since a commit, or for the next one. Nothing of the repository is run to find out."""

import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from runcheck.errors import CannotCheckError, InvalidArgumentError
from runcheck.probes.git_command import GitFailedError, git_says, parts
from runcheck.tree.index import Repository, repository_of

# No rename is looked for: a file that moved is one that is gone and one that is new, and both units are touched.
_DIFFERENCE = (
    "diff",
    "--name-status",
    "-z",
    "--no-renames",
    "--no-ext-diff",
    "--no-textconv",
    "--ignore-submodules=all",
)
_NEW, _GONE = "A", "D"
_NONE_FOUND = 1


class Change(NamedTuple):
    """Files by their paths from the top of the repository, those that were there ``before``, those that are ``gone``.

    ``is_staged`` says whether Git has what came of them, and not the folder: in ``commit``, or else in the index.
    ``base`` is the commit that it is a change of; None where it is the first one.
    """

    repository: Repository
    paths: frozenset[str]
    before: frozenset[str]
    gone: frozenset[str]
    is_staged: bool
    commit: str | None = None
    base: str | None = None

    def below(self, places: Collection[str]) -> "Change":
        """Return what of it is at or below one of these places of the file system.

        Raises:
            CannotCheckError: a place is none of the repository, or there is nothing: no change can be in it.
        """
        top = self.repository.top
        found: set[str] = set()
        for place in places:
            real = os.path.realpath(place)
            paths = {path for path in self.paths if _is_below(f"{top}/{path}", [real])}
            if not paths and not (_is_below(real, [top]) or _is_below(top, [real])):
                raise CannotCheckError(f"{place}: lies outside of {top}, the repository whose change is asked for")
            if not paths and not os.path.lexists(place):
                raise CannotCheckError(f"{place}: there is no such file or folder, and none in what changed")
            found |= paths
        return self._replace(paths=frozenset(found))

    def of(self, files: Iterable[str]) -> "Change":
        """Return it with these files of the file system as what changed, beside those that are gone."""
        paths = (os.path.relpath(_real(each), self.repository.top).replace(os.sep, "/") for each in files)
        return self._replace(paths=self.gone.union(path for path in paths if not path.startswith("../")))

    def without(self, pattern: str) -> "Change":
        """Return it without the files in whose paths a regular expression is found.

        Raises:
            InvalidArgumentError: it is none.
        """
        try:
            excluded = re.compile(pattern)
        except re.error as error:
            raise InvalidArgumentError(f"--exclude {pattern}: is no regular expression: {error}") from None
        return self._replace(paths=frozenset(path for path in self.paths if not excluded.search(path)))

    def naming(self, words: Iterable[str], name: str) -> list[str]:
        """Return the files of a name, wherever they lie, that hold one of these words.

        Raises:
            CannotCheckError: Git does not say.
        """
        asked = [part for word in sorted(words) for part in ("-e", word)]
        where = self.commit or ("--cached" if self.is_staged else "--untracked")
        how = ("-l", "-z", "-F", "--no-color", "--no-textconv", "--no-recurse-submodules", "--full-name")
        grep = ("grep", *how, *asked, where, "--", f":(top,glob)**/{name}")
        found = parts(_ask(self.repository, *grep, is_literal=False, fine=(0, _NONE_FOUND))) if asked else []
        return [path.removeprefix(f"{self.commit}:") for path in found]


def change_of(places: Sequence[str], *, since_: str | None, is_hook: bool, exclude: str | None) -> Change:
    """Return the change in the repository of the working folder that is asked for.

    That since a revision, or what is staged: below these places, if there are any; or these files and what is gone,
    as a hook of pre-commit asks.

    Raises:
        CannotCheckError: there is no repository, or Git does not say.
        InvalidArgumentError: what is to be excluded is no regular expression.
    """
    repository = repository_of(os.curdir)
    if is_hook:
        found = _of_hook(repository).of(places)
    else:
        found = staged(repository) if since_ is None else since(repository, since_)
        found = found.below(places) if places else found
    return found if exclude is None else found.without(exclude)


def _of_hook(repository: Repository) -> Change:
    """Return what a hook is run for: what is staged, or what is between the two commits that pre-commit names.

    https://pre-commit.com/#pre-commit-during-push: these names are those of ``--from-ref`` and ``--to-ref`` too.
    """
    old, new = (os.environ.get(f"PRE_COMMIT_{each}_REF", "") for each in ("FROM", "TO"))
    return between(repository, old, new) if old.strip("0") and new.strip("0") else staged(repository)


def staged(repository: Repository) -> Change:
    """Return what is staged for the next commit.

    Raises:
        CannotCheckError: Git does not say.
    """
    change = _change(repository, _ask(repository, *_DIFFERENCE, "--cached"), is_staged=True)
    return change._replace(base=_commit(repository, "HEAD")) if change.before else change


def since(repository: Repository, revision: str) -> Change:
    """Return what differs from where this branch left ``revision``: commits, what is not committed, what is new.

    Raises:
        CannotCheckError: there is no such revision, or it has nothing in common with this one.
    """
    base = base_of(repository, revision, "HEAD")
    filters = _filters(repository)
    try:
        said = git_says(repository.top, *_DIFFERENCE, base, "--", without=filters)
    except GitFailedError as error:
        raise CannotCheckError(f"{repository.top}: {error}") from None
    new = frozenset(parts(_ask(repository, "ls-files", "--others", "--exclude-standard", "-z")))
    change = _change(repository, said, is_staged=False)
    return change._replace(paths=change.paths | new, base=base)


def between(repository: Repository, old: str, new: str) -> Change:
    """Return what the commits since ``old`` that lead to ``new`` changed; ``new`` need not be checked out.

    Raises:
        CannotCheckError: there is no such revision, or they have nothing in common.
    """
    base = base_of(repository, old, new)
    commit = _commit(repository, new)
    change = _change(repository, _ask(repository, *_DIFFERENCE, base, commit, "--"), is_staged=True)
    return change._replace(commit=commit, base=base)


def _commit(repository: Repository, revision: str) -> str:
    return _ask(repository, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}").decode().strip()


def base_of(repository: Repository, old: str, new: str) -> str:
    """Return the commit that two revisions have in common.

    Raises:
        CannotCheckError: there is none.
    """
    for revision in (old, new):
        if not _ask(
            repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", fine=(0, 1)
        ):
            raise CannotCheckError(
                f"{revision}: is no commit that is here; a clone of a CI job may lack it: fetch its history too, as "
                "with fetch-depth: 0 of actions/checkout, or GIT_DEPTH: 0 of GitLab"
            )
    said = _ask(repository, "merge-base", old, new, fine=(0, 1)).decode().strip()
    if not said:
        raise CannotCheckError(f"{old} and {new} have no commit in common here; fetch more of their history")
    return said


def _change(repository: Repository, said: bytes, *, is_staged: bool) -> Change:
    words = parts(said)
    by_path: Mapping[str, str] = dict(zip(words[1::2], words[0::2], strict=True))
    before = frozenset(path for path, status in by_path.items() if not status.startswith(_NEW))
    gone = frozenset(path for path, status in by_path.items() if status.startswith(_GONE))
    return Change(repository, frozenset(by_path), before, gone, is_staged)


def _filters(repository: Repository) -> list[str]:
    """Return the names of the filters that are configured, each of which is a program.

    Raises:
        CannotCheckError: one has a name by which it cannot be turned off.
    """
    asked = ("config", "-z", "--name-only", "--get-regexp", r"^filter\.")
    names = {name.split(".", 1)[1].rpartition(".")[0] for name in parts(_ask(repository, *asked, fine=(0, 1)))}
    if unruly := next(
        (name for name in sorted(names) if "=" in name), None
    ):  # ``git -c`` reads a key up to the first =
        raise CannotCheckError(
            f"{repository.top}: Git is configured with the filter {unruly!r}, which is a program and cannot be turned "
            "off by this name; remove it from the configuration of the repository"
        )
    return sorted(names)


def _ask(repository: Repository, *arguments: str, is_literal: bool = True, fine: Collection[int] = (0,)) -> bytes:
    try:
        return git_says(repository.top, *arguments, is_literal=is_literal, fine=fine)
    except GitFailedError as error:
        raise CannotCheckError(f"{repository.top}: {error}") from None


def _real(path: str) -> str:
    """Return the path of a file without links above it: what it is itself is for the index to say."""
    folder, name = os.path.split(os.path.abspath(path))
    return os.path.join(os.path.realpath(folder), name)


def _is_below(path: str, places: Iterable[str]) -> bool:
    return any(path == place or path.startswith(place.rstrip("/") + "/") for place in places)
