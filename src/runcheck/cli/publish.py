"""``runcheck publish``: bring units to where they are kept for long."""

import argparse
import sys

from runcheck.cli import CLEAN, FAILED, FINDINGS, one_line
from runcheck.cli.asking import RUN_OR_DATASET_HELP
from runcheck.errors import RuncheckError


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("publish", help="bring sealed units to another tree: a folder, a store, a repository")
    parser.add_argument("paths", nargs="+", metavar="UNIT", help=RUN_OR_DATASET_HELP)
    parser.add_argument("destination", metavar="DEST", help="the root of a tree, which may be new: a folder or a URL")
    parser.add_argument(
        "--with-references", action="store_true", help="first the units that UNIT names, as its dataset"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Publish each unit, and say what was done, or what stands against it."""
    from runcheck.pipeline import check  # noqa: PLC0415 - each command loads what it needs
    from runcheck.publish.publish import publish  # noqa: PLC0415
    from runcheck.publish.words import lines_of  # noqa: PLC0415
    from runcheck.report.escape import printable  # noqa: PLC0415
    from runcheck.report.setting import setting_of  # noqa: PLC0415
    from runcheck.report.text import render  # noqa: PLC0415

    status = CLEAN
    for path in _units(options) if options.with_references else options.paths:
        try:
            published = publish(path, options.destination, check)
        except RuncheckError as error:
            print(f"runcheck: {one_line(error)}", file=sys.stderr)
            status = FAILED
            continue
        if published.refused is not None:
            print(*render((published.refused,), setting_of(stream=sys.stdout)), sep="", end="")
            print(f"runcheck: {printable(published.path)}: was not published; mend these errors first", file=sys.stderr)
            status = max(status, FINDINGS)
        if published.transferred is not None:
            for line in (*lines_of(published.transferred), *published.notes, f"label {published.label}"):
                print(f"{printable(published.transferred.place)}: {printable(line)}")
    return status


def _units(options: argparse.Namespace) -> list[str]:
    """Return the units and those that they name, each once, what is named first."""
    from runcheck.publish.publish import also_named  # noqa: PLC0415

    return list(dict.fromkeys(each for path in options.paths for each in also_named(path)))
