"""What tells this program and its libraries from those on another machine: two that differ may judge differently."""

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec

from runcheck._version import __version__
from runcheck.convention.files import convention_folder

# What is read with these libraries is read otherwise without them, or with another version.
LIBRARIES = (
    "cryptography",
    "google_crc32c",
    "h5py",
    "jsonschema_rs",
    "msgspec",
    "numcodecs",
    "numpy",
    "pyarrow",
    "tensorstore",
    "yaml",
)
_DISTRIBUTIONS = {"yaml": "PyYAML"}  # the others are named as what is imported
_PACKAGE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
_DIGEST_BYTES = 16


@cache
def stamp() -> bytes:
    """Return what tells this program from any other on this machine: the sizes and times of files, none is opened."""
    digest = hashlib.blake2b(sys.version.encode(), digest_size=_DIGEST_BYTES)
    for name, place in _sources():
        status = os.stat(place)
        digest.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    for library in LIBRARIES:
        found = find_spec(library)
        at = os.stat(found.origin).st_mtime_ns if found and found.origin else 0
        digest.update(f"{library} {at}\n".encode())
    return digest.digest()


@cache
def versions() -> Mapping[str, str | None]:
    """Return the version of each part of what judges here, None where it is not installed.

    The sources have one of their own, over their bytes: two checkouts may bear the same number. It is taken once a
    process, as the sources are loaded.
    """
    names = (_DISTRIBUTIONS.get(name, name) for name in LIBRARIES)
    return {
        "Python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "runcheck": __version__,
        "runcheck's sources": _digest_of_sources(),
        **{name: _version_of(name) for name in names},
    }


def differences(theirs: Mapping[str, str | None], ours: Mapping[str, str | None]) -> list[str]:
    """Return, in words, each part that is another in ``theirs`` than in ``ours``."""
    return [
        f"{name} {theirs.get(name) or 'is missing'} and not {ours.get(name) or 'none'}"
        for name in dict.fromkeys((*ours, *theirs))
        if theirs.get(name) != ours.get(name)
    ]


def _version_of(distribution: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - the cache does not ask for versions

    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _digest_of_sources() -> str:
    digest = hashlib.blake2b(digest_size=4)
    for name, place in _sources():
        with open(place, "rb") as stream:
            text = stream.read()
        digest.update(f"{name} {len(text)}\n".encode() + text)
    return digest.hexdigest()


def _sources() -> Iterator[tuple[str, str]]:
    """Yield each file that the program is made of, by its path within and where it lies, in the order of names."""
    for folder, suffix in ((_PACKAGE, ".py"), (convention_folder("schemas"), ""), (convention_folder("spec"), "")):
        for place, folders, files in os.walk(folder):
            folders[:] = sorted(each for each in folders if each != "__pycache__")
            for name in sorted(each for each in files if each.endswith(suffix)):
                at = os.path.join(place, name)
                yield at.removeprefix(folder), at
