"""Files that hold others: what is in them, at any depth, and whether a path in them leads out.

One look serves them all, since what a file is lies in its bytes and not in its name: a pickle may stand in a zip in a
tar that gzip compressed, or be the file itself. Nothing is unpacked to disk, and nothing is kept but facts.
"""

import io
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from runcheck.convention.paths import leads_out
from runcheck.probes.contents import ArchiveContent, NumpyContent, PackedContent, TorchContent
from runcheck.probes.packed import (
    BZIP2_BLOCK,
    BZIP2_START,
    CLOSED,
    CLOSED_SUFFIXES,
    GZIP,
    NUMPY_MAGIC,
    NUMPY_SUFFIX,
    OLD_LZMA,
    PICKLE_STARTS,
    PICKLE_SUFFIXES,
    XZ,
    ZIP_STARTS,
    ZLIB_STARTS,
)
from runcheck.probes.packed.forward import (
    CHUNK,
    BoundError,
    BrokenError,
    Decompressor,
    Forward,
    Window,
    bzip2_machine,
    deflate_machine,
    gzip_machine,
    inflate,
    lzma_machine,
    zlib_machine,
)
from runcheck.probes.packed.found import Found, Thing, shortened
from runcheck.probes.packed.named import START
from runcheck.probes.packed.numpy_file import look_at_array
from runcheck.probes.packed.pickled import look_at_pickles
from runcheck.probes.packed.tar_members import DEVICES, LINKS, SYMBOLIC, TarMember, is_tar, tar_members
from runcheck.probes.packed.torch_archive import OLD_TORCH, check_storages, is_data
from runcheck.probes.packed.zip_members import BZIP2, DEFLATED, END, END_SIZE, STORED, ZipMember, zip_members

MAX_NESTING = 5  # archives in archives, compressed or not
MAX_WHOLE = 1 << 25  # bytes of a compressed archive in an archive, which is held to seek in it
MAX_PATH = 1 << 12


def look_into_packed(stream: BinaryIO, deep: bool) -> PackedContent:  # noqa: FBT001 - the form of every probe
    """Return what a file holds that begins as an archive, as a pickle or as an array does."""
    return _look(stream, deep=deep, maybe_pickle=False)


def look_into_maybe_pickle(stream: BinaryIO, deep: bool) -> PackedContent:  # noqa: FBT001 - the form of every probe
    """Return what a file holds whose name says that it is a pickle, and whose first byte does not deny it."""
    return _look(stream, deep=deep, maybe_pickle=True)


def look_into_closed(stream: BinaryIO, deep: bool) -> PackedContent:  # noqa: ARG001, FBT001 - the form of every probe
    """Say that a file is compressed in a way that nothing here reads."""
    return ArchiveContent(unverified="is compressed in a way that nothing here reads")


def _look(stream: BinaryIO, *, deep: bool, maybe_pickle: bool) -> PackedContent:
    size = stream.seek(0, io.SEEK_END)
    look, window = _Look(deep=deep), Window(stream, 0, size)
    look.into(Thing(maybe_pickle=maybe_pickle, window=window, size=size), window.forward())
    return look.found.content()


class _Look:
    """One look into one file."""

    def __init__(self, *, deep: bool) -> None:
        self.found = Found(ArchiveContent, deep=deep)
        self.nesting = 0

    def into(self, thing: Thing, source: Forward) -> object:
        """Look into something, and return what it is the pickle of; damage and bounds end the look there only."""
        self.nesting += 1
        try:
            if self.nesting > MAX_NESTING:
                self.found.doubt("holds archives in archives, deeper than one look goes")
                return None
            return self._dispatch(thing, source)
        except BrokenError as error:
            self.found.damage(thing, str(error))
        except BoundError as error:
            self.found.doubt(str(error))
        finally:
            self.nesting -= 1
        return None

    def _dispatch(self, thing: Thing, source: Forward) -> object:
        start = source.peek(START)
        begins_pickle = thing.maybe_pickle or start.startswith(PICKLE_STARTS)
        make = _machine(start, maybe_pickle=thing.maybe_pickle)
        if begins_pickle and (is_tar(start) or make is bzip2_machine):  # may be both, to two readers
            if thing.window is None:
                self.found.doubt("holds a file that may be a pickle and an archive at once")
            else:
                look_at_pickles(self.found, thing._replace(essential=False), thing.window.forward())
        if start.startswith(ZIP_STARTS):
            self._zip(thing, thing.window or _in_memory(source))
        elif is_tar(start):
            self._tar(thing, source)
        elif make is not None:
            return self.into(thing._replace(window=None, size=None), inflate(source, make, self.found.budget))
        elif reason := _closed(thing.name, start):
            self.found.doubt(f"holds what is {reason}" if thing.name else f"is {reason}, which nothing here reads")
        elif start.startswith(NUMPY_MAGIC):
            look_at_array(self.found, thing, source)
        elif thing.window and thing.window.at(thing.window.size - END_SIZE, 4) == END:
            self._zip(thing, thing.window)
        elif begins_pickle:
            return look_at_pickles(self.found, thing, source)
        return None

    # --- zip ----------------------------------------------------------------------------------------------------------

    def _zip(self, thing: Thing, window: Window) -> None:
        damage: list[str] = []
        members = list(zip_members(window, self.found.budget, damage))
        data = next((member.name for member in members if is_data(member.name)), None)
        if not thing.name and members:
            is_npz = all(member.name.endswith(NUMPY_SUFFIX) for member in members)
            self.found.kind = TorchContent if data else NumpyContent if is_npz else self.found.kind
        for words in damage:
            self.found.damage(thing, words)
        links: dict[str, str] = {}
        for member in members:
            self._check_names(thing, (member.name, *member.other_names), links)
            if not member.is_link:
                value = self._zip_member(thing, member, window, is_torch=data is not None)
                if member.name == data and value is not None and not thing.name:
                    sizes = {each.name: each.size for each in members if "data/" in each.name}
                    check_storages(self.found, value, data, sizes)
            elif (target := self._target_of(member, window)) is not None:
                self._check_link(thing, member.name, target, links)

    def _zip_member(self, thing: Thing, member: ZipMember, window: Window, *, is_torch: bool) -> object:
        source = self._unpacked(member, window)
        if source is None or (member.name.endswith("/") and not member.size):
            return None
        is_npz = self.found.kind is NumpyContent
        inner = Thing(
            name=thing.path_of(member.name),
            serves="torch" if is_torch else "pickle",
            maybe_pickle=member.name.lower().endswith(PICKLE_SUFFIXES),
            essential=not thing.name and (is_npz or (is_torch and is_data(member.name))),
            window=window.part(member.start, max(member.packed, member.size)) if member.method == STORED else None,
            size=member.size,
        )
        value = self.into(inner, source)
        if self.found.deep and not member.is_encrypted:
            self._check_sum(thing, member, window)
        return value

    def _unpacked(self, member: ZipMember, window: Window) -> Forward | None:
        """Return the bytes of a member, whatever its flags say: other readers do not look at them either."""
        if member.is_encrypted:
            self.found.doubt("has encrypted members")
        if member.method == STORED:
            return window.part(member.start, max(member.packed, member.size)).forward()
        if member.method in (DEFLATED, BZIP2):
            machine = deflate_machine if member.method == DEFLATED else bzip2_machine
            return inflate(window.part(member.start, member.packed).forward(), machine, self.found.budget)
        self.found.doubt(f"has members compressed by method {member.method}, which nothing here reads")
        return None

    def _target_of(self, member: ZipMember, window: Window) -> str | None:
        try:
            source = self._unpacked(member, window)
            return source.peek(MAX_PATH).decode("utf-8", "replace") if source else None
        except (BrokenError, BoundError):
            self.found.doubt("has a link that cannot be read")
            return None

    def _check_sum(self, thing: Thing, member: ZipMember, window: Window) -> None:
        source, crc, count = self._unpacked(member, window), 0, 0
        try:
            for chunk in source.rest() if source else ():
                crc, count = zlib.crc32(chunk, crc), count + len(chunk)
        except BrokenError as error:
            self.found.damage(thing, f"has a member {shortened(member.name)} that {error}")
            return
        except BoundError as error:
            self.found.doubt(str(error))
            return
        if source and (crc, count) != (member.crc, member.size):
            self.found.damage(thing, f"has another content in {shortened(member.name)} than its checksum says")

    # --- tar ----------------------------------------------------------------------------------------------------------

    def _tar(self, thing: Thing, source: Forward) -> None:
        links: dict[str, str] = {}
        for member in tar_members(source, self.found.budget):
            self._check_names(thing, (member.name, *member.other_names), links)
            if member.kind == SYMBOLIC:
                self._check_link(thing, member.name, member.link, links)
            elif member.kind in LINKS:
                self._check_names(thing, (member.link,), links)
            elif member.kind in DEVICES:
                self.found.leads_out(f"{member.name}, which is a device", thing)
            elif member.is_file:
                self._tar_member(thing, member, source)

    def _tar_member(self, thing: Thing, member: TarMember, source: Forward) -> None:
        is_old_torch = member.name in OLD_TORCH
        inner = Thing(
            name=thing.path_of(member.name),
            serves="torch" if is_old_torch else "pickle",
            maybe_pickle=is_old_torch or member.name.lower().endswith(PICKLE_SUFFIXES),
            essential=False,
            window=thing.window.part(source.position, member.size) if thing.window else None,
            size=member.size,
        )
        self.into(inner, inner.window.forward() if inner.window else _limited(source, member.size))

    # --- paths --------------------------------------------------------------------------------------------------------

    def _check_names(self, thing: Thing, names: Iterable[str], links: dict[str, str]) -> None:
        out = next((name for name in names if leads_out(name, links=links)), None)
        if out is not None:
            self.found.leads_out(out, thing)

    def _check_link(self, thing: Thing, name: str, target: str, links: dict[str, str]) -> None:
        """Check where a link leads, by way of those before it, and keep it for what comes after."""
        name = name.strip("/")
        if leads_out(target, name.rpartition("/")[0], links):
            self.found.leads_out(f"{name} -> {target}", thing)
        if len(name) + len(target) > MAX_PATH:
            self.found.doubt("holds a link of a longer path than systems have")
        else:
            links[name] = target


def _machine(start: bytes, *, maybe_pickle: bool) -> Callable[[], Decompressor] | None:
    if start.startswith(GZIP):
        return gzip_machine
    if start.startswith(BZIP2_START) and start[4:10] == BZIP2_BLOCK:
        return bzip2_machine
    if start.startswith(XZ) or (maybe_pickle and start.startswith(OLD_LZMA)):
        return lzma_machine
    return zlib_machine if maybe_pickle and start[:2] in ZLIB_STARTS else None


def _closed(name: str, start: bytes) -> str | None:
    """Return what something is that nothing here reads."""
    by_name = next((what for suffix, what in CLOSED_SUFFIXES.items() if name.lower().endswith(suffix)), None)
    return by_name or next((what for magic, what in CLOSED.items() if start.startswith(magic)), None)


def _limited(source: Forward, size: int) -> Forward:
    """Return the next ``size`` bytes of a source as one of their own."""
    end = source.position + size

    def chunks() -> Iterator[bytes]:
        while chunk := source.peek(min(end - source.position, CHUNK)):
            yield source.take(len(chunk))

    return Forward(chunks(), lambda count: source.skip(min(count, end - source.position)))


def _in_memory(source: Forward) -> Window:
    """Return a compressed archive as something to seek in."""
    held = source.peek(MAX_WHOLE + 1)
    if len(held) > MAX_WHOLE:
        raise BoundError("holds a compressed archive in an archive, larger than one look may hold")
    return Window(io.BytesIO(held), 0, len(held))
