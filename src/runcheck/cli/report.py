"""``runcheck report``: a tree, or some of its units, as one page of HTML."""

import argparse
import os
import sys
from functools import partial

from runcheck.cli import CLEAN

TYPE_CHECKING = False  # as in the package
if TYPE_CHECKING:
    from collections.abc import Sequence

    from runcheck.depth import Depth
    from runcheck.findings import Report

_TOLD = 24


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "report",
        help="write a tree or some units as one page of HTML that needs no network",
        epilog="The page says what the check finds, lists runs, draws their metrics, compares them, and tells where "
        "each came from. It loads nothing, so that it can be sent or kept. Exit status: 0 written, 2 not.",
    )
    parser.add_argument(
        "paths", nargs="*", default=["artefacts"], metavar="PATH", help="a tree, or units of one (default: artefacts)"
    )
    parser.add_argument("--html", action="store_true", help="as HTML, which is how a report is written anyway")
    parser.add_argument(
        "--output", default="runcheck-report.html", metavar="FILE", help="the file (default: runcheck-report.html)"
    )
    parser.add_argument(
        "--details",
        type=_count,
        default=_TOLD,
        metavar="N",
        help=f"how many units, the newest, get curves and details (default: {_TOLD})",
    )
    parser.add_argument(
        "--depth",
        choices=("structure", "content", "deep"),
        default="content",
        help="how deep the check looks, as of runcheck check (default: content)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check, write the page, and print its path."""
    from runcheck.page.write import write_page  # noqa: PLC0415
    from runcheck.report.escape import printable  # noqa: PLC0415
    from runcheck.report.words import size_in_words  # noqa: PLC0415 - each command loads what it needs

    check = partial(_checked, options.depth)
    written = write_page(options.paths, options.output, check, most_told=options.details)
    for words in written.left_out:
        print(f"runcheck: {words}", file=sys.stderr)
    print(f"{printable(os.path.relpath(written.path))}  {size_in_words(written.size)}")
    return CLEAN


def _checked(depth: "Depth", paths: "Sequence[str]") -> "tuple[Report, ...]":
    from runcheck.cli.check import Options  # noqa: PLC0415
    from runcheck.cli.checking import reports  # noqa: PLC0415

    asked = Options(paths)
    asked.depth = depth
    return tuple(reports(asked))


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("is 0 or more")
    return value
