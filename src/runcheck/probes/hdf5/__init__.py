"""HDF5 files: what datasets they hold, what they read outside of themselves, and whether every byte decodes.

Only hard links are followed, each object is met once, and nothing is asked of a dataset that would open another file:
not even the shape of a virtual one.
"""

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, cast

from runcheck.probes.contents import Hdf5Content, Tensor
from runcheck.probes.hdf5.decode import Decoder
from runcheck.probes.hdf5.filters import Hdf5Error, UnverifiedError

if TYPE_CHECKING:
    import h5py
    import numpy as np

OBJECTS = 100_000
LINKS = 1_000_000
_BUFFER_BYTES = 1 << 16
_VERSION, _FLAGS, _FLAGGED_VERSION, _OPEN_TO_WRITE = 8, 11, 3, 0b101  # of a superblock
_CHECKED = {1, 3}  # deflate, whose streams end in an Adler-32, and fletcher32
# What h5py raises for a damaged file: the library's errors by their kind, and what names and types come to.
_DAMAGES = (OSError, KeyError, RuntimeError, ValueError, TypeError, OverflowError, MemoryError)


def look_into_hdf5(stream: BinaryIO, deep: bool) -> Hdf5Content:  # noqa: FBT001 - the form of every such probe
    """Return what the file holds, or why it cannot be read."""
    try:
        import h5py  # noqa: PLC0415 - 150 ms, and an optional library
    except ImportError:
        return Hdf5Content(unverified="needs h5py: pip install 'runcheck[hdf5]'")
    seen = _Seen()
    size = stream.seek(0, os.SEEK_END)
    buffered = io.BufferedReader(cast("io.RawIOBase", stream), _BUFFER_BYTES)
    try:
        with h5py.File(buffered, "r") as file:
            seen.error = _still_open(buffered, file.userblock_size)
            decoder = Decoder(buffered, size, file) if deep else None
            for name, dataset in _datasets(file, seen):
                _look_at(name, dataset, seen, decoder)
    except _DAMAGES as error:
        seen.error = seen.error or f"does not open: {_first_line(error)}"
    finally:
        buffered.detach()
    return seen.content()


def _still_open(stream: BinaryIO, start: int) -> str | None:
    """Say that the consistency flag is set. The library refuses such a file, but not where it reads from a stream.

    Source: HDF5 File Format Specification, II.A, "Disk Format: Level 0A - Format Signature and Superblock", version 3.
    """
    stream.seek(start)
    superblock = stream.read(_FLAGS + 1)
    if superblock[_VERSION] < _FLAGGED_VERSION or not superblock[_FLAGS] & _OPEN_TO_WRITE:
        return None
    return "is open to be written: its consistency flag is set, by a process that goes on or that died"


@dataclass
class _Seen:
    """What was met so far."""

    datasets: list[Tensor] = field(default_factory=list)
    bare: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    object_names: list[str] = field(default_factory=list)
    has_rows: bool = True
    error: str | None = None
    unverified: str | None = None

    def content(self) -> Hdf5Content:
        """Return it as facts."""
        lengths = {tensor.shape[0] for tensor in self.datasets if tensor.shape}
        if not self.datasets and not self.outside and not self.unverified:
            lengths = {0}
        return Hdf5Content(
            datasets=tuple(self.datasets),
            rows=lengths.pop() if len(lengths) == 1 and self.has_rows and not self.error else None,
            bare=tuple(self.bare),
            outside=tuple(self.outside),
            object_names=tuple(self.object_names),
            error=self.error,
            unverified=None if self.error else self.unverified,
        )


def _datasets(file: "h5py.File", seen: _Seen) -> Iterator[tuple[str, "h5py.h5d.DatasetID"]]:
    """Yield the name and the handle of each dataset, by hard links alone, and note the links that lead outside."""
    import h5py  # noqa: PLC0415

    met: set[int] = {h5py.h5o.get_info(file.id).addr}
    links = 0
    open_: list[tuple[h5py.h5g.GroupID, str, bytes]] = [(file.id, "", name) for name in _names(file.id, seen)]
    while open_:
        group, above, link = open_.pop()
        links += 1
        if links > LINKS or len(met) > OBJECTS:
            seen.unverified = f"holds more than {OBJECTS} objects"
            return
        name = above + link.decode(errors="backslashreplace")
        try:
            if not _is_hard(group, link, name, seen):
                continue
            thing = h5py.h5o.open(group, link)
            address = h5py.h5o.get_info(thing).addr
            if address not in met and isinstance(thing, h5py.h5g.GroupID):
                open_ += [(thing, f"{name}/", each) for each in _names(thing, seen)]
        except _DAMAGES as error:
            seen.error = seen.error or f"has a broken link {name!r}: {_first_line(error)}"
            continue
        if address not in met and isinstance(thing, h5py.h5d.DatasetID):
            yield name, thing
        met.add(address)


def _names(group: "h5py.h5g.GroupID", seen: _Seen) -> list[bytes]:
    """Return the names in a group, the last one first, but no more than may be met at all."""
    names: list[bytes] = []

    def take(name: bytes) -> bool | None:
        names.append(name)
        return True if len(names) > LINKS else None

    group.links.iterate(take)
    if len(names) > LINKS:
        seen.unverified = f"holds more than {LINKS} links"
    return names[::-1]


def _is_hard(group: "h5py.h5g.GroupID", link: bytes, name: str, seen: _Seen) -> bool:
    """Say whether a link is a hard one. Soft ones lead to what hard ones lead to as well, or to nothing."""
    import h5py  # noqa: PLC0415

    type_ = group.links.get_info(link).type
    if type_ not in (h5py.h5l.TYPE_HARD, h5py.h5l.TYPE_SOFT):
        to = b":".join(group.links.get_val(link)) if type_ == h5py.h5l.TYPE_EXTERNAL else b"of an unknown kind"
        seen.outside.append(f"the external link {name!r} to {to.decode(errors='backslashreplace')!r}")
    return bool(type_ == h5py.h5l.TYPE_HARD)


def _look_at(name: str, dataset: "h5py.h5d.DatasetID", seen: _Seen, decoder: Decoder | None) -> None:
    import h5py  # noqa: PLC0415

    try:
        plist = dataset.get_create_plist()
        if plist.get_layout() == h5py.h5d.VIRTUAL:
            files = {plist.get_virtual_filename(number) for number in range(plist.get_virtual_count())} - {"."}
            seen.outside += [f"the virtual dataset {name!r} of {each!r}" for each in sorted(files)]
            seen.has_rows = False
            return
        for number in range(plist.get_external_count()):
            path = plist.get_external(number)[0].decode(errors="backslashreplace")
            seen.outside.append(f"the external storage of {name!r} in {path!r}")
        shape, dtype = dataset.shape, _dtype(dataset)
        _describe(name, dataset, dtype, shape, seen)
        if decoder and shape is not None and not plist.get_external_count():
            decoder.decode(dataset, plist, dtype, shape)
    except Hdf5Error as error:
        seen.error = seen.error or f"has a dataset {name!r} that {error}"
    except UnverifiedError as error:
        seen.unverified = seen.unverified or str(error)
    except _DAMAGES as error:
        seen.error = seen.error or f"has a dataset {name!r} that cannot be read: {_first_line(error)}"


def _dtype(dataset: "h5py.h5d.DatasetID") -> "np.dtype[np.generic]":
    try:
        return cast("np.dtype[np.generic]", dataset.dtype)
    except TypeError:  # times, bit fields, and what NumPy lacks else
        raise UnverifiedError("has a type that NumPy does not have") from None


def _describe(
    name: str, dataset: "h5py.h5d.DatasetID", dtype: "np.dtype[np.generic]", shape: tuple[int, ...] | None, seen: _Seen
) -> None:
    plist = dataset.get_create_plist()
    seen.datasets.append(Tensor(name, shape or (), dtype.name))
    if _holds_objects(dtype):
        seen.object_names.append(name)
    filters = {plist.get_filter(number)[0] for number in range(plist.get_nfilters())}
    # Types of variable length cannot carry a filter that must be, nor can what has no axis or lies elsewhere.
    able = shape and dataset.get_storage_size() and not dtype.hasobject and not plist.get_external_count()
    if able and not filters & _CHECKED:
        seen.bare.append(name)


def _holds_objects(dtype: "np.dtype[np.generic]") -> bool:
    """Say whether a type holds objects that are no texts: arrays of variable length, references."""
    import h5py  # noqa: PLC0415

    if dtype.fields is not None:
        return any(_holds_objects(of) for of, *_ in dtype.fields.values())
    if dtype.subdtype is not None:
        return _holds_objects(dtype.subdtype[0])
    return dtype.hasobject and h5py.check_string_dtype(dtype) is None


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
