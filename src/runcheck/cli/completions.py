"""``runcheck completions SHELL``: the script that makes a shell complete commands, options, choices and codes."""

import argparse

from runcheck.cli import CLEAN, whole_parser
from runcheck.completions import SHELLS, completions


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser("completions", help="print the script that makes a shell complete what can be typed")
    parser.add_argument("shell", choices=tuple(SHELLS), help="the shell: docs/editors.md says where the script goes")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the script."""
    print(completions(options.shell, whole_parser()), end="")
    return CLEAN
