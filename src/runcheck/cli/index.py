"""``runcheck index``: build the registry again from the metadata of the units."""

import argparse

from runcheck.cli import CLEAN


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("index", help="build the registry again from the units' metadata")
    parser.add_argument("root", nargs="?", default="artefacts", help="the root of the tree (default: artefacts)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the registry and say how many units it has."""
    from runcheck.writer.registry import rebuild_registry  # noqa: PLC0415 - each command loads what it needs, and no other's

    result = rebuild_registry(options.root)
    for path in result.passed_over:
        print(f"passed over, its metadata cannot be read: {path}")
    print(f"{result.registry}: {result.units} unit{'' if result.units == 1 else 's'}")
    return CLEAN
