"""Read a file once: its SHA-256, and what probes learn from the same bytes or beside them."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import BinaryIO

from runcheck.convention.checksums import LFS_POINTER_BYTES, parse_lfs_pointer
from runcheck.probes import START_BYTES, Depth, Facts, format_of, look_into_file, look_into_folder, make_probe
from runcheck.probes.comparison import Source, compare
from runcheck.probes.events import EventsContent
from runcheck.probes.folder import Folder, open_regular
from runcheck.probes.metrics import MetricsContent
from runcheck.probes.numbers import NumbersScanner
from runcheck.probes.words import WordsScanner
from runcheck.tree.entry import Entry

CHUNK = 1 << 20
UNSCANNED = ("checksums", "events", "metrics", "registry")  # their probes see every byte, and every word in them


def read_facts(root: str, entry: Entry, format_: str | None, *, hashed: bool, depth: Depth = "content") -> Facts:
    """Return what there is to know of the file ``entry``.

    The digest if ``hashed``, the pointer it is, what the probe of its format found. A file without a format of its
    role is looked into by what it begins with, at any ``depth`` but the first.
    """
    try:
        with open_regular(f"{root}/{entry.path}") as stream:
            scanned = format_ not in UNSCANNED
            facts = _stream(stream, entry, format_, hashed=hashed, scanned=scanned)
            looked_into = format_ is None and facts.pointer is None and depth != "structure"
            seeking = _format_of(stream, entry) if looked_into else None
            if seeking is not None:
                stream.seek(0)
                return replace(facts, content=look_into_file(seeking, stream, deep=depth == "deep"))
            return facts
    except OSError as error:
        return Facts(error=error.strerror or str(error))


def read_folder(root: str, path: str, format_: str, members: Mapping[str, Entry], *, depth: Depth) -> Facts:
    """Return what there is to know of a folder of one format; ``members`` are the entries in it by path within."""
    files = {name: entry.size for name, entry in members.items() if entry.is_file}
    folders = frozenset(name for name, entry in members.items() if entry.is_folder)
    try:
        return Facts(content=look_into_folder(format_, Folder(f"{root}/{path}", files, folders), deep=depth == "deep"))
    except OSError as error:
        return Facts(error=error.strerror or str(error))


def read_comparison(
    root: str, folder: str, metrics: tuple[Entry, MetricsContent], events: Iterable[tuple[Entry, EventsContent]]
) -> Facts:
    """Return how event files differ from the metrics; where they do, both are read once more to say at which points.

    ``folder`` is the one that holds the event files.
    """

    def source(entry: Entry) -> Source:
        return Source(entry.path.removeprefix(f"{folder}/"), entry.size, _chunks(f"{root}/{entry.path}"))

    try:
        compared = compare((source(metrics[0]), metrics[1]), [(source(entry), each) for entry, each in events])
    except OSError as error:
        return Facts(error=error.strerror or str(error))
    return Facts(content=compared)


def _chunks(path: str) -> Callable[[], Iterator[bytes]]:
    def chunks() -> Iterator[bytes]:
        with open_regular(path) as stream:
            while chunk := stream.read(CHUNK):
                yield chunk

    return chunks


def _stream(stream: BinaryIO, entry: Entry, format_: str | None, *, hashed: bool, scanned: bool) -> Facts:
    probe = make_probe(format_, entry.path)
    words, numbers = WordsScanner(), NumbersScanner()
    scanners = [words.feed, numbers.feed] if scanned else []
    if not (probe or scanners or hashed) and entry.size > LFS_POINTER_BYTES:
        return Facts()
    digest = hashlib.sha256() if hashed else None
    chunk = stream.read(CHUNK)
    pointer = parse_lfs_pointer(chunk)
    if pointer is not None:
        probe, scanners = None, []
    while chunk:
        if digest is not None:
            digest.update(chunk)
        if probe is not None:
            probe.feed(chunk)
        scanners = [feed for feed in scanners if feed(chunk)]
        if not (probe or digest or scanners):
            break
        chunk = stream.read(CHUNK)
    return Facts(
        sha256=digest.hexdigest() if digest else None,
        pointer=pointer,
        content=probe.content() if probe else None,
        words=words.content() if scanned else None,
        numbers=numbers.content() if scanned else None,
    )


def _format_of(stream: BinaryIO, entry: Entry) -> str | None:
    stream.seek(0)
    return format_of(entry.path, stream.read(START_BYTES))
