"""``runcheck rules``: every clause."""

import argparse

from runcheck.cli import CLEAN
from runcheck.convention.clauses import clauses


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("rules", help="list every clause")
    parser.set_defaults(run=run)


def run(_options: argparse.Namespace) -> int:
    """Print one line a clause."""
    for code, clause in clauses().items():
        print(f"{code}  {clause.level.value:<7}  {clause.name}")
    print(f"\n{len(clauses())} clauses, each enforced by a rule. 'runcheck rule CODE' explains one.")
    return CLEAN
