"""``runcheck rules``: every clause, and whether it is enforced."""

import argparse

from runcheck.cli import CLEAN
from runcheck.convention.clauses import clauses


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("rules", help="list every clause, and whether it is enforced")
    parser.set_defaults(run=run)


def run(_options: argparse.Namespace) -> int:
    """Print one line a clause."""
    from runcheck.rules.rule import not_enforced, rules  # noqa: PLC0415 - each command loads what it needs, and no other's

    for code, clause in clauses().items():
        state = "" if code in rules() else f"not enforced: needs {not_enforced()[code]}"
        print(f"{code}  {clause.level.value:<7}  {clause.name:<24}  {state}".rstrip())
    print(f"\n{len(clauses())} clauses, {len(rules())} enforced, {len(not_enforced())} not enforced.")
    return CLEAN
