"""What a run runs on: packages and their locks, the machine without its name, JAX and what drives its devices."""

import contextlib
import enum
import functools
import hashlib
import importlib.metadata
import os
import platform
import re
import sys
from collections.abc import Iterable, Iterator

from runcheck.convention.documents import Env, Hardware
from runcheck.convention.layout import layout

_NAME, _VERSION = re.compile(r"^Name:[ \t]*(\S.*)$", re.MULTILINE), re.compile(r"^Version:[ \t]*(\S.*)$", re.MULTILINE)
_METADATA = ("METADATA", "PKG-INFO", "")  # of a wheel, an egg's folder, an egg's file (importlib.metadata)
# `NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build ...`
_NVIDIA = ("/proc/driver/nvidia/version", re.compile(r"Kernel Module\D*?(?:x86_64|aarch64)?\s+([0-9][0-9.]+[0-9])"))
_AMD = ("/sys/module/amdgpu/version", re.compile(r"([0-9][0-9.]*)"))
_DRIVER_BYTES = 4096
_VERSION_CHARACTERS = 200
_MAX_LOCKS, _LOCK_BYTES = 32, 64 << 20


def read_environment(top: str, folders: Iterable[str] = ()) -> Env:
    """Return what the code runs on. The devices are those of JAX, where the script has imported it.

    Lock files are looked for in ``top``, the folder of the repository, and in ``folders`` below it.
    """
    env: Env = {
        "python": platform.python_version(),
        "platform": f"{platform.system()}-{platform.release()}-{platform.machine()}",
        "packages": installed_packages(),
        "hardware": _hardware(),
        "devices": [],
    }
    drivers = dict(_drivers())
    with contextlib.suppress(RuntimeError, AttributeError):  # no backend can be started; a module that is not JAX
        env["devices"], platforms = _devices()
        drivers |= platforms
    if drivers:
        env["drivers"] = drivers
    if locks := lock_files(top, folders):
        env["lock_files"] = locks
    if variables := read_variables():
        env["variables"] = variables
    if settings := _settings():
        env["jax"] = settings
    return env


def installed_packages() -> dict[str, str]:
    """Return the version of each distribution by its name; of two of one name, that which is imported."""
    folders = map(os.path.abspath, sys.path)
    return dict(_packages_in(tuple((each, _changed(each)) for each in folders)))


@functools.lru_cache(maxsize=1)
def _packages_in(folders: tuple[tuple[str, int], ...]) -> dict[str, str]:  # noqa: ARG001 - what is read again if it changed
    """Return the packages of folders and when each was changed, as it is by whatever comes, goes or is upgraded."""
    packages: dict[str, str] = {}
    for distribution in importlib.metadata.distributions():
        head = _head(distribution)
        name, version = _NAME.search(head), _VERSION.search(head)
        if name and version:
            packages.setdefault(name[1].strip(), version[1].strip())
    return dict(sorted(packages.items(), key=lambda item: item[0].lower()))


def _changed(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def _head(distribution: importlib.metadata.Distribution) -> str:
    """Return the fields of a distribution's metadata.

    By hand, since the parser of e-mail that importlib.metadata asks goes through every README, for a millisecond each.
    """
    with contextlib.suppress(OSError, ValueError):
        for name in _METADATA:
            if text := distribution.read_text(name):
                return text.partition("\n\n")[0]
    return ""


def lock_files(top: str, folders: Iterable[str] = ()) -> dict[str, str]:
    """Return the SHA-256 of the lock files in ``top`` and in ``folders``, by their paths relative to ``top``."""
    found: dict[str, str] = {}
    top = os.path.realpath(top)
    for folder in dict.fromkeys((top, *map(os.path.realpath, folders))):
        if not f"{folder}{os.sep}".startswith(f"{top.rstrip(os.sep)}{os.sep}"):
            continue
        for path in _locks_in(folder):
            if len(found) == _MAX_LOCKS:
                return found
            with contextlib.suppress(OSError), open(path, "rb") as stream:
                sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
                found[os.path.relpath(path, top).replace(os.sep, "/")] = sha256
    return found


def read_variables() -> dict[str, str]:
    """Return the variables of the environment that change what a run comes to."""
    named = {name: os.environ[name] for name in sorted(os.environ) if layout().surroundings.is_variable(name)}
    # An argument that is not UTF-8 comes with lone surrogates, which no document can hold.
    texts = {name: os.fsencode(value).decode("utf-8", "replace") for name, value in named.items()}
    flags = ("XLA_FLAGS", "LIBTPU_INIT_ARGS")
    return {name: _without_dumps(text) if name in flags else text for name, text in texts.items()}


def _without_dumps(flags: str) -> str:
    """Return flags of XLA but for those that say what to write besides, and where."""
    return " ".join(flag for flag in flags.split() if not flag.startswith("--xla_dump_"))


def _locks_in(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(
                entry.path
                for entry in entries
                if layout().surroundings.is_lock(entry.name) and entry.is_file() and entry.stat().st_size <= _LOCK_BYTES
            )
    except OSError:
        return []


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


def _drivers() -> Iterator[tuple[str, str]]:
    """Yield the drivers that the kernel has loaded."""
    for name, (path, version) in (("nvidia", _NVIDIA), ("amdgpu", _AMD)):
        with contextlib.suppress(OSError), open(path, encoding="utf-8", errors="replace") as stream:
            if match := version.search(stream.read(_DRIVER_BYTES)):
                yield name, match[1]


def _devices() -> tuple[list[str], dict[str, str]]:
    """Return JAX's devices, and how the platform of each tells its version: CUDA, ROCm, the runtime of a TPU."""
    jax = sys.modules.get("jax")
    if jax is None:
        return [], {}
    clients = {device.platform: device.client for device in jax.local_devices()}
    versions = {name: " ".join(str(client.platform_version).split()) for name, client in clients.items()}
    told = {name: text[:_VERSION_CHARACTERS] for name, text in versions.items() if text not in (name, "", "<unknown>")}
    return [f"{device.device_kind}:{device.id}" for device in jax.devices()], told


def _settings() -> dict[str, str | bool | int | None]:
    jax = sys.modules.get("jax")
    config = getattr(jax, "config", None)
    values = {name: getattr(config, name) for name in layout().surroundings.jax if hasattr(config, name)}
    values = {name: value.value if isinstance(value, enum.Enum) else value for name, value in values.items()}
    return {name: value for name, value in values.items() if value is None or isinstance(value, str | bool | int)}
