"""``runcheck plot``: the curves of runs as images."""

import argparse
import os

from runcheck.cli import CLEAN
from runcheck.cli.asking import RUN_HELP


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "plot",
        help="draw the metrics of runs as PNG or SVG",
        epilog="One run that is not sealed gets the images into its plots/; with --into they go anywhere. Several runs "
        "are compared in the same figures. Needs matplotlib: pip install 'runcheck[plot]'.",
    )
    parser.add_argument("paths", nargs="+", metavar="UNIT", help=RUN_HELP)
    parser.add_argument(
        "--metrics", metavar="NAMES", help="these alone: names or patterns, such as loss,val/* (default: all)"
    )
    parser.add_argument(
        "--smooth",
        type=_weight,
        default=0.0,
        metavar="W",
        help="a moving average over all rows that gives what was before the weight W, such as 0.9 (default: 0)",
    )
    parser.add_argument("--log", action="store_true", help="values on a logarithmic scale")
    parser.add_argument("--together", action="store_true", help="all metrics in one image, and not an image each")
    parser.add_argument("--format", choices=("png", "svg"), default="png", help="of the images (default: png)")
    parser.add_argument("--into", metavar="FOLDER", help="where the images go; needed for several or sealed runs")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Draw, and print the path of each image."""
    import sys  # noqa: PLC0415

    from runcheck.plots.plot import Asked, plot  # noqa: PLC0415 - each command loads what it needs
    from runcheck.report.escape import printable  # noqa: PLC0415

    metrics = tuple(filter(None, (options.metrics or "").split(",")))
    asked = Asked(metrics, options.smooth, options.together, options.format, options.log)
    plotted = plot(options.paths, asked, options.into)
    for note in plotted.notes:
        print(f"runcheck: {printable(note)}", file=sys.stderr)
    for image in plotted.images:
        print(printable(os.path.relpath(image)))
    return CLEAN


def _weight(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError("is from 0 up to 1")
    return value
