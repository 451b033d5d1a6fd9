"""All kinds of checks, and what is wrong with a check that a convention declares."""

from collections.abc import Iterator

from runcheck.convention.documents import STATUSES
from runcheck.conventions.checks import files, texts, tree, values
from runcheck.conventions.checks.kind import KINDS, Kind
from runcheck.conventions.definition import FOLDER, ROOT, Check, Convention, UnitForm
from runcheck.conventions.forms import MOST_PLACES, placeholders_in, places_in
from runcheck.conventions.references import reference, references_elsewhere, references_of_unit

_MODULES = (files, texts, tree, values)  # each registers its own


def kind_of(check: Check) -> Kind:
    """Return the kind of a check."""
    return KINDS[check.kind]


def faults_of_check(convention: Convention, check: Check) -> Iterator[str]:
    """Yield what a check cannot mean: units, roles, values and words that there are none of."""
    units = convention.units
    named = {"unit": check.unit, "to": check.text("to"), "of": check.text("of")}
    unknown = [f"{field} {name!r}" for field, name in named.items() if name and name not in units]
    if unknown:
        yield f"{' and '.join(unknown)}: there is no such unit; units are {', '.join(units)}"
        return
    unit, target = units[check.unit], units.get(named["to"])
    for role in check.texts("roles"):
        if role not in unit.roles:
            yield f"role {role!r} is none of {unit.name}; it has {', '.join(unit.roles) or 'none'}"
    for text in references_of_unit(check):
        yield from _faults_of_reference(convention, unit, text)
    if target is not None:
        for text in references_elsewhere(check):
            yield from _faults_of_reference(convention, target, text)
    if check.text("form") and check.text("part") not in placeholders_in(check.text("form")):
        yield f"part {check.text('part')!r} is no placeholder of {check.text('form')!r}"
    if places_in(check.text("form")) > MOST_PLACES:
        yield f"form {check.text('form')[:60]!r}... has more than {MOST_PLACES} places for names"
    if check.kind == "name" and unit.name == ROOT:
        yield "unit root has no name"
    yield from _faults_of_words(check, _names(convention, unit))


def faults_of_adoption(convention: Convention, unit: UnitForm) -> Iterator[str]:
    """Yield what of a unit's adoption refers to nothing."""
    adopted = unit.adoption
    if adopted is None:
        return
    single = (adopted.name, adopted.description, adopted.created, adopted.finished, adopted.status, adopted.command)
    for text in (*filter(None, (*single, adopted.git, adopted.env, adopted.data)), *adopted.config, *adopted.seeds):
        yield from _faults_of_reference(convention, unit, text)
    for status in adopted.statuses.values():
        if status not in STATUSES:
            yield f"statuses: {status!r} is no status of the main convention: {', '.join(STATUSES)}"


def _faults_of_words(check: Check, names: set[str]) -> Iterator[str]:
    known = {*kind_of(check).words, *names}
    for word in [*placeholders_in(check.message or ""), *placeholders_in(check.clause.mend)]:
        if word not in known:
            yield f"message or help has <{word}>; known are {', '.join(f'<{each}>' for each in sorted(known))}"


def _faults_of_reference(convention: Convention, unit: UnitForm, text: str) -> Iterator[str]:
    asked = reference(text)
    if asked is None:
        yield f"value {text!r} is neither role#/pointer nor <placeholder>"
    elif asked.name is not None:
        if asked.name not in _names(convention, unit):
            yield f"value {text!r} is no placeholder of the path of {unit.name}"
    elif asked.role is None or asked.role not in unit.roles:
        yield f"value {text!r}: {asked.role!r} is no role of {unit.name}; it has {', '.join(unit.roles) or 'none'}"
    elif unit.roles[asked.role].format != "document":
        yield f'value {text!r}: the role {asked.role!r} is read as no document; give it format = "document"'


def _names(convention: Convention, unit: UnitForm) -> set[str]:
    """Return the placeholders of the path of a unit, and of those that it lies in."""
    names = {*unit.form.names, FOLDER}
    return names | (_names(convention, convention.units[unit.inside]) if unit.inside else set())
