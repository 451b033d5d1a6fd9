"""``runcheck pull-tracker``: a run of an experiment tracker becomes a unit of a tree."""

import argparse

from runcheck.cli import CLEAN
from runcheck.cli.adopt import add_given, given_of, judge, tell_adopted


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "pull-tracker",
        help="bring a run from MLflow or W&B into a tree",
        epilog="A run that `runcheck mirror` sent with its files comes back as it was. Of any other a unit is made, as "
        "by `runcheck adopt`.",
    )
    parser.add_argument("tracker", choices=("mlflow", "wandb"), help="the tracker")
    parser.add_argument(
        "name", metavar="RUN", help="the id of a run of MLflow, ENTITY/PROJECT/RUN of W&B, or the folder of a run"
    )
    parser.add_argument("--uri", metavar="URL", help="the server (default: MLFLOW_TRACKING_URI or WANDB_BASE_URL)")
    parser.add_argument("--into", default="artefacts", metavar="TREE", help="the tree (default: artefacts)")
    add_given(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Pull the run, say what became of it, and judge it."""
    from runcheck.adopt.unit import Adopted  # noqa: PLC0415 - each command loads what it needs
    from runcheck.leaving.pull import pull_tracker  # noqa: PLC0415
    from runcheck.publish.words import lines_of  # noqa: PLC0415
    from runcheck.report.escape import printable  # noqa: PLC0415

    pulled = pull_tracker(options.tracker, options.name, options.into, given_of(options), options.uri)
    if isinstance(pulled, Adopted):
        tell_adopted(pulled)
        return CLEAN
    print(f"{printable(pulled.path)}: came back as it was sent")
    for line in lines_of(pulled.transferred):
        print(f"  {printable(line)}")
    for line in pulled.left:
        print(f"  left behind: {printable(line)}")
    judge(pulled.path)
    return CLEAN
