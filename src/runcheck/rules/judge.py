"""Judge a tree: give each rule its inputs, and turn what it yields into findings."""

from collections.abc import Iterator

from runcheck.findings import Finding, Unverified
from runcheck.rules.absent import Absent, NotVerified, Partly
from runcheck.rules.rule import Problem, Rule, rules
from runcheck.rules.tree_inputs import TreeInputs
from runcheck.rules.unit_inputs import UnitInputs


def judge(inputs: TreeInputs) -> tuple[list[Finding], list[Unverified]]:
    """Return every finding of a tree in the order of the paths, and what no rule could look into."""
    unverified: dict[str, set[str]] = {}
    findings: list[Finding] = []
    for rule in rules().values():
        if rule.scope == "tree":
            findings += _judged(rule, inputs, "", unverified)
        else:
            for path in sorted(inputs.wanted):
                findings += _judged(rule, inputs.by_unit[path], path, unverified)
    findings.sort(key=Finding.sort_key)
    return findings, [Unverified(reason, tuple(sorted(paths))) for reason, paths in sorted(unverified.items())]


def _judged(
    rule: Rule, inputs: TreeInputs | UnitInputs, path: str, unverified: dict[str, set[str]]
) -> Iterator[Finding]:
    given = []
    for name in rule.inputs:
        value = getattr(inputs, name)
        for lacking in (
            (value,) if isinstance(value, NotVerified) else value.lacking if isinstance(value, Partly) else ()
        ):
            unverified.setdefault(lacking.reason, set()).add(lacking.path)
        if isinstance(value, Absent | NotVerified):
            return
        given.append(value.value if isinstance(value, Partly) else value)
    for problem in rule.judge(*given):
        yield _finding(rule, problem, path)


def _finding(rule: Rule, problem: Problem, folder: str) -> Finding:
    path = "/".join(filter(None, (folder, problem.path)))
    help_ = problem.help or rule.clause.mend
    return Finding(
        rule.clause, path, problem.message, help_, problem.line, problem.pointer, problem.concerns, problem.is_certain
    )
