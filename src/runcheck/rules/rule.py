"""What a rule is, and the list of all of them."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar

from runcheck.convention.clauses import Clause, clauses_by_name

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
    """The function that judges one clause, and the names of the inputs it needs.

    It is called for each unit, once for the tree, or for both.
    """

    clause: Clause
    scope: Scope
    judge: Callable[..., Iterator[Problem]]
    inputs: tuple[str, ...]


# The parameters differ from rule to rule: they are the declaration of what the rule needs.
_Judge = TypeVar("_Judge", bound=Callable[..., Iterator[Problem]])
_RULES: dict[str, Rule] = {}


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
    clause = clauses_by_name()[function.__name__.replace("_", "-")]
    code = function.__code__
    _RULES[clause.code] = Rule(clause, scope, judge, code.co_varnames[: code.co_argcount])
    return judge


@cache
def rules() -> dict[str, Rule]:
    """Return every rule by the code of its clause, in the order of the codes."""
    from runcheck.rules import (  # noqa: F401, PLC0415 - each registers its rules when it is imported
        checkpoints,
        checksums,
        datasets,
        events,
        exports,
        git,
        hdf5,
        metadata,
        metrics,
        names,
        orbax,
        parquet,
        references,
        summary,
        tree,
        unsafe,
        weights,
        words,
        zarr,
    )

    return dict(sorted(_RULES.items()))
