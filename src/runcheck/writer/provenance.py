"""Where a unit comes from: the commit, the command, the machine without its name."""

import importlib.metadata
import os
import platform
import re
import subprocess
import sys
from dataclasses import dataclass

from runcheck.convention.addresses import without_user
from runcheck.convention.documents import Env, Git, Hardware

MAX_DIFF_BYTES = 4 << 20
MAX_UNTRACKED = 100
_GIT_SECONDS = 30
# Whatever the user's configuration says: a patch that `git apply` takes, binary files included.
_DIFF = (
    "diff",
    "--binary",
    "--full-index",
    "--no-ext-diff",
    "--no-color",
    "--no-textconv",
    "--no-renames",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "HEAD",
)
_SCP_ADDRESS = re.compile(r"(?:[^@/\s]+@)?(?P<host>[^:/\s]+):(?P<path>[^\s]+)")


@dataclass(frozen=True, slots=True)
class Repository:
    """The state of the repository around a folder, and the difference of its tracked files from the commit."""

    git: Git
    top: str
    diff: bytes


def script_folder() -> str:
    """Return the folder of the script that runs; of a console or an installed program, the working directory."""
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    folder = os.path.dirname(os.path.abspath(main)) if main else os.getcwd()
    return os.getcwd() if f"{folder}/".startswith((f"{sys.prefix}/", f"{sys.base_prefix}/")) else folder


def script_description() -> str:
    """Return the first paragraph of the docstring of the script that runs, in one line."""
    text = getattr(sys.modules.get("__main__"), "__doc__", None) or ""
    return " ".join(text.strip().split("\n\n")[0].split())


def read_repository(folder: str, *, diff_path: str, outside: str) -> Repository | None:
    """Return the repository that ``folder`` lies in, or None where there is none or no commit in it.

    ``diff_path`` is where the unit will hold the difference. Untracked files below the folder ``outside`` (the
    artefacts) are not named.
    """
    top, sha = _git(folder, "rev-parse", "--show-toplevel"), _git(folder, "rev-parse", "--verify", "HEAD")
    if top is None or sha is None:
        return None
    top = top.strip()
    diff = _git_bytes(top, *_DIFF) or b""
    branch = _git(top, "symbolic-ref", "--quiet", "--short", "HEAD")
    untracked = (_git(top, "ls-files", "--others", "--exclude-standard", "-z") or "").split("\0")
    artefacts = os.path.relpath(os.path.realpath(outside), os.path.realpath(top))
    git: Git = {
        "sha": sha.strip(),
        "dirty": bool(diff),
        "branch": branch.strip() if branch else None,
        "remote": _remote(_git(top, "config", "--get", "remote.origin.url") or ""),
        "diff": diff_path if diff else None,
    }
    named = [path for path in untracked if path and not f"{path}/".startswith(f"{artefacts}/")]
    if named:
        git["untracked"] = sorted(named)[:MAX_UNTRACKED]
    return Repository(git, top, _kept(diff))


def command_line(top: str) -> list[str]:
    """Return the command that runs: the script relative to ``top``, or its name where it lies outside, arguments."""
    # An argument that is not UTF-8 comes with lone surrogates, which no document can hold.
    script, *arguments = (os.fsencode(each).decode("utf-8", "replace") for each in sys.argv or [""])
    if not script or script == "-c":
        return ["python", *(["-c"] if script else []), *arguments]
    relative = os.path.relpath(os.path.realpath(script), os.path.realpath(top))
    outside = relative.startswith("..") or os.path.isabs(relative)
    return ["python", os.path.basename(script) if outside else relative.replace(os.sep, "/"), *arguments]


def read_environment() -> Env:
    """Return what the code runs on. The devices are those of JAX, where the script has imported it."""
    packages = {
        name: distribution.version
        for distribution in importlib.metadata.distributions()
        if (name := distribution.metadata["Name"]) and distribution.version
    }
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()}-{platform.release()}-{platform.machine()}",
        "packages": dict(sorted(packages.items(), key=lambda item: item[0].lower())),
        "hardware": _hardware(),
        "devices": _devices(),
    }


def _git(folder: str, *arguments: str) -> str | None:
    output = _git_bytes(folder, *arguments)
    return None if output is None else output.decode("utf-8", "replace")


def _git_bytes(folder: str, *arguments: str) -> bytes | None:
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, arguments from here
            ["git", *arguments],  # noqa: S607 - the git of the user's PATH is the one that is meant
            cwd=folder,
            capture_output=True,
            timeout=_GIT_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
            env=_git_environment(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _git_environment() -> dict[str, str]:
    """Return the environment without what a hook of another repository would tell Git about that one."""
    local = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"}
    kept = {name: value for name, value in os.environ.items() if name not in local}
    return {**kept, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}


def _kept(diff: bytes) -> bytes:
    """Return a difference of bounded size."""
    cut = len(diff) - MAX_DIFF_BYTES
    return diff if cut <= 0 else diff[:MAX_DIFF_BYTES] + f"\n[{cut:,} more bytes were not kept]\n".encode()


def _remote(address: str) -> str | None:
    """Return the address of a remote without user and password, or None where it is a path of this machine."""
    address = address.strip()
    if "://" in address:
        return None if address.startswith("file:") else without_user(address)
    match = _SCP_ADDRESS.fullmatch(address)
    return f"ssh://{match['host']}/{match['path'].lstrip('/')}" if match and len(match["host"]) > 1 else None


def _hardware() -> Hardware:
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not on Windows
        memory = None
    usable = getattr(os, "sched_getaffinity", None)
    cores = len(usable(0)) if usable else os.cpu_count() or 1
    return {"cpu": _cpu() or platform.processor() or None, "cores": cores, "memory_bytes": memory}


def _cpu() -> str | None:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as stream:
            line = next((line for line in stream if line.startswith("model name")), "")
    except OSError:
        return None
    return line.partition(":")[2].strip() or None


def _devices() -> list[str]:
    jax = sys.modules.get("jax")
    if jax is None:
        return []
    return [f"{device.device_kind}:{device.id}" for device in jax.devices()]
