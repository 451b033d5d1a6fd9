"""``runcheck compare UNIT UNIT...``: how units differ, side by side."""

import argparse

from runcheck.cli import CLEAN
from runcheck.cli.asking import ROOT_HELP, UNIT_HELP


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "compare", help="compare runs: configuration, metrics, data, code, environment", epilog=UNIT_HELP
    )
    parser.add_argument("units", metavar="UNIT", nargs="+", help="which ones, two or more")
    parser.add_argument("--root", default="artefacts", help=ROOT_HELP)
    parser.add_argument("--all", action="store_true", dest="everything", help="show what is the same too")
    formats = parser.add_mutually_exclusive_group()
    formats.add_argument("--json", action="store_true", help="show it as JSON: everything")
    formats.add_argument("--markdown", action="store_true", help="show it as Markdown")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the comparison."""
    from runcheck.asking.compare import compare  # noqa: PLC0415 - each command loads what it needs
    from runcheck.asking.compare_text import render, render_json, render_markdown  # noqa: PLC0415

    compared = compare(options.units, options.root)
    if options.json:
        print(render_json(compared), end="")
    else:
        form = render_markdown if options.markdown else render
        print(form(compared, everything=options.everything), end="")
    return CLEAN
