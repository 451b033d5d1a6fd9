"""``runcheck export UNIT``: what a unit holds, in the format of others."""

import argparse

from runcheck.cli import CLEAN
from runcheck.cli.asking import RUN_OR_DATASET_HELP
from runcheck.convention.ranking import best_of
from runcheck.errors import InvalidArgumentError

_FORMATS = (  # a test holds it to export/
    *("csv", "tensorboard", "dvclive", "sweep-manifest", "safetensors", "torch", "onnx", "ro-crate", "croissant"),
)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("export", help="write what a unit holds in the format of others, outside of the tree")
    parser.add_argument("path", metavar="UNIT", help=RUN_OR_DATASET_HELP)
    parser.add_argument("--to", required=True, choices=_FORMATS, help="the format")
    parser.add_argument(
        "--into", required=True, metavar="PATH", help="where it goes: a file or a folder that is not yet"
    )
    step = parser.add_mutually_exclusive_group()
    step.add_argument("--step", type=int, metavar="N", help="the step of the checkpoint (default: the newest)")
    step.add_argument(
        "--best", type=_best, metavar="METRIC[:min|max]", help="the checkpoint with the best value, as of val/loss"
    )
    parser.add_argument("--name", metavar="NAME", help="the model, where the unit has several in ONNX")
    parser.add_argument("--licence", metavar="URL", help="the licence that a crate or a Croissant names")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the export, and say what was written."""
    from runcheck.export.export import Wishes, export  # noqa: PLC0415 - each command loads what it needs
    from runcheck.report.escape import printable  # noqa: PLC0415

    wishes = Wishes(options.step, options.best, options.name, options.licence)
    for line in export(options.path, options.to, options.into, wishes):
        print(printable(line))
    return CLEAN


def _best(text: str) -> object:
    try:
        return best_of(text)
    except InvalidArgumentError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
