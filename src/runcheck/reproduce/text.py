"""Plans and outcomes in words, and the steps that a person would take."""

import os
import shlex
from collections.abc import Iterator

from runcheck.convention.layout import layout
from runcheck.reading.metrics import Row
from runcheck.report.escape import printable
from runcheck.reproduce import command
from runcheck.reproduce.compare import Comparison, Difference
from runcheck.reproduce.execute import Outcome
from runcheck.reproduce.plan import Plan
from runcheck.reproduce.surroundings import package_differences

# What brings the packages that a lock file names, and nothing else, as its tool's manual has it.
_INSTALLS = {
    "uv.lock": "uv sync --frozen",
    "poetry.lock": "poetry sync",
    "pdm.lock": "pdm sync",
    "Pipfile.lock": "pipenv sync",
    "pixi.lock": "pixi install --frozen",
    "requirements.txt": "python -m pip install -r requirements.txt",
}


def render_plan(plan: Plan) -> str:
    """Return the steps that do a run again, for a shell, with what stands in the way as comments."""
    metadata = plan.metadata
    seeds = ", ".join(f"{name} {seed}" for name, seed in metadata["seeds"].items())
    comments = [
        f"{metadata['name']}, {metadata['version']}",
        *([f"seeds: {seeds}"] if seeds else []),
        *(f"cannot be reproduced: {each}" for each in plan.obstacles),
        *(f"may differ: {each}" for each in plan.caveats),
    ]
    lines = [f"# {printable(each)}" for each in comments]
    return "\n".join([*lines, "", *map(printable, _steps(plan)), ""])


def _steps(plan: Plan) -> Iterator[str]:
    git = plan.metadata["git"]
    yield 'code="$(mktemp -d)/code"'
    if git is not None and plan.top is not None:
        yield f'git -C {shlex.quote(plan.top)} worktree add --detach "$code" {git["sha"]}'
    elif git is not None and git["remote"] is not None:
        yield f'git clone -- {shlex.quote(git["remote"])} "$code"'
        yield f'git -C "$code" checkout --detach {git["sha"]}'
    else:
        yield "# bring the code to $code"
    if plan.diff is not None:
        yield f'git -C "$code" apply {shlex.quote(plan.diff)}'
    yield from _data_steps(plan)
    folder = plan.metadata.get("working_folder")
    yield f'cd "$code"{"/" + shlex.quote(folder) if folder else ""}'
    yield from _package_steps(plan)
    yield _command_line(plan, folder)
    if git is not None and plan.top is not None:
        yield f'cd {shlex.quote(plan.top)} && git worktree remove --force "$code"  # with the new run in it'


def _data_steps(plan: Plan) -> Iterator[str]:
    data = plan.metadata["data_provenance"]
    if data["kind"] != "artefact":
        return
    slug, _, version = data["path"].rpartition("/")
    there = f'"$code"/{shlex.quote(f"{plan.tree}/{slug}")}'
    yield f"mkdir -p {there}"
    yield f"rm -rf {there}/{shlex.quote(version)}"
    yield f"cp -R {shlex.quote(os.path.join(plan.root, data['path']))} {there}/"
    yield f"ln -sfn {shlex.quote(version)} {there}/{layout().latest}"


def _package_steps(plan: Plan) -> Iterator[str]:
    env = command.env_of(plan.metadata)
    for path in env.get("lock_files", {}):
        folder, _, name = path.rpartition("/")
        if name in _INSTALLS and not folder:
            yield f"{_INSTALLS[name]}  # as {name} was then"
            return
    different = package_differences(env["packages"])
    if different:
        wanted = " ".join(shlex.quote(f"{name}=={env['packages'][name]}") for name in different)
        yield f"# python -m pip install {wanted}"


def _command_line(plan: Plan, folder: str | None) -> str:
    """Return the command as it is typed in the folder that it ran in."""
    words = list(command.command_of(plan.metadata))
    script = command.script_of(words)
    if script is not None and folder:
        words[1] = os.path.relpath(script, folder).replace(os.sep, "/")
    variables = [f"{name}={shlex.quote(value)}" for name, value in command.variables_of(plan.metadata).items()]
    return " ".join([*variables, *map(shlex.quote, words)])


def render_outcome(plan: Plan, outcome: Outcome, *, rtol: float, keep: bool) -> str:
    """Return what came of doing a run again."""
    lines = [f"differs: {each}" for each in outcome.differences]
    if outcome.again.status != plan.run.status:
        lines.append(f"differs: the run was {plan.run.status}, and is {outcome.again.status} now")
    lines += _compared(outcome.comparison, rtol)
    if keep:
        lines.append(f"kept: {outcome.again.path}")
    return "\n".join(map(printable, lines)) + "\n"


def _compared(comparison: Comparison, rtol: float) -> Iterator[str]:
    rows = f"{comparison.original_rows:,} row{'' if comparison.original_rows == 1 else 's'}"
    if comparison.is_same:
        yield f"Same: all {rows} of metrics are {f'within {rtol:g}' if rtol else 'the same to the last bit'}."
        return
    if comparison.original_rows == comparison.again_rows == 0:
        yield "Neither run logged a row, so nothing was compared."
        return
    yield f"Differs: {comparison.differing:,} of {rows}, against {comparison.again_rows:,}."
    if comparison.first is not None:
        yield f"first: {_difference(comparison.first)}"
    if comparison.largest is not None and comparison.largest != comparison.first:
        yield f"largest: {_difference(comparison.largest)}"


def _difference(difference: Difference) -> str:
    original, again = difference.original, difference.again
    if original is None or again is None:
        which = "only then" if again is None else "only now"
        row = original or again
        return f"{_place(row)} is {row.value!r}, {which}" if row is not None else which
    step = f" (step {again.step} now)" if again.step != original.step else ""
    return f"{_place(original)}{step} was {original.value!r}, is {again.value!r}; {difference.distance:.3g} apart"


def _place(row: Row | None) -> str:
    return "" if row is None else f"{row.split}/{row.metric} at step {row.step}"
