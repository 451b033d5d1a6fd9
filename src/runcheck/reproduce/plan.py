"""What it takes to do a run again, and what stands in the way."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

from runcheck.convention.documents import Git, Metadata
from runcheck.convention.layout import layout
from runcheck.convention.names import is_name
from runcheck.convention.secrets import REDACTED
from runcheck.errors import CannotReadError, CannotReproduceError
from runcheck.reading.load import load
from runcheck.reading.run import LoadedRun
from runcheck.reproduce import command, dataset, repository
from runcheck.reproduce.surroundings import differences_here

_USUAL = "artefacts"  # where scripts have their tree
_NAMED = 10  # untracked files in a line


@dataclass(frozen=True, slots=True)
class Plan:
    """How a run is done again.

    ``top`` is the repository here, None where the commit is not in one; ``tree`` is where in it the script has its
    artefacts, ``root`` the tree that the run and its dataset lie in. ``obstacles`` keep the run from being done again,
    ``caveats`` may change what comes of it.
    """

    run: LoadedRun
    metadata: Metadata
    root: str
    top: str | None
    tree: str
    diff: str | None
    obstacles: tuple[str, ...]
    caveats: tuple[str, ...]


def make_plan(path: str, folder: str, tree: str | None = None) -> Plan:
    """Return how the run at ``path`` is done again with the repository that ``folder`` lies in.

    ``tree`` is where in the repository the script has its artefacts; by default where the run's own tree lies in it,
    else ``artefacts`` in the folder that the command ran in.

    Raises:
        CannotReadError: there is no run at ``path``.
        CannotReproduceError: it is a dataset, or ``tree`` is no path in a repository.
    """
    run = load(path)
    if not isinstance(run, LoadedRun):
        raise CannotReproduceError(f"{path}: is a dataset, and only runs are reproduced; its generator makes it anew")
    if tree is not None and not is_name("path", tree):
        raise CannotReproduceError(f"--tree {tree!r}: is no path in the repository, as artefacts is")
    metadata = run.metadata
    root = os.path.dirname(os.path.dirname(os.path.dirname(run.path)))
    top = repository.top_of(folder)
    git = metadata["git"]
    if top is not None and git is not None and not repository.has_commit(top, git["sha"]):
        top = None
    diff, faults = _diff(run, git)
    return Plan(
        run=run,
        metadata=metadata,
        root=root,
        top=top,
        tree=tree or _tree(metadata, root, top),
        diff=diff,
        obstacles=(*_of_code(metadata, folder, top), *faults, *_of_command(metadata, top), *_of_data(metadata, root)),
        caveats=tuple(_caveats(metadata, top)),
    )


def _tree(metadata: Metadata, root: str, top: str | None) -> str:
    if top is not None:
        within = os.path.relpath(os.path.realpath(root), os.path.realpath(top)).replace(os.sep, "/")
        if is_name("path", within):
            return within
    folder = metadata.get("working_folder")
    return f"{folder}/{_USUAL}" if folder else _USUAL


def _of_code(metadata: Metadata, folder: str, top: str | None) -> Iterator[str]:
    git = metadata["git"]
    if git is None:
        yield "the commit is not known: the script was in no repository"
    elif top is None:
        fetch = f"; `git clone {git['remote']}` may bring it" if git["remote"] else ""
        yield f"the commit {git['sha'][:12]} is in no repository at {folder}: name one by --repository{fetch}"


def _diff(run: LoadedRun, git: Git | None) -> tuple[str | None, list[str]]:
    """Return the path of the difference of a dirty tree, and what is wrong with it."""
    if git is None or not git["dirty"]:
        return None, []
    if git["diff"] is None:
        return None, ["files differed from the commit, and the difference was not kept"]
    try:
        path = run.file(git["diff"])
    except CannotReadError as error:
        return None, [f"the difference from the commit: {error}"]
    if git.get("diff_is_cut"):
        return path, ["only the beginning of the difference from the commit was kept, since it was too large"]
    return path, []


def _of_command(metadata: Metadata, top: str | None) -> Iterator[str]:
    fault = command.fault_of(command.command_of(metadata))
    if fault is not None:
        yield fault
        return
    script, git = command.script_of(command.command_of(metadata)), metadata["git"]
    if script is None or git is None or top is None or git["dirty"]:  # a difference may bring the script
        return
    if not repository.has_path(top, git["sha"], script):
        yield f"the script {script} is not in the commit: it was not tracked, or lies outside of the repository"


def _of_data(metadata: Metadata, root: str) -> Iterator[str]:
    data = metadata["data_provenance"]
    if data["kind"] == "artefact" and (fault := dataset.fault_of(root, data)):
        yield fault


def _caveats(metadata: Metadata, top: str | None) -> Iterator[str]:
    git, data = metadata["git"], metadata["data_provenance"]
    if metadata["status"] != "completed":
        yield f"the run is {metadata['status']}: rows that only a new one has count as differences"
    if git is not None and git["dirty"] is None:
        yield "nobody recorded whether files differed from the commit: what is there is run as it was committed"
    redacted = {each["where"].partition("#")[0] for each in metadata.get("governance", {}).get("redactions", [])}
    if git is not None and layout().roles["diff"].name in redacted:
        yield "something in the difference from the commit was redacted: the code is not quite what ran"
    if git is not None and (names := git.get("untracked", [])):
        more = ", ..." if len(names) > _NAMED or git.get("untracked_is_cut") else ""
        yield f"Git did not know of these files, which are not kept: {', '.join(names[:_NAMED])}{more}"
    if git is not None and top is not None and repository.has_path(top, git["sha"], ".gitmodules"):
        yield "the repository has submodules, whose folders a worktree leaves empty"
    if data["kind"] == "external":
        source = data.get("source", ", ".join(data["hashes"]))
        yield f"the data are from outside ({source}), where the script has to find them"
    hidden = [name for name, value in command.env_of(metadata).get("variables", {}).items() if REDACTED in value]
    if hidden:
        yield f"of the environment {', '.join(hidden)} was redacted, and is not set"
    if not metadata["seeds"]:
        yield "the run names no seed"
    yield from differences_here(command.env_of(metadata))
