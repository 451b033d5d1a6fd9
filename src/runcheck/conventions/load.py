"""A convention from its TOML file: found, bounded, held to its schema, and held to make sense."""

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from runcheck.convention.clauses import Clause
from runcheck.convention.clauses import clause as clause_of
from runcheck.convention.files import convention_folder
from runcheck.convention.layout import layout
from runcheck.convention.names import pattern, words
from runcheck.convention.validation import violations
from runcheck.conventions.checks.kinds import faults_of_adoption, faults_of_check
from runcheck.conventions.clauses import taken_over
from runcheck.conventions.definition import (
    LEVELS,
    ROOT,
    Adoption,
    Check,
    Condition,
    Convention,
    OwnClause,
    OwnRole,
    RowForm,
    UnitForm,
)
from runcheck.conventions.forms import (
    MOST_PLACES,
    NameForm,
    PathForm,
    fault_of_pattern,
    path_form,
    placeholders_in,
    places_in,
)
from runcheck.conventions.schemas import SchemaError, require_schema
from runcheck.errors import ConventionError
from runcheck.probes.folder import open_regular

SUFFIX = ".toml"
_MOST_BYTES = 1 << 20
_SHOWN = 10
_COMMON = frozenset(
    ("code", "name", "level", "kind", "unit", "text", "why", "fails", "help", "message", "when", "unless")
)


def shipped() -> tuple[str, ...]:
    """Return the names of the conventions that come with this library."""
    names = os.listdir(_folder())
    return tuple(sorted(name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX)))


def load(convention: str) -> Convention:
    """Return the convention of a name, or of the TOML file at a path.

    Raises:
        ConventionError: there is none, or it is none; with what to change.
    """
    if convention.endswith(SUFFIX) or os.sep in convention or "/" in convention:
        path = convention
        if not os.path.isfile(path):
            raise ConventionError(f"{convention}: there is no such file; shipped are {', '.join(shipped())}")
    else:
        path = os.path.join(_folder(), convention + SUFFIX)
        if convention not in shipped():
            known = f"{convention!r} is no convention that is shipped; these are {', '.join(shipped())}"
            raise ConventionError(f"{known}; one of your own is given by the path of its TOML file")
    return convention_of(path, _read(path))


def convention_of(path: str, raw: dict[str, Any]) -> Convention:
    """Return the convention that the content of the file at ``path`` says.

    Raises:
        ConventionError: it is none; with what to change.
    """
    _raise(path, (f"{_place(raw, each.pointer)}: {each.message}" for each in violations("convention", raw)))
    return _Maker(path, raw).convention()


def _folder() -> str:
    return os.path.join(convention_folder("schemas"), "conventions")


def _text(path: str) -> str:
    try:
        with open_regular(os.path.realpath(path)) as stream:  # of a pipe nobody waits for the end
            content = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ConventionError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(content) > _MOST_BYTES:
        raise ConventionError(f"{path}: is larger than {_MOST_BYTES:,} bytes")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConventionError(f"{path}: byte {error.start} is not UTF-8") from error


def _read(path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(path))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConventionError(f"{path}: is not TOML: {str(error) or 'nests too deep'}") from error


def _place(raw: Mapping[str, Any], pointer: str) -> str:
    """Return a pointer with the code of the check that it leads into, which is sooner found than a number."""
    parts = pointer.split("/")
    if parts[:2] == ["", "checks"] and len(parts) > 2:  # noqa: PLR2004
        check = raw["checks"][int(parts[2])]
        code = check.get("code") if isinstance(check, dict) else None
        return f"{code or 'check ' + str(int(parts[2]) + 1)}{' ' + '/'.join(parts[3:]) if parts[3:] else ''}"
    return pointer or "its top"


def _raise(path: str, faults: Iterable[str]) -> None:
    found = list(dict.fromkeys(faults))
    if found:
        more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise ConventionError(f"{path}: is no convention: {'; '.join(found[:_SHOWN])}{more}")


class _Maker:
    """Makes a convention of what a file says that its schema allows, and collects what makes no sense."""

    def __init__(self, path: str, raw: Mapping[str, Any]) -> None:
        self._path, self._raw = path, raw
        self._faults: list[str] = []
        self._names: dict[str, NameForm] = {}

    def convention(self) -> Convention:
        raw = self._raw
        for name, form in raw.get("names", {}).items():
            if fault := fault_of_pattern(form["pattern"]):
                self._faults.append(f"names {name}: {fault}")
            self._names[name] = NameForm(form["pattern"], form.get("words", f"of the form {form['pattern']}"))
        _raise(self._path, self._faults)
        units = {name: self._unit(name, unit) for name, unit in raw["units"].items()}
        if "root" in raw:
            units[ROOT] = UnitForm(ROOT, PathForm("", ()), None, self._roles(ROOT, raw["root"]["roles"]))
        self._faults += _faults_of_units(units)
        _raise(self._path, self._faults)
        clauses, faults = taken_over(raw.get("clauses", ()), _main_roles(units.values()))
        made = Convention(
            name=raw["name"],
            title=raw["title"],
            version=raw["version"],
            prefix=raw["prefix"],
            description=raw.get("description", ""),
            source=self._path,
            clauses=clauses,
            names=self._names,
            units=units,
            checks=tuple(self._check(each) for each in raw.get("checks", ())),
        )
        _raise(self._path, (*self._faults, *faults, *_faults_of_checks(made)))
        return made

    def _form(self, where: str, text: str) -> PathForm:
        forms = dict(self._names)
        for name in placeholders_in(text):
            if name in forms:
                continue
            try:
                form = pattern(name)
            except KeyError:
                self._faults.append(f"{where}: path {text!r} has <{name}>, and names say no form of it")
                return PathForm(text, ())
            forms[name] = NameForm(form.pattern, words(name))
        form_ = path_form(text, forms)
        if places_in(text) > MOST_PLACES:
            self._faults.append(f"{where}: path {text[:60]!r}... has more than {MOST_PLACES} places for names")
        if len(set(form_.names)) < len(form_.names):
            self._faults.append(f"{where}: path {text!r} has a placeholder twice")
        if text.startswith("/") or text.endswith("/") or {"", ".", ".."} & set(text.split("/")):
            self._faults.append(f"{where}: path {text!r} is not relative with one / between its parts")
        return form_

    def _unit(self, name: str, unit: Mapping[str, Any]) -> UnitForm:
        if name == ROOT:
            self._faults.append(f"unit {ROOT}: the name is that of what lies in the root itself; call it otherwise")
        form = self._form(f"unit {name}", unit["path"])
        if crossing := [token.text for token in form.tokens if token.crosses]:
            self._faults.append(f"unit {name}: the form of <{crossing[0]}> allows /; a folder has one name")
        roles = self._roles(name, unit.get("roles", {}))
        adoption = Adoption(**_tupled(unit["adopt"])) if "adopt" in unit else None
        return UnitForm(name, form, unit.get("in"), roles, adoption)

    def _roles(self, unit: str, roles: Mapping[str, Any]) -> dict[str, OwnRole]:
        made = {name: self._role(f"role {unit}.{name}", name, role) for name, role in roles.items()}
        for role in made.values():
            if unit == ROOT and any(form.has_places for form in role.forms):
                self._faults.append(f"role {unit}.{role.name}: a path in the root has no placeholders: it is one file")
        return made

    def _role(self, where: str, name: str, role: Mapping[str, Any]) -> OwnRole:
        paths = [role["path"]] if isinstance(role["path"], str) else role["path"]
        format_, main = role.get("format"), role.get("as")
        if main is not None and main not in layout().roles:
            self._faults.append(f"{where}: as {main!r} is no role of the main convention: {', '.join(layout().roles)}")
        if "schema" in role and format_ not in ("document", "rows"):
            self._faults.append(f"{where}: a schema needs the format document or rows")
        if "rows" in role and format_ != "rows":
            self._faults.append(f"{where}: rows need the format rows")
        return OwnRole(
            name=name,
            forms=tuple(self._form(where, path) for path in paths),
            format=format_,
            schema=self._schema(where, role["schema"]) if "schema" in role else None,
            main=main,
            rows=RowForm(**role["rows"]) if "rows" in role else None,
        )

    def _schema(self, where: str, name: str) -> str | None:
        path = os.path.join(self._path.removesuffix(SUFFIX), name)
        try:
            text = _text(path)
            require_schema(text)
        except ConventionError as error:
            self._faults.append(f"{where}: schema {error}")
            return None
        except SchemaError as error:
            self._faults.append(f"{where}: schema {name} {error}")
            return None
        return text

    def _check(self, raw: Mapping[str, Any]) -> Check:
        clause = OwnClause(
            code=raw["code"],
            name=raw["name"],
            level=LEVELS[raw["level"]],
            chapter=os.path.basename(self._path),
            text=raw["text"],
            why=raw.get("why", f"The convention {self._raw['name']} asks for it."),
            fails=raw.get("fails", f"A {raw['unit']} where this is not so."),
            mend=raw["help"],
        )
        settings = {key: value for key, value in raw.items() if key not in _COMMON}
        return Check(
            clause,
            raw["kind"],
            raw["unit"],
            raw.get("message"),
            _condition(raw.get("when")),
            _condition(raw.get("unless")),
            settings,
        )


def _tupled(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in raw.items()}


def _condition(raw: Mapping[str, Any] | None) -> Condition | None:
    return None if raw is None else Condition(raw["value"], tuple(raw["is"]) if "is" in raw else None)


def _main_roles(units: Iterable[UnitForm]) -> frozenset[str]:
    return frozenset(role.main for unit in units for role in unit.roles.values() if role.main)


def _faults_of_units(units: Mapping[str, UnitForm]) -> Iterator[str]:
    for unit in units.values():
        seen, above = {unit.name}, unit.inside
        while above is not None:
            if above not in units or above == ROOT or above in seen:
                yield f"unit {unit.name}: in {above!r} is no other unit"
                break
            seen.add(above)
            above = units[above].inside


def _faults_of_checks(convention: Convention) -> Iterator[str]:
    codes: set[str] = set()
    names: set[str] = set()
    for check in convention.checks:
        code = check.clause.code
        if code in codes or check.clause.name in names:
            yield f"{code}: the code or the name {check.clause.name} is taken by another check"
        codes.add(code)
        names.add(check.clause.name)
        if code[:-3] != convention.prefix:
            yield f"{code}: a code begins with the prefix {convention.prefix}"
        yield from (f"{code}: {fault}" for fault in faults_of_check(convention, check))
    for unit in convention.units.values():
        yield from (f"adopt of unit {unit.name}: {fault}" for fault in faults_of_adoption(convention, unit))


def clauses_of(convention: Convention) -> dict[str, Clause]:
    """Return every clause that a convention declares or takes over, by its code."""
    return {**convention.own_clauses, **{code: clause_of(code) for code in convention.clauses}}
