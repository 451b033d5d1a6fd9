"""From one version of the convention to the next: the documents of units that are not sealed.

A sealed unit keeps its version for ever (spec, versions and extensions): readers know every older minor version, and a
published unit is not written again because the convention moved on.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from runcheck.convention.layout import layout
from runcheck.convention.units import classify, is_above_units
from runcheck.errors import CannotWriteError
from runcheck.fixes.apply import apply, finish_interrupted, fixing
from runcheck.fixes.draft import Draft
from runcheck.fixes.edits import CannotFixError
from runcheck.fixes.plan import Plan, together
from runcheck.fixes.session import require_local
from runcheck.tree.locate import locate
from runcheck.tree.walk import walk
from runcheck.writer.atomic import json_text
from runcheck.writer.yaml import format_yaml

Document: TypeAlias = dict[str, object]


class Step(NamedTuple):
    """One step: the version that it leads to, and what it makes of the document of a role."""

    to: str
    change: Callable[[str, Document], Document]


class Way(NamedTuple):
    """The steps that there are, by the version that each starts from, and the version to come to."""

    steps: Mapping[str, Step]
    target: str


# By the version that a step starts from. 1.0 is the first version and the only one, so there is none yet.
STEPS: Mapping[str, Step] = {}

_ROLES = ("metadata", "summary")  # the documents that say their version, and that one may change


class Migration(NamedTuple):
    """What there is to do: the edits, and a line for each unit that is passed over, and why."""

    plan: Plan
    units: int
    passed_over: tuple[str, ...]


def migrate(path: str, *, is_preview: bool = False, way: Way | None = None) -> Migration:
    """Bring the documents of the tree at ``path`` to this version, or along ``way``; a preview says what it takes.

    Raises:
        CannotCheckError: there is no tree.
        CannotWriteError: it lies at a URL, or cannot be written.
    """
    require_local(path)
    way = way or Way(STEPS, layout().schema_version)
    place = locate(path)
    if is_preview:
        return _planned(place.root, place.focus, way)
    with fixing(place.root):
        finish_interrupted(place.root)
        migration = _planned(place.root, place.focus, way)
        for group in migration.plan.edits:
            apply(place.root, group)
    return migration


def _planned(root: str, focus: str, way: Way) -> Migration:
    draft, passed_over = Draft(root), list[str]()
    units = [unit.path for unit in classify(walk(root, enter=is_above_units)).units]
    units = [unit for unit in units if not focus or f"{unit}/".startswith(f"{focus}/") or focus.startswith(f"{unit}/")]
    if not units:
        raise CannotWriteError(f"{root}: holds no unit to migrate")
    for unit in units:
        try:
            with draft.attempt():
                for role, document in _documents(draft, unit):
                    _bring(draft, f"{unit}/{layout().path(role)}", role, document, way)
        except CannotFixError as error:
            passed_over.append(f"{unit}: {error}")
    return Migration(Plan(together(draft.edits()), False, (), ()), len(units), tuple(passed_over))  # noqa: FBT003


def _documents(draft: Draft, unit: str) -> Iterator[tuple[str, Document]]:
    for role in _ROLES:
        path = f"{unit}/{layout().path(role)}"
        if draft.read(path) is not None:
            yield role, draft.document(path)


def _bring(draft: Draft, path: str, role: str, document: Document, way: Way) -> None:
    """Take the steps that lead to a version.

    Raises:
        CannotFixError: there is no way, or the unit is sealed or being written.
    """
    version = document.get("schema_version")
    if version == way.target:
        return
    unit = path.rpartition("/")[0]
    if draft.is_sealed(unit):
        raise CannotFixError(f"is sealed, and keeps version {version} for ever")
    draft.require_quiet(unit)
    seen: set[object] = set()
    while version != way.target:
        step = way.steps.get(version) if isinstance(version, str) and version not in seen else None
        if step is None:
            raise CannotFixError(f"{role} says version {document.get('schema_version')}; no way leads to {way.target}")
        seen.add(version)
        document = {**step.change(role, document), "schema_version": step.to}
        version = step.to
    draft.write(path, json_text(document) if path.endswith(".json") else format_yaml(document))
