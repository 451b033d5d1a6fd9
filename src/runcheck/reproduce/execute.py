"""Executing a plan: the code, the dataset and the command in a worktree, and the run that comes of it, compared."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from runcheck.convention.layout import layout
from runcheck.errors import CannotReadError, CannotReproduceError
from runcheck.reading.load import load
from runcheck.reading.run import LoadedRun
from runcheck.reproduce import command, dataset, repository
from runcheck.reproduce.compare import Comparison, compare
from runcheck.reproduce.plan import Plan
from runcheck.reproduce.surroundings import differences_between

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The run that was made again, what it ran on that differs, and its metrics against those of the original."""

    again: LoadedRun
    differences: tuple[str, ...]
    comparison: Comparison


@contextmanager
def executed(plan: Plan, tell: Tell, *, rtol: float = 0.0, keep: bool = False) -> Iterator[Outcome]:
    """Do a run again in a worktree, and return, for a ``with``, what came of it; ``tell`` is told of each step.

    The output of the command goes where that of this process goes. Nothing goes through a shell.

    Raises:
        CannotReproduceError: there are obstacles, or no run came of it.
        CannotReadError: the metrics of one of the two cannot be read.
    """
    if plan.obstacles or plan.top is None or plan.metadata["git"] is None:
        raise CannotReproduceError(f"{plan.run.path}: cannot be done again: {'; '.join(plan.obstacles)}")
    data = plan.metadata["data_provenance"]
    if data["kind"] == "artefact":
        tell(f"reading every file of {data['path']}")
        dataset.verify(plan.root, data)
    with repository.worktree(plan.top, plan.metadata["git"]["sha"], keep=keep) as code:
        tell(f"the code is at {code}")
        if plan.diff is not None:
            repository.apply(code, plan.diff)
        tree = _tree_in(plan, code)
        if data["kind"] == "artefact":
            dataset.place(plan.root, data, tree)
        places = (_Place(tree, plan), _Place(plan.root, plan))
        status = _run(plan, code, tell)
        again = _made(places, plan, status, tell)
        if status != 0 and plan.run.status == "completed":
            raise CannotReproduceError(f"the command ended with status {status}, and the run is {again.status}")
        differences = tuple(differences_between(plan.metadata, again.metadata))
        yield Outcome(again, differences, compare(plan.run.rows(), again.rows(), rtol))


class _Place:
    """A tree in which the command may write its run, and the runs that were there before."""

    def __init__(self, root: str, plan: Plan) -> None:
        kind = layout().kinds["model"].folder
        self._slug = os.path.join(root, kind, plan.metadata["slug"])
        self._before = frozenset(self._versions())

    def new(self) -> list[str]:
        """Return the folders of the runs that were not there before."""
        return [os.path.join(self._slug, name) for name in self._versions() if name not in self._before]

    def _versions(self) -> list[str]:
        try:
            with os.scandir(self._slug) as entries:
                return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
        except OSError:
            return []


def _tree_in(plan: Plan, code: str) -> str:
    """Return the folder of the tree in the worktree.

    Raises:
        CannotReproduceError: it is a link that leads out of the worktree, where something may be overwritten.
    """
    tree = os.path.join(code, plan.tree)
    if not f"{os.path.realpath(tree)}{os.sep}".startswith(f"{code}{os.sep}"):
        raise CannotReproduceError(f"{plan.tree} is a link out of the repository; name another tree by --tree")
    return tree


def _run(plan: Plan, code: str, tell: Tell) -> int:
    folder = os.path.join(code, plan.metadata.get("working_folder", ""))
    arguments = command.arguments_in(plan.metadata, code)
    script = command.script_of(command.command_of(plan.metadata))
    if script is not None:
        place = os.path.realpath(arguments[0])
        if not os.path.isfile(place) or not place.startswith(f"{code}{os.sep}"):
            raise CannotReproduceError(f"the script {script} is not in the commit, nor in the difference from it")
    if not os.path.isdir(folder):
        raise CannotReproduceError(f"the folder {plan.metadata.get('working_folder')} is not in the commit")
    tell(f"running {' '.join(command.command_of(plan.metadata))}")
    sys.stdout.flush()
    try:
        done = subprocess.run(  # noqa: S603 - asked for by --run, and said before
            [sys.executable, *arguments],
            cwd=folder,
            env=command.environment_in(plan.metadata, plan.top or code, code),
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, ValueError) as error:
        raise CannotReproduceError(f"the command cannot be run: {error}") from error
    return done.returncode


def _made(places: tuple[_Place, ...], plan: Plan, status: int, tell: Tell) -> LoadedRun:
    """Return the run that the command wrote: of several the first with the same configuration.

    Raises:
        CannotReproduceError: it wrote none.
    """
    runs: list[LoadedRun] = []
    for place, is_other in zip(places, (False, True), strict=True):
        for path in place.new():
            try:
                run = load(path)
            except CannotReadError:
                continue
            if isinstance(run, LoadedRun):
                runs.append(run)
        if runs and is_other:
            tell("the script names its tree by an absolute path: the new run lies beside the original")
        if runs:
            break
    if not runs:
        slug = plan.metadata["slug"]
        hint = "" if status else "; --tree names the script's tree"
        where = f"no run of {slug} came of it in {plan.tree}{hint}"
        raise CannotReproduceError(f"the command ended with status {status}, and {where}")
    sha256 = plan.metadata["config"]["sha256"]
    same = [run for run in runs if run.metadata["config"]["sha256"] == sha256]
    if len(runs) > 1:
        tell(f"{len(runs)} runs of this name came of it; the first of the same configuration is compared")
    return (same or runs)[0]
