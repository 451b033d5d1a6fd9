"""What the rules of a unit are given of its documents: the names that they may declare as parameters.

An input is :class:`Absent` where the file is not there or is broken; the rules that need it are then passed over,
since another clause (required-file, document-syntax, metadata-schema, ...) has its finding. It is
:class:`NotVerified` where nothing could look into it, and then the report says so.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property
from typing import TypeVar, cast

from runcheck.convention.aggregates import SeriesAggregate
from runcheck.convention.checksums import LfsPointer
from runcheck.convention.documents import (
    STATUSES,
    BestTrial,
    ExportSidecar,
    Heartbeat,
    Metadata,
    StatedException,
    Status,
    Study,
    Summary,
    TrialRow,
)
from runcheck.convention.exceptions import exceptions_in
from runcheck.convention.layout import layout
from runcheck.convention.schemas import Violation, is_known_major
from runcheck.convention.settings import Settings
from runcheck.convention.units import Unit
from runcheck.probes import GONE, Facts
from runcheck.probes.contents import ChecksumsContent, DocumentContent, MetricsContent, TextContent
from runcheck.rules.absent import ABSENT, POINTER, Absent, NotVerified
from runcheck.tree.entry import Entry

_Content = TypeVar("_Content")


class DocumentInputs:
    """The documents of one unit, judged at ``now``. Paths in ``facts`` are relative to the unit."""

    def __init__(
        self,
        unit: Unit,
        facts: Mapping[str, Facts],
        now: datetime,
        is_gone: Callable[[Heartbeat], bool],
        settings: Settings = Settings(),  # noqa: B008 - it does not change
    ) -> None:
        """Take what was read; ``is_gone`` says whether the process of a heartbeat is known to have ended."""
        self.unit, self.facts, self.now, self._is_gone, self.settings = unit, facts, now, is_gone, settings

    @property
    def entries(self) -> dict[str, Entry]:
        """Every entry of the unit by its path, those too that could not be looked at."""
        return {**{path: member.entry for path, member in self.unit.members.items()}, **self.unit.closed}

    @cached_property
    def unread(self) -> dict[str, str]:
        """Why files could not be read. In a running run files come and go."""
        return {
            path: facts.error
            for path, facts in self.facts.items()
            if facts.error and not (facts.error == GONE and self.known_status == "running")
        }

    @cached_property
    def documents(self) -> dict[str, DocumentContent]:
        """Every JSON or YAML document by its path."""
        return {path: facts.content for path, facts in self.facts.items() if isinstance(facts.content, DocumentContent)}

    @cached_property
    def metadata_violations(self) -> tuple[Violation, ...] | Absent | NotVerified:
        """Where the metadata break their schema."""
        return self._violations("metadata")

    @cached_property
    def metadata(self) -> Metadata | Absent | NotVerified:
        """The metadata, valid against its schema."""
        value = self._valid("metadata", self.metadata_violations)
        return value if isinstance(value, Absent | NotVerified) else cast("Metadata", value)

    @property
    def stated_exceptions(self) -> list[StatedException]:
        """The exceptions that valid metadata state. Most state none, which is seen without validating them."""
        document = self._document("metadata")
        governance = document.get("governance") if isinstance(document, dict) else None
        metadata = self.metadata if isinstance(governance, dict) and governance.get("exceptions") else ABSENT
        return [] if isinstance(metadata, Absent | NotVerified) else exceptions_in(metadata)

    @cached_property
    def status(self) -> Status | Absent:
        """The status, wherever it can be told, even from metadata that break their schema elsewhere."""
        document = self._document("metadata")
        value = document.get("status") if isinstance(document, dict) else None
        return value if value in STATUSES else ABSENT

    @property
    def known_status(self) -> Status | None:
        """The status, or None where it cannot be told."""
        return None if isinstance(self.status, Absent) else self.status

    @cached_property
    def gone_process(self) -> int | None:
        """The number of the process that wrote the heartbeat, where it is known to have ended."""
        heartbeat = self.heartbeat
        return heartbeat["process"] if heartbeat is not None and self._is_gone(heartbeat) else None

    @cached_property
    def heartbeat(self) -> Heartbeat | None:
        """The heartbeat, or None where there is no valid one."""
        value = self._document("heartbeat")
        valid = isinstance(value, dict) and is_known_major(value) and not _breaks("heartbeat", value)
        return cast("Heartbeat", value) if valid else None

    @cached_property
    def config(self) -> dict[str, object] | Absent | NotVerified:
        """The configuration."""
        return self._document("config")

    @cached_property
    def summary_violations(self) -> tuple[Violation, ...] | Absent | NotVerified:
        """Where the summary breaks its schema."""
        return self._violations("summary")

    @cached_property
    def summary(self) -> Summary | Absent | NotVerified:
        """The summary, valid against its schema."""
        value = self._valid("summary", self.summary_violations)
        return value if isinstance(value, Absent | NotVerified) else cast("Summary", value)

    @cached_property
    def study_violations(self) -> dict[str, tuple[Violation, ...]]:
        """Where the documents of a sweep or a study break their schemas, by their roles."""
        found = {role: self._violations(role) for role in ("study", "best_trial")}
        return {role: each for role, each in found.items() if not isinstance(each, Absent | NotVerified)}

    @cached_property
    def study(self) -> Study | Absent | NotVerified:
        """What a sweep or a study was looking for, valid against its schema."""
        value = self._valid("study", self.study_violations.get("study"))
        return value if isinstance(value, Absent | NotVerified) else cast("Study", value)

    @cached_property
    def best_trials(self) -> tuple[BestTrial, ...] | NotVerified:
        """The best trial, valid against its schema; none where there is not one that is."""
        value = self._valid("best_trial", self.study_violations.get("best_trial"))
        return (
            value
            if isinstance(value, NotVerified)
            else ()
            if isinstance(value, Absent)
            else (cast("BestTrial", value),)
        )

    @cached_property
    def trial_violations(self) -> tuple[tuple[int, Violation], ...] | Absent | NotVerified:
        """Where trials break their schema, by their lines."""
        rows, schema = self._trials, layout().roles["trials"].schema
        if isinstance(rows, Absent | NotVerified) or schema is None:
            return ABSENT if schema is None else cast("Absent | NotVerified", rows)
        return tuple((line, each) for line, row in enumerate(rows, start=1) for each in _breaks(schema, row))

    @cached_property
    def trials(self) -> tuple[tuple[int, TrialRow], ...] | Absent | NotVerified:
        """The trials with their lines, where each is valid against its schema."""
        rows = self._trials
        if isinstance(rows, Absent | NotVerified):
            return rows
        return ABSENT if self.trial_violations else tuple(enumerate(cast("tuple[TrialRow, ...]", rows), start=1))

    @property
    def _trials(self) -> tuple[object, ...] | Absent | NotVerified:
        content = self._content("trials")
        if isinstance(content, DocumentContent) and isinstance(content.value, tuple):
            return content.value
        return content if isinstance(content, NotVerified) else ABSENT

    @cached_property
    def metrics(self) -> MetricsContent | Absent | NotVerified:
        """What the metric rows come to, defects included."""
        content = self._content("metrics")
        return content if isinstance(content, MetricsContent | Absent | NotVerified) else ABSENT

    @cached_property
    def sound_metrics(self) -> MetricsContent | Absent | NotVerified:
        """What the metric rows come to, where no row has a defect."""
        content = self.metrics
        return ABSENT if isinstance(content, MetricsContent) and content.defect_count else content

    @cached_property
    def series(self) -> Mapping[tuple[str, str], SeriesAggregate]:
        """Every series of the metrics, sound or not; none where there are no metrics."""
        return self.metrics.series if isinstance(self.metrics, MetricsContent) else {}

    @cached_property
    def checksums(self) -> ChecksumsContent | Absent | NotVerified:
        """The checksum list."""
        content = self._content("checksums")
        return content if isinstance(content, ChecksumsContent | Absent | NotVerified) else ABSENT

    @cached_property
    def digests(self) -> Mapping[str, str] | NotVerified:
        """The SHA-256 of each file: of the object, where the file is its pointer."""
        found: dict[str, str] = {}
        for path, facts in self.facts.items():
            sha256 = facts.pointer.sha256 if facts.pointer else facts.sha256
            if sha256 is not None:
                found[path] = sha256
        is_hashed = any(facts.sha256 for facts in self.facts.values())  # a pointer tells its object's at every depth
        if not is_hashed and (self.unit.of_role("checksums") or self.unit.of_role("export_sidecar")):
            return NotVerified(self.unit.path, "checksums, which are not computed at this depth")
        return found

    @cached_property
    def pointers(self) -> dict[str, LfsPointer]:
        """The files that are pointers of Git LFS."""
        return {path: facts.pointer for path, facts in self.facts.items() if facts.pointer}

    @cached_property
    def readme(self) -> TextContent | Absent | NotVerified:
        """The README."""
        content = self._content("readme")
        return content if isinstance(content, TextContent | Absent | NotVerified) else ABSENT

    @cached_property
    def sidecars(self) -> dict[str, ExportSidecar]:
        """The valid sidecars of exports by their paths."""
        found: dict[str, ExportSidecar] = {}
        for path in self.unit.of_role("export_sidecar"):
            value = self.documents[path].value if path in self.documents else None
            if isinstance(value, dict) and not _breaks("export-sidecar", value):
                found[path] = cast("ExportSidecar", value)
        return found

    def _met(self, type_: type[_Content]) -> dict[str, _Content]:
        """Return the contents of one type, also those of which something could not be looked into."""
        return {path: facts.content for path, facts in self.facts.items() if isinstance(facts.content, type_)}

    def _content(self, role: str) -> object:
        paths = self.unit.of_role(role)
        if len(paths) != 1:
            return ABSENT
        facts = self.facts.get(paths[0])
        if facts is None or facts.error is not None:
            return ABSENT
        return NotVerified(f"{self.unit.path}/{paths[0]}", POINTER) if facts.pointer else facts.content

    def _document(self, role: str) -> dict[str, object] | Absent | NotVerified:
        content = self._content(role)
        if isinstance(content, NotVerified):
            return content
        if isinstance(content, DocumentContent) and isinstance(content.value, dict):
            return content.value
        return ABSENT

    def _violations(self, role: str) -> tuple[Violation, ...] | Absent | NotVerified:
        value, schema = self._document(role), layout().roles[role].schema
        if isinstance(value, Absent | NotVerified) or schema is None:
            return ABSENT if schema is None else cast("Absent | NotVerified", value)
        return _breaks(schema, value) if is_known_major(value) else ABSENT

    def _valid(self, role: str, found: object) -> dict[str, object] | Absent | NotVerified:
        value = self._document(role)
        return value if isinstance(value, NotVerified) or found == () else ABSENT


def _breaks(schema: str, value: object) -> tuple[Violation, ...]:
    from runcheck.convention.validation import violations  # noqa: PLC0415 - checksums alone ask for no schema

    return tuple(violations(schema, value))
