"""Look into a Zarr store: which files are chunks of which array, which are missing, and whether each is whole."""

import re
from collections.abc import Iterable
from functools import cache
from math import prod

from runcheck.convention.layout import layout
from runcheck.probes.contents import MissingChunks, ZarrContent
from runcheck.probes.folder import Folder
from runcheck.probes.zarr.bytes import DamagedError
from runcheck.probes.zarr.chunks import Extent, decode, exact_size, expect_size, inner_chunks
from runcheck.probes.zarr.codecs import Sharding, without_checksum
from runcheck.probes.zarr.hierarchy import DOCUMENTS, Hierarchy, Seen
from runcheck.probes.zarr.json import BeyondError
from runcheck.probes.zarr.metadata import ArrayMetadata

_FIRST = 3  # of what is missing is named
_KEY_LIKE = re.compile(r"(?:.*/)?(?:c[./])?[0-9]+(?:[./][0-9]+)*")
_UNSAFE = "pickle"


def look_into_store(folder: Folder, deep: bool) -> ZarrContent:  # noqa: FBT001 - as every probe of a folder
    """Return what a Zarr store holds; ``deep`` decodes every chunk."""
    seen = Seen()
    hierarchy = Hierarchy(folder, seen)
    arrays = {path: node.array for path, node in hierarchy.nodes.items() if node is not None and node.array is not None}
    keys = _keys_by_array(folder, hierarchy, arrays, seen)
    missing = []
    for path, array in arrays.items():
        chunks = _Chunks(folder, path, array, seen, deep=deep)
        chunks.look(keys[path])
        if found := chunks.missing():
            missing.append(found)
    lengths = {array.shape[0] for array in arrays.values() if array.shape}
    if not arrays and not seen.faults:
        lengths = {0}
    return ZarrContent(
        arrays=len(arrays),
        rows=lengths.pop() if len(lengths) == 1 and None not in hierarchy.nodes.values() else None,
        faults=tuple(sorted(seen.faults, key=lambda fault: fault.path)),
        fault_count=seen.fault_count,
        missing=tuple(missing),
        without_checksum=tuple(
            path for path, array in arrays.items() if prod(array.shape) and without_checksum(array.codecs)
        ),
        object_names=tuple(
            path for path, array in arrays.items() if any(codec.name == _UNSAFE for codec in array.codecs)
        ),
        unverified="; ".join(sorted(seen.beyond)[:_FIRST]) or None,
    )


def _keys_by_array(folder: Folder, hierarchy: Hierarchy, arrays: Iterable[str], seen: Seen) -> dict[str, list[str]]:
    """Return the files below each array, relative to it. Those that belong to none are faults.

    One that is not named like a chunk is no certain one: conventions on top of Zarr put files of their own into stores.
    """
    keys: dict[str, list[str]] = {path: [] for path in arrays}
    astray: dict[tuple[str, bool], list[str]] = {}
    for path in folder.files:
        head, _, name = path.rpartition("/")
        if name in DOCUMENTS or name in layout().placeholders:
            continue
        owner = hierarchy.owner(head)
        key = path.removeprefix(f"{owner}/") if owner else path
        if owner in keys:
            keys[owner].append(key)
        elif (owner is None or hierarchy.nodes[owner] is not None) and not _is_leftover(path):
            astray.setdefault((owner or "", _is_like_a_key(key)), []).append(path)
    for (_, is_certain), paths in astray.items():
        seen.fault(paths[0], f"belongs to no array{_as_others(paths)}", is_certain=is_certain)
    return keys


def _is_like_a_key(key: str) -> bool:
    return _KEY_LIKE.fullmatch(key) is not None


def _is_leftover(path: str) -> bool:
    """Say whether an interrupted write left the file, which another clause is about."""
    return any(map(layout().is_leftover, path.split("/")))


def _as_others(paths: list[str]) -> str:
    return f", as {len(paths) - 1:,} more files do not" if len(paths) > 1 else ""


class _Chunks:
    """The chunks of one array: which files are some, which are missing, and whether they are whole."""

    def __init__(self, folder: Folder, path: str, array: ArrayMetadata, seen: Seen, *, deep: bool) -> None:
        self._folder, self._array, self._seen, self._deep = folder, array, seen, deep
        self._path = path
        self._prefix = f"{path}/" if path else ""
        self._grid = _grid(array.shape, array.chunk_shape) if array.chunk_shape is not None else ()
        # Only where a shard is just that do the places in it tell which chunk of the array each is.
        self._sharding = array.codecs[0].sharding if len(array.codecs) == 1 else None
        self._inner_grid = _grid(array.shape, self._sharding.chunk_shape) if self._sharding else self._grid
        self._items = prod(array.chunk_shape or ())
        self._size = exact_size(array.codecs, self._items, array.item_bytes)
        self._files = 0
        self._there = 0
        self._empty: list[tuple[str, tuple[int, ...]]] = []

    def look(self, keys: list[str]) -> None:
        """Look at the files below the array."""
        if self._array.chunk_shape is None or self._array.extension:
            self._seen.beyond.add(self._array.extension or "a Zarr chunk grid")
            return
        pattern = _key_pattern(self._array.prefix, self._array.separator, len(self._array.shape))
        strange, outside = list[str](), list[str]()
        for key in keys:
            match = pattern.fullmatch(key)
            if match is None:
                strange.append(key)
                continue
            place = tuple(map(int, match.groups()))
            if any(at >= count for at, count in zip(place, self._grid, strict=True)):
                outside.append(key)
            else:
                self._files += 1
                self._chunk(key, place)
        self._say_astray(strange, outside)

    def missing(self) -> MissingChunks | None:
        """Return what the array lacks, where it does not lack all."""
        total = prod(self._inner_grid)
        if not self._there or self._there == total:
            return None
        first: list[tuple[str, tuple[int, ...] | None]] = []
        files = prod(self._grid)
        for at in range(min(self._files + _FIRST, files) if self._files < files else 0):
            path = self._prefix + self._array.key(_place(at, self._grid))
            if path not in self._folder.files:
                first.append((path, None))
        return MissingChunks(self._path, total - self._there, total, tuple((*first, *self._empty)[:_FIRST]))

    def _say_astray(self, strange: list[str], outside: list[str]) -> None:
        if outside:
            words = f"lies outside of the {'x'.join(map(str, self._grid))} chunks of its array{_as_others(outside)}"
            self._seen.fault(self._prefix + outside[0], words)
        for is_certain in (True, False):
            those = [key for key in strange if _is_like_a_key(key) == is_certain and not _is_leftover(key)]
            if those:
                like = self._array.key((0,) * len(self._grid))
                words = f"is no chunk of its array, whose first is {like!r}{_as_others(those)}"
                self._seen.fault(self._prefix + those[0], words, is_certain=is_certain)

    def _chunk(self, key: str, place: tuple[int, ...]) -> None:
        path = self._prefix + key
        self._there += _inside(place, self._sharding.counts, self._inner_grid) if self._sharding else 1
        try:
            self._look_into(path, place)
        except DamagedError as error:
            self._seen.fault(path, str(error))
        except BeyondError as error:
            self._seen.beyond.add(str(error))
        except OSError:  # that it cannot be read is said of each file of a unit
            return

    def _look_into(self, path: str, place: tuple[int, ...]) -> None:
        size, array = self._folder.files[path], self._array
        if not size and array.item_bytes != 0:
            raise DamagedError("is empty")
        expect_size(size, self._size)
        if not (self._deep or self._sharding):
            return
        with self._folder.open(path) as stream:
            extent = Extent(stream, 0, size)
            if self._sharding:
                self._shard(path, place, extent, self._sharding)
            else:
                decode(extent, array.codecs, self._items, array.item_bytes)

    def _shard(self, path: str, place: tuple[int, ...], extent: Extent, sharding: Sharding) -> None:
        """Look at the chunks in a shard: those beyond the edge of the array are nobody's."""
        counts = sharding.counts
        decodes, damage = self._deep, None
        for inner, lies in inner_chunks(extent, sharding):
            if lies is None:
                if _is_in(place, counts, inner, self._inner_grid):
                    self._there -= 1
                    if len(self._empty) < _FIRST:
                        self._empty.append((path, inner))
            elif decodes and damage is None:
                try:
                    decode(lies, sharding.codecs, prod(sharding.chunk_shape), self._array.item_bytes)
                except DamagedError as error:
                    damage = f"in its chunk {inner} {error}"
                except BeyondError as error:
                    self._seen.beyond.add(str(error))
                    decodes = False
        if damage:
            raise DamagedError(damage)


@cache
def _key_pattern(prefix: str, separator: str, axes: int) -> re.Pattern[str]:
    """Return the form of the keys of chunks: the one chunk of an array without axes is 0, or c in Zarr 3."""
    parts = [prefix] if prefix else []
    if not prefix and not axes:
        parts = ["0"]
    return re.compile(re.escape(separator).join([*parts, *["(0|[1-9][0-9]{0,18})"] * axes]))


def _grid(shape: tuple[int, ...], chunk_shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return how many chunks cover a shape along each axis."""
    return tuple(-(-length // chunk) if length else 0 for length, chunk in zip(shape, chunk_shape, strict=True))


def _place(at: int, grid: tuple[int, ...]) -> tuple[int, ...]:
    """Return the place of the chunk number ``at``, the last axis counting fastest."""
    place = []
    for count in reversed(grid):
        at, rest = divmod(at, count)
        place.append(rest)
    return tuple(reversed(place))


def _inside(place: tuple[int, ...], counts: tuple[int, ...], grid: tuple[int, ...]) -> int:
    """Return how many of the chunks of the shard at ``place`` are in the grid, the others being beyond its edge."""
    return prod(min(n, whole - at * n) for at, n, whole in zip(place, counts, grid, strict=True))


def _is_in(place: tuple[int, ...], counts: tuple[int, ...], inner: tuple[int, ...], grid: tuple[int, ...]) -> bool:
    return all(at * n + each < whole for at, n, each, whole in zip(place, counts, inner, grid, strict=True))
