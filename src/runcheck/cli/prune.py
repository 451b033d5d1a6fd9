"""``runcheck prune``: what a monthly tidy would remove, moved to the trash and back."""

import argparse
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from runcheck.cli import CLEAN, FINDINGS
from runcheck.convention.ranking import best_of
from runcheck.errors import InvalidArgumentError
from runcheck.prune.policy import REASONS, Policy, duration_of

_Value = TypeVar("_Value")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "prune",
        help="say what a tidy would remove, or move it to the trash",
        epilog="Without --apply nothing is changed. Exit status: 0 done, 1 a unit that was to go was written to "
        "meanwhile and stays, 2 could not be done.",
    )
    parser.add_argument("root", nargs="?", default="artefacts", metavar="ROOT", help="a tree (default: artefacts)")
    parser.add_argument(
        "--only", action="append", choices=REASONS, help="a reason to go; again for more (default: all)"
    )
    parser.add_argument(
        "--keep-best",
        action="append",
        default=[],
        type=_type(best_of),
        metavar="METRIC[:min|max]",
        help="the best run of each slug stays, as by val/loss:min",
    )
    parser.add_argument("--keep-last", type=_count, default=0, metavar="N", help="the N newest of each slug stay")
    parser.add_argument(
        "--older-than",
        type=_type(duration_of),
        default=timedelta(),
        metavar="DURATION",
        help="what ended, or with --empty was moved, more recently stays: 12h, 30d, 4w",
    )
    acts = parser.add_mutually_exclusive_group()
    acts.add_argument("--apply", action="store_true", help="move it to the trash, in the state folder of the tree")
    acts.add_argument("--restore", metavar="UNIT", help="bring a unit back from the trash")
    acts.add_argument("--empty", action="store_true", help="remove what is in the trash, for ever")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Say what would go, or do what is asked for, and say that."""
    from runcheck.prune import act, session, text  # noqa: PLC0415 - each command loads what it needs
    from runcheck.prune.trash import in_trash  # noqa: PLC0415

    only, bests = frozenset(options.only or REASONS), tuple(options.keep_best)
    policy = Policy(only, bests, options.keep_last, options.older_than)
    status = CLEAN
    if options.restore is not None:
        root, unit = session.unit_of(options.restore, options.root)
        lines = text.render_trashed("Brought back", act.restore(root, unit))
    elif options.empty:
        lines = text.render_trashed("Removed for ever", act.empty(session.root_of(options.root), options.older_than))
    elif options.apply:
        root = session.root_of(options.root)
        pruned = act.prune(root, policy)
        lines = text.render_pruned(pruned, in_trash(root))
        status = FINDINGS if pruned.left else CLEAN
    else:
        lines = text.render_look(session.look_at(session.root_of(options.root), policy))
    for line in lines:
        print(line)
    return status


def _type(parse: Callable[[str], _Value]) -> Callable[[str], _Value]:
    """Return what reads a value as ``parse`` does, and says what is wrong with it as parsers of options do."""

    def parsed(text: str) -> _Value:
        try:
            return parse(text)
        except InvalidArgumentError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return parsed


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("is from 1")
    return count
