"""``runcheck pull``: bring a unit back that was published."""

import argparse

from runcheck.cli import CLEAN


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("pull", help="bring a sealed unit from another tree to this machine")
    parser.add_argument("source", metavar="SRC", help="the path or URL of a unit, of a slug, or with LABEL of a root")
    parser.add_argument("label", nargs="?", metavar="LABEL", help="which unit of the root, as `publish` printed it")
    parser.add_argument(
        "--into", default="artefacts", metavar="DIR", help="the tree to bring it to (default: artefacts)"
    )
    parser.add_argument("--with-references", action="store_true", help="first the units that it names, as its dataset")
    parser.add_argument(
        "--verify-signature",
        action="append",
        metavar="SIGNERS",
        help="bring only what is signed by one of them: files as for `runcheck check`",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Pull the unit, and say what was done."""
    from runcheck.configuration.signers import signers_of  # noqa: PLC0415
    from runcheck.publish.pull import pull, pull_with_references  # noqa: PLC0415 - each command loads what it needs
    from runcheck.publish.words import lines_of  # noqa: PLC0415
    from runcheck.report.escape import printable  # noqa: PLC0415

    signers = signers_of(options.verify_signature) if options.verify_signature else None
    words = options.source, options.label, options.into, signers
    for pulled in pull_with_references(*words) if options.with_references else [pull(*words)]:
        beside = [f"{each} was left where it is: it is not in the list" for each in pulled.beside]
        for line in (*lines_of(pulled.transferred), *beside):
            print(f"{printable(pulled.transferred.place)}: {printable(line)}")
    return CLEAN
