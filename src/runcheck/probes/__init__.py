"""Probes: bytes to facts, one module a format. A probe says what it saw and never what is wrong."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol, TypeAlias, cast

from runcheck.convention.checksums import LfsPointer
from runcheck.probes.contents import (
    ChecksumsContent,
    ComparisonContent,
    DocumentContent,
    EventsContent,
    Hdf5Content,
    LatestContent,
    MetricsContent,
    OnnxContent,
    OrbaxContent,
    PackedContent,
    ParquetContent,
    RegistryContent,
    SafetensorsContent,
    SavedModelContent,
    SignatureContent,
    TextContent,
    ZarrContent,
)
from runcheck.probes.folder import Folder
from runcheck.probes.packed import BEGINS, CLOSED_SUFFIXES, PICKLE_SUFFIXES, TAR_MAGIC, ZIP_SUFFIXES

if TYPE_CHECKING:
    from runcheck.probes.numbers import NumbersContent
    from runcheck.probes.words import WordsContent

Content: TypeAlias = (
    ChecksumsContent
    | ComparisonContent
    | DocumentContent
    | EventsContent
    | Hdf5Content
    | LatestContent
    | MetricsContent
    | OnnxContent
    | OrbaxContent
    | PackedContent
    | ParquetContent
    | RegistryContent
    | SafetensorsContent
    | SavedModelContent
    | SignatureContent
    | TextContent
    | ZarrContent
)


class Facts(NamedTuple):
    """What one read of a file tells.

    Its SHA-256, the Git LFS pointer that it is, its content as the probe of its format saw it, or why it could
    not be read. A folder that is one thing has facts of its own, with its content; ``unverified`` is why some of it was
    not looked into. What the scanners of safety saw in a text stands apart from what its format says. Where the
    SHA-256 ``is_vouched`` the store told it, and nobody here read the whole file.
    """

    sha256: str | None = None
    pointer: LfsPointer | None = None
    content: Content | None = None
    error: str | None = None
    unverified: str | None = None
    words: "WordsContent | None" = None
    numbers: "NumbersContent | None" = None
    is_vouched: bool = False


class Probe(Protocol):
    """Takes a file's bytes in chunks of any size, and holds no more of them than the limits allow."""

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""

    def content(self) -> Content:
        """Return what was seen, once all bytes were fed."""


# What reads a format is named by its module and loaded with the first file of it: most trees hold few formats.
# By the format of a role, and the suffix of the file where a role has several.
_STREAMING = {
    ("json", ".json"): "document:JsonProbe",
    ("json", ".sig"): "document:JsonProbe",
    ("document", ".json"): "document:JsonProbe",
    ("document", ".yaml"): "document:YamlProbe",
    ("checksums", ""): "checksums:ChecksumsProbe",
    ("text", ".md"): "text:TextProbe",
    ("latest", ""): "latest:LatestProbe",
    ("signature", ".sig"): "signature:SignatureProbe",
    ("metrics", ".jsonl"): "metrics:JsonlMetricsProbe",
    ("metrics", ".csv"): "metrics:CsvMetricsProbe",
    ("trials", ".jsonl"): "document:TrialsProbe",
    ("events", "*"): "events:EventsProbe",
}

# Formats that are read by seeking, each by a function of the file and of whether every chunk is to be decoded.
_SEEKING = {
    "closed": "packed.archive:look_into_closed",
    "hdf5": "hdf5:look_into_hdf5",
    "onnx": "onnx:look_into_onnx",
    "packed": "packed.archive:look_into_packed",
    "parquet": "parquet:look_into_parquet",
    "registry": "registry:look_into_registry",
    "pickle": "packed.named:look_into_pickle",
    "safetensors": "safetensors:look_into_safetensors",
}

# Those whose readers are native code, which hostile bytes may crash; so are those of folders at depth `deep`.
NATIVE_FORMATS = frozenset({"hdf5", "parquet", "registry"})

# Formats that spread over a folder.
_FOLDERS = {
    "orbax": "orbax:look_into_checkpoint",
    "saved_model": "saved_model:look_into_saved_model",
    "zarr": "zarr.store:look_into_store",
}

# Those of them whose libraries open the folder by themselves, and want it on this machine.
OPENED_BY_LIBRARIES = frozenset({"orbax"})

# Suffixes of the seeking formats, and how their files begin. What a file begins with counts before its name.
_BEGINS: dict[bytes, str] = {
    b"PAR1": "parquet",
    b"PARE": "parquet",
    b"\x89HDF\r\n\x1a\n": "hdf5",
    **dict.fromkeys(BEGINS, "packed"),
}
_MAGICS = tuple(_BEGINS)
_SUFFIXES: dict[str, str] = {
    ".h5": "hdf5",
    ".hdf5": "hdf5",
    ".onnx": "onnx",
    ".parquet": "parquet",
    ".safetensors": "safetensors",
    **dict.fromkeys(PICKLE_SUFFIXES, "pickle"),
    **dict.fromkeys((*ZIP_SUFFIXES, ".tar"), "packed"),
    **dict.fromkeys(CLOSED_SUFFIXES, "closed"),
}

GONE = "it was there when its folder was listed, and is gone"  # the error of a file that vanished since the walk
START_BYTES = 1024  # of a file tell its format
_LENGTH_BYTES = 8  # of the header of a safetensors file
_LONGEST_HEADER = 100_000_000  # of its bytes: the reader's own limit


def suffix_of(path: str) -> str:
    """Return the suffix of a path, with its dot, in lower case."""
    _, dot, suffix = path.rpartition(".")
    return f".{suffix}".lower() if dot and "/" not in suffix else ""


def make_probe(format_: str | None, path: str) -> Probe | None:
    """Return a probe for a file of a role's format at ``path``, or None where no streaming probe reads it."""
    name = _STREAMING.get((format_ or "", suffix_of(path))) or _STREAMING.get((format_ or "", "*"))
    return cast("Callable[[], Probe]", _load(name))() if name else None


def format_of(path: str, start: bytes) -> str | None:
    """Return the seeking format of a file that begins with ``start``, or None where it is in none."""
    if _begins_as_safetensors(start):  # its length may look like the start of a pickle
        return "safetensors"
    begun = None
    if start.startswith(_MAGICS):
        begun = next(each for magic, each in _BEGINS.items() if start.startswith(magic))
    return begun or _SUFFIXES.get(suffix_of(path)) or ("packed" if start.startswith(*TAR_MAGIC) else None)


def _begins_as_safetensors(start: bytes) -> bool:
    """Say whether a file begins as safetensors do: a sound length, then an object. No other format here does."""
    length = int.from_bytes(start[:_LENGTH_BYTES], "little")
    return start[_LENGTH_BYTES : _LENGTH_BYTES + 1] == b"{" and 0 < length <= _LONGEST_HEADER


def look_into_file(format_: str, stream: BinaryIO, *, deep: bool) -> Content:
    """Return what a file of a seeking format holds.

    Raises:
        OSError: its store did not answer.
    """
    look = cast("Callable[[BinaryIO, bool], Content]", _load(_SEEKING[format_]))
    with _answered(stream):
        return look(stream, deep)


def look_into_opened(opening: Callable[[], BinaryIO], format_: str, *, deep: bool) -> Content:
    """Return what the file that ``opening`` opens holds, as :func:`look_into_file` does.

    Raises:
        OSError: it cannot be opened, or its store did not answer.
    """
    with opening() as stream:
        return look_into_file(format_, stream, deep=deep)


def look_into_folder(format_: str, folder: Folder, *, deep: bool) -> Content | None:
    """Return what a folder holds, or None where no probe reads its format.

    Raises:
        OSError: its store did not answer.
    """
    name = _FOLDERS.get(format_)
    if not name:
        return None
    with _answered(folder.opener):
        return cast("Callable[[Folder, bool], Content]", _load(name))(folder, deep)


@contextmanager
def _answered(source: object) -> Iterator[None]:
    """Raise what a store did not answer with: a library takes a read that fails for a fault of the file."""
    try:
        yield
    except Exception:
        if failure := getattr(source, "failure", None):
            raise failure from None
        raise
    if failure := getattr(source, "failure", None):
        raise failure


@cache
def _load(name: str) -> object:
    module, _, attribute = name.partition(":")
    return getattr(import_module(f"runcheck.probes.{module}"), attribute)


def unverified_in(facts: Iterable[tuple[str, Facts]]) -> dict[str, list[str]]:
    """Return the paths that nothing could look into, by the reason that their probes give."""
    paths: dict[str, list[str]] = {}
    for path, each in facts:
        of_content: str | None = getattr(each.content, "unverified", None)
        for reason in filter(None, {each.unverified, of_content}):
            paths.setdefault(reason, []).append(path)
    return paths
