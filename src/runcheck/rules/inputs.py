"""What rules are given: the names that they may declare as parameters, for a unit and for the tree.

An input is :class:`Absent` where the file is not there or is broken; the rules that need it are then passed over,
since another clause (required-file, document-syntax, metadata-schema, ...) has its finding. It is
:class:`NotVerified` where nothing could look into it, and then the report says so.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TypeVar, cast

from runcheck.convention.aggregates import SeriesAggregate
from runcheck.convention.checksums import fingerprint
from runcheck.convention.documents import SIDECAR_SUFFIX, STATUSES, ExportSidecar, Heartbeat, Metadata, Status, Summary
from runcheck.convention.layout import layout
from runcheck.convention.names import is_name
from runcheck.convention.parameters import parameters
from runcheck.convention.paths import resolve
from runcheck.convention.units import Tree, Unit
from runcheck.convention.validation import Violation, is_known_major, violations
from runcheck.convention.words import WordKind
from runcheck.probes import Content, Facts
from runcheck.probes.checksums import ChecksumsContent
from runcheck.probes.comparison import ComparisonContent
from runcheck.probes.document import DocumentContent
from runcheck.probes.events import EventsContent
from runcheck.probes.git import GitContent
from runcheck.probes.hdf5 import Hdf5Content
from runcheck.probes.metrics import MetricsContent
from runcheck.probes.numbers import NumbersContent
from runcheck.probes.onnx import OnnxContent
from runcheck.probes.orbax import OrbaxContent
from runcheck.probes.orbax_arrays import NEEDS_TENSORSTORE
from runcheck.probes.packed import PackedContent, Pickled
from runcheck.probes.parquet import ParquetContent
from runcheck.probes.registry import RegistryContent
from runcheck.probes.tensors import Tensor
from runcheck.probes.text import TextContent
from runcheck.probes.zarr import ZarrContent
from runcheck.rules.places import Place, places_of

_Content = TypeVar("_Content")


@dataclass(frozen=True, slots=True)
class Absent:
    """An input that is not there."""


@dataclass(frozen=True, slots=True)
class NotVerified:
    """An input that nothing could look into, and why."""

    path: str
    reason: str


ABSENT = Absent()
POINTER = "Git LFS pointers, checked as pointers; their objects are not here"
SHAPES = f"shapes of NumPy's arrays and of those on several devices: {NEEDS_TENSORSTORE}"


@dataclass
class UnitInputs:
    """The inputs of the rules of one unit, judged at ``now``. Paths in ``facts`` are relative to the unit."""

    unit: Unit
    facts: Mapping[str, Facts]
    now: datetime

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
    def heartbeat(self) -> Heartbeat | None:
        """The heartbeat, or None where there is no valid one."""
        value = self._document("heartbeat")
        valid = isinstance(value, dict) and is_known_major(value) and not violations("heartbeat", value)
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
    def events(self) -> dict[str, EventsContent]:
        """Every event file that was read, by its path."""
        return {path: facts.content for path, facts in self.facts.items() if isinstance(facts.content, EventsContent)}

    @cached_property
    def comparison(self) -> ComparisonContent | Absent:
        """How the event files differ from the metrics, where both are sound."""
        facts = self.facts.get(layout().folder_of("events"))
        return facts.content if facts and isinstance(facts.content, ComparisonContent) else ABSENT

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
        if not found and (self.unit.of_role("checksums") or self.unit.of_role("export_sidecar")):
            return NotVerified(self.unit.path, "checksums, which are not computed at this depth")
        return found

    @cached_property
    def readme(self) -> TextContent | Absent | NotVerified:
        """The README."""
        content = self._content("readme")
        return content if isinstance(content, TextContent | Absent | NotVerified) else ABSENT

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Where there are secrets, names and paths of a machine, and values that were replaced."""
        return self._places[0]

    @cached_property
    def more_places(self) -> Mapping[tuple[str, WordKind], int]:
        """How many of them there are beyond those places, by file and kind."""
        return self._places[1]

    @cached_property
    def _places(self) -> tuple[tuple[Place, ...], Mapping[tuple[str, WordKind], int]]:
        words = {path: facts.words for path, facts in self.facts.items() if facts.words is not None}
        return places_of(self.unit, self.documents, words)

    @cached_property
    def checkpoint_steps(self) -> frozenset[int]:
        """The steps that have a checkpoint folder with a file in it."""
        return frozenset(int(name) for name, holds in self.checkpoint_names.items() if holds and is_name("step", name))

    @cached_property
    def checkpoint_names(self) -> Mapping[str, bool]:
        """What lies in the folder of the checkpoints: each name, and whether it holds a file."""
        names: dict[str, bool] = {}
        folder = f"{layout().folder_of('checkpoint')}/"
        for path in self.unit.members:
            if path.startswith(folder):
                name, _, below = path.removeprefix(folder).partition("/")
                if name not in layout().placeholders:
                    names[name] = names.get(name, False) or (bool(below) and path in self.unit.files)
        return names

    @cached_property
    def checkpoints(self) -> Mapping[int, OrbaxContent]:
        """What each checkpoint holds, by its step, in order; as far as it could be looked into."""
        folder = f"{layout().folder_of('checkpoint')}/"
        found = {
            int(path.removeprefix(folder)): facts.content
            for path, facts in self.facts.items()
            if isinstance(facts.content, OrbaxContent)
        }
        return dict(sorted(found.items()))

    @cached_property
    def parameter_counts(self) -> Mapping[int, int] | Absent | NotVerified:
        """How many parameters each checkpoint has whose arrays are there, where the metadata say how many."""
        architecture = None if isinstance(self.metadata, Absent | NotVerified) else self.metadata.get("architecture")
        if architecture is None or architecture["parameters"] is None:
            return ABSENT
        counts: dict[int, int] = {}
        for step, checkpoint in self.checkpoints.items():
            names = set(parameters((*(each.name for each in checkpoint.leaves), *checkpoint.unsized)))
            if not names or checkpoint.broken_tree or (checkpoint.unsized and checkpoint.uncommitted):
                continue
            if names.intersection(checkpoint.unsized):
                path = f"{self.unit.path}/{layout().folder_of('checkpoint')}/{step}"
                return NotVerified(path, checkpoint.unverified or SHAPES)
            counts[step] = sum(math.prod(each.shape) for each in checkpoint.leaves if each.name in names)
        return counts

    @cached_property
    def sidecars(self) -> dict[str, ExportSidecar]:
        """The valid sidecars of exports by their paths."""
        found: dict[str, ExportSidecar] = {}
        for path in self.unit.of_role("export_sidecar"):
            value = self.documents[path].value if path in self.documents else None
            if isinstance(value, dict) and not violations("export-sidecar", value):
                found[path] = cast("ExportSidecar", value)
        return found

    @cached_property
    def looked_into(self) -> Mapping[str, Content | None] | NotVerified:
        """What the files of exports and the folders among them hold, but for what nobody could read.

        None stands for a file that no probe reads.
        """
        if isinstance(self.digests, NotVerified):
            return NotVerified(self.unit.path, "exports, which are not looked into at this depth")
        folder = f"{layout().folder_of('export')}/"
        return {
            path: facts.content
            for path, facts in self.facts.items()
            if path.startswith(folder)
            and (facts.content or facts.sha256)
            and not (facts.error or facts.pointer)
            and getattr(facts.content, "unverified", None) is None
        }

    @cached_property
    def external_data(self) -> frozenset[str]:
        """The files that models keep their tensors in: all beside a model where it does not tell."""
        found: set[str] = set()
        for path, sidecar in self.sidecars.items():
            exported = path.removesuffix(SIDECAR_SUFFIX)
            model = self.facts[exported].content if exported in self.facts else None
            if isinstance(model, OnnxContent) and model.tensors is not None:
                found.update(filter(None, (resolve(exported, location) for location in model.external)))
            elif sidecar["format"] == "onnx":
                folder = exported.rpartition("/")[0]
                found.update(path for path in self.unit.files if path.rpartition("/")[0] == folder)
        return frozenset(found)

    @cached_property
    def parquet_data(self) -> dict[str, ParquetContent]:
        """What the Parquet files among the data hold, as far as it could be looked into."""
        return self._data(ParquetContent)

    @cached_property
    def hdf5_data(self) -> dict[str, Hdf5Content]:
        """What the HDF5 files among the data hold, as far as it could be looked into."""
        return self._data(Hdf5Content)

    @cached_property
    def rows_by_data(self) -> Mapping[str, int | None]:
        """The rows of each data file or store by its path, or None where its footer or its shapes give no number."""
        rows: dict[str, int | None] = {}
        for contents in (self.parquet_data, self.hdf5_data, self.zarr_stores):
            rows.update((path, content.rows) for path, content in contents.items())
        return rows

    def _data(self, type_: type[_Content]) -> dict[str, _Content]:
        return {
            path: content
            for path in self.unit.of_role("data")
            if (facts := self.facts.get(path)) and isinstance(content := facts.content, type_)
        }

    @cached_property
    def zarr_stores(self) -> dict[str, ZarrContent]:
        """What each Zarr store holds, by its path; what of it nobody could look into leaves the rest as it is."""
        return {path: facts.content for path, facts in self.facts.items() if isinstance(facts.content, ZarrContent)}

    @cached_property
    def pickles(self) -> Mapping[str, tuple[Pickled, ...]]:
        """The pickles in each file, also in one that could not be looked into further."""
        return {path: packed.pickles for path, packed in self._packed.items() if packed.pickles}

    @cached_property
    def object_arrays(self) -> Mapping[str, tuple[str, ...]]:
        """The arrays of objects in each file; the name is empty where the file is the array."""
        names: dict[str, tuple[str, ...]] = {}
        for contents in (self._packed, self._of_type(Hdf5Content), self.zarr_stores):
            names.update((path, content.object_names) for path, content in contents.items())
        return {path: each for path, each in names.items() if each}

    @cached_property
    def outside_references(self) -> Mapping[str, tuple[str, ...]]:
        """The paths in each file that lead out of it, or out of the unit."""
        data = set(self.unit.of_role("data"))  # what leads out of them is hdf5-self-contained
        found = {path: packed.outside for path, packed in self._packed.items()}
        found |= {path: each.outside for path, each in self._of_type(Hdf5Content).items() if path not in data}
        for path, model in self._of_type(OnnxContent).items():
            found[path] = tuple(location for location in model.external if resolve(path, location) is None)
        return {path: each for path, each in found.items() if each}

    @cached_property
    def _packed(self) -> dict[str, PackedContent]:
        return {path: facts.content for path, facts in self.facts.items() if isinstance(facts.content, PackedContent)}

    @cached_property
    def series(self) -> Mapping[tuple[str, str], SeriesAggregate]:
        """Every series of the metrics, sound or not; none where there are no metrics."""
        return self.metrics.series if isinstance(self.metrics, MetricsContent) else {}

    @cached_property
    def numbers(self) -> dict[str, NumbersContent]:
        """What the numbers of each text are like."""
        return {path: facts.numbers for path, facts in self.facts.items() if facts.numbers is not None}

    @cached_property
    def parameters(self) -> int:
        """How many parameters the model has, as its metadata say; 0 where nothing says it."""
        if isinstance(self.metadata, Absent | NotVerified) or "architecture" not in self.metadata:
            return 0
        return self.metadata["architecture"]["parameters"] or 0

    @cached_property
    def array_shapes(self) -> frozenset[tuple[int, ...]]:
        """The shapes of the arrays in the checkpoints, where a probe knows them."""
        leaves: list[Tensor] = [leaf for facts in self.facts.values() for leaf in getattr(facts.content, "leaves", ())]
        return frozenset(leaf.shape for leaf in leaves)

    def _of_type(self, type_: type[_Content]) -> dict[str, _Content]:
        """Return the contents of one type by the paths of their files or folders, but for what nobody could read."""
        return {
            path: facts.content
            for path, facts in self.facts.items()
            if isinstance(facts.content, type_) and getattr(facts.content, "unverified", None) is None
        }

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
        return tuple(violations(schema, value)) if is_known_major(value) else ABSENT

    def _valid(self, role: str, found: object) -> dict[str, object] | Absent | NotVerified:
        value = self._document(role)
        return value if isinstance(value, NotVerified) or found == () else ABSENT


@dataclass
class TreeInputs:
    """The inputs of the rules of the tree.

    Of ``by_unit`` only the ``wanted`` units were read whole and are judged themselves.
    """

    tree: Tree
    by_unit: Mapping[str, UnitInputs]
    wanted: frozenset[str]
    registry: RegistryContent | Absent | NotVerified
    extension_schemas: Mapping[str, DocumentContent]
    latest_texts: Mapping[str, str]
    git: GitContent | Absent | NotVerified
    unread: Mapping[str, str]

    @cached_property
    def sound_registry(self) -> RegistryContent | Absent | NotVerified:
        """The registry, where it could be read."""
        registry = self.registry
        return ABSENT if isinstance(registry, RegistryContent) and registry.error else registry

    @cached_property
    def metadata_by_unit(self) -> dict[str, Metadata]:
        """The valid metadata by the path of the unit."""
        return {
            path: inputs.metadata
            for path, inputs in self.by_unit.items()
            if not isinstance(inputs.metadata, Absent | NotVerified)
        }

    @cached_property
    def status_by_unit(self) -> dict[str, Status]:
        """The status by the path of the unit, where it can be told."""
        return {path: inputs.status for path, inputs in self.by_unit.items() if not isinstance(inputs.status, Absent)}

    @cached_property
    def fingerprints(self) -> dict[str, str]:
        """The fingerprint of each sealed dataset, computed from its list."""
        return {
            path: fingerprint(inputs.checksums.sums())
            for path, inputs in self.by_unit.items()
            if inputs.unit.kind.name == "dataset" and isinstance(inputs.checksums, ChecksumsContent)
        }
