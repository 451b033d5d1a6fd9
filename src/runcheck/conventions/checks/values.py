"""Checks of values in one unit: against each other, against the folder, against bounds."""

import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from runcheck.conventions.checks.kind import Flaw, shown, unit_check
from runcheck.conventions.definition import Check
from runcheck.conventions.forms import NameForm, filled, path_form, placeholders_in
from runcheck.conventions.pointers import escaped, key_of, resolve
from runcheck.conventions.references import Value, reference
from runcheck.conventions.rows import RowsContent
from runcheck.conventions.told import UnitRead, is_same

_NO_DIGIT = re.compile("[^0-9]")
_ANYTHING = NameForm(".+", "anything")
_LONGEST = 500  # characters of a text that is taken apart


@unit_check("value", "other")
def equal(check: Check, read: UnitRead) -> Iterator[Flaw]:
    """A value that is none of those that it is compared with, where any of these is there."""
    others = [each for text in check.texts("other") for each in read.values(text) if _is_scalar(each.value)]
    for value in read.values(check.text("value")) if others else ():
        part = _part(check, value.value)
        if part is None or any(_are_alike(check.text("compare"), part, each.value) for each in others):
            continue
        where = _where(others[0], read.path)
        words = {"value": _plain(part), "other": _plain(others[0].value)}
        yield _flaw(read, value, f"says {shown(part)}; {where} says {shown(others[0].value)}", words)


def _part(check: Check, value: object) -> object:
    """Return the part of a value that is compared; None where it has none, which its form has a finding for."""
    template = check.text("form")
    if not template:
        return value if _is_scalar(value) else None
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    form = path_form(template, dict.fromkeys(placeholders_in(template), _ANYTHING))
    return (form.match(value) or {}).get(check.text("part"))


def _are_alike(compare: str, value: object, other: object) -> bool:
    if compare == "start":
        a, b = str(value), str(other)
        return bool(a and b) and (a.startswith(b) or b.startswith(a))
    if compare == "digits":
        a, b = _NO_DIGIT.sub("", str(value)), _NO_DIGIT.sub("", str(other))
        return bool(a and b) and (a.startswith(b) or b.startswith(a))
    return is_same(value, other) or (isinstance(value, str) != isinstance(other, str) and str(value) == str(other))


@unit_check("value", "other")
def order(check: Check, read: UnitRead) -> Iterator[Flaw]:
    """A moment before the one that it must come after, and a text that is no moment."""
    before = [(each, _moment(each.value)) for each in read.values(check.text("before"))]
    for after in read.values(check.text("after")):
        moment = _moment(after.value)
        for earlier, start in before:
            if start and moment and moment < start:
                words = {"value": _plain(after.value), "other": _plain(earlier.value)}
                yield _flaw(read, after, f"says {shown(after.value)}, before {shown(earlier.value)}", words)


@unit_check("value")
def absent(check: Check, read: UnitRead) -> Iterator[Flaw]:
    """A value that should not be there."""
    for value in read.values(check.text("value")):
        if value.value is not None:
            words = {"value": _plain(value.value)}
            yield _flaw(read, value, f"holds {shown(value.value)}, which should not be there", words)


@unit_check("value")
def present(check: Check, read: UnitRead) -> Iterator[Flaw]:
    """A value that is not there, or null, in a document that is."""
    text = check.text("value")
    asked = reference(text)
    if asked is None or any(each.value is not None for each in read.values(text)):
        return
    for file in read.unit.of_role(asked.role or ""):
        content = read.document(file.path)
        if content is not None and isinstance(content.value, dict):
            words = {"value": asked.pointer}
            yield Flaw(file.path, f"lacks a value at {asked.pointer}", words, pointer=asked.pointer.partition("*")[0])


@unit_check("value", "other", "key")
def within(check: Check, read: UnitRead) -> Iterator[Flaw]:
    """A value outside of the bounds that its document declares for it, or one that it declares none for."""
    for value in read.values(check.text("value")):
        content = read.document(value.path) if value.path else None
        key = key_of(value.pointer or "")
        bounds = {
            name: [met for text in check.texts(name) for met in _at(content.value if content else None, text, key)]
            for name in ("low", "high", "choices", "range")
        }
        for pair in bounds["range"]:  # a list of two numbers is a range, any other list the choices
            is_range = isinstance(pair, list) and len(pair) == 2 and all(map(_is_number, pair))  # noqa: PLR2004
            if isinstance(pair, list) and is_range:
                bounds["low"], bounds["high"] = [*bounds["low"], pair[0]], [*bounds["high"], pair[1]]
            else:
                bounds["choices"].append(pair)
        said = f"{_plain(key)} is {shown(value.value)}"
        for message, other in _outside(value.value, bounds):
            yield _flaw(read, value, f"{said}, {message}", {"value": shown(value.value), "other": other, "key": key})


@unit_check("value", "other")
def member(check: Check, read: UnitRead) -> Iterator[Flaw]:
    """A value that names no row of the files of a role, where these are there."""
    files = [file for role in check.texts("roles") for file in read.unit.of_role(role)]
    contents = [facts.content for file in files if (facts := read.facts.get(file.path))]
    rows = [each for each in contents if isinstance(each, RowsContent)]
    if not rows or len(rows) < len(files):
        return
    names = ", ".join(file.within for file in files[:3]) + (", ..." if len(files) > 3 else "")  # noqa: PLR2004
    for value in read.values(check.text("value")):
        if _is_scalar(value.value) and not any(each.may_have(value.value) for each in rows):
            words = {"value": _plain(value.value), "other": names}
            yield _flaw(read, value, f"says {shown(value.value)}, which no row of {names} has", words)


def _outside(value: object, bounds: dict[str, list[object]]) -> Iterator[tuple[str, str]]:
    low = next((each for each in bounds["low"] if _is_number(each)), None)
    high = next((each for each in bounds["high"] if _is_number(each)), None)
    choices = next((each for each in bounds["choices"] if isinstance(each, list)), None)
    if low is None and high is None and choices is None:
        yield "and no bounds are declared for it", ""
    elif choices is not None and low is None and high is None:
        if not any(is_same(value, each) for each in choices):
            yield f"which is none of the choices declared: {shown(choices)}", shown(choices)
    elif not isinstance(value, int | float) or isinstance(value, bool):
        yield "no number, and the bounds declared are numbers", ""
    elif isinstance(low, int | float) and value < low and not _is_close(value, low):
        yield f"below the {shown(low)} that is declared", shown(low)
    elif isinstance(high, int | float) and value > high and not _is_close(value, high):
        yield f"above the {shown(high)} that is declared", shown(high)


def _at(document: object, pointer: str, key: str) -> Iterator[object]:
    return (met.value for met in resolve(document, filled(pointer, {"key": escaped(key)})))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_close(value: float, bound: float) -> bool:
    """Say whether two numbers differ by less than the rounding of a logarithm and back."""
    return math.isclose(value, bound, rel_tol=1e-9)


def _is_scalar(value: object) -> bool:
    return value is not None and not isinstance(value, dict | list)


def _moment(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        if not isinstance(value, str):
            return datetime.fromtimestamp(value, UTC)
        moment = datetime.fromisoformat(value)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _flaw(read: UnitRead, value: Value, message: str, words: dict[str, str]) -> Flaw:
    return Flaw(value.path or read.path, message, words, pointer=value.pointer)


def _where(value: Value, folder: str) -> str:
    if value.path is None:
        return "the folder"
    return f"{value.path.removeprefix(folder + '/')}{value.pointer or ''}"


def _plain(value: object) -> str:
    return value if isinstance(value, str) else shown(value)
