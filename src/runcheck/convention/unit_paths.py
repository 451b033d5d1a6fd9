"""Where units lie: paths of a tree, by their segments alone."""

from runcheck.convention.documents import Metadata
from runcheck.convention.layout import Kind, layout

UNIT_DEPTH = 3  # segments of the path of a unit: the folder of its kind, its slug and its version


def unit_path(kind: Kind, slug: str, version: str) -> str:
    """Return the path of a unit below the root of its tree."""
    return f"{kind.folder}/{slug}/{version}"


def path_of_unit(metadata: Metadata) -> str:
    """Return the path below the root of its tree at which a unit belongs by its metadata."""
    return unit_path(layout().kinds[metadata["kind"]], metadata["slug"], metadata["version"])


def is_unit_path(path: str) -> bool:
    """Say whether a path is that of a unit."""
    parts = path.split("/")
    return len(parts) == UNIT_DEPTH and _is_unit(parts)


def unit_around(path: str) -> str | None:
    """Return the path of the unit that ``path`` lies in, None where it lies in none."""
    parts = path.split("/")
    return "/".join(parts[:UNIT_DEPTH]) if len(parts) > UNIT_DEPTH and _is_unit(parts) else None


def within_unit(path: str) -> str:
    """Return the path in its unit of a path that lies in one."""
    return path.split("/", UNIT_DEPTH)[UNIT_DEPTH]


def _is_unit(parts: list[str]) -> bool:
    return layout().kind_of_folder(parts[0]) is not None and parts[UNIT_DEPTH - 1] != layout().latest
