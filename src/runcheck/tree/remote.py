"""A tree in a store that fsspec reaches: an object store, or a file system elsewhere.

Listings are cached nowhere: what they tell is what a check trusts. Nothing here is loaded before a root is a URL.
"""

import contextlib
import io
import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any, BinaryIO, NamedTuple, Self, TypeVar, cast

from runcheck.convention.layout import layout
from runcheck.errors import CannotCheckError, MissingLibraryError
from runcheck.probes.folder import Folder, open_regular
from runcheck.tree.copied import copied
from runcheck.tree.entry import Entry, EntryType
from runcheck.tree.listing import entries_of, entry_of
from runcheck.tree.locate import without_passwords
from runcheck.tree.ranged import RangedFile
from runcheck.tree.store import Remote
from runcheck.tree.walk import in_order

T = TypeVar("T")

SMALL = 1 << 20  # bytes are asked for at once
_REMEMBERED_FILE, _REMEMBERED = 1 << 16, 4 << 20  # bytes of a file, and of all of a unit
_IN_THIS_PROCESS = frozenset({"memory"})
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs"}
_TRAILING = re.compile(r"(?<![:/])/+$")
_WORDS = 300


class _Root(NamedTuple):
    """What a store is opened by, in any process: a URL in it, the path of the root in the file system, its name."""

    url: str
    base: str
    name: str
    remote: Remote


class RemoteStore:
    """The tree below a root in a file system of fsspec."""

    folder = worktree = None
    large = 0  # reading is waiting, so every file is worth a thread

    def __init__(self, root: _Root, files: Any, threads: ThreadPoolExecutor | None = None) -> None:  # noqa: ANN401 - fsspec ships no types
        """Take the root, the file system that it is in, and the threads that wait for that."""
        self._root, self._files = root, files
        self._threads = threads or ThreadPoolExecutor(root.remote.connections, "runcheck-store")
        self._known: dict[str, bytes] | None = None
        self._room = 0

    def __reduce__(self) -> tuple[Callable[[_Root], "RemoteStore"], tuple[_Root]]:
        """Become, in another process, the one store of this root there."""
        return _of_this_process, (self._root,)

    @property
    def name(self) -> str:
        """The URL of the root."""
        return self._root.name

    @property
    def base(self) -> str:
        """The path of the root in the file system."""
        return self._root.base

    def above(self, steps: int) -> "RemoteStore":
        """Return the store of the root that is so many steps above this one."""
        scheme, separator, path = self.name.partition("://")
        name = scheme + separator + "/".join(path.split("/")[:-steps])
        root = self._root._replace(base=self.base.rsplit("/", steps)[0], name=name)
        return RemoteStore(root, self._files, self._threads)

    def is_file(self, path: str) -> bool:
        """Say whether there is a file at ``path``."""
        entry = self.entry(path)
        return entry is not None and entry.is_file

    # --- listing --------------------------------------------------------------------------------------------------

    def walk(self, path: str = "", enter: Callable[[Entry], bool] | None = None) -> Iterator[Entry]:
        """Yield every entry below ``path``: by one listing where the store can, else the folders of a level at once."""
        if enter is None and path and _lists_all(self._files):
            yield from self._listed(path, partial(self._files.find, detail=True))
            return
        listed: dict[str, list[Entry]] = {}
        level = [path]
        list_one = partial(self._listed, listing=partial(self._files.ls, detail=True))
        while level:
            listed |= zip(level, self._threads.map(list_one, level), strict=True)
            level = [
                entry.path
                for each in level
                for entry in listed[each]
                if entry.path != each and entry.is_folder and entry.error is None and (enter is None or enter(entry))
            ]
        yield from in_order(listed.__getitem__, path, lambda entry: entry.path in listed)

    def _listed(self, path: str, listing: Callable[[str], Any]) -> list[Entry]:
        place = self._place(path)
        try:
            infos = _asked(listing, place)
            entries = entries_of(infos.values() if isinstance(infos, dict) else infos, place, path)
        except FileNotFoundError as error:
            return [] if path else [Entry(path, EntryType.FOLDER, error=_words(error))]
        except OSError as error:
            return [Entry(path, EntryType.FOLDER, error=_words(error))]
        return entries if path else [entry for entry in entries if entry.path != layout().state]

    def entry(self, path: str) -> Entry | None:
        """Return the entry of what is at ``path``, or None where there is nothing."""
        try:
            return entry_of(path, _asked(self._files.info, self._place(path)))
        except FileNotFoundError:
            return None

    def folders(self, path: str) -> list[str]:
        """Return the names of the folders in the folder at ``path``."""
        found = self._listed(path, partial(self._files.ls, detail=True))
        return [entry.name for entry in found if entry.is_folder and entry.error is None]

    def require(self) -> None:
        """See that the root can be listed.

        Raises:
            CannotCheckError: it cannot.
        """
        try:
            _asked(self._files.ls, self.base, detail=True)
        except FileNotFoundError:
            raise CannotCheckError(f"{self.name}: there is no such file or folder") from None
        except OSError as error:
            raise CannotCheckError(f"{self.name}: cannot be listed: {_words(error)}") from None

    # --- reading --------------------------------------------------------------------------------------------------

    def open(self, entry: Entry) -> BinaryIO:
        """Open a file: a small one is read at once, which takes one request."""
        return self.opened(entry, SMALL)

    def opened(self, entry: Entry, small: int, told: Callable[[OSError], None] = lambda _: None) -> BinaryIO:
        """Open a file, of which at most ``small`` bytes are read at once; ``told`` is told where that fails."""
        if self._known is not None and (content := self._known.get(entry.path)) is not None:
            return io.BytesIO(content)
        fetch = partial(_range, self._files, self._place(entry.path))
        if entry.size > small:
            return cast("BinaryIO", RangedFile(fetch, entry.size, told))
        try:
            content = fetch(0, entry.size + 1) if entry.size else b""  # no store has a range of nothing
            if len(content) > entry.size:  # it has grown
                size = _asked(self._files.info, self._place(entry.path))["size"]
                return cast("BinaryIO", RangedFile(fetch, size, told))
        except OSError as error:
            told(error)
            raise
        if self._known is not None and len(content) <= min(_REMEMBERED_FILE, self._room):
            self._known[entry.path] = content
            self._room -= len(content)
        return io.BytesIO(content)

    def content(self, entry: Entry) -> bytes:
        """Return the bytes of a small file."""
        with self.open(entry) as stream:
            return stream.read()

    @contextlib.contextmanager
    def apart(self, entry: Entry, stream: BinaryIO) -> Iterator[Callable[[], BinaryIO]]:
        """Return what opens a file in another process: by its bytes, of the store, or of a copy."""
        if isinstance(stream, io.BytesIO):
            yield partial(io.BytesIO, stream.getvalue())
        elif not self._is_in_this_process:
            yield partial(self.open, entry)
        else:
            with copied({"copy": entry}, self.open) as folder:
                yield partial(open_regular, f"{folder}/copy")

    def opener(self, path: str, members: Mapping[str, Entry]) -> "_FolderOpener":  # noqa: ARG002 - entries have theirs
        """Return what opens the files of a folder."""
        return _FolderOpener(self, members)

    @contextlib.contextmanager
    def apart_folder(self, folder: Folder, members: Mapping[str, Entry], *, by_library: bool) -> Iterator[Folder]:
        """Return a folder as another process can read it: from the store, or where that will not do from a copy."""
        if not by_library and not self._is_in_this_process:
            yield folder._replace(opener=_FolderOpener(self, members))
            return
        with copied(members, self.open) as location:
            yield folder._replace(location=location, opener=None)

    def sha256(self, entry: Entry) -> str | None:
        """Return the SHA-256 that S3 has of a whole object, if it is still the object that was listed.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html: a checksum of the
        type COMPOSITE, which ends in ``-N``, is one of the checksums of the parts. Of an object that was uploaded in
        parts, as its ETag tells, there is no other SHA-256, and servers that speak as S3 does may leave out the rest.
        """
        ask = getattr(self._files, "call_s3", None)
        if ask is None or not self._root.remote.is_trusting:
            return None
        bucket, key, _ = self._files.split_path(self._place(entry.path))
        try:
            head = _asked(ask, "head_object", Bucket=bucket, Key=key, ChecksumMode="ENABLED")
            told = b64decode(head.get("ChecksumSHA256", ""), validate=True)
        except (OSError, ValueError):
            return None
        is_whole = head.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT" and "-" not in str(entry.version)
        is_same = (head.get("ETag"), head.get("ContentLength")) == (entry.version, entry.size)
        return told.hex() if is_whole and is_same and len(told) == 32 else None  # noqa: PLR2004 - of SHA-256

    def pool(self) -> contextlib.nullcontext[ThreadPoolExecutor]:
        """Return the threads that wait for the store, which all units share."""
        return contextlib.nullcontext(self._threads)

    def for_unit(self) -> Self:
        """Return the store with a memory of the small files that it reads."""
        store = type(self)(self._root, self._files, self._threads)
        store._known, store._room = {}, _REMEMBERED
        return store

    def close(self) -> None:
        """Ask for nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    @property
    def _is_in_this_process(self) -> bool:
        protocol = self._files.protocol
        return not _IN_THIS_PROCESS.isdisjoint([protocol] if isinstance(protocol, str) else protocol)

    def _place(self, path: str) -> str:
        return f"{self.base}/{path}" if path else self.base


class _FolderOpener:
    """Opens the files of a folder by their paths within, and keeps in mind where the store did not answer."""

    def __init__(self, store: RemoteStore, members: Mapping[str, Entry]) -> None:
        self._store, self._members = store, members
        self.failure: OSError | None = None

    def __call__(self, path: str) -> BinaryIO:
        entry = self._members.get(path)
        if entry is None or not entry.is_file:
            raise FileNotFoundError(path)
        return self._store.opened(entry, _REMEMBERED_FILE, self._fail)

    def _fail(self, error: OSError) -> None:
        self.failure = error


def open_remote(url: str, remote: Remote) -> RemoteStore:
    """Return the store of the tree at a URL, without asking for anything there.

    Raises:
        CannotCheckError: nothing here can reach it.
    """
    return _opened(_Root(url, "", _TRAILING.sub("", without_passwords(url)), remote))


@cache
def _of_this_process(root: _Root) -> RemoteStore:
    return _opened(root)


def _opened(root: _Root) -> RemoteStore:
    try:
        from fsspec.core import url_to_fs  # noqa: PLC0415 - an extra
    except ImportError:
        raise CannotCheckError(str(MissingLibraryError("fsspec", "remote", f"check {root.name}"))) from None
    scheme = root.url.partition("://")[0].rpartition("::")[2].lower()
    try:
        files, base = url_to_fs(root.url, skip_instance_cache=True, use_listings_cache=False)
    except ImportError as error:
        if extra := _EXTRAS.get(scheme):
            library = {"s3": "s3fs", "gcs": "gcsfs"}[extra]
            raise CannotCheckError(str(MissingLibraryError(library, extra, f"check {root.name}"))) from None
        raise CannotCheckError(f"{root.name}: {without_passwords(str(error))}") from None
    except Exception as error:  # noqa: BLE001 - whatever a file system makes of a URL
        raise CannotCheckError(f"{root.name}: {_words(error)}") from None
    return RemoteStore(root if root.base else root._replace(base=base.rstrip("/")), files)


def _asked(question: Callable[..., Any], *arguments: object, **options: object) -> Any:  # noqa: ANN401
    """Return what a store answers.

    Raises:
        OSError: whatever its library raises.
    """
    try:
        return question(*arguments, **options)
    except FileNotFoundError:
        raise
    except Exception as error:  # noqa: BLE001 - botocore, aiohttp, asyncio and others have errors of their own
        raise OSError(_words(error)) from None


def _range(files: Any, path: str, start: int, end: int) -> bytes:  # noqa: ANN401
    return bytes(_asked(files.cat_file, path, start=start, end=end))


def _words(error: Exception) -> str:
    """Return why a store did not answer, in one line without secrets."""
    said = (error.strerror if isinstance(error, OSError) else None) or str(error)
    name = "" if isinstance(error, OSError) and said else f"{type(error).__name__}: "
    return without_passwords(f"{name}{said}".strip().partition("\n")[0])[:_WORDS]


def _lists_all(files: Any) -> bool:  # noqa: ANN401
    """Say whether one listing tells all below a path, as object stores do; other file systems go folder by folder."""
    from fsspec.asyn import AsyncFileSystem  # noqa: PLC0415

    return (
        isinstance(files, AsyncFileSystem) and type(files)._find is not AsyncFileSystem._find
    )  # there is no other tell
