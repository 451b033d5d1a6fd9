"""Judge a unit or a tree: give each rule its inputs, and turn what it yields into findings."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from runcheck.findings import Finding, Unverified, without_certain_secrets
from runcheck.rules.absent import Absent, NotVerified, Partly
from runcheck.rules.rule import Problem, Rule, rules_of
from runcheck.rules.selection import EVERYTHING, Selection
from runcheck.rules.tree_inputs import TreeInputs

if TYPE_CHECKING:
    from runcheck.rules.unit_inputs import UnitInputs


def judge(
    inputs: "TreeInputs | UnitInputs", selection: Selection = EVERYTHING
) -> tuple[list[Finding], list[Unverified]]:
    """Return every finding of a unit, or of what lies above the units of a tree, and what no rule could look into.

    These are the findings by the clauses of ``selection``.
    """
    scope, path = ("tree", "") if isinstance(inputs, TreeInputs) else ("unit", inputs.unit.path)
    is_closed = not isinstance(inputs, TreeInputs) and not inputs.unit.readable  # what it lacks, nobody knows
    unverified: dict[str, set[str]] = {}
    findings: list[Finding] = []
    for rule in rules_of(scope, selection):
        if is_closed and rule.scope != "both":
            continue
        findings += _judged(rule, inputs, path, unverified)
    return findings, [Unverified(reason, tuple(sorted(paths))) for reason, paths in sorted(unverified.items())]


def _judged(
    rule: Rule, inputs: "TreeInputs | UnitInputs", path: str, unverified: dict[str, set[str]]
) -> Iterable[Finding]:
    """Return the findings of a rule, none where one of its inputs is not there; note what nobody could look into."""
    given: list[object] = []
    for name in rule.inputs:
        value = getattr(inputs, name)
        kind = type(value)  # compared by itself: there are a hundred rules, and a thousand units
        if kind is Absent:
            return ()
        if kind is NotVerified:
            unverified.setdefault(value.reason, set()).add(value.path)
            return ()
        if kind is Partly:
            for lacking in value.lacking:
                unverified.setdefault(lacking.reason, set()).add(lacking.path)
            value = value.value
        given.append(value)
    return [_finding(rule, problem, path) for problem in rule.judge(*given)]


def _finding(rule: Rule, problem: Problem, folder: str) -> Finding:
    path = "/".join(filter(None, (folder, problem.path))) or "."
    return Finding(
        rule.clause,
        path,
        without_certain_secrets(problem.message),
        without_certain_secrets(problem.help) if problem.help else rule.clause.mend,
        problem.line,
        problem.pointer and without_certain_secrets(problem.pointer),
        problem.concerns or folder or None,
        problem.is_certain,
    )
