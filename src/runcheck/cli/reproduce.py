"""``runcheck reproduce RUN``: how a run is done again, or doing so and comparing."""

import argparse
import os
import sys

from runcheck.cli import CLEAN, FAILED, FINDINGS
from runcheck.cli.asking import RUN_HELP
from runcheck.errors import CannotReproduceError


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "reproduce",
        help="say how a run is done again, or do it and compare the metrics",
        epilog="Exit status: 0 the same (or, without --run, nothing stands in the way), 1 metrics differ, 2 could not "
        "be reproduced. --run executes the code of the run's commit with this Python: do it with code that you trust.",
    )
    parser.add_argument("path", metavar="RUN", help=RUN_HELP)
    parser.add_argument("--run", dest="execute", action="store_true", help="do it: in a Git worktree that is removed")
    parser.add_argument("--repository", default=os.curdir, metavar="FOLDER", help="where the code is (default: here)")
    parser.add_argument("--tree", metavar="PATH", help="where in the repository the script has its tree")
    parser.add_argument(
        "--rtol",
        type=_tolerance,
        default=0.0,
        metavar="X",
        help="how far values may lie apart, relatively (default: 0)",
    )
    parser.add_argument("--keep", action="store_true", help="keep the worktree with the new run in it")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the plan and, where that is asked for, execute it and print what came of it."""
    from runcheck.reproduce.execute import executed  # noqa: PLC0415 - each command loads what it needs
    from runcheck.reproduce.plan import make_plan  # noqa: PLC0415
    from runcheck.reproduce.text import render_outcome, render_plan  # noqa: PLC0415

    if not os.path.isdir(options.repository):
        raise CannotReproduceError(f"--repository {options.repository}: there is no such folder")
    plan = make_plan(options.path, options.repository, options.tree)
    print(render_plan(plan), end="")
    if not options.execute or plan.obstacles:
        return FAILED if plan.obstacles else CLEAN
    with executed(plan, _tell, rtol=options.rtol, keep=options.keep) as outcome:
        print(render_outcome(plan, outcome, rtol=options.rtol, keep=options.keep), end="")
        return CLEAN if outcome.comparison.is_same else FINDINGS


def _tell(step: str) -> None:
    from runcheck.report.escape import printable  # noqa: PLC0415

    sys.stdout.flush()
    print(f"runcheck: {printable(step)}", file=sys.stderr, flush=True)


def _tolerance(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError("is from 0 up to 1")
    return value
