"""The members of a tar archive: ustar, with the extensions of GNU and of POSIX (``pax``) for long names and sizes.

By hand, for ``tarfile`` reads a member's extended header whole whatever its length says, and an archive that is read
forwards it collects in memory.
"""

from collections.abc import Iterator
from typing import NamedTuple

from runcheck.probes.packed.forward import BoundError, BrokenError, Budget, Forward

BLOCK = 512
MAX_EXTENDED = 1 << 20
MAX_SPARSE = 1 << 12  # blocks of GNU's map of holes
CHECKSUM = slice(148, 156)
MAX_DIGITS = 19
_BEGIN_NUMBER = frozenset(b"\0 \t\n\v\f\r+-01234567\200\377")  # any other byte does not
SYMBOLIC, LINKS, DEVICES = b"2", (b"1", b"2"), (b"3", b"4")
SPARSE_NAME = "GNU.sparse.name"
WITHOUT_DATA = (*LINKS, *DEVICES, b"5", b"6")
EXTENDED = (b"x", b"X", b"g", b"L", b"K")  # X is that of Solaris


class TarMember(NamedTuple):
    """A member: its name, its kind as the format has it, the name that it links to, the bytes that follow it.

    ``other_names`` are those that other readers take it to have: they do not agree on the fields.
    """

    name: str
    kind: bytes
    link: str
    size: int
    other_names: tuple[str, ...] = ()

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file; kinds that nobody knows are read as one."""
        return self.kind not in WITHOUT_DATA


def is_tar(start: bytes) -> bool:
    """Say whether a file that begins so is a tar archive: by the checksum of its first header."""
    block = start[:BLOCK]
    return len(block) == BLOCK and block[CHECKSUM.start] in _BEGIN_NUMBER and _has_checksum(block)


def tar_members(source: Forward, budget: Budget) -> Iterator[TarMember]:
    """Yield the members; what the caller does not take of ``source`` of one's bytes is passed over.

    Raises:
        BrokenError: the archive is damaged there.
        BoundError: it has more members, or longer names, than one look may take.
    """
    more: dict[str, str] = {}
    always: dict[str, str] = {}
    for block in _headers(source):
        budget.enter()
        kind, size = block[156:157], _number(block[124:136])
        if kind in EXTENDED:
            if size > MAX_EXTENDED:
                raise BoundError("has a member whose name is longer than one look may take")
            data = source.take(_padded(size))[:size]
            if kind in b"xXg":
                (always if kind == b"g" else more).update(_records(data))
            else:
                more["path" if kind == b"L" else "linkpath"] = _text(data)
            continue
        if kind == b"S":
            _pass_map_of_holes(source, block)
        member = _member(block, kind, size, {**always, **more})
        more, before = {}, source.position
        yield member
        left = _padded(member.size) - (source.position - before)
        if source.skip(left) < left and source.position - before < member.size:
            raise BrokenError("is cut short")


def _headers(source: Forward) -> Iterator[bytes]:
    """Yield the blocks that are headers, up to the two of zeros that end an archive."""
    zeros = 0
    while source.peek(1) and zeros < 2:  # noqa: PLR2004
        block = source.take(BLOCK)
        zeros = 0 if block.strip(b"\0") else zeros + 1
        if not zeros:
            if not _has_checksum(block):
                raise BrokenError("has a header with a wrong checksum")
            yield block


def _member(block: bytes, kind: bytes, size: int, given: dict[str, str]) -> TarMember:
    length = given.get("size", "")
    if length.isdecimal():
        size = int(length[:MAX_DIGITS])
    name, prefix = _text(block[:100]), _text(block[345:500])
    names = [given.get("path"), given.get(SPARSE_NAME), f"{prefix}/{name}" if prefix else None, name]
    if block[257:263] != b"ustar\0":  # GNU has other fields where POSIX has the prefix
        names[2:] = reversed(names[2:])
    named = [each for each in names if each] or [""]
    return TarMember(
        name=named[0],
        other_names=tuple(named[1:]),
        kind=kind,
        link=given.get("linkpath") or _text(block[157:257]),
        size=0 if kind in WITHOUT_DATA else size,
    )


def _pass_map_of_holes(source: Forward, block: bytes) -> None:
    extended = block[482]
    for _ in range(MAX_SPARSE):
        if not extended:
            return
        extended = source.take(BLOCK)[504]
    raise BoundError("has a member with more holes than one look may take")


def _has_checksum(block: bytes) -> bool:
    try:
        given = _number(block[CHECKSUM])
    except BrokenError:
        return False
    rest = block[: CHECKSUM.start] + b" " * 8 + block[CHECKSUM.stop :]
    return given in (sum(rest), sum(each - 256 if each > 127 else each for each in rest))  # noqa: PLR2004 - signed once


def _number(field: bytes) -> int:
    if field[0] in (0o200, 0o377):
        value = int.from_bytes(field[1:], "big")
        return value if field[0] == 0o200 else 0  # noqa: PLR2004 - 377 is a negative one
    try:
        return int(field.partition(b"\0")[0].strip() or b"0", 8)
    except ValueError as error:
        raise BrokenError("has a size that is none") from error


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "replace")


def _records(data: bytes) -> dict[str, str]:
    """Return the records of an extended header of POSIX: a length, a key and a value each."""
    found: dict[str, str] = {}
    while data.strip(b"\0"):
        length, _, rest = data.partition(b" ")
        count = int(length) if length.isdigit() and len(length) < 8 else 0  # noqa: PLR2004 - of MAX_EXTENDED
        record = rest[: count - len(length) - 1]
        key, is_, value = record.partition(b"=")
        if not is_ or not record.endswith(b"\n"):
            raise BrokenError("has an extended header that is none")
        found[key.decode("utf-8", "replace")] = value[:-1].decode("utf-8", "replace")
        data = data[count:]
    return found
