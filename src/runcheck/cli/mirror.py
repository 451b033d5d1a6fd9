"""``runcheck mirror``: send runs to an experiment tracker from their files."""

import argparse
import sys

from runcheck.cli import CLEAN, FAILED, one_line
from runcheck.cli.asking import RUN_HELP
from runcheck.errors import RuncheckError

_SETTINGS = ("project", "entity", "group", "mode", "uri", "artifact", "checkpoints")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "mirror",
        help="send runs to W&B or MLflow from their files",
        epilog="What is there already is not sent again. Exit status: 0 all is there, 2 something could not be sent.",
    )
    parser.add_argument("paths", nargs="+", metavar="RUN", help=RUN_HELP)
    parser.add_argument("--to", required=True, metavar="TRACKER", help="wandb, mlflow, or what a package registers")
    parser.add_argument("--project", metavar="NAME", help="the project of W&B, the experiment of MLflow")
    parser.add_argument("--entity", metavar="NAME", help="the team or the user of W&B")
    parser.add_argument("--group", metavar="NAME", help="the group of W&B")
    parser.add_argument("--mode", choices=("online", "offline"), help="offline: keep a log of W&B on this machine")
    parser.add_argument("--uri", metavar="URL", help="the server of MLflow (default: MLFLOW_TRACKING_URI)")
    parser.add_argument("--artifact", choices=("unit", "none"), help="whether the files of the run go along")
    parser.add_argument("--checkpoints", type=_count, metavar="N", help="the last N checkpoints are among them")
    parser.add_argument("--again", action="store_true", help="ask the tracker even where all is noted as sent")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Mirror each run, and say in a line what that came to."""
    from runcheck.report.escape import printable  # noqa: PLC0415 - each command loads what it needs
    from runcheck.trackers.mirror import mirror  # noqa: PLC0415
    from runcheck.trackers.words import line_of  # noqa: PLC0415

    asked = {name: value for name in _SETTINGS if (value := getattr(options, name)) is not None}
    status = CLEAN
    for path in options.paths:
        try:
            sent = mirror(path, options.to, asked, again=options.again)
        except RuncheckError as error:
            print(f"runcheck: {one_line(error)}", file=sys.stderr)
            status = FAILED
            continue
        print(f"{printable(path)}: {printable(line_of(options.to, sent))}")
    return status


def _count(text: str) -> int:
    count = int(text)
    if count < 0:
        raise argparse.ArgumentTypeError("is from 0")
    return count
