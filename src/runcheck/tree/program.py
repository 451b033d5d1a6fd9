"""What tells this program and its libraries from those on another machine: two that differ may judge differently."""

import hashlib
import os
import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from runcheck._version import __version__
from runcheck.convention.files import convention_folder
from runcheck.tree.cache import LIBRARIES

_DISTRIBUTIONS = {"yaml": "PyYAML"}  # the others are named as what is imported
_PACKAGE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))


@cache
def versions() -> Mapping[str, str | None]:
    """Return the version of each part of what judges here, None where it is not installed.

    The sources have one of their own, over their bytes: two checkouts may bear the same number. It is taken once a
    process, as the sources are loaded.
    """
    names = {name: _DISTRIBUTIONS.get(name, name) for name in LIBRARIES}
    return {
        "Python": ".".join(platform.python_version_tuple()[:2]),
        "runcheck": __version__,
        "runcheck's sources": _digest_of_sources(),
        **{name: _version_of(name) for name in names.values()},
    }


def differences(theirs: Mapping[str, str | None], ours: Mapping[str, str | None]) -> list[str]:
    """Return, in words, each part that is another in ``theirs`` than in ``ours``."""
    return [
        f"{name} {theirs.get(name) or 'is missing'} and not {ours.get(name) or 'none'}"
        for name in dict.fromkeys((*ours, *theirs))
        if theirs.get(name) != ours.get(name)
    ]


def _version_of(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _digest_of_sources() -> str:
    digest = hashlib.blake2b(digest_size=4)
    for folder, suffix in ((_PACKAGE, ".py"), (convention_folder("schemas"), ""), (convention_folder("spec"), "")):
        for place, folders, files in os.walk(folder):
            folders.sort()
            for name in sorted(each for each in files if each.endswith(suffix)):
                with open(os.path.join(place, name), "rb") as stream:
                    text = stream.read()
                path = os.path.relpath(os.path.join(place, name), folder)
                digest.update(f"{path} {len(text)}\n".encode() + text)
    return digest.hexdigest()
