"""Checks of which files are there, and of what kind of content."""

import math
from collections.abc import Iterator

from runcheck.conventions.checks.kind import Flaw, shown, unit_check
from runcheck.conventions.classify import OwnFile
from runcheck.conventions.definition import Check
from runcheck.conventions.main_unit import METRICS
from runcheck.conventions.pointers import resolve, value_at
from runcheck.conventions.schemas import MOST_VIOLATIONS, violations_of
from runcheck.conventions.told import UnitRead
from runcheck.probes.contents import MAX_DEFECTS, DocumentContent, MetricsContent

_KIB = 1024
_SHOWN = 20  # of the numbers in one document


@unit_check("paths")
def required(check: Check, read: UnitRead) -> Iterator[Flaw]:
    """A file of each role, or a folder of each name."""
    unit = read.unit
    for name in check.texts("roles"):
        role = unit.form.roles[name]
        if not unit.of_role(name):
            where = f"{read.path}/{role.forms[0].text}" if not role.forms[0].has_places else read.path
            said = "is missing" if not role.forms[0].has_places else f"lacks {role.paths}"
            yield Flaw(where.removeprefix("/") or role.paths, said, {"paths": role.paths})
    for folder in check.texts("folders"):
        if folder not in unit.folders:
            yield Flaw(f"{read.path}/{folder}".removeprefix("/"), "is missing", {"paths": f"{folder}/"})


@unit_check("value")
def schema(check: Check, read: UnitRead) -> Iterator[Flaw]:
    """Documents and rows that break their schema, or cannot be read where no other clause says so."""
    for file in _files(check, read):
        facts = read.facts.get(file.path)
        content = facts.content if facts else None
        if isinstance(content, DocumentContent):
            yield from _of_document(file, content, read)
        elif isinstance(content, MetricsContent):
            yield from _of_rows(file, content, read)


def _of_document(file: OwnFile, content: DocumentContent, read: UnitRead) -> Iterator[Flaw]:
    if content.too_large:
        if "RC119" not in read.covered:
            yield Flaw(file.path, "is too large to be read as a document")
    elif content.error is not None:
        if "RC201" not in read.covered:
            yield Flaw(file.path, content.error, line=content.line)
    elif file.role is not None and file.role.schema is not None:
        found = violations_of(file.role.schema, content.value)
        for violation in found[:MOST_VIOLATIONS]:
            words = {"value": shown(value_at(content.value, violation.pointer))}
            yield Flaw(file.path, violation.message, words, pointer=violation.pointer)
        if len(found) > MOST_VIOLATIONS:
            yield Flaw(file.path, f"breaks its schema in more than these {MOST_VIOLATIONS} places", {"value": "more"})


def _of_rows(file: OwnFile, content: MetricsContent, read: UnitRead) -> Iterator[Flaw]:
    is_metrics = file.role is not None and file.role.main == METRICS
    told = {"RC401": ("syntax", "torn"), "RC402": ("schema",), "RC119": ("size",)}
    told |= {"RC403": ("nonfinite",), "RC404": ("order",), "RC405": ("duplicate",)}
    elsewhere = {kind for code, kinds in told.items() if is_metrics and code in read.covered for kind in kinds}
    for defect in content.defects:
        if defect.kind not in elsewhere:
            yield Flaw(file.path, f"line {defect.line} {defect.message}", line=defect.line)
    if content.defect_count > MAX_DEFECTS and not elsewhere:
        yield Flaw(file.path, f"has {content.defect_count:,} defects in all, of which {MAX_DEFECTS} are shown")


@unit_check("value")
def finite(check: Check, read: UnitRead) -> Iterator[Flaw]:
    """Numbers of documents and of series that are not finite."""
    for file in _files(check, read):
        facts = read.facts.get(file.path)
        content = facts.content if facts else None
        if isinstance(content, DocumentContent):
            found = [each for each in resolve(content.value, "/**") if _is_nonfinite(each.value)]
            for met in found[:_SHOWN]:
                yield Flaw(
                    file.path, f"is {met.value}, no finite number", {"value": str(met.value)}, pointer=met.pointer
                )
            if len(found) > _SHOWN:
                yield Flaw(file.path, f"holds {len(found) - _SHOWN:,} more numbers that are not finite")
        elif isinstance(content, MetricsContent):
            for (split, name), series in content.series.items():
                if not math.isfinite(series.last):
                    tag = "/".join(filter(None, (split, name)))
                    message = f"ends {tag} on {series.last} at step {series.last_step}"
                    yield Flaw(file.path, message, {"value": str(series.last)})


@unit_check("value", "other")
def max_size(check: Check, read: UnitRead) -> Iterator[Flaw]:
    """Files of a role that are larger than they may be; of a pointer, the object that it stands for."""
    setting = check.settings["bytes"]
    most = setting if isinstance(setting, int) else 0
    for file in _files(check, read):
        facts = read.facts.get(file.path)
        size = facts.pointer.size if facts and facts.pointer and facts.pointer.size else file.entry.size
        if size > most:
            words = {"value": _size(size), "other": _size(most)}
            yield Flaw(file.path, f"is of {_size(size)}; at most {_size(most)} are allowed", words)


@unit_check("value", "other")
def empty(check: Check, read: UnitRead) -> Iterator[Flaw]:
    """Files where there should be none."""
    found = _files(check, read)
    if found:
        names = ", ".join(file.within for file in found[:3]) + (", ..." if len(found) > 3 else "")  # noqa: PLR2004
        words = {"value": f"{len(found):,} file{'' if len(found) == 1 else 's'}", "other": names}
        folder = found[0].path.rpartition("/")[0]
        yield Flaw(folder or found[0].path, f"holds {words['value']} where there should be none: {names}", words)


def _files(check: Check, read: UnitRead) -> list[OwnFile]:
    return [file for role in check.texts("roles") for file in read.unit.of_role(role)]


def _is_nonfinite(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _size(size: int) -> str:
    return f"{size:,} bytes" if size < _KIB * _KIB else f"{size / 1e6:,.1f} MB"
