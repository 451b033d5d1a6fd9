"""What probes say of a file or a folder: one class a format.

They stand apart from what reads: rules that ask for a format load no reader, and a reader is loaded with the first file
of its format. So they are tuples too, which cost a tenth of a dataclass to define.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from runcheck.convention.aggregates import SeriesAggregate
    from runcheck.convention.documents import RegistryRow
    from runcheck.probes.points import OrderedPoints, Points
    from runcheck.probes.words import WordsContent

# Which list of imports a pickle is held to: that of plain data, or that of PyTorch.
Serves: TypeAlias = Literal["pickle", "torch"]
MAX_DEFECTS = 100  # of metrics that are kept
NEEDS_TENSORSTORE = "needs tensorstore: pip install 'runcheck[tensorstore]'"


class Tensor(NamedTuple):
    """An array as its file describes it: its name there, its shape, and its dtype in NumPy's words (``float32``).

    ``digest`` is the SHA-256 of its numbers as they lie in memory in C order, little-endian, where they were decoded.
    It is no part of the description by which two tensors are the same one.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    digest: str | None = None

    def __eq__(self, other: object) -> bool:
        """Say whether both are described alike."""
        return isinstance(other, Tensor) and self[:3] == other[:3]

    def __ne__(self, other: object) -> bool:
        """Say whether they are described otherwise."""
        return not self == other

    def __hash__(self) -> int:
        """Return what is equal for tensors that are."""
        return hash(self[:3])


class Listed(NamedTuple):
    """A line of the list: its number from 1, the digest and the path."""

    line: int
    sha256: str
    path: str


class ChecksumsContent(NamedTuple):
    """The list in its own order, and the lines that are none: number and what they are."""

    listed: list[Listed]
    unread: list[tuple[int, str]]

    def sums(self) -> dict[str, str]:
        """Return the digests by path."""
        return {each.path: each.sha256 for each in self.listed}


class DocumentContent(NamedTuple):
    """A document: its value, or why it has none.

    ``ambiguous`` lists the plain scalars of YAML that a YAML 1.1 reader takes for something else: line and text.
    """

    value: object = None
    error: str | None = None
    line: int | None = None
    too_large: bool = False
    ambiguous: tuple[tuple[int, str], ...] = ()


class SignatureContent(NamedTuple):
    """A signature of OpenSSH: for what, by which key (as OpenSSH writes it), and over what; or why it is none.

    ``holds`` says whether the key made it over the list that is there, None where nobody looked.
    """

    error: str | None = None
    namespace: str = ""
    key_type: str = ""
    key: bytes = b""
    hash_name: str = ""
    signature: bytes = b""
    holds: bool | None = None
    unverified: str | None = None


class BundleContent(NamedTuple):
    """A bundle of model-signing: the SHA-256 of each file that it names, and who signed that; or why it is none.

    A bundle has its certificates, the signer's first, or only a ``hint``: the SHA-256 of the public key's PEM.
    ``holds`` says whether that key made the signature, None where nobody could tell; ``unverified`` says why not.
    """

    error: str | None = None
    resources: Mapping[str, str] = {}
    hint: str = ""
    certificates: tuple[bytes, ...] = ()
    payload: bytes = b""
    signature: bytes = b""
    holds: bool | None = None
    unverified: str | None = None


class LatestContent(NamedTuple):
    """The version that the file names, or None where it holds anything else."""

    version: str | None


class Section(NamedTuple):
    """A Markdown heading, its level and line from 1, and the text up to the next heading."""

    heading: str
    level: int
    line: int
    body: str


class TextContent(NamedTuple):
    """A text: its sections, or why it is none; ``too_large`` where it was not looked into."""

    sections: tuple[Section, ...] = ()
    error: str | None = None
    too_large: bool = False


class Defect(NamedTuple):
    """What is peculiar about a line: its number from 1, which kind of peculiarity, and the words for it."""

    line: int
    kind: str  # syntax | schema | nonfinite | order | duplicate | torn | size
    message: str


class MetricsContent:
    """The rows in short: how many, each series by (split, metric), the defects (the first 100 kept, all counted).

    ``points`` has the series again, by ``<split>/<metric>``, to be compared with those of event files.
    """

    def __init__(self) -> None:
        """Begin with no row."""
        self.rows = self.defect_count = 0
        self.series: dict[tuple[str, str], SeriesAggregate] = {}
        self.points: dict[str, Points] = {}
        self.defects: list[Defect] = []

    def note(self, line: int, kind: str, message: str) -> None:
        """Record a defect."""
        self.defect_count += 1
        if len(self.defects) < MAX_DEFECTS:
            self.defects.append(Defect(line, kind, message))


class Break(NamedTuple):
    """A record that is not as it must be: its number from 1, its place in bytes, its kind, and the words for it."""

    record: int
    offset: int
    kind: Literal["torn", "length", "content", "event"]
    message: str


class EventsContent:
    """The records in short: how many were whole, how many not and the first of these, and the points by tag.

    ``restarts_from`` is the least step from which a session took back what was before it in its folder; ``words`` are
    those of texts, hyperparameters and descriptions that do not belong into a published tree.
    """

    def __init__(self) -> None:
        """Begin with no record."""
        self.records = self.bad_records = 0
        self.first_break: Break | None = None
        self.points: dict[str, OrderedPoints] = {}
        self.restarts_from: int | None = None
        self.unverified: str | None = None
        self.words: WordsContent | None = None


class Difference:
    """How a series differs in the event files.

    Points with another value there, points that are ``lacking`` there and points that the metrics do not have
    (``beyond``), and the first such point: step, value in the events, value in the metrics. Where not the ``whole`` of
    the series could be compared these are what was met so far, maybe nothing.
    """

    def __init__(self) -> None:
        """Begin with no point."""
        self.other = self.lacking = self.beyond = 0
        self.first: tuple[int, float | None, float | None] | None = None
        self.whole = True

    def note(self, step: int, event: float | None, metric: float | None) -> None:
        """Count a point."""
        self.other += event is not None and metric is not None
        self.lacking += event is None
        self.beyond += metric is None
        if self.first is None or step < self.first[0]:
            self.first = step, event, metric


class ComparisonContent(NamedTuple):
    """Series of the metrics that no event file has, and those that differ there."""

    missing: tuple[str, ...] = ()
    differences: Mapping[str, Difference] = {}
    unverified: str | None = None


class GitContent(NamedTuple):
    """What the index holds, in paths relative to the root of the tree.

    ``environment`` are tracked files that hold the keys of a machine, anywhere in the repository; ``plain`` are large
    files that are tracked and do not go through Git LFS. ``unverified`` says why nothing is known.
    """

    environment: tuple[str, ...] = ()
    plain: frozenset[str] = frozenset()
    unverified: str | None = None


class RegistryContent(NamedTuple):
    """The rows, in the order of the file, or why there are none.

    ``unverified`` says that nothing here could look into it.
    """

    rows: tuple["RegistryRow", ...] = ()
    error: str | None = None
    unverified: str | None = None


class ParquetContent(NamedTuple):
    """What a Parquet file holds.

    ``bare`` are the columns that have pages without a checksum, of those pages that were looked at: the first ones of
    each column chunk, or all. ``unverified`` says what of the file nothing here could look into; the rest stands.
    ``words`` are those of its metadata that do not belong into a published tree.
    """

    rows: int | None = None
    columns: int = 0
    bare: frozenset[str] = frozenset()
    error: str | None = None
    unverified: str | None = None
    words: "WordsContent | None" = None


class Hdf5Content(NamedTuple):
    """What an HDF5 file holds.

    ``rows`` is the first axis of its datasets, where they share one. ``bare`` are the datasets that could carry a
    checksum and do not, ``outside`` what the file reads outside of itself, in words, ``object_names`` the datasets of
    a type that NumPy has as objects and that is no text. ``unverified`` says what of the file nothing here could look
    into; the rest stands.
    """

    datasets: tuple[Tensor, ...] = ()
    rows: int | None = None
    bare: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    object_names: tuple[str, ...] = ()
    error: str | None = None
    unverified: str | None = None


class ZarrFault(NamedTuple):
    """What is wrong at a path of the store, "" for the store itself."""

    path: str
    message: str
    is_certain: bool = True


class MissingChunks(NamedTuple):
    """Chunks that an array lacks: how many of how many, and the first of them.

    Each of these is the path of its file in the store, and its place in the shard where that is there.
    """

    array: str
    missing: int
    total: int
    first: tuple[tuple[str, tuple[int, ...] | None], ...]


class ZarrContent(NamedTuple):
    """What a store holds, and what is wrong with it.

    ``rows`` is the length of the first axis, where all arrays that have an axis share it and each could be read.
    ``faults`` are the first of ``fault_count`` certain ones. Of the arrays with chunks, ``without_checksum`` names
    those in which no codec notices a flipped bit; ``object_names`` names the arrays of pickled objects, which are never
    decoded. ``unverified`` says what nothing here could look into; the rest of the store was looked into all the same.
    """

    arrays: int
    rows: int | None
    faults: tuple[ZarrFault, ...]
    fault_count: int
    missing: tuple[MissingChunks, ...]
    without_checksum: tuple[str, ...]
    object_names: tuple[str, ...]
    unverified: str | None = None


class OrbaxFault(NamedTuple):
    """Something that is not as Orbax writes it: the path in the checkpoint, "" for all of it, and the words."""

    path: str
    words: str


class NonFinite(NamedTuple):
    """An array with numbers that are NaN or infinite, and how many."""

    name: str
    numbers: int


class OrbaxContent(NamedTuple):
    """A checkpoint.

    ``leaves`` are the arrays whose shapes are known, each named by its path in the tree with ``/`` between; before it
    stands the name of the item where several items have arrays. A dtype is "" where the array itself was not looked
    at. ``unsized`` are the names of the arrays whose shapes the tree does not tell, where nothing could open the store:
    NumPy's, and those that several devices held.

    ``uncommitted`` is what speaks against a whole commit, ``broken_tree`` why the tree cannot be read or what it names
    and is not there, ``doubts`` what in it Orbax seldom writes so, ``broken_arrays`` which arrays are not whole;
    ``nonfinite`` are the arrays with numbers that are NaN or infinite, None where arrays were not decoded.
    """

    leaves: tuple[Tensor, ...] = ()
    unsized: tuple[str, ...] = ()
    uncommitted: tuple[OrbaxFault, ...] = ()
    broken_tree: tuple[OrbaxFault, ...] = ()
    doubts: tuple[OrbaxFault, ...] = ()
    broken_arrays: tuple[OrbaxFault, ...] = ()
    nonfinite: tuple[NonFinite, ...] | None = None
    unverified: str | None = None


class OnnxContent(NamedTuple):
    """The constant tensors of a model, wherever they stand in it, or why it is none.

    ``external`` are the paths that it refers to for tensors, relative to its folder; ``external_bytes`` says how many
    bytes each of these files must have at the least. ``words`` are those of its metadata and descriptions that do not
    belong into a published tree: exporters write stack traces there.
    """

    tensors: tuple[Tensor, ...] | None = None
    external: tuple[str, ...] = ()
    external_bytes: Mapping[str, int] = {}
    error: str | None = None
    unverified: str | None = None
    words: "WordsContent | None" = None


class SafetensorsContent(NamedTuple):
    """The tensors of a file in the order of their data, or why it is no safetensors file.

    ``words`` are those of its metadata that do not belong into a published tree.
    """

    tensors: tuple[Tensor, ...] | None = None
    error: str | None = None
    unverified: str | None = None
    words: "WordsContent | None" = None


class SavedModelContent(NamedTuple):
    """The variables of a SavedModel and the constants in its program, or why the folder is none.

    The bytes of the variables are held against their checksums at the depth ``deep`` only.
    """

    tensors: tuple[Tensor, ...] | None = None
    error: str | None = None
    unverified: str | None = None


class Pickled(NamedTuple):
    """A pickle: in which member of its file it stands, empty for the file itself, and what loading it would reach.

    ``imports`` are the names that it looks up, in order and once each; ``hidden`` says in words what it does to reach
    what no name tells.
    """

    member: str
    serves: Serves
    imports: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()


class PackedContent(NamedTuple):
    """What was found in a file, as far as it could be read.

    ``object_names`` are the arrays of objects in it, empty for the one array that a file is; ``outside`` the paths in
    it that lead out of where it is unpacked, with what bears them; ``tensors`` the arrays of a file that is of arrays,
    None where they could not be told. Both ``error`` and ``unverified`` leave what was seen until then.
    """

    pickles: tuple[Pickled, ...] = ()
    object_names: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    tensors: tuple[Tensor, ...] | None = None
    error: str | None = None
    unverified: str | None = None


class ArchiveContent(PackedContent):
    """What an archive holds that is of no format of ours, or a file that turned out to be nothing of the kind."""

    __slots__ = ()


class PickleContent(PackedContent):
    """What a pickle, or several one after the other, would do."""

    __slots__ = ()


class NumpyContent(PackedContent):
    """The arrays of a file, named by their members."""

    __slots__ = ()


class TorchContent(PackedContent):
    """The tensors of a file, named by the keys above them with dots between."""

    __slots__ = ()
