"""Read a file once: its SHA-256, and what probes learn from the same bytes or beside them."""

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from runcheck.convention.checksums import LFS_POINTER_BYTES, LfsPointer, parse_lfs_pointer
from runcheck.depth import Depth
from runcheck.probes import (
    GONE,
    NATIVE_FORMATS,
    OPENED_BY_LIBRARIES,
    START_BYTES,
    Content,
    Facts,
    Probe,
    format_of,
    look_into_file,
    look_into_folder,
    look_into_opened,
    make_probe,
)
from runcheck.probes.contents import EventsContent, MetricsContent, OrbaxContent, SignatureContent
from runcheck.probes.folder import POINTERS_INSIDE, Folder, PointerError
from runcheck.tree.digest import Digest
from runcheck.tree.entry import Entry
from runcheck.tree.quarantine import Quarantine, ReaderFailedError
from runcheck.tree.store import Store, TooLargeError
from runcheck.watch import Nobody, Watch

if TYPE_CHECKING:
    from runcheck.probes.numbers import NumbersScanner
    from runcheck.probes.words import WordsScanner

CHUNK = 1 << 20
UNSCANNED = (
    "checksums",
    "events",
    "metrics",
    "registry",
    "signature",
)  # their probes see every byte, and every word in them


class Reader(NamedTuple):
    """Reads files and folders of the tree in ``store``, as deep as is asked."""

    store: Store
    depth: Depth
    quarantine: Quarantine
    watch: Watch = Nobody()
    probe_for: Callable[[str | None, str], Probe | None] = make_probe  # of a format, for a path

    def file(self, entry: Entry, format_: str | None, *, hashed: bool, scanned: bool = True) -> Facts:
        """Return what there is to know of a file.

        The digest if ``hashed``, the pointer it is, what the probe of its role's ``format_`` found, and if ``scanned``
        the words and numbers in it. A file without a format is looked into by what it begins with.
        """
        scanned = scanned and format_ not in UNSCANNED and (self.depth != "structure" or format_ is not None)
        try:
            content = self._small(entry)
            if content is not None:
                facts = self._at_once(content, entry, format_, hashed=hashed, scanned=scanned)
                return self._sought(facts, io.BytesIO(content), entry, format_)
            with self.store.open(entry) as stream:
                facts = self._stream(stream, entry, format_, hashed=hashed, scanned=scanned)
                return self._sought(facts, stream, entry, format_)
        except OSError as error:
            return _unread(error)

    def identity(self, entry: Entry, *, hashed: bool) -> Facts:
        """Return the digest of a file if ``hashed``, the pointer that it is, and nothing of what it holds."""
        try:
            content = self._small(entry)
            if content is not None:
                return self._at_once(content, entry, None, hashed=hashed, scanned=False)
            with self.store.open(entry) as stream:
                return self._stream(stream, entry, None, hashed=hashed, scanned=False)
        except OSError as error:
            return _unread(error)

    def folder(
        self, path: str, format_: str, members: Mapping[str, Entry], pointers: Mapping[str, LfsPointer]
    ) -> Facts:
        """Return what there is to know of a folder of one format.

        ``members`` are the entries in it by path within, ``pointers`` what those of them that are pointers stand for.
        """
        files = {name: entry.size for name, entry in members.items() if entry.is_file}
        folder = Folder(
            path if self.store.folder is None else f"{self.store.folder}/{path}",
            files | {name: pointer.size for name, pointer in pointers.items() if pointer.size is not None},
            frozenset(name for name, entry in members.items() if entry.is_folder),
            is_apart=False,
            pointers=frozenset(pointers),
            opener=self.store.opener(path, members),
        )
        facts = self._folder(folder, format_, members)
        return facts._replace(unverified=POINTERS_INSIDE) if pointers else facts

    def _folder(self, folder: Folder, format_: str, members: Mapping[str, Entry]) -> Facts:
        deep = self.depth == "deep"
        content = None
        try:
            if not deep:
                content = look_into_folder(format_, folder, deep=False)
                if not isinstance(content, OrbaxContent) or not content.unsized:  # the shapes are in its store
                    return Facts(content=content)
            with self.store.apart_folder(folder, members, by_library=format_ in OPENED_BY_LIBRARIES) as apart:
                question = partial(look_into_folder, format_, apart._replace(is_apart=True), deep=deep)
                return Facts(content=self.quarantine.ask(question, sum(folder.files.values())))
        except TooLargeError as error:
            return Facts(content=content, unverified=str(error))
        except PointerError:
            return Facts()
        except ReaderFailedError as error:
            return Facts(error=str(error))
        except OSError as error:
            return Facts(error=error.strerror or str(error))

    def comparison(
        self, folder: str, metrics: tuple[Entry, MetricsContent], events: Iterable[tuple[Entry, EventsContent]]
    ) -> Facts:
        """Return how the event files in ``folder`` differ from the metrics.

        Where they do, both are read once more to say at which points.
        """
        from runcheck.probes.events.comparison import Source, compare  # noqa: PLC0415 - loaded with the first event file

        def source(entry: Entry) -> Source:
            return Source(entry.path.removeprefix(f"{folder}/"), entry.size, partial(_chunks, self.store, entry))

        try:
            compared = compare((source(metrics[0]), metrics[1]), [(source(entry), each) for entry, each in events])
        except OSError as error:
            return Facts(error=error.strerror or str(error))
        return Facts(content=compared)

    def verified(self, signature: SignatureContent, listed: Entry) -> SignatureContent:
        """Return a signature with whether its key made it over the list, which is read once more for its digest."""
        from runcheck.probes.signature import verified  # noqa: PLC0415 - few trees are signed

        try:
            return verified(signature, _chunks(self.store, listed))
        except OSError as error:
            return signature._replace(unverified=f"signatures, whose list cannot be read: {error.strerror or error}")

    def _small(self, entry: Entry) -> bytes | None:
        """Return the bytes of a small file; None of one that is large, or has grown since it was listed."""
        content = self.store.content(entry) if entry.size < CHUNK else None
        return content if content is None or len(content) <= entry.size else None

    def _sought(self, facts: Facts, stream: BinaryIO, entry: Entry, format_: str | None) -> Facts:
        """Add what a seeking probe sees, where one reads the file, to what the stream told."""
        if facts.pointer is not None:
            return facts
        if format_ is None and self.depth != "structure":
            stream.seek(0)
            seeking = format_of(entry.path, stream.read(START_BYTES))
            return self._seek(facts, stream, entry, seeking) if seeking else facts
        return self._seek(facts, stream, entry, format_) if format_ == "registry" else facts

    def _seek(self, facts: Facts, stream: BinaryIO, entry: Entry, format_: str) -> Facts:
        deep = self.depth == "deep"
        content: Content
        try:
            if format_ in NATIVE_FORMATS:
                with self.store.apart(entry, stream) as opening:
                    question = partial(look_into_opened, opening, format_, deep=deep)
                    content = self.quarantine.ask(question, stream.seek(0, 2))
            else:
                stream.seek(0)
                content = look_into_file(format_, stream, deep=deep)
        except ReaderFailedError as error:
            return facts._replace(error=str(error))
        return facts._replace(content=content)

    def _at_once(self, content: bytes, entry: Entry, format_: str | None, *, hashed: bool, scanned: bool) -> Facts:
        """Return what :meth:`_stream` does of a file that is in memory, as most are: they are too small for threads."""
        self.watch.read(len(content))
        sha256 = hashlib.sha256(content).hexdigest() if hashed else None
        pointer = parse_lfs_pointer(content)
        if pointer is not None or not (format_ or scanned):
            return Facts(sha256, pointer)
        probe = self.probe_for(format_, entry.path) if format_ else None
        if probe is not None and content:
            probe.feed(content)
        scanners = _scanners(content, entry.size) if scanned and content else None
        for scanner in scanners or ():
            scanner.feed(content)
        return Facts(
            sha256,
            content=probe.content() if probe else None,
            words=scanners[0].content() if scanners else None,
            numbers=scanners[1].content() if scanners else None,
        )

    def _stream(self, stream: BinaryIO, entry: Entry, format_: str | None, *, hashed: bool, scanned: bool) -> Facts:
        """Return what one pass over the bytes tells."""
        probe = self.probe_for(format_, entry.path)
        if not (probe or scanned or hashed) and entry.size > LFS_POINTER_BYTES:
            return Facts()
        words = numbers = None
        feeds: list[Callable[[bytes], bool]] = []
        with Digest() as digest:
            chunk = stream.read(CHUNK)
            pointer = parse_lfs_pointer(chunk)
            if pointer is not None:
                probe = None
            elif scanned and chunk and (scanners := _scanners(chunk, entry.size)):
                words, numbers = scanners
                feeds = [words.feed, numbers.feed]
            while chunk:
                if hashed:
                    digest.take(chunk)
                if probe is not None:
                    probe.feed(chunk)
                feeds = [feed for feed in feeds if feed(chunk)]
                if not (probe or feeds):
                    break
                self.watch.read(len(chunk))
                chunk = stream.read(CHUNK)
            # Nobody else wants to see the rest, if there is one.
            vouched = self.store.sha256(entry) if hashed and chunk and entry.size > CHUNK else None
            if hashed and vouched is None:
                digest.take_rest(stream, self.watch.read)
            sha256 = vouched or (digest.hexdigest() if hashed else None)
        return Facts(
            sha256=sha256,
            pointer=pointer,
            content=probe.content() if probe else None,
            words=words.content() if words else None,
            numbers=numbers.content() if numbers else None,
            is_vouched=vouched is not None,
        )


def _unread(error: OSError) -> Facts:
    return Facts(error=GONE if isinstance(error, FileNotFoundError) else error.strerror or str(error))


def _chunks(store: Store, entry: Entry) -> Iterator[bytes]:
    with store.open(entry) as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def load_scanners() -> None:
    """Load what scans texts."""
    _scanning()


def _scanners(start: bytes, size: int) -> "tuple[WordsScanner, NumbersScanner] | None":
    """Return what scans a file of so many bytes that begins with ``start``; None where these say that it is no text."""
    is_opaque, enough, words, numbers = _scanning()
    if is_opaque(start) and len(start) >= min(size, enough):
        return None
    return words(), numbers()


@cache
def _scanning() -> "tuple[Callable[[bytes], bool], int, type[WordsScanner], type[NumbersScanner]]":
    """Return what tells texts from others, of how many bytes, and what scans them: loaded with the first text."""
    from runcheck.probes.numbers import NumbersScanner  # noqa: PLC0415
    from runcheck.probes.unpacked import START, is_opaque  # noqa: PLC0415
    from runcheck.probes.words import WordsScanner  # noqa: PLC0415

    return is_opaque, START, WordsScanner, NumbersScanner
