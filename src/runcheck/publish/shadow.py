"""The registry of a tree in a store, made here: from a shadow of that tree, which has a few documents of its units.

The registry is a function of these, so what the writer does with a tree of this machine it can do with that.
"""

import os
import tempfile

from runcheck.convention.documents import Metadata
from runcheck.convention.layout import layout
from runcheck.convention.registry import COLUMNS_OF
from runcheck.convention.units import classify, is_above_units
from runcheck.errors import MissingLibraryError
from runcheck.probes.registry import read_registry
from runcheck.tree.entry import Entry
from runcheck.tree.writable import WritableStore
from runcheck.writer.registry import is_registered, upsert_row

_CHUNK = 1 << 20
_OF_ROWS = ("metadata", *COLUMNS_OF)  # the roles of the documents that a row is made of


def registered(store: WritableStore, path: str, metadata: Metadata) -> list[str]:
    """See that the registry of a store has the row of the unit at ``path``; return what was done."""
    name = layout().registry
    with tempfile.TemporaryDirectory(prefix="runcheck-") as root:
        _bring_documents(store, path, root)
        try:
            registry = store.entry(name)
            if registry is not None and registry.is_file:
                _bring(store, registry, root)
                if is_registered(root, path, metadata):
                    return []
            if not _is_readable(os.path.join(root, name)):
                for unit in classify(store.walk("", is_above_units)).units:
                    _bring_documents(store, unit.path, root)
            upsert_row(root, path, metadata)
        except MissingLibraryError as error:
            return [f"left {name} as it was: {error}"]
        with open(os.path.join(root, name), "rb") as stream:
            store.send(name, stream, os.path.getsize(stream.name))
    return [f"wrote its row into {name}"]


def _is_readable(registry: str) -> bool:
    if not os.path.exists(registry):
        return False
    content = read_registry(registry)
    return not content.error and not content.unverified


def _bring_documents(store: WritableStore, unit: str, root: str) -> None:
    """Bring what the row of a unit is made of."""
    for name in (path for role in _OF_ROWS for path in layout().roles[role].paths):
        entry = store.entry(f"{unit}/{name}")
        if entry is not None and entry.is_file and entry.size <= layout().limits.document_bytes:
            _bring(store, entry, root)


def _bring(store: WritableStore, entry: Entry, root: str) -> None:
    target = os.path.join(root, entry.path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with store.open(entry) as source, open(target, "wb") as stream:
        while chunk := source.read(_CHUNK):
            stream.write(chunk)
