"""What the rules of a unit are given of what its files hold, beside its documents."""

import math
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from runcheck.convention.documents import SIDECAR_SUFFIX
from runcheck.convention.layout import layout
from runcheck.convention.names import is_name
from runcheck.convention.parameters import parameters
from runcheck.convention.paths import resolve
from runcheck.probes import Content, format_of
from runcheck.probes.contents import (
    NEEDS_TENSORSTORE,
    ComparisonContent,
    EventsContent,
    Hdf5Content,
    OnnxContent,
    OrbaxContent,
    PackedContent,
    ParquetContent,
    Pickled,
    ZarrContent,
)
from runcheck.rules.absent import ABSENT, Absent, NotVerified, Partly
from runcheck.rules.signature_inputs import SignatureInputs

if TYPE_CHECKING:  # words and numbers are looked at with their own modules, which a few clauses alone ask for
    from runcheck.convention.words import WordKind
    from runcheck.probes.numbers import NumbersContent
    from runcheck.probes.words import WordsContent
    from runcheck.rules.places import Place

_Content = TypeVar("_Content")
SHAPES = f"shapes of NumPy's arrays and of those on several devices: {NEEDS_TENSORSTORE}"


class UnitInputs(SignatureInputs):
    """The inputs of the rules of one unit."""

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
    def places(self) -> "tuple[Place, ...]":
        """Where there are secrets, names and paths of a machine, and values that were replaced."""
        return self._places[0]

    @cached_property
    def more_places(self) -> "Mapping[tuple[str, WordKind], int]":
        """How many of them there are beyond those places, by file and kind."""
        return self._places[1]

    @cached_property
    def _places(self) -> "tuple[tuple[Place, ...], Mapping[tuple[str, WordKind], int]]":
        from runcheck.probes.words import joined  # noqa: PLC0415 - see above
        from runcheck.rules.places import places_of  # noqa: PLC0415

        words: dict[str, WordsContent] = {}
        for path, facts in self.facts.items():
            of_metadata: WordsContent | None = getattr(facts.content, "words", None)
            if facts.words is not None or of_metadata is not None:
                words[path] = joined(facts.words, of_metadata)
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
    def parameter_counts(self) -> Partly[Mapping[int, int]] | Absent:
        """How many parameters each checkpoint has whose arrays are there, where the metadata say how many."""
        architecture = None if isinstance(self.metadata, Absent | NotVerified) else self.metadata.get("architecture")
        if architecture is None or architecture["parameters"] is None:
            return ABSENT
        counts: dict[int, int] = {}
        lacking: list[NotVerified] = []
        for step, checkpoint in self.checkpoints.items():
            names = set(parameters((*(each.name for each in checkpoint.leaves), *checkpoint.unsized)))
            if not names or checkpoint.broken_tree or (checkpoint.unsized and checkpoint.uncommitted):
                continue
            if names.intersection(checkpoint.unsized):
                path = f"{self.unit.path}/{layout().folder_of('checkpoint')}/{step}"
                lacking.append(NotVerified(path, checkpoint.unverified or SHAPES))
            else:
                counts[step] = sum(math.prod(each.shape) for each in checkpoint.leaves if each.name in names)
        return Partly(counts, tuple(lacking))

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
        another = ParquetContent(error="begins as a file of another format, and is no Parquet file")
        return self._data(ParquetContent, another, "parquet")

    @cached_property
    def hdf5_data(self) -> dict[str, Hdf5Content]:
        """What the HDF5 files among the data hold, as far as it could be looked into."""
        another = Hdf5Content(error="begins as a file of another format, and is no HDF5 file")
        return self._data(Hdf5Content, another, "hdf5")

    @cached_property
    def rows_by_data(self) -> Mapping[str, int | None]:
        """The rows of each data file or store by its path, or None where its footer or its shapes give no number."""
        rows: dict[str, int | None] = {}
        for contents in (self.parquet_data, self.hdf5_data, self.zarr_stores):
            rows.update((path, content.rows) for path, content in contents.items())
        return rows

    def _data(self, type_: type[_Content], another: _Content, format_: str) -> dict[str, _Content]:
        """Return what the data files of one type hold; ``another`` stands for what is of the format in name only."""
        found: dict[str, _Content] = {}
        for path in self.unit.of_role("data"):
            content = self.facts[path].content if path in self.facts else None
            if isinstance(content, type_):
                found[path] = content
            elif content is not None and format_of(path, b"") == format_:
                found[path] = another
        return found

    @cached_property
    def zarr_stores(self) -> dict[str, ZarrContent]:
        """What each Zarr store holds, by its path; what of it nobody could look into leaves the rest as it is."""
        return self._met(ZarrContent)

    @cached_property
    def pickles(self) -> Mapping[str, tuple[Pickled, ...]]:
        """The pickles in each file, also in one that could not be looked into further."""
        return {path: packed.pickles for path, packed in self._met(PackedContent).items() if packed.pickles}

    @cached_property
    def object_arrays(self) -> Mapping[str, tuple[str, ...]]:
        """The arrays of objects in each file; the name is empty where the file is the array.

        Those of HDF5, which has lists and references of its own, are no pickles.
        """
        names: dict[str, tuple[str, ...]] = {}
        for contents in (self._met(PackedContent), self.zarr_stores):
            names.update((path, content.object_names) for path, content in contents.items())
        return {path: each for path, each in names.items() if each}

    @cached_property
    def outside_references(self) -> Mapping[str, tuple[str, ...]]:
        """The paths in each file that lead out of it, or out of the unit."""
        data = set(self.unit.of_role("data"))  # what leads out of them is hdf5-self-contained
        found = {path: packed.outside for path, packed in self._met(PackedContent).items()}
        found |= {path: each.outside for path, each in self._met(Hdf5Content).items() if path not in data}
        for path, model in self._met(OnnxContent).items():
            found[path] = tuple(location for location in model.external if resolve(path, location) is None)
        return {path: each for path, each in found.items() if each}

    @cached_property
    def numbers(self) -> "dict[str, NumbersContent]":
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
        return frozenset(leaf.shape for checkpoint in self.checkpoints.values() for leaf in checkpoint.leaves)
