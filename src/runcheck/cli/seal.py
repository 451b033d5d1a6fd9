"""``runcheck seal``: seal units that were finished and never sealed."""

import argparse
import sys

from runcheck.cli import CLEAN, FAILED, FINDINGS
from runcheck.errors import RuncheckError


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("seal", help="write the checksum lists of units that are finished and have none")
    parser.add_argument("paths", nargs="+", metavar="UNIT", help="the folder of a run or of a dataset version")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Seal each unit, and say what was done, or what stands against it."""
    from runcheck.fixes.seal import seal  # noqa: PLC0415 - each command loads what it needs
    from runcheck.pipeline import check  # noqa: PLC0415
    from runcheck.report.escape import printable  # noqa: PLC0415
    from runcheck.report.setting import setting_of  # noqa: PLC0415
    from runcheck.report.text import render  # noqa: PLC0415

    status = CLEAN
    for path in options.paths:
        try:
            sealing = seal(path, check)
        except (RuncheckError, OSError) as error:
            print(f"runcheck: {printable(str(error))}", file=sys.stderr)
            status = FAILED
            continue
        if sealing.refused is not None:
            print(*render((sealing.refused,), setting_of(stream=sys.stdout)), sep="", end="")
            print(f"runcheck: {printable(sealing.path)}: was not sealed; mend these errors first", file=sys.stderr)
            status = max(status, FINDINGS)
        elif not sealing.done:
            print(f"{printable(sealing.path)}: nothing to do: it is sealed")
        for line in sealing.done:
            print(f"{printable(sealing.path)}: {printable(line)}")
    return status
