"""``runcheck init``: write what a project lacks to be checked."""

import argparse

from runcheck.cli import CLEAN


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("init", help="write configuration, hooks and what Git is told; nothing is overwritten")
    parser.add_argument("folder", nargs="?", default=".", metavar="DIR", help="the folder of the project (default: .)")
    parser.add_argument("--root", default="artefacts", metavar="NAME", help="the tree in it (default: artefacts)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write what is missing, and say what was done."""
    from runcheck.project import initialise  # noqa: PLC0415 - each command loads what it needs

    for line in initialise(options.folder, options.root):
        print(line)
    return CLEAN
