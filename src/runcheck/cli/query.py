"""``runcheck query``: a question in SQL about the units of a tree."""

import argparse
import atexit
import gc
import sys

from runcheck.cli import CLEAN

_EPILOG = (
    "Tables: runs and datasets, a row a unit, with unit and the columns of the registry; metrics, with unit, step, "
    "split, metric and value. Nothing else can be read, and nothing is written. DuckDB answers: "
    "config->>'optimizer.name' is a value of the configuration, tags['experiment'] and metrics['test/accuracy'] are "
    "members of maps."
)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("query", help="ask about the runs and datasets of a tree in SQL", epilog=_EPILOG)
    parser.add_argument("sql", metavar="SQL", help="SELECT ... FROM runs")
    parser.add_argument("root", nargs="?", default="artefacts", help="the root of the tree (default: artefacts)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object a line")
    form.add_argument("--csv", action="store_true", help="as CSV")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the answer."""
    from runcheck.listing.ask import told_faults  # noqa: PLC0415 - each command loads what it needs
    from runcheck.listing.query import answer  # noqa: PLC0415
    from runcheck.listing.render import answer_csv, answer_json, answer_table  # noqa: PLC0415
    from runcheck.reading.opened import open_tree  # noqa: PLC0415
    from runcheck.report.escape import printable  # noqa: PLC0415

    atexit.unregister(gc.freeze)  # of DuckDB's own, which tells on stderr of all that is not taken apart at the end
    tree = open_tree(options.root)
    columns, rows = answer(tree, options.sql)
    render = answer_json if options.json else answer_csv if options.csv else answer_table
    for line in render(columns, rows):
        print(line)
    for line in told_faults(tree):
        print(f"runcheck: {printable(line)}", file=sys.stderr)
    return CLEAN
