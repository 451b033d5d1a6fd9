"""``runcheck cache``: look at what is remembered of a tree, and forget it."""

import argparse

from runcheck.cli import CLEAN


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("cache", help="look at what earlier checks of a tree remember, or forget it")
    parser.add_argument("path", nargs="?", default="artefacts", metavar="PATH", help="a tree (default: artefacts)")
    parser.add_argument("--clean", action="store_true", help="forget it: the next check reads everything")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Say what is remembered, or forget it."""
    from runcheck.report.escape import printable  # noqa: PLC0415 - each command loads what it needs
    from runcheck.report.words import size_in_words  # noqa: PLC0415
    from runcheck.tree.cache import clean, look  # noqa: PLC0415
    from runcheck.tree.locate import locate  # noqa: PLC0415

    root = locate(options.path).root
    kept = look(root)
    if kept is None:
        print(f"{printable(root)}: nothing is remembered")
    elif options.clean:
        clean(root)
        print(f"{printable(kept.path)}: removed")
    else:
        print(f"{printable(kept.path)}: {kept.texts:,} results, {size_in_words(kept.size)}")
    return CLEAN
