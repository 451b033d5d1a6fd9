"""``runcheck diff UNIT UNIT``: how two units differ, file by file."""

import argparse

from runcheck.cli import CLEAN
from runcheck.cli.asking import ROOT_HELP, UNIT_HELP


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("diff", help="show how two units differ, file by file", epilog=UNIT_HELP)
    parser.add_argument("first", metavar="UNIT", help="which one")
    parser.add_argument("second", metavar="UNIT", help="and which other one")
    parser.add_argument("--root", default="artefacts", help=ROOT_HELP)
    parser.add_argument("--all", action="store_true", dest="everything", help="show every file, key and series")
    parser.add_argument("--json", action="store_true", help="show it as JSON: everything")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the difference."""
    from runcheck.asking.difference import diff  # noqa: PLC0415 - each command loads what it needs
    from runcheck.asking.difference_text import render, render_json  # noqa: PLC0415

    difference = diff(options.first, options.second, options.root)
    print(render_json(difference) if options.json else render(difference, everything=options.everything), end="")
    return CLEAN
