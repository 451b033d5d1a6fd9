"""What the units of a tree say of themselves: metadata, configuration and summary, read as the linter reads them.

They come from the documents of the units and never from the registry, which may be stale: what is told here is so.
"""

from collections.abc import Iterator
from typing import NamedTuple, cast

from runcheck.convention.checksums import parse_lfs_pointer
from runcheck.convention.documents import Metadata, RegistryRow, Summary
from runcheck.convention.layout import layout
from runcheck.convention.registry import registry_row
from runcheck.convention.schemas import is_known_major
from runcheck.convention.units import classify, is_above_units
from runcheck.probes import make_probe
from runcheck.probes.contents import DocumentContent
from runcheck.tree.entry import Entry
from runcheck.tree.store import Store

_POINTER = "is a Git LFS pointer, and its object is not here; `git lfs pull` brings it"


class UnitRecord(NamedTuple):
    """What a unit says of itself.

    ``path`` is that below the root. ``config`` and ``summary`` are None where there is none, or none that can be read:
    what is wrong with them ``runcheck`` says. A run that goes on has no summary yet: one that is there is of before.
    """

    path: str
    metadata: Metadata
    config: dict[str, object] | None
    summary: Summary | None

    @property
    def kind(self) -> str:
        """``dataset``, or ``model`` for a run."""
        return self.metadata["kind"]

    @property
    def row(self) -> RegistryRow:
        """The row that the registry should have of the unit."""
        return registry_row(self.metadata, self.path, self.config, self.summary)


class UnitFault(NamedTuple):
    """A unit whose metadata cannot be told, and why, as the end of a sentence."""

    path: str
    reason: str


class _FaultError(Exception):
    """Why a document cannot be told, as the end of a sentence."""


def records(store: Store, kind: str | None = None) -> Iterator[UnitRecord | UnitFault]:
    """Yield what each unit of a tree, or each of a kind, says of itself, in the order of their paths."""
    for address in classify(store.walk("", is_above_units)).units:
        if kind is None or address.kind.name == kind:
            yield record_of(store, address.path)


def record_of(store: Store, path: str) -> UnitRecord | UnitFault:
    """Return what the unit at ``path`` says of itself."""
    metadata = metadata_at(store, path)
    if isinstance(metadata, UnitFault):
        return metadata
    return record_with(store, path, metadata)


def metadata_at(store: Store, path: str) -> Metadata | UnitFault:
    """Return the metadata of the unit at ``path``, which fit their schema."""
    name = layout().path("metadata")
    entry = store.entry(f"{path}/{name}")
    if entry is None:
        return UnitFault(path, f"has no {name}")
    try:
        return cast("Metadata", _document(store, entry, "metadata"))
    except _FaultError as fault:
        return UnitFault(path, f"{name} {fault}")


def record_with(store: Store, path: str, metadata: Metadata) -> UnitRecord:
    """Return what the unit at ``path`` says of itself, whose metadata are known to be these."""
    config = _sound(store, path, "config")
    summary = None if metadata["status"] == "running" else _sound(store, path, "summary")
    return UnitRecord(path, metadata, config, cast("Summary | None", summary))


def _sound(store: Store, unit: str, role: str) -> dict[str, object] | None:
    """Return the document in a role, or None where there is not one that is sound, and one alone."""
    kind = layout().kind_of_folder(unit.partition("/")[0])
    if kind is None or kind.name not in layout().roles[role].kinds:
        return None
    found = [entry for path in layout().roles[role].paths if (entry := store.entry(f"{unit}/{path}"))]
    files = [entry for entry in found if entry.is_file]
    if len(files) != 1:
        return None
    try:
        return _document(store, files[0], role)
    except _FaultError:
        return None


def _document(store: Store, entry: Entry, role: str) -> dict[str, object]:
    """Return the object that a document holds, valid by the schema of its role.

    Raises:
        _FaultError: there is none.
    """
    limit, probe = layout().limits.document_bytes, make_probe(layout().roles[role].format, entry.path)
    if not entry.is_file or probe is None:
        raise _FaultError("is no regular file")
    if entry.size > limit:
        raise _FaultError(f"is larger than {limit:,} bytes, as no document is")
    try:
        whole = store.content(entry)
    except OSError as error:
        raise _FaultError(f"cannot be read: {error.strerror or error}") from error
    if parse_lfs_pointer(whole) is not None:
        raise _FaultError(_POINTER)
    probe.feed(whole)
    content = probe.content()
    if not isinstance(content, DocumentContent) or content.too_large:
        raise _FaultError(f"is larger than {limit:,} bytes, as no document is")
    if content.error is not None or not isinstance(content.value, dict):
        raise _FaultError(content.error or "holds no object")
    _check(role, content.value)
    return content.value


def _check(role: str, document: dict[str, object]) -> None:
    schema = layout().roles[role].schema
    if schema is None:
        return
    from runcheck.convention.validation import violations  # noqa: PLC0415 - a run that starts has no summary yet

    if not is_known_major(document):
        version = document.get("schema_version")
        raise _FaultError(f"is of schema version {version}, and only {layout().schema_version} is known here")
    for violation in violations(schema, document):
        raise _FaultError(f"{violation.pointer}: {violation.message}" if violation.pointer else violation.message)
