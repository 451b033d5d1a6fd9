"""Which units a unit needs: those that it was made from and links to, and those that its settings name by their path.

A run whose configuration says ``model/digits_cnn_base/v1`` began from there, whether it has a link that says so or not.
One too many does no harm: it stays.
"""

import json
import os
import re
from collections.abc import Iterator
from functools import cache

from runcheck.convention.layout import layout
from runcheck.convention.unit_paths import UNIT_DEPTH
from runcheck.reading.records import UnitRecord
from runcheck.tree.entry import Entry
from runcheck.tree.store import Store

_OF_METADATA = ("data_provenance", "links", "command", "generator", "extensions", "restarts", "description")
_END = ".,;:)]}"  # of a sentence
_POINTER_START = "version https://git-lfs"


def references_of(record: UnitRecord) -> frozenset[str]:
    """Return the paths of units that a unit names, its own not among them, that of ``latest`` as it stands."""
    found = {path for name in _OF_METADATA for path in _named(record.metadata.get(name))}
    found.update(_named(record.config))
    return frozenset(found - {record.path})


def named_in(text: str) -> frozenset[str]:
    """Return the paths of units that a text names."""
    return frozenset(_named(text))


def text_of(store: Store, path: str) -> str | None:
    """Return the text of a document that does not hold, which may yet name units; None where nobody can tell it.

    Escapes of JSON are undone where it is JSON at all.
    """
    entry = store.entry(path)
    if entry is None:
        return ""
    if not entry.is_file or entry.size > layout().limits.document_bytes:
        return None
    try:
        text = store.content(entry).decode("utf-8", "replace")
    except OSError:
        return None
    if text.startswith(_POINTER_START):
        return None
    try:
        return json.dumps(json.loads(text), ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def behind(root: str, link: Entry) -> str | None:
    """Return the path of the unit that a link leads to or into, None where it leads to none of the tree."""
    if link.target is None:
        return None
    place = os.path.realpath(os.path.join(root, os.path.dirname(link.path), link.target))
    parts = os.path.relpath(place, os.path.realpath(root)).split(os.sep)
    return "/".join(parts[:UNIT_DEPTH]) if len(parts) >= UNIT_DEPTH else None


def _named(value: object) -> Iterator[str]:
    """Yield the paths that the texts in a JSON value name."""
    pending = [value]
    while pending:
        match pending.pop():
            case str(text):
                yield from (match[0].rstrip(_END) for match in _path().finditer(text))
            case dict(table):
                pending += [*table, *table.values()]
            case list(values):
                pending += values


@cache
def _path() -> re.Pattern[str]:
    folders = "|".join(re.escape(kind.folder) for kind in layout().kinds.values())
    return re.compile(rf"(?<![A-Za-z0-9._-])(?:{folders})/[A-Za-z0-9._-]+/[A-Za-z0-9._+-]+")
