"""RC901 on files that are nowhere: scanned and judged as those of a run."""

from collections.abc import Iterable
from types import MappingProxyType

from runcheck.convention.layout import layout
from runcheck.convention.units import Address, Member, Unit
from runcheck.probes.numbers import NumbersContent, NumbersScanner
from runcheck.rules.rule import Problem
from runcheck.rules.weights import raw_weights
from runcheck.tree.entry import Entry, EntryType

CHUNK = 1 << 20


def scanned(content: bytes, chunk: int = CHUNK) -> NumbersContent | None:
    """Return what the scanner says of a text, fed in chunks."""
    scanner = NumbersScanner()
    for at in range(0, len(content), chunk):
        if not scanner.feed(content[at : at + chunk]):
            break
    return scanner.content()


def unit_of(files: dict[str, bytes], kind: str = "model") -> Unit:
    """Return a unit of files."""
    members = {path: Member(path, Entry(path, EntryType.FILE), layout().role_of(path, kind)) for path in files}
    return Unit(Address(f"{kind}/x/1", layout().kinds[kind], "x", "1"), MappingProxyType(members))


def judged(
    files: dict[str, bytes], *, parameters: int = 0, shapes: Iterable[tuple[int, ...]] = (), kind: str = "model"
) -> list[Problem]:
    """Return what the rule says of the files of a unit with so many parameters, and arrays of such shapes."""
    numbers = {path: found for path, content in files.items() if (found := scanned(content)) is not None}
    return list(raw_weights(unit_of(files, kind), numbers, frozenset(shapes), parameters, {}))
