"""``runcheck explain PATH``: what a path is to the convention."""

import argparse

from runcheck.cli import CLEAN


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("explain", help="say what a path is to the convention, and what is asked of it")
    parser.add_argument("path", metavar="PATH", help="a path in a tree; nothing needs to be there")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to say it (default: text)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Explain the path."""
    from runcheck.explain.meaning import explain  # noqa: PLC0415 - each command loads what it needs
    from runcheck.explain.text import render, render_json  # noqa: PLC0415

    meaning = explain(options.path)
    print(render_json(meaning) if options.format == "json" else render(meaning, options.path), end="")
    return CLEAN
