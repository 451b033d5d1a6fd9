"""What a path is to a convention of one's own, and which files a check by it looks at."""

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from typing import NamedTuple

from runcheck.convention.clauses import Clause
from runcheck.convention.layout import layout
from runcheck.conventions.check import locate_by
from runcheck.conventions.classify import Part, part_of, places_in, root_of, units_at
from runcheck.conventions.definition import ROOT, Check, Convention, OwnRole, UnitForm
from runcheck.conventions.load import clauses_of, load
from runcheck.conventions.references import reference, references_elsewhere, references_of_unit
from runcheck.errors import CannotCheckError
from runcheck.explain.concerns import concerns_of_file
from runcheck.explain.files import Shown
from runcheck.explain.meaning import Meaning, explain, there
from runcheck.explain.spot import Spot
from runcheck.tree.locate import is_url
from runcheck.tree.store import LocalStore


class _Inner(NamedTuple):
    """The innermost unit that a path lies in or is, the path in it, and what placeholders stand for."""

    form: UnitForm
    path: str
    within: str
    names: Mapping[str, str]


def own_files_of(path: str, convention: str) -> Iterator[Shown]:
    """Yield the files that a check of ``path`` by a convention looks at. None is opened.

    Raises:
        CannotCheckError: there is no tree of it at ``path``.
        ConventionError: it is none.
    """
    own = load(convention)
    root, focus = locate_by(path, own)
    with closing(LocalStore(root)) as store:
        top = root_of(store, own)
        units = [top] if top else []
        for place in places_in(store, own)[0]:
            units += units_at(own, place, store.walk(place.path))[0]
        for file in (each for unit in units for each in unit.files):
            if f"{file.path}/".startswith(f"{focus}/") or not focus:
                yield Shown(root, file.path, file.role.name if file.role else None)


def explain_by(path: str, convention: str, *, is_asked: bool) -> Meaning:
    """Return what ``path`` is to a convention; nothing needs to be there.

    Where that is nothing, it is what it is to the main convention, unless it ``is_asked`` for this one alone.

    Raises:
        CannotCheckError: it is a URL, or is nothing at all.
        ConventionError: there is no such convention, or it is none.
    """
    if is_url(path):
        raise CannotCheckError(f"{path}: only paths of this machine are explained; give the path as in the store alone")
    own = load(convention)
    spot = _spot_of(path, own)
    if spot is None:
        with suppress(CannotCheckError):
            if not is_asked:
                return explain(path)
        forms = " or ".join(form.form.text for form in own.inside(None))
        raise CannotCheckError(f"{path}: is nothing that the convention {own.name} knows; a tree of it has {forms}")
    facts: tuple[tuple[str, str], ...] = (("convention", f"{own.name} {own.version}, {own.title}"),)
    if not spot.below:
        return Meaning("the root of a tree", *spot, facts, _of_kinds(own, _outermost(own)))
    part = part_of(own, spot.below)
    if part is not None and own.root is not None and (found := own.root.role_of(spot.below)) is not None:
        return _of_file(own, spot, facts, _Inner(own.root, "", spot.below, found[1]))
    inner = _inner(own, spot.below)
    if inner is None or part is None:
        return _above(own, spot, facts, part)
    named = "; ".join(f"{name} is {value}" for name, value in inner.names.items())
    facts = (*facts, ("unit", f"{inner.path}, {_a(inner.form)}"), *([("names", named)] if named else []))
    if not inner.within:
        clauses = _of_kinds(own, {inner.form.name})
        return Meaning(f"a unit: {_a(inner.form)}", *spot, (*facts, *there(spot)), clauses)
    return _of_file(own, spot, facts, inner)


def _spot_of(path: str, own: Convention) -> Spot | None:
    """Return where in a tree a path lies: in one that is there, or else by the names alone, from here on."""
    whole = os.path.abspath(path)
    if os.path.isdir(whole) and any(places_in(LocalStore(whole), own)):
        return Spot(whole, "")
    here = os.getcwd()
    near: Spot | None = None
    folder = os.path.dirname(whole)
    while True:
        spot = Spot(folder, os.path.relpath(whole, folder).replace(os.sep, "/"))
        part = part_of(own, spot.below) if spot.below != "." else None
        if part is not None and places_in(LocalStore(folder), own)[0]:
            return spot
        is_here = f"{folder}{os.sep}".startswith(f"{here.rstrip(os.sep)}{os.sep}")
        if part is not None and is_here:
            near = spot
        above = os.path.dirname(folder)
        if above == folder:
            return near
        folder = above


def _inner(own: Convention, path: str) -> _Inner | None:
    """Return the innermost unit that a path is or lies in, by its name."""
    found: _Inner | None = None
    rest, kind = path, None
    while rest:
        met = next((each for form in own.inside(kind) if (each := _head(form, rest)) is not None), None)
        if met is None:
            break
        form, head, names = met
        rest, kind = rest[len(head) + 1 :], form.name
        before = f"{found.path}/" if found else ""
        found = _Inner(form, f"{before}{head}", rest, {**(found.names if found else {}), **names})
    return found


def _head(form: UnitForm, path: str) -> tuple[UnitForm, str, Mapping[str, str]] | None:
    head = "/".join(path.split("/")[: form.form.text.count("/") + 1])
    names = form.form.match(head)
    return None if names is None else (form, head, names)


def _above(own: Convention, spot: Spot, facts: tuple[tuple[str, str], ...], part: Part | None) -> Meaning:
    """Return what a path is that lies in no unit."""
    kinds = [form for form in own.inside(None) if any(each.match(spot.below) is not None for each in form.form.above())]
    facts = (*facts, *there(spot))
    if kinds:
        names = " and ".join(form.name for form in kinds)
        return Meaning(f"the folder of every {names}", *spot, facts, _of_kinds(own, {form.name for form in kinds}))
    forms = " or ".join(form.form.text for form in own.inside(None))
    beside = f"{part.path} is named otherwise than {forms}" if part else f"it lies in none of {forms}"
    clauses = tuple(each.clause for each in own.checks if part and each.kind == "name" and each.unit in _outermost(own))
    return Meaning(f"nothing that the convention knows: {beside}", *spot, facts, clauses)


def _of_file(own: Convention, spot: Spot, facts: tuple[tuple[str, str], ...], inner: _Inner) -> Meaning:
    """Return what a file of a unit is, or a folder in it."""
    form, within = inner.form, inner.within
    found = form.role_of(within)
    if found is None:
        held = [
            role.name for role in form.roles.values() if any(each.text.startswith(f"{within}/") for each in role.forms)
        ]
        kinds = [each.name for each in own.inside(form.name) if each.form.text.startswith(f"{within}/")]
        what = (
            f"the folder of {' and '.join((*held, *(f'every {each}' for each in kinds)))}"
            if held or kinds
            else f"in no role of {_a(form)}"
        )
        _, general = concerns_of_file(None, None)
        return Meaning(what, *spot, (*facts, *there(spot)), (), _taken(own, general))
    role = found[0]
    by_main, general = concerns_of_file(role.main, _format(role)) if role.main else concerns_of_file(None, None)
    asked = [check for check in own.checks if _concerns(check, form, role)]
    facts = (*facts, *_of_role(role, asked), *there(spot))
    clauses = (*(check.clause for check in asked), *_taken(own, by_main))
    place = "of the root" if form.name == ROOT else f"of {_a(form)}"
    return Meaning(f"the {role.name} {place}", *spot, facts, clauses, _taken(own, general))


def _a(form: UnitForm) -> str:
    return f"{'an' if form.name[0] in 'aeiou' else 'a'} {form.name}"


def _of_role(role: OwnRole, asked: list[Check]) -> Iterator[tuple[str, str]]:
    yield "role", role.name
    yield "paths", role.paths
    required = [check.clause.code for check in asked if check.kind == "required"]
    yield "required", f"by {' and '.join(required)}" if required else "no"
    if role.format:
        yield "format", role.format
    if role.main:
        yield "as", f"{role.main} of the main convention"
    if role.schema:
        yield "held to", "a JSON Schema of the convention"


def _concerns(check: Check, form: UnitForm, role: OwnRole) -> bool:
    """Say whether a check looks at files of a role."""
    own = references_of_unit(check) if check.unit == form.name else []
    other = references_elsewhere(check) if check.text("to") == form.name else []
    named = {each.role for text in (*own, *other) if (each := reference(text)) is not None}
    return role.name in named or (check.unit == form.name and role.name in check.texts("roles"))


def _of_kinds(own: Convention, kinds: set[str]) -> tuple[Clause, ...]:
    """Return what is declared for units of these kinds."""
    return tuple(check.clause for check in own.checks if check.unit in kinds)


def _outermost(own: Convention) -> set[str]:
    return {ROOT, *(form.name for form in own.inside(None))}


def _taken(own: Convention, clauses: tuple[Clause, ...]) -> tuple[Clause, ...]:
    """Return those of some clauses of the main convention that are taken over."""
    known = clauses_of(own)
    return tuple(each for each in clauses if each.code in known)


def _format(role: OwnRole) -> str | None:
    return role.format or (layout().roles[role.main].format if role.main else None)
