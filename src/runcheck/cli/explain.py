"""``runcheck explain PATH``: what a path is to the convention."""

import argparse

from runcheck.cli import CLEAN

TYPE_CHECKING = False  # as in the package
if TYPE_CHECKING:
    from runcheck.explain.meaning import Meaning


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("explain", help="say what a path is to the convention, and what is asked of it")
    parser.add_argument("path", metavar="PATH", help="a path in a tree; nothing needs to be there")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to say it (default: text)")
    parser.add_argument(
        "--convention",
        metavar="NAME|FILE",
        help="to a convention of one's own (default: the one that the configuration above PATH names, if any)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Explain the path."""
    from runcheck.explain.text import render, render_json  # noqa: PLC0415 - each command loads what it needs

    meaning = _meaning(options.path, options.convention)
    print(render_json(meaning) if options.format == "json" else render(meaning, options.path), end="")
    return CLEAN


def _meaning(path: str, convention: str | None) -> "Meaning":
    """Return what a path is to the convention that the option or the configuration names, or to the main one."""
    from runcheck.configuration.judgement import convention_for  # noqa: PLC0415
    from runcheck.explain.meaning import explain  # noqa: PLC0415
    from runcheck.tree.locate import is_url  # noqa: PLC0415

    named = convention or (None if is_url(path) else convention_for(path))
    if named is None:
        return explain(path)
    from runcheck.explain.own import explain_by  # noqa: PLC0415 - few have one

    return explain_by(path, named, is_asked=convention is not None)
