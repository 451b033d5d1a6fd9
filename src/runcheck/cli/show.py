"""``runcheck show UNIT``: what a unit holds, in short."""

import argparse
import sys

from runcheck.cli import CLEAN
from runcheck.cli.asking import ROOT_HELP, UNIT_HELP


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("show", help="show what a run or a dataset holds", epilog=UNIT_HELP)
    parser.add_argument("unit", metavar="UNIT", nargs="?", default="latest", help="which one (default: latest)")
    parser.add_argument("--root", default="artefacts", help=ROOT_HELP)
    parser.add_argument("--all", action="store_true", dest="everything", help="show every key, series and note")
    parser.add_argument(
        "--check", action="store_true", help="check the unit as well, and say in a line what came of it"
    )
    parser.add_argument("--json", action="store_true", help="show it as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the unit."""
    from functools import partial  # noqa: PLC0415 - each command loads what it needs

    from runcheck.asking.show import show  # noqa: PLC0415
    from runcheck.asking.show_text import conformance, render, render_json  # noqa: PLC0415
    from runcheck.report.sparkline import marks_for, sparkline  # noqa: PLC0415

    shown = show(options.unit, options.root)
    report = None
    if options.check:
        from runcheck.pipeline import check  # noqa: PLC0415

        report = check(f"{shown.root}/{shown.path}")
    if options.json:
        print(render_json(shown, report), end="")
        return CLEAN
    draw = partial(sparkline, marks=marks_for(sys.stdout)) if sys.stdout.isatty() else None
    print(render(shown, everything=options.everything, draw=draw, check=conformance(report)), end="")
    return CLEAN
