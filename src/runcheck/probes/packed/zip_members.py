"""The members of a zip archive (PKWARE's APPNOTE, 4.3), by its central directory and by what stands in front of each.

By hand, for ``zipfile`` refuses what other readers take: PyTorch's opens archives with flags and checksums that it
raises at, and hiding pickles so from scanners is an old trick. The flags are noted here and stop nothing.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from runcheck.probes.packed.forward import BoundError, Budget, Window

START = b"PK\x03\x04"
ENTRY = b"PK\x01\x02"
END = b"PK\x05\x06"
END_64 = b"PK\x06\x06"
LOCATOR_64 = b"PK\x06\x07"
MAX_DIRECTORY = 1 << 25
MAX_ENDS = 8  # a comment may look like an end, and an archive in an archive has one
MAX_NAME = 1 << 12
TAIL = (1 << 16) + 22
ALL_32 = 0xFFFFFFFF

STORED, DEFLATED, BZIP2 = 0, 8, 12
_IS_ENCRYPTED, _IS_UTF8 = 1, 1 << 11
_WIDE, _UNICODE_PATH = 1, 0x7075
_LINK, _TYPE = 0o120000, 0o170000
_HEADER = struct.Struct("<4s5H3I2H")
_ENTRY = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
END_SIZE = _END.size
_END_64 = struct.Struct("<4sQ2H2I4Q")


class ZipMember(NamedTuple):
    """A member: its name, the names that other readers may take it to have, and where its bytes are."""

    name: str
    other_names: tuple[str, ...]
    method: int
    is_encrypted: bool
    is_link: bool
    start: int
    packed: int
    size: int
    crc: int


def zip_members(window: Window, budget: Budget, damage: list[str]) -> Iterator[ZipMember]:
    """Yield the members of every central directory that an archive may be read by.

    What is damaged is put into ``damage`` and passed over: one broken member hides no other.
    """
    found = list(_directories(window))
    if not found:
        damage.append("is cut short: a zip archive without its directory")
    for where in found:
        yield from _entries(window, budget, damage, where)


def _directories(window: Window) -> Iterator[tuple[int, int, int]]:
    """Yield what must be added to offsets, where a directory begins, and its size; from the last one on."""
    begin = max(0, window.size - TAIL)
    tail = window.at(begin, TAIL)
    at, seen = len(tail), set[tuple[int, int, int]]()
    for _ in range(MAX_ENDS):
        at = tail.rfind(END, 0, at)
        if at < 0:
            return
        if len(tail) - at < _END.size:
            continue
        *_, size, start, _ = _END.unpack_from(tail, at)
        end = begin + at
        wide = window.at(end - 20, 20) if end >= 20 else b""  # noqa: PLR2004
        if wide.startswith(LOCATOR_64):
            place = int.from_bytes(wide[8:16], "little")
            for each in (place, end - 20 - _END_64.size):
                record = window.at(each, _END_64.size) if 0 <= each < window.size else b""
                if len(record) == _END_64.size and record.startswith(END_64):
                    *_, size, start = _END_64.unpack(record)
                    end = each
                    break
        for directory in {(0, start, size), (end - size - start, end - size, size)}:
            base, place, _ = directory
            if directory not in seen and base >= 0 and 0 <= place <= window.size - size:
                seen.add(directory)
                if size == 0 or window.at(place, 4) == ENTRY:
                    yield directory


def _entries(window: Window, budget: Budget, damage: list[str], where: tuple[int, int, int]) -> Iterator[ZipMember]:
    base, start, size = where
    if size > MAX_DIRECTORY:
        raise BoundError("has a directory longer than one look may take")
    directory, at = window.at(start, size), 0
    while at + _ENTRY.size <= len(directory):
        budget.enter()
        (magic, _, _, flags, method, _, _, crc, packed, whole, names, extras, comments, _, _, attributes, place) = (
            _ENTRY.unpack_from(directory, at)
        )
        if magic != ENTRY:
            break
        at += _ENTRY.size
        name, extra = directory[at : at + names], directory[at + names : at + names + extras]
        at += names + extras + comments
        whole, packed, place = _wide(extra, whole, packed, place)
        place += base
        text, local, data, local_flags = _decoded(name, flags), name, place, flags
        header = window.at(place, _HEADER.size) if place < window.size else b""
        if len(header) == _HEADER.size and header.startswith(START):
            _, _, local_flags, *_, local_names, local_extras = _HEADER.unpack(header)
            local = window.at(place + _HEADER.size, min(local_names, MAX_NAME))
            data = place + _HEADER.size + local_names + local_extras
        else:
            damage.append(f"lacks the member {text}")
            packed = 0
        if data + packed > window.size:
            damage.append(f"is cut short in its member {text}")
        yield ZipMember(
            name=text,
            other_names=(*(() if local == name else (_decoded(local, local_flags),)), *_unicode_names(extra)),
            method=method,
            is_encrypted=bool((flags | local_flags) & _IS_ENCRYPTED),
            is_link=attributes >> 16 & _TYPE == _LINK,
            start=min(data, window.size),
            packed=min(packed, max(0, window.size - data)),
            size=whole,
            crc=crc,
        )
    if at < len(directory):
        damage.append("has a damaged directory")


def _wide(extra: bytes, *numbers: int) -> list[int]:
    """Replace the numbers that are all ones, in their order, by those of the extra field 1."""
    field = next((field for kind, field in _fields(extra) if kind == _WIDE), b"")
    found: list[int] = []
    for each in numbers:
        is_wide = each == ALL_32 and len(field) >= 8  # noqa: PLR2004
        found.append(int.from_bytes(field[:8], "little") if is_wide else each)
        field = field[8:] if is_wide else field
    return found


def _unicode_names(extra: bytes) -> Iterator[str]:
    """Yield the names in the extra field of Info-ZIP for them: a version, a checksum of the other name, the name."""
    for kind, field in _fields(extra):
        if kind == _UNICODE_PATH:
            yield field[5:].decode("utf-8", "replace")


def _fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    while len(extra) >= 4:  # noqa: PLR2004 - a kind and a length
        kind, length = struct.unpack_from("<2H", extra)
        yield kind, extra[4 : 4 + length]
        extra = extra[4 + length :]


def _decoded(name: bytes, flags: int) -> str:
    return name.decode("utf-8", "replace") if flags & _IS_UTF8 else name.decode("cp437")
