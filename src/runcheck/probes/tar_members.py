"""The members of a tar archive: ustar, with the extensions of GNU and of POSIX (``pax``) for long names and sizes.

By hand, for ``tarfile`` reads a member's extended header whole whatever its length says, and an archive that is read
forwards it collects in memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from runcheck.probes.forward import BoundError, BrokenError, Budget, Forward

BLOCK = 512
MAX_EXTENDED = 1 << 20
MAX_SPARSE = 1 << 12  # blocks of GNU's map of holes
CHECKSUM = slice(148, 156)
SYMBOLIC, LINKS, DEVICES = b"2", (b"1", b"2"), (b"3", b"4")


@dataclass(frozen=True, slots=True)
class TarMember:
    """A member: its name, its kind as the format has it, the name that it links to, the bytes that follow it."""

    name: str
    kind: bytes
    link: str
    size: int

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file; kinds that nobody knows are read as one."""
        return self.kind not in b"123456" or self.kind == b"\0"


def is_tar(start: bytes) -> bool:
    """Say whether a file that begins so is a tar archive: by the checksum of its first header."""
    block = start[:BLOCK]
    return len(block) == BLOCK and _has_checksum(block)


def tar_members(source: Forward, budget: Budget) -> Iterator[TarMember]:
    """Yield the members; what the caller does not take of ``source`` of one's bytes is passed over.

    Raises:
        BrokenError: the archive is damaged there.
    """
    more: dict[str, str] = {}
    always: dict[str, str] = {}
    zeros = 0
    while block := source.peek(BLOCK):
        budget.enter()
        block = source.take(BLOCK)
        if not block.strip(b"\0"):
            zeros += 1
            if zeros > 1:
                return
            continue
        zeros = 0
        if not _has_checksum(block):
            raise BrokenError("has a header with a wrong checksum")
        kind, size = block[156:157], _number(block[124:136])
        if kind in (b"x", b"g", b"L", b"K"):
            if size > MAX_EXTENDED:
                raise BoundError("has a member whose name is longer than one look may take")
            data = source.take(_padded(size))[:size]
            if kind == b"g":
                always |= _records(data)
            elif kind == b"x":
                more |= _records(data)
            else:
                more["path" if kind == b"L" else "linkpath"] = _text(data)
            continue
        if kind == b"S":
            _pass_map_of_holes(source, block)
        given = {**always, **more}
        more = {}
        if given.get("size", "").isdecimal():
            size = int(given["size"][:19])
        has_data = kind not in b"123456" or kind == b"\0"
        member = TarMember(
            given.get("path") or _name(block),
            kind,
            given.get("linkpath") or _text(block[157:257]),
            size if has_data else 0,
        )
        before = source.position
        yield member
        left = _padded(member.size) - (source.position - before)
        if source.skip(left) < left and member.size > source.position - before:
            raise BrokenError("is cut short")


def _pass_map_of_holes(source: Forward, block: bytes) -> None:
    extended = block[482]
    for _ in range(MAX_SPARSE):
        if not extended:
            return
        extended = source.take(BLOCK)[504]
    raise BoundError("has a member with more holes than one look may take")


def _has_checksum(block: bytes) -> bool:
    try:
        given = int(block[CHECKSUM].strip(b"\0 ") or b"-1", 8)
    except ValueError:
        return False
    rest = block[: CHECKSUM.start] + b" " * 8 + block[CHECKSUM.stop :]
    return given in (sum(rest), sum(each - 256 if each > 127 else each for each in rest))  # noqa: PLR2004 - signed once


def _number(field: bytes) -> int:
    if field[0] in (0o200, 0o377):
        value = int.from_bytes(field[1:], "big")
        return value if field[0] == 0o200 else 0  # noqa: PLR2004 - 377 is a negative one
    try:
        return int(field.strip(b"\0 ") or b"0", 8)
    except ValueError as error:
        raise BrokenError("has a size that is none") from error


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "replace")


def _name(block: bytes) -> str:
    name, prefix = _text(block[:100]), _text(block[345:500])
    return f"{prefix}/{name}" if block[257:263] == b"ustar\0" and prefix else name


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
