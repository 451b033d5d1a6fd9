"""What a convention of one's own says, as frozen data. It can be sent to other processes."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from runcheck.convention.clauses import Clause, Level
from runcheck.conventions.forms import NameForm, PathForm

_SHOWN = 3  # paths of a role
ROOT = "root"  # the unit that the root itself is: it holds only the files that are declared for it


FOLDER = "folder"  # the placeholder of the name of a unit's folder, whatever its form


class OwnClause(Clause):
    """What a convention declares under a code of its own; it travels between processes whole."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Callable[..., Clause], tuple[object, ...]]:  # type: ignore[override]
        """Travel with everything it says: no list has it."""
        return OwnClause, tuple(self)


class RowForm(NamedTuple):
    """How rows become series: where in a row its step and its numbers are, and what names the series.

    ``values`` leads to an object of numbers by name, or to the row itself; ``split`` to the name of the split, and
    ``series`` is a template of the name where a file holds one series only. ``id`` leads to what names a row.
    """

    step: str | None = None
    values: str | None = None
    split: str | None = None
    series: str | None = None
    id: str | None = None


class OwnRole(NamedTuple):
    """What a path of a unit is: its name, the paths, the format, the schema, and the main role that it is, if any."""

    name: str
    forms: tuple[PathForm, ...]
    format: str | None
    schema: str | None  # as JSON text, which is hashable
    main: str | None
    rows: RowForm | None

    @property
    def paths(self) -> str:
        """The paths in words."""
        texts = [form.text for form in self.forms]
        return " or ".join(texts[:_SHOWN]) + (" or the like" if len(texts) > _SHOWN else "")


class Adoption(NamedTuple):
    """What of a unit becomes what in a unit of the main convention: values by the names of its metadata.

    ``statuses`` are the statuses of the main convention by those that stand in the unit, ``splits`` likewise.
    """

    name: str | None = None
    description: str | None = None
    created: str | None = None
    finished: str | None = None
    status: str | None = None
    statuses: Mapping[str, str] = {}
    config: tuple[str, ...] = ()
    seeds: tuple[str, ...] = ()
    git: str | None = None
    env: str | None = None
    data: str | None = None
    command: str | None = None
    splits: Mapping[str, str] = {}


class UnitForm(NamedTuple):
    """A kind of unit: where its folders lie, in which other unit if in one, its files, and what they may become."""

    name: str
    form: PathForm
    inside: str | None
    roles: Mapping[str, OwnRole]
    adoption: Adoption | None = None

    def role_of(self, path: str) -> tuple[OwnRole, Mapping[str, str]] | None:
        """Return the role of a path in the unit, and what its placeholders stand for."""
        for role in self.roles.values():
            for form in role.forms:
                if (names := form.match(path)) is not None:
                    return role, names
        return None


class Condition(NamedTuple):
    """Where something holds: the value at ``value`` is one of ``allowed``; where that is None, there is a value."""

    value: str
    allowed: tuple[object, ...] | None


class Check(NamedTuple):
    """One thing that a convention asks for: its clause, its kind, the unit it is asked of, and what the kind takes."""

    clause: OwnClause
    kind: str
    unit: str
    message: str | None
    when: Condition | None
    unless: Condition | None
    settings: Mapping[str, object]

    def text(self, name: str) -> str:
        """Return a setting that is a text."""
        value = self.settings.get(name)
        return value if isinstance(value, str) else ""

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a setting that is a text or a list of texts."""
        value = self.settings.get(name, ())
        return (value,) if isinstance(value, str) else tuple(map(str, value)) if isinstance(value, list) else ()


class Convention(NamedTuple):
    """The whole of a convention."""

    name: str
    title: str
    version: str
    prefix: str
    description: str
    source: str
    clauses: tuple[str, ...]  # of the main convention, by their codes
    names: Mapping[str, NameForm]
    units: Mapping[str, UnitForm]
    checks: tuple[Check, ...]

    @property
    def root(self) -> UnitForm | None:
        """The files that are declared for the root."""
        return self.units.get(ROOT)

    @property
    def own_clauses(self) -> dict[str, Clause]:
        """Every clause that is declared here, by its code."""
        return {check.clause.code: check.clause for check in self.checks}

    def inside(self, kind: str | None) -> list[UnitForm]:
        """Return the units that lie in units of a kind; those in none where that is None."""
        return [unit for unit in self.units.values() if unit.inside == kind and unit.name != ROOT]

    def within(self, kind: str) -> set[str]:
        """Return the kinds of units that lie in units of a kind, however deep."""
        inside = {unit.name for unit in self.inside(kind)}
        return inside.union(*(self.within(each) for each in inside))


LEVELS = {"error": Level.MUST, "warning": Level.SHOULD}
