"""RC3: checksums. What signs them is in the module beside this one."""

from collections.abc import Iterator, Mapping

from runcheck.convention.checksums import LfsPointer
from runcheck.convention.documents import Status
from runcheck.convention.layout import layout
from runcheck.convention.names import is_unit_relative
from runcheck.convention.units import Unit
from runcheck.probes.contents import ChecksumsContent
from runcheck.rules.rule import Problem, unit_rule

CHECKSUMS = layout().path("checksums")


@unit_rule
def checksum_syntax(checksums: ChecksumsContent) -> Iterator[Problem]:
    """Lines that are none. Overlong ones are document-size."""
    for line, fault in checksums.unread:
        if not fault.startswith("is longer"):
            yield Problem(CHECKSUMS, f"line {line} {fault}", line=line)


@unit_rule
def checksum_order(checksums: ChecksumsContent) -> Iterator[Problem]:
    """The order of the lines, and paths that stand twice."""
    for before, after in zip(checksums.listed, checksums.listed[1:], strict=False):
        if before.path == after.path:
            yield Problem(CHECKSUMS, f"lists {after.path} twice", line=after.line)
        elif before.path.encode() > after.path.encode():
            yield Problem(CHECKSUMS, f"lists {after.path} after {before.path}, which sorts behind it", line=after.line)


@unit_rule
def unlisted_file(unit: Unit, checksums: ChecksumsContent) -> Iterator[Problem]:
    """Files that the list does not know."""
    listed = checksums.sums()
    for path in unit.files:
        if path not in listed and not layout().is_unlisted(path):
            yield Problem(path, f"is not in {CHECKSUMS}")


@unit_rule
def checksum_mismatch(
    unit: Unit, checksums: ChecksumsContent, digests: Mapping[str, str], pointers: Mapping[str, LfsPointer]
) -> Iterator[Problem]:
    """Files with another digest than their line. Pointers of Git LFS are lfs-disagrees."""
    for listed in checksums.listed:
        actual = digests.get(listed.path)
        if actual is None or listed.path == CHECKSUMS or listed.path in pointers:
            continue
        if actual != listed.sha256:
            size = unit.members[listed.path].entry.size
            said = f"{CHECKSUMS} line {listed.line} says {listed.sha256[:12]}..."
            yield Problem(listed.path, f"has SHA-256 {actual[:12]}... in its {size:,} bytes; {said}")


@unit_rule
def listed_file_missing(unit: Unit, checksums: ChecksumsContent) -> Iterator[Problem]:
    """Lines without a file. A path that leaves the unit is checksum-path."""
    for listed in checksums.listed:
        if listed.path not in unit.files and is_unit_relative(listed.path):
            member = unit.members.get(listed.path)
            if member is None:
                yield Problem(listed.path, f"is missing; {CHECKSUMS} line {listed.line} lists it")
            elif member.entry.name not in layout().placeholders:
                yield Problem(
                    listed.path, f"is a {member.entry.type.value}; {CHECKSUMS} line {listed.line} lists a file"
                )


@unit_rule
def checksum_path(checksums: ChecksumsContent) -> Iterator[Problem]:
    """Paths that lead out of the unit, or to the list itself."""
    for listed in checksums.listed:
        if not is_unit_relative(listed.path):
            yield Problem(CHECKSUMS, f"lists {listed.path!r}, which is no path inside the unit", line=listed.line)
        elif listed.path == CHECKSUMS:
            yield Problem(CHECKSUMS, "lists itself", line=listed.line)


@unit_rule
def sealed_while_running(unit: Unit, status: Status) -> Iterator[Problem]:
    """A list in a unit that still changes."""
    if status in ("running", "preempted") and unit.of_role("checksums"):
        yield Problem(CHECKSUMS, f"seals a unit whose status is {status}")


@unit_rule
def lfs_disagrees(checksums: ChecksumsContent, pointers: Mapping[str, LfsPointer]) -> Iterator[Problem]:
    """Pointers to another object than the one listed."""
    for listed in checksums.listed:
        pointer = pointers.get(listed.path)
        if pointer and pointer.sha256 and pointer.sha256 != listed.sha256:
            said = f"{CHECKSUMS} line {listed.line} says {listed.sha256[:12]}..."
            yield Problem(listed.path, f"points to the object {pointer.sha256[:12]}...; {said}")


@unit_rule
def lfs_pointer(pointers: Mapping[str, LfsPointer]) -> Iterator[Problem]:
    """Pointers that are damaged."""
    for path, pointer in pointers.items():
        if pointer.sha256 is None:
            yield Problem(path, "starts as a Git LFS pointer and is no whole one")
