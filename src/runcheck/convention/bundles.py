"""Schemas for editors: each in one piece, and a catalog that says for which files.

In the repository they share names by ``$ref`` to an identifier (``urn:runcheck:1:names#/$defs/slug``), which no editor
resolves. In a bundle what is referred to stands in its own ``$defs``.
"""

import copy
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from runcheck.convention.layout import layout
from runcheck.convention.schemas import SUFFIX, schema, schema_names

_FORMATS = ("json", "document")  # what an editor opens as one document
_SETTINGS = "runcheck"  # whose title is the name of its file
CATALOG = "catalog.json"

Node = dict[str, object]


def bundled(name: str) -> Node:
    """Return the schema ``name`` with all that it refers to in it."""
    found = copy.deepcopy(schema(name))
    shared: Node = {}
    own = str(schema(name)["$id"])
    _take_in(found, own, shared)
    if shared:
        found["$defs"] = {**cast("Node", found.get("$defs", {})), **shared}
    return found


def _take_in(node: object, own: str, shared: Node) -> None:
    """Turn references of other schemas into references of this one, and put what they mean into ``shared``."""
    for each in _objects(node):
        identifier, _, pointer = str(each.get("$ref", "")).partition("#")
        if not identifier or identifier == own:
            continue
        (other,) = (name for name in schema_names() if schema(name)["$id"] == identifier)
        key = f"{other}-{pointer.rpartition('/')[2]}" if pointer else other
        each["$ref"] = f"#/$defs/{key}"
        if key not in shared:
            meant = copy.deepcopy(_at(schema(other), pointer))
            for inner in _objects(meant):
                if str(inner.get("$ref", "")).startswith("#"):
                    inner["$ref"] = f"{identifier}{inner['$ref']}"
            shared[key] = meant
            _take_in(meant, own, shared)


def _objects(node: object) -> Iterator[Node]:
    if isinstance(node, dict):
        yield node
        for each in node.values():
            yield from _objects(each)
    elif isinstance(node, list):
        for each in node:
            yield from _objects(each)


def _at(document: object, pointer: str) -> object:
    for part in pointer.split("/")[1:]:
        document = cast("Node", document)[part]
    return document


def write_bundles(folder: str) -> list[str]:
    """Write every schema into ``folder``, and the catalog that leads to them there; return the paths."""
    os.makedirs(folder, exist_ok=True)
    documents = {f"{name}{SUFFIX}": bundled(name) for name in schema_names()}
    documents[CATALOG] = catalog(Path(folder).absolute().as_uri())
    for name, document in documents.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as stream:
            stream.write(json.dumps(document, indent=2) + "\n")
    return [os.path.join(folder, name) for name in documents]


def catalog(base: str = "") -> Node:
    """Return the schemas of documents in the form of SchemaStore's catalog, each at ``base`` or by its identifier."""
    listed = []
    for name in schema_names():
        paths = tuple(_paths(name))
        if paths:
            about = schema(name)
            address = f"{base}/{name}{SUFFIX}" if base else about["$id"]
            listed.append(
                {
                    "name": f"runcheck: {about['title']}",
                    "description": about["description"],
                    "fileMatch": list(paths),
                    "url": address,
                }
            )
    return {"$schema": "https://json.schemastore.org/schema-catalog.json", "version": 1, "schemas": listed}


def _paths(name: str) -> Iterator[str]:
    """Return the files that a schema is about, as an editor matches them."""
    if name == _SETTINGS:
        yield str(schema(name)["title"])
    for role in layout().roles.values():
        if role.schema == name and role.format in _FORMATS:
            for kind in layout().kinds.values():
                if not role.kinds or kind.name in role.kinds:
                    yield from (f"**/{kind.folder}/*/*/{path}" for path in role.paths)
