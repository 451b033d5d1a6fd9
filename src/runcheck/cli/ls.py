"""``runcheck ls``: the units of a tree as a list."""

import argparse
import sys

from runcheck.cli import CLEAN

_EPILOG = (
    "Columns: unit, status, age, duration, best, files, bytes; those of the registry (docs/registry.md); members of "
    "maps as tags.experiment, config.optimizer.name, metrics.test/accuracy (the best value), last.train/loss."
)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("ls", help="list the runs and datasets of a tree, newest first", epilog=_EPILOG)
    parser.add_argument("root", nargs="?", default="artefacts", help="the root of the tree (default: artefacts)")
    parser.add_argument("--kind", choices=("dataset", "model"), help="units of this kind alone")
    parser.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="CONDITION",
        help="status=completed, tags.sweep!=a, 'metrics.test/loss<0.1', 'age<7d', 'slug~digits_*'; all of several hold",
    )
    parser.add_argument("--sort", metavar="COLUMN", help="by this column, the smallest first (default: the newest)")
    parser.add_argument("--reverse", action="store_true", help="the largest first")
    parser.add_argument("--columns", metavar="COLUMNS", help="with commas between them: unit,status,metrics.test/loss")
    parser.add_argument("--limit", type=int, default=0, metavar="N", help="the first N alone")
    parser.add_argument("--json", action="store_true", help="one JSON object a line, with all columns by default")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the list."""
    from runcheck.convention.timestamps import now  # noqa: PLC0415 - each command loads what it needs
    from runcheck.listing.ask import Question, ask, told_faults  # noqa: PLC0415
    from runcheck.listing.columns import DEFAULT  # noqa: PLC0415
    from runcheck.listing.conditions import condition  # noqa: PLC0415
    from runcheck.listing.render import json_lines, table  # noqa: PLC0415
    from runcheck.reading.opened import open_tree  # noqa: PLC0415
    from runcheck.report.escape import printable  # noqa: PLC0415

    columns = options.columns.split(",") if options.columns else None
    tree = open_tree(options.root)
    where = tuple(map(condition, options.where))
    question = Question(options.kind, where, options.sort, options.reverse, options.limit)
    units = ask(tree, question, columns or DEFAULT, now())
    for line in json_lines(units, columns) if options.json else table(units, columns or DEFAULT):
        print(line)
    for line in told_faults(tree):
        print(f"runcheck: {printable(line)}", file=sys.stderr)
    return CLEAN
