"""``runcheck seal``: seal units that were finished and never sealed, and sign those that are."""

import argparse
import sys

from runcheck.cli import CLEAN, FAILED, FINDINGS, one_line
from runcheck.cli.asking import RUN_OR_DATASET_HELP
from runcheck.errors import CannotWriteError, RuncheckError

_WORDS = {1: "sealed", 2: "signed"}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("seal", help="write the checksum lists of units that are finished and have none")
    parser.add_argument("paths", nargs="+", metavar="UNIT", help=RUN_OR_DATASET_HELP)
    parser.add_argument(
        "--sign",
        metavar="KEY",
        help="sign them too: a private key of OpenSSH, or a public one in an agent, signs the list; "
        "a private key of an elliptic curve in PEM makes a bundle of model-signing",
    )
    parser.add_argument(
        "--certificate",
        metavar="FILE",
        help="the certificate of a key in PEM, and those between it and one that is trusted: they go into the bundle",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Seal each unit, and say what was done, or what stands against it."""
    from runcheck.fixes.seal import Sealing, seal  # noqa: PLC0415 - each command loads what it needs
    from runcheck.pipeline import check  # noqa: PLC0415
    from runcheck.report.escape import printable  # noqa: PLC0415
    from runcheck.report.setting import setting_of  # noqa: PLC0415
    from runcheck.report.text import render  # noqa: PLC0415
    from runcheck.signing.sign import Signing, sign  # noqa: PLC0415

    if options.certificate is not None and options.sign is None:
        raise CannotWriteError("--certificate is of the key that signs: give --sign KEY too")
    status = CLEAN
    for path in options.paths:
        try:
            acts: list[Sealing | Signing] = [seal(path, check)]
            if options.sign is not None and acts[0].refused is None:
                acts.append(sign(path, options.sign, check, options.certificate))
        except (RuncheckError, OSError) as error:
            print(f"runcheck: {one_line(error)}", file=sys.stderr)
            status = FAILED
            continue
        place, refused = printable(acts[0].path), acts[-1].refused
        done = [line for act in acts for line in act.done]
        for line in done:
            print(f"{place}: {printable(line)}")
        if refused is not None:
            print(*render((refused,), setting_of(stream=sys.stdout)), sep="", end="")
            print(f"runcheck: {place}: was not {_WORDS[len(acts)]}; mend these errors first", file=sys.stderr)
            status = max(status, FINDINGS)
        elif not done:
            print(f"{place}: nothing to do: it is {_WORDS[len(acts)]}")
    return status
