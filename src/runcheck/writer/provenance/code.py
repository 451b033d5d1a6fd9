"""Where a unit comes from: the commit and what differed from it, and the command."""

import os
import re
import sys
from dataclasses import dataclass
from types import ModuleType

from runcheck.convention.addresses import without_user
from runcheck.convention.documents import Git
from runcheck.convention.names import is_name
from runcheck.writer.provenance.git import Question

LOADED_SCRIPT = "runcheck_objective"  # the module of a script that runcheck itself runs: that one is the script
_OWN = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # of `python -m runcheck`
MAX_DIFF_BYTES = 4 << 20
MAX_UNTRACKED = 100
_MAX_LINES = 1 << 20  # bytes of names and of configuration that are read
# Whatever the user's configuration says: a patch that `git apply` takes, binary files included.
_DIFF = (
    "diff",
    "--binary",
    "--full-index",
    "--no-ext-diff",
    "--no-color",
    "--no-textconv",
    "--no-renames",
    "--submodule=short",
    "--unified=3",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "HEAD",
    "--",
    ".",
)
# What `dvc repro` writes after each stage: a later stage would be of another code by it.
_RESULTS = ":(top,exclude,glob)**/dvc.lock"
_SCP_ADDRESS = re.compile(r"(?:[^@/\s]+@)?(?P<host>[^:/\s]+):(?P<path>[^\s]+)")


@dataclass(frozen=True, slots=True)
class Repository:
    """The state of the repository around a folder, and the difference of its tracked files from the commit."""

    git: Git
    top: str
    diff: bytes


def _script() -> ModuleType | None:
    return sys.modules.get(LOADED_SCRIPT) or sys.modules.get("__main__")


def script_folder() -> str:
    """Return the folder of the script that runs; of a console or a program of others, the working directory."""
    main = getattr(_script(), "__file__", None)
    folder = os.path.dirname(os.path.abspath(main)) if main else os.getcwd()
    return os.getcwd() if f"{folder}/".startswith((f"{sys.prefix}/", f"{sys.base_prefix}/", f"{_OWN}/")) else folder


def script_description() -> str:
    """Return the first paragraph of the docstring of the script that runs, in one line."""
    text = getattr(_script(), "__doc__", None) or ""
    return " ".join(text.strip().split("\n\n")[0].split())


def read_repository(folder: str, *, diff_path: str, outside: str) -> Repository | None:
    """Return the repository that ``folder`` lies in, or None where there is none or no commit in it.

    ``diff_path`` is where the unit will hold the difference. What lies below the folder ``outside`` (the artefacts)
    is what comes of the code: it makes no difference, and untracked files there are not named. Nor does ``dvc.lock``.
    """
    said, is_there = Question(folder, "rev-parse", "--show-toplevel", "HEAD", "--symbolic-full-name", "HEAD").answer(
        _MAX_LINES
    )
    if not is_there:
        return None
    top, sha, head = os.fsdecode(said).removesuffix("\n").rsplit("\n", 2)
    artefacts = os.path.relpath(os.path.realpath(outside), os.path.realpath(top)).replace(os.sep, "/")
    is_inside = artefacts != "." and not artefacts.startswith("../") and not os.path.isabs(artefacts)
    # All three at once, since each mostly waits for the disk.
    differing = Question(top, *_DIFF, _RESULTS, *([f":(top,exclude,literal){artefacts}"] if is_inside else []))
    others = Question(
        top,
        *("ls-files", "--others", "--exclude-standard", "-z"),
        *([f"--exclude=/{_escaped(artefacts)}"] if is_inside else []),
    )
    remotes = Question(top, "config", "-z", "--get-regexp", r"^remote\..*\.url$")
    diff, is_whole = differing.answer(MAX_DIFF_BYTES)
    is_dirty = bool(diff) or not is_whole
    git: Git = {
        "sha": sha,
        "dirty": is_dirty,
        "branch": _text(head).removeprefix("refs/heads/") if head != "HEAD" else None,
        "remote": _remote(remotes.answer(_MAX_LINES)[0]),
        "diff": diff_path if is_dirty else None,
    }
    if not is_whole:
        git["diff_is_cut"] = True
        # At the end of a line, or half of a secret would be left, which nothing recognises.
        diff = diff[: diff.rfind(b"\n") + 1] + b"\n[the rest of the difference was not kept]\n"
    paths, are_all = others.answer(_MAX_LINES)
    named = [_text(os.fsdecode(path)) for path in paths.split(b"\0")[:-1]]
    if named:
        git["untracked"] = sorted(named)[:MAX_UNTRACKED]
    if not are_all or len(named) > MAX_UNTRACKED:
        git["untracked_is_cut"] = True
    return Repository(git, top, diff)


def command_line(top: str) -> list[str]:
    """Return the command that runs: the script relative to ``top``, or its name where it lies outside, arguments.

    A module that was started by ``-m`` is named as one.
    """
    # An argument that is not UTF-8 comes with lone surrogates, which no document can hold.
    script, *arguments = map(_text, sys.argv or [""])
    if not script or script == "-c":
        return ["python", *(["-c"] if script else []), *arguments]
    main = sys.modules.get("__main__")
    spec, file = getattr(main, "__spec__", None), getattr(main, "__file__", None)
    if spec is not None and file and os.path.realpath(file) == os.path.realpath(sys.argv[0]):
        return ["python", "-m", spec.name.removesuffix(".__main__"), *arguments]
    relative = _relative(script, top)
    return ["python", os.path.basename(script) if relative is None else _text(relative), *arguments]


def working_folder(top: str) -> str | None:
    """Return the folder that the command runs in, relative to ``top``; None where it is that, or outside."""
    relative = _relative(os.getcwd(), top)
    if relative is None or relative == "." or _text(relative) != relative or not is_name("path", relative):
        return None
    return relative


def _relative(path: str, top: str) -> str | None:
    relative = os.path.relpath(os.path.realpath(path), os.path.realpath(top)).replace(os.sep, "/")
    return None if relative == ".." or relative.startswith("../") or os.path.isabs(relative) else relative


def _text(text: str) -> str:
    return os.fsencode(text).decode("utf-8", "replace")


def _escaped(path: str) -> str:
    """Return a path as a line of ``.gitignore`` has it (gitignore(5))."""
    return re.sub(r"([\\*?\[ ])", r"\\\1", path)


def _remote(configured: bytes) -> str | None:
    """Return the address of ``origin``, or of the first remote where that is not one of them."""
    lines = [_text(os.fsdecode(each)).partition("\n") for each in configured.split(b"\0")[:-1]]
    remotes = {key.lower().removeprefix("remote.").removesuffix(".url"): address for key, _, address in reversed(lines)}
    return _address(remotes.get("origin") or next(reversed(remotes.values()), ""))


def _address(address: str) -> str | None:
    """Return the address of a remote without user and password, or None where it is a path of this machine."""
    address = address.strip()
    if "://" in address:
        return None if address.startswith("file:") else without_user(address)
    match = _SCP_ADDRESS.fullmatch(address)
    return f"ssh://{match['host']}/{match['path'].lstrip('/')}" if match and len(match["host"]) > 1 else None
