"""The units that a unit names: the dataset that it was made from, and those that it links to."""

from collections.abc import Iterator, Mapping

from runcheck.convention.layout import layout
from runcheck.convention.names import is_name
from runcheck.probes import make_probe
from runcheck.probes.contents import DocumentContent
from runcheck.tree.store import Store


def references_of(metadata: Mapping[str, object]) -> list[str]:
    """Return the paths of the units that metadata name, whatever these hold."""
    links, origin = metadata.get("links"), metadata.get("data_provenance")
    named = [*links.values()] if isinstance(links, dict) else []
    if isinstance(origin, dict):
        named.append(origin.get("path"))
    return [each for each in dict.fromkeys(filter(_is_place, named)) if isinstance(each, str)]


def with_references(store: Store, path: str) -> list[str]:
    """Return the units that the one at ``path`` names, directly or through others, and itself: what is named first.

    Raises:
        OSError: the store did not answer.
    """
    found: dict[str, None] = {}
    pending: list[tuple[str, Iterator[str]]] = [(path, iter(references_of(metadata_at(store, path))))]
    met = {path}
    while pending:
        for named in pending[-1][1]:
            if named not in met:
                met.add(named)
                pending.append((named, iter(references_of(metadata_at(store, named)))))
                break
        else:
            found[pending.pop()[0]] = None
    return list(found)


def metadata_at(store: Store, path: str) -> dict[str, object]:
    """Return the metadata of the unit at ``path``, whether they are valid or not; none where they are no document.

    Raises:
        OSError: the store did not answer.
    """
    name = layout().path("metadata")
    entry, probe = store.entry(f"{path}/{name}"), make_probe("json", name)
    if entry is None or not entry.is_file or entry.size > layout().limits.document_bytes or probe is None:
        return {}
    probe.feed(store.content(entry))
    content = probe.content()
    return content.value if isinstance(content, DocumentContent) and isinstance(content.value, dict) else {}


def _is_place(path: object) -> bool:
    return isinstance(path, str) and is_name("unit-path", path)
