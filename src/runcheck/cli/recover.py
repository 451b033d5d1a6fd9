"""``runcheck recover``: finish what runs left whose process died."""

import argparse
import sys

from runcheck.cli import CLEAN, FAILED, one_line
from runcheck.cli.asking import RUN_HELP
from runcheck.errors import RuncheckError


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("recover", help="finish what runs left whose process died")
    parser.add_argument("paths", nargs="+", metavar="PATH", help=RUN_HELP)
    parser.add_argument("--force", action="store_true", help="take the process for dead, whatever the heartbeat says")
    parser.add_argument("--abort", action="store_true", help="also close runs that were preempted and will not go on")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Recover each run, and say line by line what was done."""
    from runcheck.report.escape import printable  # noqa: PLC0415 - each command loads what it needs
    from runcheck.writer.recovery.recover import recover  # noqa: PLC0415

    status = CLEAN
    for path in options.paths:
        try:
            recovery = recover(path, force=options.force, abort=options.abort)
        except (RuncheckError, OSError) as error:
            print(f"runcheck: {one_line(error)}", file=sys.stderr)
            status = FAILED
            continue
        for line in recovery.done or (f"nothing to do: it is {recovery.status}",):
            print(f"{printable(recovery.path)}: {printable(line)}")
    return status
