"""Completions for shells, made from the parsers of the command line and the clauses of the spec.

A script of plain text, since completing must not start Python. By hand, since shtab, which writes such scripts, knows
neither a command that need not be named (``runcheck PATH``) nor codes with commas between them (docs/decisions.md).
"""

import argparse

from runcheck.completions.bash import bash
from runcheck.completions.commands import commands_of, options_of
from runcheck.completions.fish import fish
from runcheck.completions.offer import Offer
from runcheck.completions.zsh import zsh
from runcheck.convention.clauses import clauses

SHELLS = {"bash": bash, "fish": fish, "zsh": zsh}


def completions(shell: str, parser: argparse.ArgumentParser) -> str:
    """Return the script that completes the commands of ``parser`` in ``shell``, one of ``SHELLS``."""
    codes = {code[:3]: "" for code in clauses()} | {code: clause.name for code, clause in clauses().items()}
    return SHELLS[shell](Offer(commands_of(parser), options_of(parser), codes))
