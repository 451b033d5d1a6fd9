"""The three schemes of version names and their order (spec, chapter 1)."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from runcheck.convention.names import is_name

SCHEMES = ("number-version", "semantic-version", "experiment-id")
NO_COMMIT = "0000000"

_Identifier = tuple[int, int, str]


def scheme_of(version: str) -> str | None:
    """Return the scheme that ``version`` follows, or None where it follows none."""
    return next((scheme for scheme in SCHEMES if is_name(scheme, version)), None)


def experiment_id(created: datetime, sha: str | None, attempt: int = 1) -> str:
    """Return the id of a run that was created at a moment from a commit; later attempts in one second are numbered."""
    stamp = created.astimezone(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    suffix = "" if attempt == 1 else f"-{attempt}"
    return f"{stamp}_{(sha or NO_COMMIT)[:7]}{suffix}"


def parts_of_experiment_id(version: str) -> tuple[str, str]:
    """Return the second (``YYYY-MM-DDTHH:MM:SS``) and the short commit that an experiment id names."""
    stamp, rest = version.split("Z_", 1)
    date, clock = stamp.split("T")
    return f"{date}T{clock.replace('-', ':')}", rest[:7]


def _semantic_key(version: str) -> tuple[tuple[int, ...], bool, tuple[_Identifier, ...]]:
    core, _, pre = version.partition("-")
    # Semantic Versioning 2.0.0, section 11: numbers below words, numbers by value, a release above its pre-releases.
    identifiers = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in pre.split(".") if part)
    return tuple(int(part) for part in core.split(".")), not pre, identifiers


def version_of_link(target: str) -> str | None:
    """Return the name beside it that a link ``latest`` leads to, or None where it leads elsewhere."""
    name = target.removeprefix("./").removesuffix("/")
    return name if name and "/" not in name and name not in (".", "..") else None


def in_order(versions: Iterable[str]) -> list[str] | None:
    """Return ``versions`` from the oldest to the newest, or None where they do not follow one scheme."""
    given = list(versions)
    schemes = {scheme_of(version) for version in given}
    if len(schemes) > 1 or None in schemes:
        return None
    return sorted(given, key=_KEYS[schemes.pop() or ""]) if schemes else []


def newest(versions: Iterable[str]) -> str | None:
    """Return the newest of ``versions``, or None where there are none or they follow more than one scheme."""
    ordered = in_order(versions)
    return ordered[-1] if ordered else None


def _experiment_key(version: str) -> tuple[str, int]:
    match = re.fullmatch(r"(.{20})_[0-9a-f]{7}(?:-(\d+))?", version)
    if match is None:
        raise ValueError(f"not an experiment id: {version!r}")
    return match[1], int(match[2] or 1)


_KEYS: dict[str, Callable[[str], tuple[object, ...]]] = {
    "number-version": lambda version: (int(version[1:]),),
    "semantic-version": _semantic_key,
    "experiment-id": _experiment_key,
}


def next_number_version(versions: list[str]) -> str:
    """Return the counted version after ``versions``: ``v1`` where there is none yet."""
    numbers = [int(version[1:]) for version in versions if is_name("number-version", version)]
    return f"v{max(numbers, default=0) + 1}"
