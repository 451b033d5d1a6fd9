"""A tree as it is staged: as Git's index has it, whatever lies in the folder.

What was changed after it was staged, what was never staged and what Git ignores is not part of the next commit, and is
not seen. The object of a Git LFS pointer is read where the repository has it; elsewhere the pointer stands for it.
"""

import hashlib
import io
import os
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Self

from runcheck.convention.checksums import LFS_POINTER_BYTES, parse_lfs_pointer
from runcheck.convention.layout import layout
from runcheck.errors import CannotCheckError
from runcheck.probes.folder import Folder, open_regular
from runcheck.probes.git_command import GitFailedError, git_says
from runcheck.tree.entry import Entry, EntryType
from runcheck.tree.git_objects import GitObjects
from runcheck.tree.listing import NO_PATH
from runcheck.tree.walk import NEVER_ENTERED, in_order

if TYPE_CHECKING:
    from concurrent.futures import Executor

_LINK, _SUBMODULE = "120000", "160000"
_LFS = "sha256:"  # begins the version of an entry whose content Git LFS has
# The object of an empty file, by either digest: https://git-scm.com/docs/hash-function-transition
_EMPTY = tuple(
    hashlib.new(name, b"blob 0\0", usedforsecurity=False).hexdigest().encode() for name in ("sha1", "sha256")
)
_NO_NAMES = (b"", b".", b"..", NEVER_ENTERED.encode())


class Repository(NamedTuple):
    """A worktree by its real path, and the folder that Git keeps what is common to all of them in."""

    top: str
    common: str


def repository_of(folder: str) -> Repository:
    """Return the repository that a folder lies in.

    Raises:
        CannotCheckError: it lies in none, or Git does not say.
    """
    try:
        said = os.fsdecode(git_says(folder, "rev-parse", "--show-toplevel", "--git-common-dir")).splitlines()
    except GitFailedError as error:
        raise CannotCheckError(f"{folder}: {error}") from None
    if len(said) != 2:  # noqa: PLR2004 - two questions
        raise CannotCheckError(f"{folder}: lies in no worktree of Git")
    return Repository(os.path.realpath(said[0]), os.path.join(os.path.realpath(folder), said[1]))


class Index:
    """What is staged in a repository, or what a commit of it holds: the objects of all paths, listed once."""

    def __init__(self, repository: Repository, commit: str | None = None) -> None:
        """List it.

        Raises:
            CannotCheckError: Git does not say, or a merge is not resolved.
        """
        self.repository, self.commit = repository, commit
        self.objects = GitObjects(repository.top)
        try:
            self._lines = _staged(repository.top) if commit is None else _committed(repository.top, commit)
        except GitFailedError as error:
            raise CannotCheckError(f"{repository.top}: {error}") from None
        unmerged = next((line for line in self._lines if not line.partition(b"\t")[0].endswith(b" 0")), None)
        if unmerged:
            path = os.fsdecode(_path(unmerged))
            raise CannotCheckError(f"{path}: is not merged yet, so nothing that is staged can be judged")

    def below(self, folder: str) -> Sequence[bytes]:
        """Return the lines of what lies in a folder, all of them for the top."""
        if not folder:
            return self._lines
        start = os.fsencode(folder) + b"/"
        return self._lines[self._at(start) : self._at(start[:-1] + b"0")]  # the letter that comes after a slash

    def line(self, path: str) -> bytes | None:
        """Return the line of a file, or None where there is none."""
        encoded = os.fsencode(path)
        at = self._at(encoded)
        return self._lines[at] if at < len(self._lines) and _path(self._lines[at]) == encoded else None

    def in_folder(self, folder: str) -> tuple[list[str], list[bytes]]:
        """Return the names of the folders in a folder, and the lines of the files in it."""
        lines = self.below(folder)
        start = len(os.fsencode(folder)) + 1 if folder else 0
        folders: list[str] = []
        files: list[bytes] = []
        at = 0
        while at < len(lines):
            name, slash, _ = _path(lines[at])[start:].partition(b"/")
            if slash:
                folders.append(os.fsdecode(name))
                at = _first_from(lines, _path(lines[at])[:start] + name + b"0", at)
            else:
                files.append(lines[at])
                at += 1
        return folders, files

    def close(self) -> None:
        """End what Git runs."""
        self.objects.close()

    def _at(self, path: bytes) -> int:
        return bisect_left(self._lines, path, key=_path)


class IndexStore:
    """The tree below ``root``, a path from the top of the repository, as it is staged."""

    folder = None
    large = 4 << 20

    def __init__(self, index: Index, root: str) -> None:
        """Take the index, and the folder in it."""
        self._index, self._root = index, root

    def __reduce__(
        self,
    ) -> "tuple[Callable[[Repository, str | None, str], IndexStore], tuple[Repository, str | None, str]]":
        """Become, in another process, a store of the index as that process lists it."""
        return _of_this_process, (self._index.repository, self._index.commit, self._root)

    @property
    def name(self) -> str:
        """The path of the folder, whether it is there or not."""
        return "/".join(filter(None, (self._index.repository.top, self._root)))

    @property
    def worktree(self) -> str:
        """The folder, which Git is asked about."""
        return self.name

    def walk(self, path: str = "", enter: Callable[[Entry], bool] | None = None) -> Iterator[Entry]:
        """Yield every entry below ``path``."""
        return in_order(self._entries, path, enter or (lambda _: True))

    def entry(self, path: str) -> Entry | None:
        """Return the entry of what is at ``path``, or None where there is nothing."""
        line = self._index.line(self._place(path))
        if line is not None:
            return self._files([line])[0]
        return Entry(path, EntryType.FOLDER) if self._index.below(self._place(path)) else None

    def folders(self, path: str) -> list[str]:
        """Return the names of the folders in the folder at ``path``."""
        return sorted(self._index.in_folder(self._place(path))[0])

    def open(self, entry: Entry) -> BinaryIO:
        """Open a regular file: the object of Git, or that of Git LFS."""
        version = entry.version or ""
        if not entry.is_file:
            raise OSError("is no regular file")
        if version.startswith(_LFS):
            return open_regular(self._lfs_path(version.removeprefix(_LFS)))
        return self._index.objects.open(version)

    def content(self, entry: Entry) -> bytes:
        """Return the bytes of a small file."""
        with self.open(entry) as stream:
            return stream.read()

    @contextmanager
    def apart(self, entry: Entry, stream: BinaryIO) -> Iterator[Callable[[], BinaryIO]]:
        """Return what opens a file in another process: by its bytes, by the path of Git LFS, or by that of a copy."""
        version = entry.version or ""
        if isinstance(stream, io.BytesIO):
            yield partial(io.BytesIO, stream.getvalue())
        elif version.startswith(_LFS):
            yield partial(open_regular, self._lfs_path(version.removeprefix(_LFS)))
        else:
            from runcheck.tree.copied import copied  # noqa: PLC0415 - few large files are not in Git LFS

            with copied({"copy": entry}, self.open) as folder:
                yield partial(open_regular, f"{folder}/copy")

    def opener(self, path: str, members: Mapping[str, Entry]) -> "_FolderOpener":  # noqa: ARG002 - entries have theirs
        """Return what opens the files of a folder."""
        return _FolderOpener(self, members)

    @contextmanager
    def apart_folder(
        self,
        folder: Folder,
        members: Mapping[str, Entry],
        *,
        by_library: bool,  # noqa: ARG002 - nobody else has the index open
    ) -> Iterator[Folder]:
        """Return a copy of a folder, which another process can read."""
        from runcheck.tree.copied import copied  # noqa: PLC0415 - few folders are read by a library

        with copied(members, self.open) as location:
            yield folder._replace(location=location, opener=None)

    def sha256(self, entry: Entry) -> None:
        """Return None: the name of an object is another digest."""

    def pool(self) -> "Executor":
        """Return as many threads as there are cores."""
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - small files need none

        return ThreadPoolExecutor(os.cpu_count())

    def for_unit(self) -> Self:
        """Return this: Git remembers what it read."""
        return self

    def close(self) -> None:
        """End what Git runs."""
        self._index.close()

    def _entries(self, path: str) -> list[Entry]:
        folders, lines = self._index.in_folder(self._place(path))
        prefix = f"{path}/" if path else ""
        found = [_folder(f"{prefix}{name}") for name in folders if path or name != layout().state]
        found += self._files(lines)
        return sorted(found, key=lambda entry: os.fsencode(entry.path))

    def _files(self, lines: Sequence[bytes]) -> list[Entry]:
        """Return the entries of files, links and submodules."""
        start = len(os.fsencode(self._root)) + 1 if self._root else 0
        parted = [
            (*os.fsdecode(line.partition(b"\t")[0]).split(" "), os.fsdecode(_path(line)[start:])) for line in lines
        ]
        sizes = self._index.objects.sizes([name for mode, name, _, _ in parted if mode != _SUBMODULE])
        return [
            Entry(path, EntryType.FOLDER) if mode == _SUBMODULE else self._file(path, mode, name, next(sizes))
            for mode, name, _, path in parted
        ]

    def _file(self, path: str, mode: str, name: str, size: int | None) -> Entry:
        if os.fsencode(path.rpartition("/")[2]) in _NO_NAMES:
            return Entry(path, EntryType.SPECIAL, error=NO_PATH)
        if size is None:
            return Entry(path, EntryType.SPECIAL, error="its object is not in the repository")
        if mode != _LINK and size > LFS_POINTER_BYTES:
            return Entry(path, EntryType.FILE, size, version=name)
        try:
            with self._index.objects.open(name) as stream:
                content = stream.read(LFS_POINTER_BYTES * 4)
        except OSError as error:
            return Entry(path, EntryType.SPECIAL, error=str(error))
        if mode == _LINK:
            return Entry(path, EntryType.LINK, size, target=os.fsdecode(content), version=name)
        pointer = parse_lfs_pointer(content)
        if pointer and pointer.sha256 and self._has_lfs(pointer.sha256, pointer.size):
            return Entry(path, EntryType.FILE, pointer.size or 0, version=_LFS + pointer.sha256)
        return Entry(path, EntryType.FILE, size, version=name)

    def _has_lfs(self, sha256: str, size: int | None) -> bool:
        try:
            return os.stat(self._lfs_path(sha256), follow_symlinks=False).st_size == size
        except OSError:
            return False

    def _lfs_path(self, sha256: str) -> str:
        """Return where Git LFS keeps an object (docs/man/git-lfs-config: ``lfs.storage``), as it is by default."""
        return f"{self._index.repository.common}/lfs/objects/{sha256[:2]}/{sha256[2:4]}/{sha256}"

    def _place(self, path: str) -> str:
        return "/".join(filter(None, (self._root, path)))


class _FolderOpener:
    """Opens the files of a folder by their paths within, and keeps in mind where Git had none."""

    def __init__(self, store: IndexStore, members: Mapping[str, Entry]) -> None:
        self._store, self._members = store, members
        self.failure: OSError | None = None

    def __call__(self, path: str) -> BinaryIO:
        entry = self._members.get(path)
        if entry is None or not entry.is_file:
            raise FileNotFoundError(path)
        try:
            return self._store.open(entry)
        except OSError as error:
            self.failure = error
            raise


def _folder(path: str) -> Entry:
    is_path = os.fsencode(path.rpartition("/")[2]) not in _NO_NAMES
    return Entry(path, EntryType.FOLDER, error=None if is_path else NO_PATH)


def _first_from(lines: Sequence[bytes], path: bytes, at: int) -> int:
    """Return where the first line from ``path`` on is, which is not far behind ``at`` where folders are small."""
    step = 8
    while at + step < len(lines) and _path(lines[at + step]) < path:
        at, step = at + step, step * 2
    return bisect_left(lines, path, at, min(at + step + 1, len(lines)), key=_path)


def _path(line: bytes) -> bytes:
    return line.partition(b"\t")[2]


def _staged(top: str) -> list[bytes]:
    """Return a line for each path of the index: mode, object and stage, and behind a tab the path.

    They are in the order of the bytes of the paths. What ``git add --intent-to-add`` only announced is left out: the
    index has it as an empty file, and the next commit has it not.
    """
    lines = git_says(top, "ls-files", "--stage", "-z").split(b"\0")[:-1]
    if not any(line.split(b" ", 2)[1] in _EMPTY for line in lines):
        return lines
    difference = ("diff", "--cached", "--name-status", "-z", "--no-renames", "--no-ext-diff", "--ignore-submodules=all")
    visible, invisible = (
        git_says(top, *difference, f"--ita-{each}-in-index").split(b"\0") for each in ("visible", "invisible")
    )
    if visible == invisible:
        return lines
    told = ({*zip(said[1::2], said[0::2], strict=False)} for said in (visible, invisible))
    announced = {path for path, _ in next(told) ^ next(told)}
    return [line for line in lines if not (_path(line) in announced and line.split(b" ", 2)[1] in _EMPTY)]


def _committed(top: str, commit: str) -> list[bytes]:
    """Return the lines that the index would have if it were that of a commit."""
    lines = git_says(top, "ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0")[:-1]
    parted = (line.partition(b"\t") for line in lines)
    return [b"%s %s 0\t%s" % (*head.split(b" ")[::2], path) for head, _, path in parted]


@cache
def _index_of_this_process(repository: Repository, commit: str | None) -> Index:
    return Index(repository, commit)


def _of_this_process(repository: Repository, commit: str | None, root: str) -> IndexStore:
    return IndexStore(_index_of_this_process(repository, commit), root)
