"""``runcheck lineage UNIT``: what a unit was made from, and what was made from it."""

import argparse

from runcheck.cli import CLEAN
from runcheck.cli.asking import ROOT_HELP, UNIT_HELP


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "lineage", help="show what a run or a dataset was made from, and what was made from it", epilog=UNIT_HELP
    )
    parser.add_argument("unit", metavar="UNIT", nargs="?", default="latest", help="which one (default: latest)")
    parser.add_argument("--root", default="artefacts", help=ROOT_HELP)
    parser.add_argument("--all", action="store_true", dest="everything", help="show every dependant, however many")
    formats = parser.add_mutually_exclusive_group()
    formats.add_argument("--json", action="store_true", help="show it as JSON")
    formats.add_argument("--mermaid", action="store_true", help="show it as a flowchart for Mermaid")
    formats.add_argument("--dot", action="store_true", help="show it as a graph for Graphviz")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the lineage."""
    from runcheck.asking.lineage import lineage  # noqa: PLC0415 - each command loads what it needs
    from runcheck.asking.lineage_text import render, render_dot, render_json, render_mermaid  # noqa: PLC0415

    found = lineage(options.unit, options.root)
    asked = ((options.json, render_json), (options.mermaid, render_mermaid), (options.dot, render_dot))
    form = next((form for is_asked, form in asked if is_asked), None)
    print(form(found) if form else render(found, everything=options.everything), end="")
    return CLEAN
