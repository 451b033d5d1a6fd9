"""Files that hold others, and pickles: what is in them, at any depth that an attacker may choose.

One look serves them all, since what a file is lies in its bytes and not in its name: a pickle may stand in a zip archive in
a tar archive that gzip compressed, or be the file itself. Nothing is written to disk and nothing is kept but facts.
"""

import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, TypeVar

from runcheck.convention.paths import leads_out
from runcheck.probes.forward import (
    CHUNK,
    BoundError,
    BrokenError,
    Budget,
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
from runcheck.probes.numpy_file import NumpyContent
from runcheck.probes.numpy_header import MAGIC as NUMPY_MAGIC
from runcheck.probes.numpy_header import read_header
from runcheck.probes.packed import PackedContent, Pickled, Serves
from runcheck.probes.pickle_opcodes import Machine
from runcheck.probes.tar_members import DEVICES, LINKS, SYMBOLIC, is_tar, tar_members
from runcheck.probes.tensors import Tensor
from runcheck.probes.torch_archive import DATA, LEGACY_PICKLES, OLD_TORCH, TorchContent, is_legacy, legacy_bytes
from runcheck.probes.torch_values import TorchValues, tensors_in
from runcheck.probes.zip_members import BZIP2, DEFLATED, STORED, ZipMember, zip_members

MAX_NESTING = 4  # archives in archives
MAX_WHOLE = 1 << 25  # bytes of a compressed archive in an archive, which is held to seek in it
MAX_SHOWN = 1_000  # facts of one kind
MAX_SHOWN_TENSORS = 100_000
MAX_COMPARED = 50
MAX_LINK = 1 << 12
START = 600  # bytes that tell what something is: the magic of tar lies at 257

ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
ZIP_SUFFIXES = (".zip", ".whl", ".jar")  # may begin with something else, and are read from their end
GZIP, XZ, OLD_LZMA = b"\x1f\x8b", b"\xfd7zXZ\0", b"]\0\0"
BZIP2_START, BZIP2_BLOCK = b"BZh", b"1AY&SY"
ZLIB_STARTS = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
CLOSED = {
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
    b"\x04\x22\x4d\x18": "compressed with LZ4",
}
PICKLE_STARTS = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))
TAR_MAGIC = (b"ustar", 257)  # where it begins
BEGINS = (*ZIP_STARTS, GZIP, BZIP2_START, XZ, NUMPY_MAGIC, *CLOSED, *PICKLE_STARTS)
PICKLE_SUFFIXES = (".pkl", ".pickle", ".p", ".pk", ".joblib", ".dill", ".pt", ".pth", ".ckpt", ".bin", ".npy", ".npz")


_Fact = TypeVar("_Fact")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveContent(PackedContent):
    """What an archive of no format of ours holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PickleContent(PackedContent):
    """What a pickle, or several one after the other, would do."""


def look_into_packed(stream: BinaryIO, deep: bool) -> PackedContent:  # noqa: FBT001 - the form of every probe
    """Return what a file holds that begins as an archive, as a pickle or as an array does."""
    return _look(stream, deep=deep, maybe_pickle=False)


def look_into_pickle(stream: BinaryIO, deep: bool) -> PackedContent:  # noqa: FBT001 - the form of every probe
    """Return what a file holds whose name says that it is a pickle: the oldest protocols begin with no magic."""
    return _look(stream, deep=deep, maybe_pickle=True)


def _look(stream: BinaryIO, *, deep: bool, maybe_pickle: bool) -> PackedContent:
    size = stream.seek(0, io.SEEK_END)
    look = _Look(deep=deep)
    look.into(_Thing("", maybe_pickle=maybe_pickle, window=Window(stream, 0, size), size=size))
    return look.content()


@dataclass(frozen=True, slots=True)
class _Thing:
    """Something to look into: its path within the file, what is known of it before its bytes are read.

    ``window`` is there where it can be sought in; ``size`` its bytes, where they are promised.
    """

    name: str
    serves: Serves = "pickle"
    maybe_pickle: bool = False
    window: Window | None = None
    size: int | None = None


class _Look:
    """One look into one file, and what it has found."""

    def __init__(self, *, deep: bool) -> None:
        self.deep = deep
        self.budget = Budget(deep=deep)
        self.kind: type[PackedContent] = ArchiveContent
        self.pickles: list[Pickled] = []
        self.objects: list[str] = []
        self.outside: list[str] = []
        self.tensors: list[Tensor] | None = None
        self.error: str | None = None
        self.unverified: str | None = None
        self.nesting = 0

    def content(self) -> PackedContent:
        """Return all that was found."""
        return self.kind(
            pickles=tuple(self.pickles),
            object_names=tuple(self.objects),
            outside=tuple(self.outside),
            error=self.error,
            unverified=self.unverified,
            tensors=None if self.tensors is None else tuple(self.tensors),
        )

    def into(self, thing: _Thing, source: Forward | None = None) -> None:
        """Look into something; damage and bounds end the look there, and nowhere else."""
        self.nesting += 1
        try:
            if self.nesting > MAX_NESTING:
                raise BoundError("holds archives in archives, deeper than one look goes")
            self._dispatch(thing, source or (thing.window.forward() if thing.window else Forward(iter(()))))
        except BrokenError as error:
            self._note(f"{error} (in {thing.name})" if thing.name else str(error))
        except BoundError as error:
            self._doubt(str(error))
        finally:
            self.nesting -= 1

    def _dispatch(self, thing: _Thing, source: Forward) -> None:
        start = source.peek(START)
        make = _machine(start, maybe_pickle=thing.maybe_pickle)
        if start.startswith(ZIP_STARTS) or (thing.window and thing.size and _has_zip_suffix(thing.name)):
            self._zip(thing, thing.window or _in_memory(source))
        elif is_tar(start):
            self._tar(thing, source)
        elif make is not None:
            self.into(replace(thing, window=None, size=None), inflate(source, make, self.budget))
        elif reason := next((each for magic, each in CLOSED.items() if start.startswith(magic)), None):
            raise BoundError(f"is {reason}, which nothing here reads" if not thing.name else f"holds {reason}")
        elif start.startswith(NUMPY_MAGIC):
            self._numpy(thing, source)
        elif thing.maybe_pickle or start.startswith(PICKLE_STARTS):
            self._pickles(thing, source)

    # --- archives -----------------------------------------------------------------------------------------------------

    def _zip(self, thing: _Thing, window: Window) -> None:
        damage: list[str] = []
        members = list(zip_members(window, self.budget, damage))
        names = [member.name for member in members]
        data = next((name for name in names if name == DATA or name.endswith(f"/{DATA}")), None)
        if not thing.name and data is not None:
            self.kind = TorchContent
        elif not thing.name and names and all(name.endswith(".npy") for name in names):
            self.kind = NumpyContent
        links: dict[str, str] = {}
        values: object = None
        for member in members:
            inner = self._member(thing, member, window, serves="pickle" if data is None else "torch")
            source = self._unpacked(member, window)
            if source is None:
                continue
            if member.is_link:
                links[member.name] = source.peek(MAX_LINK).decode("utf-8", "replace")
                self._check_link(thing, member.name, links[member.name], links)
            elif member.name == data and not thing.name:
                values = self._tensors_of(inner, source)
            elif not member.name.endswith("/"):
                self.into(inner, source)
                if self.deep:
                    self._check_sum(member, window)
        for name in {each for member in members for each in (member.name, member.local_name)}:
            self._check_name(thing, name, links)
        if isinstance(values, TorchValues):
            self._check_storages(values, {member.name: member.size for member in members}, str(data))
        if damage:
            self._note(damage[0])

    def _member(self, thing: _Thing, member: ZipMember, window: Window, serves: Serves) -> _Thing:
        is_stored = member.method == STORED
        return _Thing(
            name=f"{thing.name}/{member.name}" if thing.name else member.name,
            serves=serves,
            maybe_pickle=member.name.lower().endswith(PICKLE_SUFFIXES),
            window=window.part(member.start, max(member.packed, member.size)) if is_stored else None,
            size=member.size,
        )

    def _unpacked(self, member: ZipMember, window: Window) -> Forward | None:
        """Return the bytes of a member, whatever its flags say: other readers do not look at them either."""
        if member.is_encrypted:
            self._doubt("has encrypted members")
        packed = window.part(member.start, member.packed)
        if member.method == STORED:
            return window.part(member.start, max(member.packed, member.size)).forward()
        if member.method in (DEFLATED, BZIP2):
            machine = deflate_machine if member.method == DEFLATED else bzip2_machine
            return inflate(packed.forward(), machine, self.budget)
        self._doubt(f"has members compressed by method {member.method}, which nothing here reads")
        return None

    def _check_sum(self, member: ZipMember, window: Window) -> None:
        source = self._unpacked(member, window)
        crc = count = 0
        for chunk in source.rest() if source else ():
            crc, count = zlib.crc32(chunk, crc), count + len(chunk)
        if (crc, count) != (member.crc, member.size) and not member.is_encrypted:
            self._note(f"has another content in {member.name} than its checksum says")

    def _tar(self, thing: _Thing, source: Forward) -> None:
        links: dict[str, str] = {}
        names: list[str] = []
        for member in tar_members(source, self.budget):
            names.append(member.name)
            if member.kind in LINKS:
                if member.kind == SYMBOLIC:
                    links[member.name.rstrip("/")] = member.link
                    self._check_link(thing, member.name, member.link, links)
                else:
                    self._check_name(thing, member.link, links)
            elif member.kind in DEVICES:
                self._add(self.outside, f"{thing.name}/{member.name}".lstrip("/") + " (a device)")
            elif member.is_file:
                window = thing.window.part(source.position, member.size) if thing.window else None
                inner = _Thing(
                    name=f"{thing.name}/{member.name}" if thing.name else member.name,
                    serves="torch" if member.name in OLD_TORCH else "pickle",
                    maybe_pickle=member.name in OLD_TORCH or member.name.lower().endswith(PICKLE_SUFFIXES),
                    window=window,
                    size=member.size,
                )
                self.into(inner, window.forward() if window else _limited(source, member.size))
        for name in names:
            self._check_name(thing, name, links)

    def _check_name(self, thing: _Thing, name: str, links: dict[str, str]) -> None:
        if leads_out(name, links=links):
            self._add(self.outside, name if not thing.name else f"{name} in {thing.name}")

    def _check_link(self, thing: _Thing, name: str, target: str, links: dict[str, str]) -> None:
        folder = name.rstrip("/").rpartition("/")[0]
        others = {each: to for each, to in links.items() if each != name.rstrip("/")} if ".." in target else {}
        if leads_out(target, folder, others):
            self._add(self.outside, f"{name} -> {target}" + (f" in {thing.name}" if thing.name else ""))

    # --- arrays and pickles -------------------------------------------------------------------------------------------

    def _numpy(self, thing: _Thing, source: Forward) -> None:
        if not thing.name:
            self.kind = NumpyContent
        header = read_header(source)
        name = thing.name.removesuffix(".npy")
        if not thing.name or self.kind is NumpyContent:
            self.tensors = [*(self.tensors or ()), Tensor(name, header.shape, header.dtype.name)][:MAX_SHOWN_TENSORS]
        for field_name in header.dtype.objects:
            self._add(self.objects, f"{name}.{field_name}".strip(".") if field_name else name)
        if header.dtype.objects:
            self._pickles(thing, source)
            return
        there = source.skip(header.size) if thing.size is None or self.deep else thing.size - source.position
        if there < header.size:
            raise BrokenError(f"is cut short: {max(0, there):,} of {header.size:,} bytes of its array")

    def _pickles(self, thing: _Thing, source: Forward) -> list[object]:
        """Walk the pickles that stand one after the other, and return what they are of."""
        imports: dict[str, None] = {}
        hidden: dict[str, None] = {}
        values: list[object] = []
        serves = thing.serves
        while source.peek(1):
            machine = Machine(source, self.budget)
            walk = machine.walk()
            if walk.is_pickle or machine.bound:
                imports |= dict.fromkeys(walk.named())
                hidden |= dict.fromkeys(walk.hidden)
            if machine.bound:
                self._doubt(machine.bound)
            if walk.ending is not None:
                if not values and (walk.is_pickle or thing.maybe_pickle):
                    self._note(f"{walk.ending} (in {thing.name})" if thing.name else walk.ending)
                break
            values = [*values, walk.value][:LEGACY_PICKLES]
            if is_legacy(values):
                serves = "torch"
                if len(values) == LEGACY_PICKLES:
                    break
        if imports or hidden or values:
            if not thing.name and self.kind is ArchiveContent:
                self.kind = PickleContent
            self._add(self.pickles, Pickled(thing.name, serves, tuple(imports), tuple(hidden)))
        if is_legacy(values) and not thing.name:
            self.kind = TorchContent
            self._legacy(thing, values, source)
        return values

    # --- PyTorch ------------------------------------------------------------------------------------------------------

    def _tensors_of(self, thing: _Thing, source: Forward) -> TorchValues | None:
        """Look into the pickle of an archive of PyTorch, and return the tensors that it is of."""
        try:
            walked = self._pickles(thing, source)
        except BrokenError as error:
            self._note(f"{error} (in {thing.name})")
            return None
        except BoundError as error:
            self._doubt(str(error))
            return None
        return self._take_tensors(walked[0]) if walked else None

    def _take_tensors(self, value: object) -> TorchValues:
        found = tensors_in(value)
        if found.whole:
            self.tensors = found.tensors
        if found.error:
            self._note(found.error)
        return found

    def _check_storages(self, found: TorchValues, sizes: dict[str, int], data: str) -> None:
        folder = data.removesuffix(DATA)
        for storage in found.storages.values():
            there = sizes.get(f"{folder}data/{storage.key}")
            if there is None:
                self._note(f"lacks the member {folder}data/{storage.key}, which holds a tensor")
            elif there != storage.size:
                self._note(f"has {there:,} bytes in {folder}data/{storage.key} where its tensors need {storage.size:,}")

    def _legacy(self, thing: _Thing, values: list[object], source: Forward) -> None:
        found = self._take_tensors(values[3]) if len(values) > 3 else TorchValues(whole=False)  # noqa: PLR2004
        needed = legacy_bytes(values, found)
        if needed is None:
            self._note("is cut short: it ends before its tensors")
        elif thing.window is not None and (there := thing.window.size - source.position) < needed:
            self._note(f"is cut short: {there:,} of {needed:,} bytes of its tensors")

    # --- what was found -----------------------------------------------------------------------------------------------

    def _note(self, error: str) -> None:
        self.error = self.error or error

    def _doubt(self, reason: str) -> None:
        self.unverified = self.unverified or reason

    def _add(self, facts: list[_Fact], fact: _Fact) -> None:
        if fact not in facts[-MAX_COMPARED:]:
            if len(facts) < MAX_SHOWN:
                facts.append(fact)
            else:
                self._doubt(f"holds more than {MAX_SHOWN:,} things to report")


def _machine(start: bytes, *, maybe_pickle: bool) -> Callable[[], Decompressor] | None:
    if start.startswith(GZIP):
        return gzip_machine
    if start.startswith(BZIP2_START) and start[4:10] == BZIP2_BLOCK:
        return bzip2_machine
    if start.startswith(XZ) or (maybe_pickle and start.startswith(OLD_LZMA)):
        return lzma_machine
    return zlib_machine if maybe_pickle and start[:2] in ZLIB_STARTS else None


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


def _has_zip_suffix(name: str) -> bool:
    return name.lower().endswith(ZIP_SUFFIXES)
