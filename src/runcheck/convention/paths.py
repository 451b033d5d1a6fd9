"""Paths inside of something: whether they stay there, and what they mean."""

import posixpath
from collections.abc import Mapping

from runcheck.convention.patterns import late

_DRIVE = late(r"[A-Za-z]:[\\/]")
_SEPARATORS = late(r"[\\/]")
_MAX_STEPS = 1_000


def leads_out(path: str, folder: str = "", links: Mapping[str, str] | None = None) -> bool:
    """Say whether ``path``, seen from ``folder``, is outside of what they are relative to.

    Absolute paths are, on any system, and so are those that climb too far. Backslashes separate too: on some systems
    they do. ``links`` has what the links inside refer to.
    """
    path = path.partition("\0")[0]  # where a name ends for the system's own functions
    if path[:1] in ("/", "\\") or _DRIVE.match(path):
        return True
    there: list[str] = [part for part in _SEPARATORS.split(folder) if part not in ("", ".")]
    left = _SEPARATORS.split(path)[::-1]
    for _ in range(_MAX_STEPS):
        if not left:
            return False
        part = left.pop()
        if part == "..":
            if not there:
                return True
            there.pop()
        elif part not in ("", "."):
            there.append(part)
            target = links.get("/".join(there)) if links else None
            if target is not None:
                if target[:1] in ("/", "\\") or _DRIVE.match(target):
                    return True
                there.pop()
                left += _SEPARATORS.split(target)[::-1]
    return len(left) > 0 and ".." in left


def resolve(path: str, location: str) -> str | None:
    """Return the path in the unit that ``location`` means to the file ``path``, or None where it leads out of it."""
    folder = path.rpartition("/")[0]
    if leads_out(location, folder):
        return None
    meant = posixpath.normpath(posixpath.join(folder, location.replace("\\", "/")))
    return "" if meant == "." else meant
