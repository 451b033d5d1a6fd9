"""The units that a unit names: the dataset that it was made from, and those that it links to."""

from collections.abc import Iterator

from runcheck.convention.documents import Metadata
from runcheck.convention.names import is_name
from runcheck.reading.records import UnitFault, metadata_at
from runcheck.tree.store import Store


def references_of(metadata: Metadata) -> list[str]:
    """Return the paths of the units that metadata name."""
    origin = metadata["data_provenance"]
    named = [*metadata.get("links", {}).values(), *([origin["path"]] if origin["kind"] == "artefact" else [])]
    return [each for each in dict.fromkeys(named) if is_name("unit-path", each)]


def with_references(store: Store, path: str) -> list[str]:
    """Return the units that the one at ``path`` names, directly or through others, and itself: what is named first."""
    found: dict[str, None] = {}
    pending = [(path, _named_by(store, path))]
    met = {path}
    while pending:
        for named in pending[-1][1]:
            if named not in met:
                met.add(named)
                pending.append((named, _named_by(store, named)))
                break
        else:
            found[pending.pop()[0]] = None
    return list(found)


def _named_by(store: Store, path: str) -> Iterator[str]:
    metadata = metadata_at(store, path)
    return iter(() if isinstance(metadata, UnitFault) else references_of(metadata))
