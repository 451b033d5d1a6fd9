"""What there is to know of each unit before it may go: little enough to keep for every unit of a large tree."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from runcheck.convention.aggregates import Direction
from runcheck.convention.documents import Status
from runcheck.convention.layout import layout
from runcheck.convention.timestamps import now, parse_timestamp
from runcheck.convention.units import Address
from runcheck.prune.references import behind, named_in, references_of, text_of
from runcheck.reading.files import UnitFiles
from runcheck.reading.records import UnitFault, UnitRecord, record_of
from runcheck.tree.entry import Entry
from runcheck.tree.liveness import sign_of_life
from runcheck.tree.store import LocalStore
from runcheck.writer.recovery.recover import heartbeat_of

_NEVER = datetime.min.replace(tzinfo=UTC)


class KnownUnit(NamedTuple):
    """A unit whose metadata hold. ``ended`` is when it was finished, or else when anything in it last changed.

    ``alive`` says in words what shows that it is being written. ``metadata`` is its file as it was read.
    """

    address: Address
    status: Status
    error: str | None
    ended: datetime
    changed: datetime
    sweep: str | None
    metrics: Mapping[str, float | None]
    directions: Mapping[str, Direction]
    refers_to: frozenset[str]
    alive: str | None
    is_sealed: bool
    size: int
    metadata: Entry | None

    @property
    def path(self) -> str:
        """Its path below the root."""
        return self.address.path


class UnknownUnit(NamedTuple):
    """A unit of which not all that it names is known, and why; ``text`` is what it says, None where nobody can tell."""

    path: str
    why: str
    text: str | None


class File(NamedTuple):
    """A file and its size."""

    path: str
    size: int


def know(store: LocalStore, address: Address, moment: datetime) -> tuple[KnownUnit | UnknownUnit, tuple[File, ...]]:
    """Return what there is to know of a unit, and its files."""
    entries, linked = [], set[str]()
    for entry in store.walk(address.path):
        if entry.is_file:
            entries.append(entry)
        elif (place := behind(store.folder, entry)) is not None:
            linked.add(place)
    files = tuple(File(entry.path, entry.size) for entry in entries)
    record = record_of(store, address.path)
    config = "" if isinstance(record, UnitRecord) and record.config is not None else _text_of_config(store, address)
    if isinstance(record, UnitFault):
        text = text_of(store, f"{address.path}/{layout().path('metadata')}")
        known = None if text is None or config is None else "\n".join((text, config, *linked))
        return UnknownUnit(address.path, record.reason, known), files
    if config is None:
        return UnknownUnit(address.path, "configuration cannot be read", None), files
    by_path = {entry.path.removeprefix(f"{address.path}/"): entry for entry in entries}
    metadata = record.metadata
    begun = (metadata["created_at"], *(each["at"] for each in metadata.get("restarts", ())))
    written = (datetime.fromtimestamp(entry.mtime_ns // 10**9, UTC) for entry in entries if _has_time(entry))
    changed = max(*map(_moment, begun), *written, _NEVER)
    unit = KnownUnit(
        address=address,
        status=metadata["status"],
        error=metadata.get("error"),
        ended=_moment(metadata["finished_at"]) if metadata["finished_at"] else changed,
        changed=changed,
        sweep=metadata["tags"].get("sweep"),
        metrics=metadata.get("metrics", {}),
        directions=metadata.get("directions", {}),
        refers_to=(references_of(record) | named_in(config) | linked) - {address.path},
        alive=_alive(store, address, by_path, moment),
        is_sealed=layout().path("checksums") in by_path,
        size=sum(entry.size for entry in entries),
        metadata=by_path.get(layout().path("metadata")),
    )
    return unit, files


def _text_of_config(store: LocalStore, address: Address) -> str | None:
    """Return the text of a configuration that is not sound, None where nobody can tell it."""
    role = layout().roles["config"]
    texts = [text_of(store, f"{address.path}/{path}") for path in role.paths if address.kind.name in role.kinds]
    return None if None in texts else "\n".join(filter(None, texts))


def _alive(store: LocalStore, address: Address, files: Mapping[str, Entry], moment: datetime) -> str | None:
    if layout().path("heartbeat") not in files:
        return None
    heartbeat = heartbeat_of(UnitFiles(f"{store.folder}/{address.path}"))
    if heartbeat is None:
        return "its heartbeat cannot be read, so it may be written"
    return sign_of_life(heartbeat, moment)


def _moment(text: str) -> datetime:
    """Return the moment that a text names; one that no calendar has is now: what cannot be dated is not old."""
    return parse_timestamp(text) or now()


def _has_time(entry: Entry) -> bool:
    return 0 <= entry.mtime_ns < 253_402_300_799 * 10**9  # the last second that datetime has
