"""Probes: bytes to facts, one module a format. A probe says what it saw and never what is wrong."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import BinaryIO, Protocol, TypeAlias

from runcheck.convention.checksums import LfsPointer
from runcheck.probes.checksums import ChecksumsContent, ChecksumsProbe
from runcheck.probes.document import DocumentContent, JsonProbe, YamlProbe
from runcheck.probes.events import EventsContent, EventsProbe
from runcheck.probes.events.comparison import ComparisonContent
from runcheck.probes.folder import Folder, open_regular
from runcheck.probes.hdf5 import Hdf5Content, look_into_hdf5
from runcheck.probes.latest import LatestContent, LatestProbe
from runcheck.probes.metrics import CsvMetricsProbe, JsonlMetricsProbe, MetricsContent
from runcheck.probes.numbers import NumbersContent
from runcheck.probes.onnx import OnnxContent, look_into_onnx
from runcheck.probes.orbax import OrbaxContent, look_into_checkpoint
from runcheck.probes.packed import PackedContent
from runcheck.probes.packed.archive import (
    BEGINS,
    CLOSED_SUFFIXES,
    PICKLE_SUFFIXES,
    TAR_MAGIC,
    ZIP_SUFFIXES,
    look_into_closed,
    look_into_packed,
    look_into_pickle,
)
from runcheck.probes.parquet import ParquetContent, look_into_parquet
from runcheck.probes.registry import RegistryContent, look_into_registry
from runcheck.probes.safetensors import SafetensorsContent, begins_as_safetensors, look_into_safetensors
from runcheck.probes.saved_model import SavedModelContent, look_into_saved_model
from runcheck.probes.text import TextContent, TextProbe
from runcheck.probes.words import WordsContent
from runcheck.probes.zarr import ZarrContent, read_store

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
    | TextContent
    | ZarrContent
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What one read of a file tells.

    Its SHA-256, the Git LFS pointer that it is, its content as the probe of its format saw it, or why it could
    not be read. A folder that is one thing has facts of its own, with its content; ``unverified`` is why some of it was
    not looked into. What the scanners of safety saw in a text stands apart from what its format says.
    """

    sha256: str | None = None
    pointer: LfsPointer | None = None
    content: Content | None = None
    error: str | None = None
    unverified: str | None = None
    words: WordsContent | None = None
    numbers: NumbersContent | None = None


class Probe(Protocol):
    """Takes a file's bytes in chunks of any size, and holds no more of them than the limits allow."""

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""

    def content(self) -> Content:
        """Return what was seen, once all bytes were fed."""


# By the format of a role, and the suffix of the file where a role has several.
_STREAMING: dict[tuple[str, str], Callable[[], Probe]] = {
    ("json", ".json"): JsonProbe,
    ("document", ".json"): JsonProbe,
    ("document", ".yaml"): YamlProbe,
    ("checksums", ""): ChecksumsProbe,
    ("text", ".md"): TextProbe,
    ("latest", ""): LatestProbe,
    ("metrics", ".jsonl"): JsonlMetricsProbe,
    ("metrics", ".csv"): CsvMetricsProbe,
    ("events", "*"): EventsProbe,
}


# Formats that are read by seeking. `deep` asks for every chunk to be decoded.
_SEEKING: dict[str, Callable[[BinaryIO, bool], Content]] = {
    "closed": look_into_closed,
    "hdf5": look_into_hdf5,
    "onnx": look_into_onnx,
    "packed": look_into_packed,
    "parquet": look_into_parquet,
    "registry": look_into_registry,
    "pickle": look_into_pickle,
    "safetensors": look_into_safetensors,
}

# Those whose readers are native code, which hostile bytes may crash; so are those of folders at depth `deep`.
NATIVE_FORMATS = frozenset({"hdf5", "parquet", "registry"})

# Formats that spread over a folder.
_FOLDERS: dict[str, Callable[[Folder, bool], Content]] = {
    "orbax": look_into_checkpoint,
    "saved_model": look_into_saved_model,
    "zarr": read_store,
}

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


def suffix_of(path: str) -> str:
    """Return the suffix of a path, with its dot, in lower case."""
    _, dot, suffix = path.rpartition(".")
    return f".{suffix}".lower() if dot and "/" not in suffix else ""


def make_probe(format_: str | None, path: str) -> Probe | None:
    """Return a probe for a file of a role's format at ``path``, or None where no streaming probe reads it."""
    make = _STREAMING.get((format_ or "", suffix_of(path))) or _STREAMING.get((format_ or "", "*"))
    return make() if make else None


def format_of(path: str, start: bytes) -> str | None:
    """Return the seeking format of a file that begins with ``start``, or None where it is in none."""
    if begins_as_safetensors(start):  # its length may look like the start of a pickle
        return "safetensors"
    begun = None
    if start.startswith(_MAGICS):
        begun = next(each for magic, each in _BEGINS.items() if start.startswith(magic))
    return begun or _SUFFIXES.get(suffix_of(path)) or ("packed" if start.startswith(*TAR_MAGIC) else None)


def look_into_file(format_: str, stream: BinaryIO, *, deep: bool) -> Content:
    """Return what a file of a seeking format holds."""
    return _SEEKING[format_](stream, deep)


def look_into_path(path: str, format_: str, *, deep: bool) -> Content:
    """Return what the file at ``path`` holds, as :func:`look_into_file` does.

    Raises:
        OSError: it cannot be opened.
    """
    with open_regular(path) as stream:
        return look_into_file(format_, stream, deep=deep)


def look_into_folder(format_: str, folder: Folder, *, deep: bool) -> Content | None:
    """Return what a folder holds, or None where no probe reads its format."""
    look = _FOLDERS.get(format_)
    return look(folder, deep) if look else None


def unverified_in(facts: Iterable[tuple[str, Facts]]) -> dict[str, list[str]]:
    """Return the paths that nothing could look into, by the reason that their probes give."""
    paths: dict[str, list[str]] = {}
    for path, each in facts:
        of_content: str | None = getattr(each.content, "unverified", None)
        for reason in filter(None, {each.unverified, of_content}):
            paths.setdefault(reason, []).append(path)
    return paths
