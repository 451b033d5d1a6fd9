"""The machine and the programs in words that name neither of its owner nor of its folders."""

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

_SHA_FLAGS = {"sha_ni", "sha2"}  # of x86 and of ARM, as Linux names them
_PEERS = ("bagit", "check-jsonschema", "model-signing")
_WRITERS = ("tensorboardX", "wandb", "clu", "tensorflow-cpu", "mlflow", "dvclive")


def machine() -> dict[str, str]:
    """Return what the times depend on."""
    cores = os.cpu_count() or 1
    gibibytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    has = "with" if _SHA_FLAGS & _flags() else "without"
    return {
        "cores": f"{cores} core{'s' if cores > 1 else ''} ({platform.machine()}, {has} SHA instructions)",
        "memory": f"{gibibytes:.0f} GiB of memory",
        "system": platform.system(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def _flags() -> set[str]:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return {
        flag for line in lines if line.lower().startswith(("flags", "features")) for flag in line.split(":")[1].split()
    }


def versions(peers: Path) -> dict[str, str]:
    """Return the versions of this linter and of the peers."""
    return {
        "runcheck": importlib.metadata.version("runcheck"),
        **_installed(peers / "python", _PEERS),
        "coreutils": _said(["sha256sum", "--version"]).split("\n")[0].split()[-1],
        "git": _said(["git", "--version"]).split()[2],
    }


def versions_of_writers(python: Path) -> dict[str, str]:
    """Return the versions of the other writers."""
    return _installed(python, _WRITERS)


def _installed(python: Path, names: tuple[str, ...]) -> dict[str, str]:
    code = f"import importlib.metadata as m; print(*[m.version(name) for name in {names!r}])"
    return dict(zip(names, _said([str(python), "-c", code]).split(), strict=True))


def _said(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
