"""Checks across the units of a tree."""

from collections.abc import Iterator

from runcheck.conventions.checks.kind import Flaw, shown, tree_check
from runcheck.conventions.definition import Check
from runcheck.conventions.references import Value, condition_of
from runcheck.conventions.told import OwnTree, Told, holds


@tree_check("value", "other")
def unique(check: Check, unit: Told, tree: OwnTree) -> Iterator[Flaw]:
    """A value that a unit before has too."""
    text = check.text("value")
    for value in unit.values(text):
        other = next(iter(tree.saying(unit.kind, text, value)), unit)
        if other.path != unit.path:
            words = {"value": _plain(value.value), "other": other.path}
            yield _flaw(unit, value, f"says {shown(value.value)}, as {other.path} does", words)


@tree_check("value", "other")
def reference(check: Check, unit: Told, tree: OwnTree) -> Iterator[Flaw]:
    """A value that no unit has that it should name, or only one that does not fulfil the condition."""
    to, among, where = check.text("to"), check.text("among"), condition_of(check)
    role = among.partition("#")[0]
    targets = tree.of(to)
    for value in unit.values(check.text("value")):
        if value.value is None:
            continue
        named = tree.saying(to, among, value)
        words = {"value": _plain(value.value), "other": named[0].path if named else ""}
        if not named:
            if any(role in each.unread or among in each.cut for each in targets):  # it may be named there
                continue
            yield _flaw(unit, value, f"names {shown(value.value)}, which is no {to} of the tree", words)
        elif where is not None and not any(holds(where, each, default=True) for each in named):
            said = next((shown(met.value) for met in named[0].values(where.value)), "nothing")
            allowed = " or ".join(map(shown, where.allowed)) if where.allowed else "something"
            field = where.value.rpartition("/")[2]
            message = f"names {shown(value.value)}, which is {named[0].path}; its {field} is {said}, not {allowed}"
            yield _flaw(unit, value, message, words)


@tree_check("value", "other")
def count(check: Check, unit: Told, tree: OwnTree) -> Iterator[Flaw]:
    """A number that is not that of the units of a kind in this one."""
    of = check.text("of")
    there = sum(each.inside == unit.path for each in tree.of(of))
    for value in unit.values(check.text("value")):
        if isinstance(value.value, int) and not isinstance(value.value, bool) and value.value != there:
            words = {"value": shown(value.value), "other": str(there)}
            message = f"says {value.value:,}; there {'is' if there == 1 else 'are'} {there:,} {of}"
            yield _flaw(unit, value, f"{message}{'' if there == 1 else 's'}", words)


@tree_check("value", "other")
def folders_match(check: Check, unit: Told, tree: OwnTree) -> Iterator[Flaw]:
    """Names in lists that no folder has, and folders that are in none of the lists."""
    of = check.text("of")
    folders = {each.path.rpartition("/")[2]: each for each in tree.of(of) if not unit.path or each.inside == unit.path}
    listed: set[str] = set()
    is_listed = False
    for text in check.texts("lists"):
        for value in unit.values(text):
            names = _names(value)
            is_listed |= names is not None
            for name, pointer in names or ():
                listed.add(name)
                if name not in folders:
                    words = {"value": name, "other": ""}
                    at = value._replace(pointer=pointer)
                    yield _flaw(unit, at, f"lists {name!r}, and no {of} has a folder of this name", words)
    for name, folder in folders.items():
        if is_listed and name not in listed and unit.cut.isdisjoint(check.texts("lists")):
            where = " or ".join(check.texts("lists"))
            yield Flaw(folder.path, f"is listed nowhere in {where}", {"value": name, "other": where})


def _names(value: Value) -> list[tuple[str, str]] | None:
    """Return the names that a value lists, each with its pointer; None where it is no list, as a template is none."""
    held, pointer = value.value, value.pointer or ""
    if isinstance(held, dict):
        return [(str(key), f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}") for key in held]
    if isinstance(held, list):
        return [(str(each), f"{pointer}/{index}") for index, each in enumerate(held)]
    return None


@tree_check("value", "other")
def name(check: Check, unit: Told, tree: OwnTree) -> Iterator[Flaw]:
    """Nothing: what it looks at is no unit (:func:`strays`)."""
    del check, unit, tree
    return iter(())


def strays(check: Check, tree: OwnTree, form: str, words_of_form: str) -> Iterator[Flaw]:
    """Yield each folder that lies where units of a kind do and is not named as they are."""
    for stray in tree.strays:
        if stray.kind == check.unit:
            own = stray.path.rpartition("/")[2]
            words = {"value": own, "other": form}
            link = f"is a symbolic link where a {check.unit} should be, and is not followed"
            fault = link if stray.is_link else f"is no {check.unit}: its name is not of the form {form}{words_of_form}"
            yield Flaw(stray.path, fault, words)


def _flaw(unit: Told, value: Value, message: str, words: dict[str, str]) -> Flaw:
    return Flaw(value.path or unit.path, message, words, pointer=value.pointer)


def _plain(value: object) -> str:
    return value if isinstance(value, str) else shown(value)
