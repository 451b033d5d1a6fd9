"""``runcheck rules``: every clause."""

import argparse

from runcheck.cli import CLEAN
from runcheck.cli.rule import known_to


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("rules", help="list every clause")
    parser.add_argument("--convention", metavar="NAME|FILE", help="of a convention of one's own")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print one line a clause."""
    known = known_to(options.convention)
    for code, clause in known.items():
        print(f"{code}  {clause.level.value:<7}  {clause.name}")
    print(f"\n{len(known)} clauses, each enforced by a rule. 'runcheck rule CODE' explains one.")
    return CLEAN
