"""What a rule is, and the list of all of them."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar

from runcheck.convention.clauses import Clause, clauses_by_name
from runcheck.rules.selection import EVERYTHING, Selection

Scope: TypeAlias = Literal["unit", "tree", "both"]


class Problem(NamedTuple):
    """What a rule found: where, and the words for it.

    The path is relative to what the rule was called for, the unit or the tree. ``concerns`` is the unit that a
    problem elsewhere is about. ``is_certain`` is false where a heuristic is not sure.
    """

    path: str
    message: str
    line: int | None = None
    pointer: str | None = None
    help: str | None = None
    concerns: str | None = None
    is_certain: bool = True


class Rule(NamedTuple):
    """The function that judges the clause of its name, and the names of the inputs it needs.

    It is called for each unit, once for the tree, or for both.
    """

    scope: Scope
    judge: Callable[..., Iterator[Problem]]
    inputs: tuple[str, ...]

    @property
    def clause(self) -> Clause:
        """The clause: looked up when something breaks it, since the text of the spec takes a while to parse."""
        return clauses_by_name()[self.judge.__name__.replace("_", "-")]


# The parameters differ from rule to rule: they are the declaration of what the rule needs.
_Judge = TypeVar("_Judge", bound=Callable[..., Iterator[Problem]])
_RULES: list[Rule] = []
# The modules of rules by what the codes of their clauses begin with: those that hold rules of the tree, beside others,
# and those of units alone.
_OF_TREES = {"RC1": ("tree",), "RC2": ("metadata",), "RC7": ("references",), "RC9": ("git",)}
_OF_UNITS = {
    "RC3": ("checksums", "signatures"),
    "RC4": ("events", "metrics", "summary", "trials"),
    "RC5": ("checkpoints", "exports", "orbax"),
    "RC6": ("datasets", "hdf5", "parquet", "zarr"),
    "RC8": ("names",),
    "RC9": ("unsafe", "weights", "words"),
}


def unit_rule(judge: _Judge) -> _Judge:
    """Register the rule of the clause that bears the function's name, to be called for each unit."""
    return _register(judge, "unit")


def tree_rule(judge: _Judge) -> _Judge:
    """Register the rule of the clause that bears the function's name, to be called once for the tree."""
    return _register(judge, "tree")


def entry_rule(judge: _Judge) -> _Judge:
    """Register the rule of the clause that bears the function's name, for the entries of each unit and the others."""
    return _register(judge, "both")


def _register(judge: _Judge, scope: Scope) -> _Judge:
    function: Any = judge
    code = function.__code__
    _RULES.append(Rule(scope, judge, code.co_varnames[: code.co_argcount]))
    return judge


@cache
def rules() -> dict[str, Rule]:
    """Return every rule by the code of its clause, in the order of the codes."""
    _load(_OF_TREES, EVERYTHING)
    _load(_OF_UNITS, EVERYTHING)
    return {rule.clause.code: rule for rule in sorted(_RULES, key=lambda rule: rule.clause.code)}


@cache
def rules_of(scope: Literal["unit", "tree"], selection: Selection = EVERYTHING) -> tuple[Rule, ...]:
    """Return the rules that are called for units, or for the tree. No others need be loaded for them."""
    _load(_OF_TREES, selection)
    if scope == "unit":
        _load(_OF_UNITS, selection)
    found = (rule for rule in _RULES if rule.scope in (scope, "both"))
    return tuple(found if selection == EVERYTHING else (rule for rule in found if selection.has(rule.clause.code)))


def _load(families: Mapping[str, tuple[str, ...]], selection: Selection) -> None:
    """Import the modules that may hold rules of selected clauses: each registers its own."""
    for family, modules in families.items():
        for module in modules if selection.touches(family) else ():
            import_module(f"runcheck.rules.{module}")
