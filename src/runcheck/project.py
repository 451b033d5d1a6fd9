"""The files that a project has beside its trees: configuration, hooks, and what Git is told."""

import os
import posixpath
import re
from collections.abc import Callable, Iterator
from contextlib import suppress

from runcheck.configuration.find import OWN, find
from runcheck.convention.git_lines import lfs_lines, merged, placed
from runcheck.convention.layout import layout
from runcheck.convention.names import is_unit_relative
from runcheck.errors import CannotWriteError, InvalidArgumentError
from runcheck.probes.git_command import GitFailedError, git_says, is_in_repository
from runcheck.writer.atomic import rewrite

# What a name cannot have that stands in TOML and in a pattern of Git as it is.
_NO_ROOT = re.compile(r"[\"\\*?\[\]\x00-\x1f\x7f\ud800-\udfff]|^[!#]")
_MOST = 1 << 20  # bytes of a file that is added to
_CONFIGURATION = """\
# What this project asks of its trees. `runcheck rules` lists the clauses, docs/editors.md says how an editor completes
# the keys: `runcheck schema --into .schemas`, and a first line of "#:schema .schemas/runcheck.schema.json".
roots = [{root}]

# ignore = ["RC810"]                          # clauses that are not judged
# levels = {{ RC208 = "error" }}                # how findings count
# mandatory-tags = {{ model = ["sweep"] }}
# tag-values = {{ experiment = ["digits"] }}
"""
_HOOKS = (
    ("runcheck", "check --hook", "[--]", ("types: []", "always_run: true")),
    ("runcheck-no-raw-weights", "check --hook --outside --select RC901", "[--]", ()),
    ("runcheck-secrets", "check --hook --outside --select RC902,RC903,RC910", "[--]", ()),
)
_ENVIRONMENT = """\
# The keys of one machine go into .env, which Git ignores. Here stand their names, without values.
WANDB_API_KEY=
MLFLOW_TRACKING_URI=
MLFLOW_TRACKING_TOKEN=
"""
NO_LFS = "Git LFS is not set up for this repository, and Git would take large files whole: git lfs install"
_REPOS = re.compile(r"^repos:[ \t]*(?P<empty>\[[ \t]*\])?[ \t]*(?:#.*)?$", re.MULTILINE)
_ITEM = re.compile(r"^(?P<indent> *)- +(?:repo|hooks|\w+):", re.MULTILINE)


def initialise(folder: str, root: str = "artefacts") -> Iterator[str]:
    """Write what a project in ``folder`` lacks, whose tree is at ``root`` below it; yield a line for each file.

    What is there stays: lines are added to it, or it is told what to add.

    Raises:
        CannotWriteError: there is no such folder, or it cannot be written.
        InvalidArgumentError: the tree does not lie below it, or its name cannot be written into these files.
    """
    root = _below(root)
    if not os.path.isdir(folder):
        raise CannotWriteError(f"{folder}: there is no such folder")
    writers: tuple[tuple[str, Callable[[str], str | None]], ...] = (
        (OWN, lambda text: _configuration(folder, root, text)),
        (".pre-commit-config.yaml", _hooks),
        (".env.example", lambda text: text or _ENVIRONMENT),
        (".gitattributes", lambda text: placed(text, lfs_lines(prefix="" if root == "." else f"{root}/"))),
        (".gitignore", _ignored),
    )
    for name, make in writers:
        yield f"{name}: {put(os.path.join(folder, name), make)}"
    with suppress(GitFailedError):
        if is_in_repository(os.path.realpath(folder)) and not has_lfs(folder):
            yield NO_LFS


def has_lfs(folder: str) -> bool:
    """Say whether Git hands files of the repository around ``folder`` to Git LFS where attributes ask for it.

    Raises:
        GitFailedError: it could not be asked.
    """
    return bool(git_says(folder, "config", "--get", "filter.lfs.clean", fine=(0, 1)))


def _below(root: str) -> str:
    """Return the path of the tree below the folder of the project, in the one form that patterns of Git have it in."""
    path = posixpath.normpath(root.replace(os.sep, "/"))
    if path != "." and (not is_unit_relative(path) or _NO_ROOT.search(path)):
        raise InvalidArgumentError(
            f"--root is {root!r}; give a path below the folder of the project, of plain characters"
        )
    return path


def put(path: str, make: Callable[[str], str | None]) -> str:
    """Write a file as ``make`` says, given what it holds; return what was done. None from it: nobody can tell how."""
    if os.path.islink(path) or (os.path.lexists(path) and not os.path.isfile(path)):
        return "is a link or no file, and stays as it is"
    try:
        old = _read(path)
        if old is None:
            return "is no text that can be added to, and stays as it is"
        new = make(old)
        if new is None:
            return f"stays as it is; add by hand:\n{_block('')}"
        if new == old:
            return "has all that it needs" if old else "is not needed: pyproject.toml has [tool.runcheck]"
        rewrite(path, new)
    except OSError as error:
        raise CannotWriteError(f"{path}: cannot be written: {error.strerror or error}") from error
    added = len(new.splitlines()) - len(old.splitlines())
    return f"added {added} line{'' if added == 1 else 's'}" if old else "written"


def _read(path: str) -> str | None:
    """Return the text of a file, "" where there is none; None where it is no text."""
    try:
        with open(path, "rb") as stream:
            content = stream.read(_MOST + 1)
    except FileNotFoundError:
        return ""
    try:
        return content.decode() if len(content) <= _MOST else None
    except UnicodeDecodeError:
        return None


def _configuration(folder: str, root: str, text: str) -> str:
    found = find(os.path.abspath(folder))
    is_here = found is not None and os.path.dirname(found.path) == os.path.abspath(folder)
    return text if text or is_here else _CONFIGURATION.format(root=f'"{root}"')


def _ignored(text: str) -> str:
    """Return what Git ignores; the last line that fits a path counts, so what is taken out again comes last."""
    examples = [f"!{each}" for each in layout().environment_examples]
    new = merged(text, [f"{layout().state}/", *layout().environment_files])
    return merged(new, examples) if new == text else new + "".join(f"{each}\n" for each in examples)


def _hooks(text: str) -> str | None:
    """Return the configuration of pre-commit with the hooks, None where nobody can tell where they go."""
    if re.search(r"^[^#\n]*\b(?:id|entry):[ \t]*runcheck\b", text, re.MULTILINE):
        return text
    if not text.strip():
        return f"{text}repos:\n{_block('  ')}"
    repos = _REPOS.search(text)
    if repos is None:
        return None
    if repos["empty"]:
        return f"{text[: repos.start()]}repos:\n{_block('  ')}{text[repos.end() :].removeprefix(chr(10))}"
    end = re.compile(r"^[^\s#-]", re.MULTILINE).search(text, repos.end())
    at = end.start() if end else len(text)
    item = _ITEM.search(text, repos.end(), at)
    if item is None:
        return None
    before = text[:at] if text[:at].endswith("\n") else f"{text[:at]}\n"
    new = before + _block(item["indent"]) + text[at:]
    return new if _holds_as_before(text, new) else None


def _block(indent: str) -> str:
    lines = ["- repo: local", "  hooks:"]
    for name, command, arguments, more in _HOOKS:
        lines += [f"    - id: {name}", f"      name: {name}", f"      entry: runcheck {command}"]
        lines += [f"      args: {arguments}", "      language: system", "      require_serial: true"]
        lines += [f"      {each}" for each in more]
    return "".join(f"{indent}{line}\n" for line in lines)


def _holds_as_before(old: str, new: str) -> bool:
    """Say whether a configuration of pre-commit says what it said, and names one repository more."""
    import yaml  # noqa: PLC0415

    try:
        before, after = yaml.safe_load(old), yaml.safe_load(new)
        repos = after.pop("repos")
        return bool(repos[:-1] == before.pop("repos") and after == before)
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, RecursionError):
        return False
