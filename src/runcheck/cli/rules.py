"""``runcheck rules``: every clause, or those of some families."""

import argparse

from runcheck.cli import CLEAN
from runcheck.cli.rule import known_to


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("rules", help="list every clause, or those of some families")
    parser.add_argument(
        "families", nargs="*", metavar="CODES", help="what their codes begin with: RC3 RC70 (default: all)"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to list them (default: text)")
    parser.add_argument("--convention", metavar="NAME|FILE", help="of a convention of one's own")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print one line a clause, or a JSON list."""
    from runcheck.rules.selection import EVERYTHING, select  # noqa: PLC0415 - each command loads what it needs

    known = known_to(options.convention)
    selection = select(",".join(options.families).split(","), known=known) if options.families else EVERYTHING
    found = [clause for code, clause in known.items() if selection.has(code)]
    if options.format == "json":
        import json  # noqa: PLC0415

        print(json.dumps([{**clause._asdict(), "level": clause.level.value} for clause in found], indent=2))
        return CLEAN
    for clause in found:
        print(f"{clause.code}  {clause.level.value:<7}  {clause.name}")
    print(f"\n{len(found)} clauses, each enforced by a rule. 'runcheck rule CODE' explains one.")
    return CLEAN
