"""Probes: bytes to facts, one module a format. A probe says what it saw and never what is wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from runcheck.convention.checksums import LfsPointer
from runcheck.probes.checksums import ChecksumsContent, ChecksumsProbe
from runcheck.probes.document import DocumentContent, JsonProbe, YamlProbe
from runcheck.probes.latest import LatestContent, LatestProbe
from runcheck.probes.metrics import CsvMetricsProbe, JsonlMetricsProbe, MetricsContent
from runcheck.probes.text import TextContent, TextProbe

Content: TypeAlias = ChecksumsContent | DocumentContent | LatestContent | MetricsContent | TextContent


@dataclass(frozen=True, slots=True)
class Facts:
    """What one read of a file tells.

    Its SHA-256, the Git LFS pointer that it is, its content as the probe of its format saw it, or why it could
    not be read.
    """

    sha256: str | None = None
    pointer: LfsPointer | None = None
    content: Content | None = None
    error: str | None = None


class Probe(Protocol):
    """Takes a file's bytes in chunks of any size, and holds no more of them than the limits allow."""

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""

    def content(self) -> Content:
        """Return what was seen, once all bytes were fed."""


_PROBES: dict[tuple[str, str], Callable[[], Probe]] = {
    ("json", ".json"): JsonProbe,
    ("document", ".json"): JsonProbe,
    ("document", ".yaml"): YamlProbe,
    ("checksums", ""): ChecksumsProbe,
    ("text", ".md"): TextProbe,
    ("latest", ""): LatestProbe,
    ("metrics", ".jsonl"): JsonlMetricsProbe,
    ("metrics", ".csv"): CsvMetricsProbe,
}


def make_probe(format_: str | None, path: str) -> Probe | None:
    """Return a probe for a file of a role's format at ``path``, or None where the format is not looked into."""
    name = path.rpartition("/")[2]
    suffix = name[name.rindex(".") :] if "." in name else ""
    make = _PROBES.get((format_ or "", suffix))
    return make() if make else None
